"""What `apply` did, as text and JSON."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsbatch.errors import MmsbatchError
from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.amounts import to_json
from mmsbatch.reports.wording import count

if TYPE_CHECKING:
    from mmsbatch.record.shard import Shard
    from mmsbatch.sending.context import RunOutcome


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """One campaign's part. `outcome` is None where nothing was to send; `manifest` where none was ever written.

    `refused_by` says why a campaign behind others was not begun. `shard` is the part that was sent, None for all;
    `others_left` whether the record knows of rows that other shards have not sent.
    """

    file: str
    verdict: str
    manifest: str | None
    outcome: "RunOutcome | None" = None
    refused_by: MmsbatchError | None = None
    shard: "Shard | None" = None
    others_left: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """What this campaign means for the process; one that could not be begun behind others is left of the call."""
        if self.refused_by is not None:
            return ExitCode.INCOMPLETE
        return self.outcome.exit_code if self.outcome else ExitCode.DONE

    @property
    def is_stopped(self) -> bool:
        """Whether no later campaign may be begun."""
        return self.refused_by is not None or (self.outcome is not None and self.outcome.is_stopped)


def applied_text(results: Sequence[ApplyResult], code: ExitCode) -> str:
    """Say what became of each campaign, and where its manifest is."""
    return "\n".join(line for result in results for line in _lines(result))


def applied_json(results: Sequence[ApplyResult], code: ExitCode) -> str:
    """Return `{"version": 1, "exit_code": N, "campaigns": […]}`."""
    content = {"version": 1, "exit_code": int(code), "campaigns": [_json(result) for result in results]}
    return json.dumps(content, ensure_ascii=False, indent=2)


FORMATS: Mapping[str, Callable[[Sequence[ApplyResult], ExitCode], str]] = {"text": applied_text, "json": applied_json}


def _lines(result: ApplyResult) -> Iterator[str]:
    if result.refused_by is not None:
        yield f"{result.file}: not begun: {result.refused_by.message}"
        yield f"    {result.refused_by.hint}"
    elif result.outcome is None:
        yield f"{result.file}: {result.verdict}"
    else:
        yield f"{result.file}: {f'shard {result.shard}: ' if result.shard else ''}{tell_outcome(result.outcome)}"
        if result.outcome.stop:
            yield f"{result.file}: stopped: {result.outcome.stop.message.removeprefix('stopped ')}"
            yield f"    {result.outcome.stop.hint}"
    if result.shard is not None and result.others_left:
        yield f"    the campaign is complete only when all {result.shard.total} shards are"
    if result.manifest:
        yield f"manifest: {result.manifest}"


def tell_outcome(outcome: "RunOutcome") -> str:
    """Count a run's recipients by what became of them, in one line."""
    progress = outcome.progress
    counts = {
        "accepted": progress.accepted,
        "rejected": progress.rejected,
        "unaccounted for": progress.unaccounted,
        "in doubt": progress.in_doubt,
        "not sent": progress.total - progress.answered,
    }
    told = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number or name == "accepted")
    return f"{told}, of {count(progress.total, 'recipient')}"


def _json(result: ApplyResult) -> dict[str, Any]:
    content: dict[str, Any] = {"file": result.file, "verdict": result.verdict, "manifest": result.manifest}
    content |= {"shard": str(result.shard)} if result.shard else {}
    if result.refused_by is not None:
        return content | {"stopped": {"message": result.refused_by.message, "hint": result.refused_by.hint}}
    if result.outcome is None:
        return content
    progress, stop = result.outcome.progress, result.outcome.stop
    return content | {
        "exit_code": int(result.outcome.exit_code),
        "recipients": progress.total,
        "accepted": progress.accepted,
        "rejected": progress.rejected,
        "unaccounted": progress.unaccounted,
        "in_doubt": progress.in_doubt,
        "credits_after": to_json(progress.credits),
        "stopped": {"message": stop.message, "hint": stop.hint} if stop else None,
    }
