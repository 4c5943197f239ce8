"""Every row gets exactly one outcome (contract: section 9); the counts add up to the rows. Pure."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from mmsbatch.recipients.model import Audience, Recipients
from mmsbatch.recipients.numbers import wire_number
from mmsbatch.record.events import Totals
from mmsbatch.record.states import NumberState

#: States that a person's finding can still change.
_OPEN = frozenset({NumberState.IN_DOUBT, NumberState.REJECTED})
#: How many rows of an outcome are named; the rest is counted.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the record says of one revision: its numbers as kept, whether it was complete, who got earlier ones.

    `keep` turns a wire number into what the record holds.
    """

    numbers: Mapping[str, NumberState] = field(default_factory=dict)
    closed: bool = False
    earlier: Mapping[str, int] = field(default_factory=dict)
    keep: Callable[[str], str] = str


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
    outside_open: Sequence[str]
    resend: Mapping[int, int]


def sort_rows(audience: Audience, suppressed: AbstractSet[int], recorded: Recorded, send_late: bool) -> SortedRows:
    """Give each row its outcome, the first that applies; `suppressed` are national numbers."""
    sorter = _Sorter(suppressed, recorded, hold_late=recorded.closed and not send_late)
    sorter.take_all(audience.recipients)
    return sorter.conclude(audience)


class _Sorter:
    """The rows sorted so far."""

    def __init__(self, suppressed: AbstractSet[int], recorded: Recorded, hold_late: bool) -> None:
        self._suppressed = suppressed
        self._recorded = recorded
        self._hold_late = hold_late
        self._counts: dict[str, int] = {}
        self._lines: dict[str, list[int]] = {}
        self._resend: dict[int, int] = {}
        self._to_send: Sequence[int] = ()

    def take_all(self, recipients: Recipients) -> None:
        """Sort all recipients."""
        if not (self._suppressed or self._recorded.numbers or self._recorded.earlier or self._hold_late):
            self._take_pending(recipients)  # nothing can hold anyone back
            return
        to_send = array("I")
        for place, (number, line) in enumerate(zip(recipients.numbers, recipients.lines, strict=True)):
            if self._take(number, line):
                to_send.append(place)
        self._to_send = to_send

    def _take_pending(self, recipients: Recipients) -> None:
        self._to_send = range(len(recipients))
        if recipients:
            self._counts["pending"] = len(recipients)
            self._lines["pending"] = list(recipients.lines[:SHOWN])

    def _take(self, number: int, line: int) -> bool:
        """Sort one recipient; return whether it is to be sent to."""
        kept = self._recorded.keep(wire_number(number))
        outcome = self._outcome(number, kept)
        self._counts[outcome] = self._counts.get(outcome, 0) + 1
        lines = self._lines.setdefault(outcome, [])
        if len(lines) < SHOWN:
            lines.append(line)
        if outcome != "pending":
            return False
        if (earlier := self._recorded.earlier.get(kept)) is not None:
            self._resend[earlier] = self._resend.get(earlier, 0) + 1
        return True

    def _outcome(self, number: int, kept: str) -> str:
        state = self._recorded.numbers.get(kept)
        if state is not None and state is not NumberState.RELEASED:
            return state.value
        if number in self._suppressed:
            return "suppressed"
        return "late" if self._hold_late and state is None else "pending"

    def conclude(self, audience: Audience) -> SortedRows:
        """Count what the audience knew already: invalid rows and duplicates."""
        totals = Totals(rows=audience.rows, duplicates=audience.duplicates, invalid=audience.invalid, **self._counts)
        lines = {outcome: tuple(found) for outcome, found in self._lines.items()}
        lines["duplicates"] = audience.duplicate_lines
        lines["invalid"] = tuple(row.line for row in audience.invalid_rows)[:SHOWN]
        known = sum(1 for state in self._recorded.numbers.values() if state is not NumberState.RELEASED)
        found = totals.accepted + totals.rejected + totals.unaccounted + totals.in_doubt
        outside = known - found
        still_open = self._find_open(audience) if outside else ()
        return SortedRows(totals, self._to_send, lines, outside, still_open, self._resend)

    def _find_open(self, audience: Audience) -> Sequence[str]:
        """Return recorded numbers that the input lacks, and whose state may change yet."""
        here = {self._recorded.keep(wire_number(number)) for number in audience.recipients.numbers}
        numbers = self._recorded.numbers
        return tuple(number for number, state in numbers.items() if state in _OPEN and number not in here)
