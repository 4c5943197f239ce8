"""What `apply` did, as Markdown for the page of a pipeline's run."""

from collections.abc import Iterator, Sequence

from mmsbatch.exitcodes import ExitCode
from mmsbatch.reports.applied import ApplyResult, tell_outcome
from mmsbatch.reports.markdown import Rank, Section, code, code_block, table
from mmsbatch.reports.wording import count


def applied_sections(results: Sequence[ApplyResult], code_of_all: ExitCode) -> list[Section]:
    """Write the outcome in parts, by what may be given up where there is no room."""
    sent = sum(result.outcome.progress.accepted for result in results if result.outcome)
    return [
        Section(Rank.VERDICT, f"## MMS apply: {count(sent, 'recipient')} accepted, exit code {int(code_of_all)}"),
        Section(Rank.VERDICT, f"{code_of_all.meaning.capitalize()}."),
        *(section for result in results for section in _campaign(result)),
    ]


def _campaign(result: ApplyResult) -> Iterator[Section]:
    shard = f"shard {result.shard}: " if result.shard else ""
    told = shard + tell_outcome(result.outcome) if result.outcome else ""
    yield Section(Rank.HEADING, f"### {code(result.file)}\n\n{told or code(result.verdict)}")
    if result.outcome is not None:
        progress = result.outcome.progress
        counts = {
            "recipients": progress.total,
            "accepted": progress.accepted,
            "rejected": progress.rejected,
            "unaccounted": progress.unaccounted,
            "in doubt": progress.in_doubt,
            "not sent": progress.total - progress.answered,
        }
        yield Section(Rank.FIGURES, table(list(counts), [[f"{number:,}" for number in counts.values()]]))
    stop = result.refused_by or (result.outcome.stop if result.outcome else None)
    if stop is not None:
        yield Section(Rank.ERRORS, code_block(f"{stop.message}\n{stop.hint}"))
    if result.manifest:
        yield Section(Rank.CHANGES, f"Manifest: {code(result.manifest)}")
