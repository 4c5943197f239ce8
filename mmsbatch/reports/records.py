"""A record as text and JSON: what `status` shows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mmsbatch.record.chain import Tail
from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.events import PLAIN
from mmsbatch.record.fold import Record
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.states import ChunkState
from mmsbatch.reports.wording import count, list_chunks

#: More rejected numbers are counted, not shown.
SHOWN_REJECTED = 20
#: Of more chunks in doubt the evidence is not shown one by one: a runner that vanished leaves all that it claimed.
SHOWN_IN_DOUBT = 5


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record to show: its journal, how the user would name its campaign, what else is known of the files.

    `tail` is where the journal ends, `held_by_run` whether a run is under way.
    """

    record: Record
    journal: str
    campaign: str
    tail: Tail
    held_by_run: bool = False
    show_numbers: bool = False

    @property
    def verdict(self) -> str:
        """Say in one line what the newest revision is."""
        revision, opened = self.record.highest or RevisionRecord(1), self.record.opened
        gateway = f", gateway {opened.gateway}, account {opened.account}" if opened else ""
        return f"{self.journal}: revision {revision.number}, {revision.status.value}{gateway}"


def record_text(view: RecordView) -> str:
    """Show one record: its status, totals, and the chunks that want a person."""
    return "\n".join(_lines(view))


def records_json(views: Sequence[RecordView]) -> str:
    """Return `{"version": 1, "records": […]}`, each the manifest with the journal that it is folded from."""
    from mmsbatch.record.manifest import manifest  # noqa: PLC0415 - people are shown less

    content: dict[str, Any] = {
        "version": 1,
        "records": [{"journal": view.journal} | manifest(view.record, view.tail) for view in views],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def evidence_text(chunk: ChunkRecord) -> str:
    """Show all that is known of a chunk in doubt: for the person who settles it."""
    lines = [
        f"chunk {chunk.id}: {count(len(chunk.numbers), 'recipient')}, {chunk.state.value}",
        f"  sent at       {chunk.started_at}, attempt {chunk.attempts}",
        f"  given up at   {chunk.finished_at or _never(chunk)}",
        f"  what happened {chunk.reason or 'nothing is known'}",
    ]
    if chunk.run and chunk.run.lease:
        lines.append(f"  claimed by    run {chunk.run.run}: {chunk.run.holder}")
    if chunk.credits_before is not None:
        after = "not known" if chunk.credits_after is None else f"{chunk.credits_after:,}"
        lines.append(f"  credit        {chunk.credits_before:,} when it was sent, {after} at the next look")
    return "\n".join(lines)


def _never(chunk: ChunkRecord) -> str:
    if chunk.state is ChunkState.IN_DOUBT:
        return "never: the run was cut short"
    return "not yet: its run may be at it now; look at that machine, or job, first"


def _lines(view: RecordView) -> Iterator[str]:
    record, revision = view.record, view.record.highest or RevisionRecord(1)
    yield view.verdict
    if view.held_by_run:
        yield "  a run is under way"
    if view.tail.torn:
        yield f"  the last line was cut short, as by a crash: {view.tail.torn} bytes are dropped by the next run"
    if view.tail.unended:
        yield "  the last line lost its line break; whole otherwise, it counts as written"
    totals = {name: number for name, number in revision.totals.to_json().items() if number}
    for name, number in totals.items():
        yield f"  {name.replace('_', ' '):<14}{number:>10,}"
    yield from _rejected(revision, view)
    yield from _chunks(revision, view)
    if record.proofs:
        doubtful = sum(1 for proof in record.proofs.values() if proof.is_in_doubt)
        told = f", {doubtful} of them in doubt" if doubtful else ""
        yield f"  {count(len(record.proofs), 'proof')} sent to test numbers, counted nowhere{told}"


def _rejected(revision: RevisionRecord, view: RecordView) -> Iterator[str]:
    opened = view.record.opened
    plain = view.show_numbers and opened is not None and opened.numbers == PLAIN
    found = [(chunk, rejection) for chunk in revision.chunks.values() for rejection in chunk.rejected]
    for chunk, rejection in found[:SHOWN_REJECTED]:
        number = f"+{rejection.number}" if plain else rejection.phone
        yield f"  rejected      {number}  {rejection.source}, chunk {chunk.id}"
    if len(found) > SHOWN_REJECTED:
        yield f"  … and {len(found) - SHOWN_REJECTED:,} more; the manifest has them all"


def _chunks(revision: RevisionRecord, view: RecordView) -> Iterator[str]:
    states: dict[ChunkState, list[ChunkRecord]] = {state: [] for state in ChunkState}
    for chunk in revision.chunks.values():
        states[chunk.state].append(chunk)
    told = ", ".join(f"{len(chunks):,} {state.value}" for state, chunks in states.items() if chunks)
    if told:
        yield f"  chunks        {told}"
    for chunk in (*states[ChunkState.REFUSED], *states[ChunkState.FAILED]):
        yield f"  chunk {chunk.id}: {chunk.state.value}, {chunk.reason}"
    yield from _claims(revision)
    yield from _doubt(states[ChunkState.IN_DOUBT], view)


def _claims(revision: RevisionRecord) -> Iterator[str]:
    """Say who is at which chunks, where several runs write the record."""
    by_run: dict[str, list[ChunkRecord]] = {}
    for chunk in revision.claimed:
        if chunk.run and chunk.run.lease:
            by_run.setdefault(chunk.run.run, []).append(chunk)
    for run, chunks in by_run.items():
        ids, holder = list_chunks([chunk.id for chunk in chunks]), chunks[0].run.holder if chunks[0].run else ""
        yield f"  claimed       {ids} by run {run} at {chunks[0].started_at}: {holder}"


def _doubt(chunks: Sequence[ChunkRecord], view: RecordView) -> Iterator[str]:
    gateway = f" --gateway {view.record.opened.gateway}" if view.record.opened else ""
    settle = "mmsbatch resolve {} --chunk {}{} --as sent|not-sent --reason TEXT"
    for chunk in chunks[:SHOWN_IN_DOUBT]:
        yield "  " + evidence_text(chunk).replace("\n", "\n  ")
        yield f"    settle it: {settle.format(view.campaign, chunk.id, gateway)}"
    if len(chunks) > SHOWN_IN_DOUBT:
        yield f"  … and {len(chunks) - SHOWN_IN_DOUBT:,} chunks more in doubt"
        named = f"{chunks[0].id}..{chunks[-1].id}"
        yield f"    settle all together: {settle.format(view.campaign, named, gateway)}"
