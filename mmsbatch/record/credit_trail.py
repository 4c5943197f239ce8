"""What the balance of an exclusive account tells of a request without an answer (contract: section 8). Pure.

The balance is followed from one quiet moment to the next, where no request was under way. What
it lost in between must be what the chunks in between cost; a balance that ever moved in another way
(a price that is not what was configured, debits that come late, another sender) proves nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from mmsbatch.record.events import ChunkAnswered, RunStarted
from mmsbatch.record.states import ChunkState

_OPEN = frozenset({ChunkState.SENDING, ChunkState.IN_DOUBT})


class SentChunk(Protocol):
    """What the trail needs to know of a chunk; its state goes on while the trail lasts."""

    @property
    def numbers(self) -> Sequence[str]:
        """Its recipients."""

    @property
    def state(self) -> ChunkState:
        """What is known of its fate."""

    @property
    def answer(self) -> ChunkAnswered | None:
        """Its last answer."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The balance as it must be where a chunk in doubt was not sent, and where it was. Any other settles nothing."""

    unsent: Decimal
    sent: Decimal

    def judge(self, balance: Decimal) -> bool | None:
        """Tell whether the chunk was sent, None where the balance is neither of the two."""
        return {self.unsent: False, self.sent: True}.get(balance)


@dataclass(slots=True)
class CreditTrail:
    """The account's balance through its last run. `price` is None where it proves nothing.

    `quiet` is the last balance at a quiet moment, `since` the chunks sent after it; `fell` is
    whether the balance never rose.
    """

    price: Decimal | None = None
    quiet: Decimal | None = None
    since: list[SentChunk] = field(default_factory=list)
    fell: bool = True

    def begin(self, started: RunStarted, any_doubt: bool) -> None:
        """Start anew with a run: what was in doubt before it has no trail any more."""
        usable = started.exclusive and started.credits_before is not None and not any_doubt
        self.price = started.per_message if usable else None
        self.quiet, self.fell = started.credits_before, started.exclusive
        self.since = []

    def end(self) -> None:
        """Give the trail up: something else was sent."""
        self.price = None

    def note_sending(self, chunk: SentChunk) -> None:
        """Take in that a chunk leaves."""
        if not any(chunk is known for known in self.since):
            self.since.append(chunk)

    def note_answer(self, chunk: SentChunk, balance: Decimal | None) -> None:
        """Take in an answer's balance, if its request was alone: of several, nobody can tell which came last."""
        if balance is not None and len(self.since) == 1 and self.since[0] is chunk:
            self.note_asked(balance)

    def note_asked(self, balance: Decimal | None) -> None:
        """Take in a balance that was asked for, if the moment is quiet."""
        if balance is None or self.quiet is None or any(chunk.state in _OPEN for chunk in self.since):
            return
        low, high = _cost(self.since, self.price or Decimal(0))
        if not low <= self.quiet - balance <= high:
            self.price = None
        self.fell = self.fell and balance <= self.quiet
        self.quiet, self.since = balance, []

    def expect(self, chunk: SentChunk) -> "Expectation | None":
        """Say what balances would settle the only chunk in doubt; None where no balance can."""
        if self.price is None or self.quiet is None or not any(chunk is known for known in self.since):
            return None
        others = [other for other in self.since if other is not chunk]
        low, high = _cost(others, self.price)
        if low != high or any(other.state in _OPEN for other in others):
            return None
        unsent = self.quiet - low
        return Expectation(unsent, unsent - self.price * len(chunk.numbers))


def _cost(chunks: Iterable[SentChunk], price: Decimal) -> tuple[Decimal, Decimal]:
    """Return the least and the most that answered chunks cost: the manual leaves open whether refused numbers do."""
    low = high = 0
    for chunk in chunks:
        if chunk.state is ChunkState.ACCEPTED and chunk.answer is not None:
            low += chunk.answer.accepted
        if chunk.state in (ChunkState.ACCEPTED, ChunkState.REFUSED):
            high += len(chunk.numbers)
    return low * price, high * price
