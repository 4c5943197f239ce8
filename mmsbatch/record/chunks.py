"""One chunk of the record, as the journal's events leave it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from mmsbatch.record.events import ChunkAnswered, DoubtResolved, Rejection, RunStarted
from mmsbatch.record.states import REACHED, ChunkState, NumberState

#: What becomes of a chunk's numbers with its state; a success has the answer's word on some of them.
_NUMBERS_OF: Mapping[ChunkState, NumberState] = {
    ChunkState.PENDING: NumberState.RELEASED,
    ChunkState.SENDING: NumberState.IN_DOUBT,
    ChunkState.ACCEPTED: NumberState.ACCEPTED,
    ChunkState.REFUSED: NumberState.RELEASED,
    ChunkState.FAILED: NumberState.RELEASED,
    ChunkState.IN_DOUBT: NumberState.IN_DOUBT,
}
_NONE: Mapping[str, NumberState] = MappingProxyType({})
#: Up to so many numbers, it is quicker to search the line for each than to make a set of what is in it.
_FEW = 10


@dataclass(slots=True)
class ChunkRecord:
    """One chunk as it stands; `numbers` as the journal keeps them.

    Its numbers share one state but for the `exceptions`; the rows of those `apart` are counted with a later chunk.
    `credits_before` is the last balance known when it was sent, `credits_after` the next one after a doubt.
    """

    id: str
    numbers: Sequence[str] = field(repr=False)
    state: ChunkState
    attempts: int
    started_at: str
    finished_at: str | None = None
    answer: ChunkAnswered | None = None
    reason: str = ""
    resolved: DoubtResolved | None = None
    run: RunStarted | None = None
    credits_before: Decimal | None = None
    credits_after: Decimal | None = None
    exceptions: Mapping[str, NumberState] = field(default_factory=lambda: _NONE, repr=False)
    apart: AbstractSet[str] = field(default=frozenset(), repr=False)

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """The numbers that the gateway refused."""
        return tuple(self.answer.rejected) if self.answer else ()

    @property
    def shared_state(self) -> NumberState:
        """What its numbers are, the exceptions apart.

        Of a claim in a record that others write too, a further attempt may be under way before it is read there.
        """
        if self.state is ChunkState.PENDING and self.run is not None and self.run.lease is not None:
            return NumberState.IN_DOUBT
        return _NUMBERS_OF[self.state]

    @property
    def has_reached(self) -> bool:
        """Whether it reached, or may have reached, anyone."""
        states = set(self.exceptions.values())
        if len(self.exceptions) < len(self.numbers):
            states.add(self.shared_state)
        return not states.isdisjoint(REACHED)

    def state_of(self, number: str) -> NumberState:
        """Return what one of its numbers is."""
        return self.exceptions.get(number, self.shared_state)

    def count_states(self) -> Mapping[NumberState, int]:
        """Count its numbers by what they are."""
        counted = {self.shared_state: len(self.numbers) - len(self.exceptions)}
        for state in self.exceptions.values():
            counted[state] = counted.get(state, 0) + 1
        return counted

    def states(self) -> dict[str, NumberState]:
        """Return its numbers with what it made of them."""
        return {**dict.fromkeys(self.numbers, self.shared_state), **self.exceptions}

    def move(self, state: ChunkState) -> None:
        """Give it a state, and its numbers what follows. Raises LookupError of an answer about somebody else's."""
        self.state = state
        self.exceptions = self._exceptions()
        if self.exceptions and not self._has_all(self.exceptions.keys()):
            raise LookupError("an answer about numbers that are not the chunk's")

    def release(self, state: NumberState) -> None:
        """Make the exceptions of a state pending again."""
        released = dict.fromkeys(
            (each for each, found in self.exceptions.items() if found is state), NumberState.RELEASED
        )
        self.exceptions = {**self.exceptions, **released}

    def _has_all(self, numbers: AbstractSet[str]) -> bool:
        """Whether all of these are its own. A few are searched for in the journal's line, which is not taken apart."""
        own = self.numbers if len(numbers) <= _FEW else frozenset(self.numbers)
        return all(each in own for each in numbers)

    def _exceptions(self) -> Mapping[str, NumberState]:
        answer = self.answer
        if self.state is not ChunkState.ACCEPTED or answer is None or self.resolved:
            return _NONE
        if not answer.rejected and not answer.unaccounted:
            return _NONE
        rejected = {each.number: NumberState.REJECTED for each in answer.rejected}
        return dict.fromkeys(answer.unaccounted, NumberState.UNACCOUNTED) | rejected
