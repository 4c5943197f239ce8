"""What the balance of an exclusive account tells of a request without an answer (contract: section 8). Pure.

The balance is followed from one quiet moment to the next, where no request was under way. What
it lost in between must be what the chunks in between cost. An account whose balance ever moved in
another way (another price, debits that come late, a top-up, another sender) is not believed any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.events import RunStarted
from mmsbatch.record.states import ChunkState

_OPEN = frozenset({ChunkState.SENDING, ChunkState.IN_DOUBT})


@dataclass(frozen=True, slots=True)
class Expectation:
    """The balance as it must be where a chunk in doubt was not sent, and where it was. Any other settles nothing.

    `lowest` is the least that was seen since: a balance that fell, and stands higher again, was topped up.
    """

    unsent: Decimal
    sent: Decimal
    lowest: Decimal

    def judge(self, balance: Decimal) -> bool | None:
        """Tell whether the chunk was sent, None where the balance is neither of the two."""
        if balance > self.lowest:
            return None
        return {self.unsent: False, self.sent: True}.get(balance)


@dataclass(slots=True)
class CreditTrail:
    """The account's balance through its last run.

    `price` is that of one message; `quiet` is the last balance at a quiet moment, None where there
    is no trail; `since` are the chunks sent after it, `lowest` the least balance seen after it.
    `explained` is whether the balance only fell, as the price would have it, in all runs at that price.
    """

    price: Decimal | None = None
    quiet: Decimal | None = None
    lowest: Decimal = Decimal("Infinity")
    since: dict[str, ChunkRecord] = field(default_factory=dict)
    explained: bool = True

    def begin(self, started: RunStarted, any_doubt: bool) -> None:
        """Start anew with a run: what was in doubt before it has no trail any more."""
        if started.per_message != self.price:
            self.price, self.explained = started.per_message, True
        self._rest(started.credits_before if started.exclusive and not any_doubt else None)

    def end(self) -> None:
        """Give the trail up: something else was sent."""
        self._rest(None)

    def note_sending(self, chunk: ChunkRecord) -> None:
        """Take in that a chunk leaves."""
        if self.quiet is not None:
            self.since[chunk.id] = chunk

    def note_answer(self, chunk: ChunkRecord, balance: Decimal | None) -> None:
        """Take in an answer's balance. Only of a request that was alone is it known that none came after it."""
        if balance is None:
            return
        self.lowest = min(self.lowest, balance)
        if len(self.since) == 1 and chunk.id in self.since:
            self.note_asked(balance)

    def note_asked(self, balance: Decimal | None) -> None:
        """Take in a balance that was asked for: the account's at this very moment."""
        if balance is None or self.quiet is None:
            return
        self.lowest = min(self.lowest, balance)
        if any(chunk.state in _OPEN for chunk in self.since.values()):
            return
        low, high = self._cost(self.since.values())
        fell = self.quiet - balance
        self.explained = self.explained and fell >= 0 and (self.price is None or low <= fell <= high)
        self._rest(balance)

    def expect(self, chunk: ChunkRecord) -> Expectation | None:
        """Say what balances would settle the only chunk in doubt; None where no balance can."""
        if self.quiet is None or self.price is None or not self.explained or chunk.id not in self.since:
            return None
        others = [other for other in self.since.values() if other is not chunk]
        low, high = self._cost(others)
        if low != high or any(other.state in _OPEN for other in others):
            return None
        unsent = self.quiet - low
        return Expectation(unsent, unsent - self.price * len(chunk.numbers), self.lowest)

    def _rest(self, balance: Decimal | None) -> None:
        self.quiet, self.since = balance, {}
        self.lowest = Decimal("Infinity") if balance is None else balance

    def _cost(self, chunks: Iterable[ChunkRecord]) -> tuple[Decimal, Decimal]:
        """Return the least and the most that chunks cost: the manual leaves open whether refused numbers do."""
        low = high = Decimal(0)
        for chunk in chunks:
            if chunk.state is ChunkState.ACCEPTED:
                low += len(chunk.numbers) if chunk.resolved or not chunk.answer else chunk.answer.accepted
            if chunk.state in (ChunkState.ACCEPTED, ChunkState.REFUSED):
                high += len(chunk.numbers)
        return low * (self.price or 0), high * (self.price or 0)
