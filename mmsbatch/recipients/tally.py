"""The count of rows: each ends as a recipient, a duplicate or an invalid row (contract: P2)."""

from collections import Counter
from dataclasses import dataclass, field

from mmsbatch.recipients.model import SHOWN, InvalidRow, Recipient
from mmsbatch.recipients.numbers import NumberPolicy, NumberProblem, read_number, was_zero_restored

#: Distinct cells kept to be shared between rows. Names and towns repeat; codes and links, which
#: do not, must not fill the memory twice.
_SHARED_CELLS = 20_000


class CellPool(dict[str, str | None]):
    """Cells by what was written: without blank space around, None where empty, equal ones as one object."""

    def __missing__(self, written: str) -> str | None:
        cell = written.strip() or None
        if len(self) < _SHARED_CELLS:
            self[written] = cell
        return cell


@dataclass(slots=True)
class RowTally:
    """Takes rows in input order and sorts them by outcome; the first that applies of invalid, duplicate, recipient."""

    policy: NumberPolicy
    rows: int = 0
    by_number: dict[str, Recipient] = field(default_factory=dict)
    invalid_by_rule: Counter[str] = field(default_factory=Counter)
    invalid_rows: list[InvalidRow] = field(default_factory=list)
    duplicates: int = 0
    duplicate_lines: list[int] = field(default_factory=list)
    differing: int = 0
    differing_lines: list[int] = field(default_factory=list)
    restored: int = 0
    restored_line: int = 0

    def add(self, line: int, phone: str, cells: tuple[str | None, ...]) -> None:
        """Count a row: its line, the phone cell as written, and its used cells."""
        number = read_number(phone, self.policy)
        if isinstance(number, NumberProblem):
            self.refuse(line, number)
            return
        self.rows += 1
        # A look at the first sign spares most rows the closer one.
        if phone[0] not in "0+3" and was_zero_restored(phone):
            self.restored += 1
            self.restored_line = self.restored_line or line
        first = self.by_number.get(number)
        if first is None:
            self.by_number[number] = Recipient(number, line, cells)
        else:
            self._repeat(line, differs=first.cells != cells)

    def refuse(self, line: int, problem: NumberProblem) -> None:
        """Count an invalid row."""
        self.rows += 1
        self.invalid_by_rule[problem.rule] += 1
        if self.invalid_by_rule[problem.rule] <= SHOWN:
            self.invalid_rows.append(InvalidRow(line, problem.rule, problem.message, problem.hint))

    def _repeat(self, line: int, *, differs: bool) -> None:
        self.duplicates += 1
        if self.duplicates <= SHOWN:
            self.duplicate_lines.append(line)
        if differs:
            self.differing += 1
            if self.differing <= SHOWN:
                self.differing_lines.append(line)
