"""Every row gets exactly one outcome (contract: section 9); the counts add up to the rows. Pure."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import compress, islice
from operator import not_
from typing import TypeVar

from mmsbatch.recipients.model import Audience, Recipients
from mmsbatch.recipients.numbers import COUNTRY, WIRE_LENGTH, wire_number
from mmsbatch.record.events import PLAIN, Totals
from mmsbatch.record.states import NumberState
from mmsbatch.record.tokens import NumberKeeping, keep_plain

_Value = TypeVar("_Value")

#: States that may change yet: by a person's finding, or by the late answer of a run that was taken for dead.
_OPEN = frozenset({NumberState.IN_DOUBT, NumberState.REJECTED, NumberState.RELEASED})
#: How many rows of an outcome are named; the rest is counted.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the record says of one revision: its numbers as kept, whether it was complete, who got earlier ones."""

    numbers: Mapping[str, NumberState] = field(default_factory=dict, repr=False)
    closed: bool = False
    earlier: Mapping[str, int] = field(default_factory=dict, repr=False)
    keeping: NumberKeeping = field(default_factory=keep_plain)

    def kept(self, numbers: Iterable[int]) -> Iterator[str]:
        """Give national numbers as the record holds them."""
        return map(self.keeping.keep, map(wire_number, numbers))

    def states_of(self, numbers: Iterable[int]) -> Iterator[NumberState | None]:
        """Give what is recorded of each national number, None where nothing is."""
        return self._look_up(self.numbers, numbers)

    def earlier_of(self, numbers: Iterable[int]) -> Iterator[int | None]:
        """Give the earlier revision that each national number got, None where it got none."""
        return self._look_up(self.earlier, numbers)

    def _look_up(self, found: Mapping[str, _Value], numbers: Iterable[int]) -> Iterator[_Value | None]:
        """Look numbers up by what the record holds; plain ones as integers, which takes half the time.

        A text of 11 ASCII characters that reads as an integer of 11 digits is these digits: no two meet at a number.
        """
        if not found:
            return (None for _ in numbers)
        if self.keeping.numbers == PLAIN and set(map(len, found)) == {WIRE_LENGTH} and all(map(str.isascii, found)):
            with suppress(ValueError):
                by_wire = dict(zip(map(int, found), found.values(), strict=True))
                return map(by_wire.get, map(COUNTRY.__add__, numbers))
        return map(found.get, self.kept(numbers))


@dataclass(frozen=True, slots=True)
class SortedRows:
    """The audience by outcome. `to_send` are places in `Audience.recipients`; `first_lines` the first of each outcome.

    `outside` counts recorded numbers that are no longer in the input, `resend` those of `to_send`
    who got an earlier revision, by that revision.
    """

    totals: Totals
    to_send: Sequence[int]
    first_lines: Mapping[str, tuple[int, ...]]
    outside: int
    outside_open: Sequence[str] = field(repr=False)
    resend: Mapping[int, int]


def sort_rows(audience: Audience, suppressed: AbstractSet[int], recorded: Recorded, send_late: bool) -> SortedRows:
    """Give each row its outcome, the first that applies; `suppressed` are national numbers."""
    sorter = _Sorter(audience.recipients)
    numbers = audience.recipients.numbers
    if recorded.numbers:
        sorter.take_recorded(list(recorded.states_of(numbers)))
    if suppressed:
        sorter.take("suppressed", [numbers[place] in suppressed for place in sorter.left])
    if recorded.closed and not send_late:
        sorter.take("late", [place not in sorter.released for place in sorter.left])
    sorter.take_rest("pending")
    return _conclude(sorter, audience, recorded)


class _Sorter:
    """Takes recipients outcome by outcome, by their places; whoever is `left` has none yet, in the end pending ones.

    All of an outcome at once: a million of them one by one, past every question, would take three times as long.
    `released` are those of them who were sent to before, surely without effect.
    """

    def __init__(self, recipients: Recipients) -> None:
        self._lines = recipients.lines
        self.left: Sequence[int] = range(len(recipients))
        self.released: AbstractSet[int] = frozenset()
        self.counts: dict[str, int] = {}
        self.lines: dict[str, tuple[int, ...]] = {}

    def take_recorded(self, states: Sequence[NumberState | None]) -> None:
        """Take whoever was sent to; there is a state for each recipient, and nobody was taken before."""
        found, released = Counter(states), NumberState.RELEASED
        for state in NumberState:
            if found[state] and state is not released:
                places = (place for place, each in enumerate(states) if each is state)
                self._note(state.value, list(islice(places, SHOWN)), found[state])
        if found[released]:
            self.released = {place for place, each in enumerate(states) if each is released}
        self.left = array("I", [place for place, each in enumerate(states) if each is None or each is released])

    def take(self, outcome: str, chosen: Sequence[bool]) -> None:
        """Take the chosen ones of those left: there is a flag for each, in their order."""
        if any(chosen):
            self._note(outcome, list(islice(compress(self.left, chosen), SHOWN)), sum(chosen))
            self.left = array("I", compress(self.left, map(not_, chosen)))

    def take_rest(self, outcome: str) -> None:
        """Give those left an outcome; they stay where they are."""
        if self.left:
            self._note(outcome, self.left[:SHOWN], len(self.left))

    def _note(self, outcome: str, first: Sequence[int], count: int) -> None:
        self.counts[outcome] = count
        self.lines[outcome] = tuple(self._lines[place] for place in first)


def _conclude(sorter: _Sorter, audience: Audience, recorded: Recorded) -> SortedRows:
    """Count what the audience knew already, invalid rows and duplicates, and what of the record is not in the input."""
    totals = Totals(rows=audience.rows, duplicates=audience.duplicates, invalid=audience.invalid, **sorter.counts)
    invalid = tuple(row.line for row in audience.invalid_rows)[:SHOWN]
    lines = {**sorter.lines, "duplicates": audience.duplicate_lines, "invalid": invalid}
    states = Counter(recorded.numbers.values())
    here = totals.accepted + totals.rejected + totals.unaccounted + totals.in_doubt
    outside = states.total() - states[NumberState.RELEASED] - here
    has_strangers = outside or states[NumberState.RELEASED] > len(sorter.released)
    still_open = _find_open(audience, recorded) if has_strangers else ()
    resend = _count_resend(audience, recorded, sorter.left) if recorded.earlier else {}
    return SortedRows(totals, sorter.left, lines, outside, still_open, resend)


def _count_resend(audience: Audience, recorded: Recorded, places: Sequence[int]) -> Mapping[int, int]:
    """Count recipients who got an earlier revision, by that revision."""
    numbers = audience.recipients.numbers
    found = Counter(recorded.earlier_of(map(numbers.__getitem__, places)))
    return {revision: count for revision, count in found.items() if revision is not None}


def _find_open(audience: Audience, recorded: Recorded) -> Sequence[str]:
    """Return recorded numbers that the input lacks, and whose state may change yet."""
    here = set(recorded.kept(audience.recipients.numbers))
    return tuple(number for number, state in recorded.numbers.items() if state in _OPEN and number not in here)
