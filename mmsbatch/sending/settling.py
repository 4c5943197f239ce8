"""Settles doubt by the credit of an exclusive account (contract: section 8): what a balance shows, no person need say.

The balance is worth something only once the gateway surely works on no request any more: the
caller waits `settle_seconds` before it asks.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.book import RecordBook
from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.credit_trail import Expectation
from mmsbatch.record.events import DoubtResolved, RunEnded
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.context import RunOutcome
from mmsbatch.sending.stops import Stop

DECIDED_BY = "mmsbatch, by the credit of the exclusive account"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the balance said of a chunk that was in doubt."""

    chunk: str
    recipients: int
    sent: bool
    balance: Decimal
    reason: str

    def __str__(self) -> str:
        found = "sent (presumed)" if self.sent else "not sent, and pending again"
        return f"chunk {self.chunk}: {self.reason}: recorded as {found}"


@dataclass(frozen=True, slots=True)
class Doubt:
    """The only chunk in doubt, its record, and the balances that settle it."""

    book: RecordBook
    chunk: ChunkRecord
    expected: Expectation


def find_doubt(books: Sequence[RecordBook]) -> Doubt | None:
    """Return the doubt that a balance can settle: the only one of all these records. None where there is none such."""
    found = [(book, chunk) for book in books for chunk in book.record.in_doubt]
    if len(found) != 1:
        return None
    book, chunk = found[0]
    expected = book.record.expect_balance(chunk)
    return Doubt(book, chunk, expected) if expected else None


def settle_doubt(doubt: Doubt, balance: Decimal, clock: Clock) -> Settlement | None:
    """Write down what the balance says of the chunk; None where it says nothing, and the chunk stays in doubt.

    Raises OSError where the disk refuses, and then nothing is settled.
    """
    expected, chunk = doubt.expected, doubt.chunk
    sent = expected.judge(balance)
    if sent is None:
        return None
    reason = f"the balance is {balance:,}; it would be {expected.sent:,} if sent, {expected.unsent:,} if not"
    doubt.book.append(
        DoubtResolved(
            at=clock.stamp(),
            chunk=chunk.id,
            sent=sent,
            reason=reason,
            by=DECIDED_BY,
            presumed=True,
            credits_after=balance,
        )
    )
    with suppress(OSError):
        doubt.book.show()  # the journal has it: the next run shows it
    return Settlement(chunk.id, len(chunk.numbers), sent, balance, reason)


def settled_outcome(outcome: RunOutcome, settlement: Settlement, revision: RevisionRecord) -> RunOutcome:
    """Return how a run ended once its doubt was settled; a run that was interrupted stays one."""
    before = outcome.progress
    progress = replace(
        before,
        in_doubt=before.in_doubt - settlement.recipients,
        accepted=before.accepted + settlement.recipients * settlement.sent,
        credits=settlement.balance,
    )
    if not revision.totals.pending:
        return RunOutcome(ExitCode.DONE, progress, None)
    if outcome.stop is not None and outcome.stop.exit_code is not ExitCode.IN_DOUBT:
        return RunOutcome(ExitCode.INCOMPLETE, progress, outcome.stop)
    stop = Stop(
        f"the answer to chunk {settlement.chunk} was lost, and the credit settled it",
        "run again to go on; if answers are lost again, look at the network first",
    )
    return RunOutcome(ExitCode.INCOMPLETE, progress, stop)


def close_again(book: RecordBook, revision: RevisionRecord, settled: RunOutcome, clock: Clock) -> None:
    """Write down how the revision's last run ended after all. Raises OSError where the disk refuses."""
    book.append(
        RunEnded(
            at=clock.stamp(),
            run=revision.runs[-1].started.run,
            exit_code=settled.exit_code,
            reason=settled.stop.message if settled.stop else "nothing left to send",
            credits_after=settled.progress.credits,
        )
    )
    book.show()
