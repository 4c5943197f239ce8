"""What a saved plan binds of a record, and what became of that plan since. Functions of the folded record alone."""

import hashlib
from collections import defaultdict

from mmsbatch.record.fold import Record
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.states import NumberState


def digest_record(record: Record, plan: str | None = None) -> str:
    """Return the SHA-256 over who was sent, rejected, unaccounted for or in doubt, by revision.

    The numbers stand as kept, sorted within their state: the order of events makes no difference, and neither do
    released numbers, which count as never sent. What the runs of `plan` did is left out: a plan that was
    cut short does not stand in its own way.
    """
    total = hashlib.sha256()
    for revision in sorted(record.revisions):
        found = record.revisions[revision]
        own = _numbers_of(found, plan)
        by_state: defaultdict[NumberState, list[str]] = defaultdict(list)
        for number, state in found.states().items():
            if number not in own:
                by_state[state].append(number)
        for state in sorted(by_state.keys() - {NumberState.RELEASED}):
            total.update("\n".join([f"{revision} {state.value}", *sorted(by_state[state]), ""]).encode())
    return total.hexdigest()


def count_taken(revision: RevisionRecord, plan: str) -> int:
    """Count the numbers that runs of a plan brought to an end: all they sent but those released again."""
    own = _numbers_of(revision, plan)
    return sum(1 for number, state in revision.states().items() if number in own and state is not NumberState.RELEASED)


def first_start(record: Record, plan: str) -> str | None:
    """Return when the first run of a plan began, as the journal has it; None where none did."""
    starts = [run.started for revision in record.revisions.values() for run in revision.runs]
    return min((started.at for started in starts if started.plan == plan), default=None)


def _numbers_of(revision: RevisionRecord, plan: str | None) -> frozenset[str]:
    """Return the numbers that runs of a plan sent, or tried to."""
    if plan is None:
        return frozenset()
    chunks = (chunk for chunk in revision.chunks.values() if chunk.run is not None and chunk.run.plan == plan)
    return frozenset(number for chunk in chunks for number in chunk.numbers)
