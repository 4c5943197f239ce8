"""What `merge` did, as text and JSON."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmsbatch.record.merging import Merged
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.reports.wording import count


@dataclass(frozen=True, slots=True)
class MergeResult:
    """One record: its journal and manifest, as the user would name them, and what came of the merge."""

    journal: str
    manifest: str
    merged: Merged

    @property
    def revision(self) -> RevisionRecord:
        """The newest revision of the record."""
        return self.merged.record.highest or RevisionRecord(1)

    @property
    def in_doubt(self) -> list[str]:
        """The chunks whose fate is unknown."""
        return [chunk.id for chunk in self.revision.in_doubt]


def merged_text(results: Sequence[MergeResult]) -> str:
    """Say of each record what was taken in, what is missing, and what it is now."""
    return "\n".join(line for result in results for line in _lines(result)) or "nothing to merge"


def merged_json(results: Sequence[MergeResult]) -> str:
    """Return `{"version": 1, "records": […]}`."""
    return json.dumps({"version": 1, "records": list(map(_json, results))}, ensure_ascii=False, indent=2)


FORMATS: Mapping[str, Callable[[Sequence[MergeResult]], str]] = {"text": merged_text, "json": merged_json}


def _lines(result: MergeResult) -> Iterator[str]:
    merged, revision = result.merged, result.revision
    added = f"{count(len(merged.added), 'journal')} merged" if merged.added else "nothing new"
    counts = revision.totals.to_json().items()
    totals = ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in counts if number)
    yield f"{result.journal}: {added}; revision {revision.number} {revision.status.value}: {totals}"
    for name, source in merged.added:
        yield f"  added          {name}: shard {', '.join(source.shards)}"
    for name in merged.known:
        yield f"  already there  {name}"
    if merged.missing:
        yield f"  missing        shard {', '.join(merged.missing)}: merge what it left before its part is sent again"
    if merged.lists_differ:
        yield "  counted        with different suppression lists: the next run counts the rows anew"
    if result.in_doubt:
        yield f"  in doubt       {', '.join(result.in_doubt)}; `mmsbatch status` shows the evidence"
    yield f"manifest: {result.manifest}"


def _json(result: MergeResult) -> dict[str, Any]:
    merged, revision = result.merged, result.revision
    return {
        "journal": result.journal,
        "manifest": result.manifest,
        "revision": revision.number,
        "status": revision.status.value,
        "totals": revision.totals.to_json(),
        "added": [{"journal": name, **source.to_json()} for name, source in merged.added],
        "known": list(merged.known),
        "missing": list(merged.missing),
        "suppression_differs": merged.lists_differ,
        "in_doubt_chunks": result.in_doubt,
    }
