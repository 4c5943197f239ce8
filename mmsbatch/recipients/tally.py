"""The count of rows: each ends as a recipient, a duplicate or an invalid row (contract: P2)."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from mmsbatch.recipients.model import SHOWN, Cells, InvalidRow, Recipients
from mmsbatch.recipients.number_column import UNREADABLE, NumberColumnReader
from mmsbatch.recipients.numbers import NumberPolicy, NumberProblem

#: Distinct cells, and sets of them, kept by how they were written. Names and towns repeat; codes and
#: links, which do not, must not fill the memory twice.
_SHARED = 20_000
WRONG_CELLS = NumberProblem(
    "csv-cells",
    "the row has more or fewer cells than the header",
    "a cell that holds the delimiter must stand in quotes",
)


class CellPool(dict[str, str | None]):
    """Cells by what was written: without blank space around, None where empty, equal ones as one object."""

    def __missing__(self, written: str) -> str | None:
        cell = written.strip() or None
        if len(self) < _SHARED:
            self[written] = cell
        return cell


class CellsPool(dict[str | tuple[str, ...], int]):
    """The used cells of rows, by what was written, as places in `distinct`; a single cell needs no tuple."""

    def __init__(self) -> None:
        super().__init__()
        self._cells = CellPool()
        self._places: dict[Cells, int] = {}

    def __missing__(self, written: str | tuple[str, ...]) -> int:
        cells = tuple([self._cells[cell] for cell in ([written] if isinstance(written, str) else written)])
        place = self._places.setdefault(cells, len(self._places))
        if len(self) < _SHARED:
            self[written] = place
        return place

    @property
    def distinct(self) -> Sequence[Cells]:
        """The distinct sets of cells."""
        return tuple(self._places)


@dataclass(slots=True)
class RowTally:
    """Takes rows in input order and sorts them by outcome; the first that applies of invalid, duplicate, recipient."""

    policy: NumberPolicy
    rows: int = 0
    invalid_by_rule: Counter[str] = field(default_factory=Counter)
    invalid_rows: list[InvalidRow] = field(default_factory=list)
    duplicates: int = 0
    duplicate_lines: list[int] = field(default_factory=list)
    differing: int = 0
    differing_lines: list[int] = field(default_factory=list)
    restored: int = 0
    restored_line: int = 0
    _reader: NumberColumnReader = field(init=False)
    #: What the recipients have for cells, by their numbers, in input order; integers, since a million
    #: numbers take 30 MB as integers and 60 as texts.
    _cells_of: dict[int, int] = field(default_factory=dict)
    _lines: "array[int]" = field(default_factory=lambda: array("I"))

    def __post_init__(self) -> None:
        self._reader = NumberColumnReader.for_recipients(self.policy)

    def add(
        self,
        lines: Sequence[int],
        phones: Sequence[str],
        cells_of: Iterable[int],
        malformed: Sequence[int] = (),
    ) -> None:
        """Count a batch of rows: their lines, phone cells as written, and used cells as a place for each.

        `malformed` are the lines of rows between them that have a wrong number of cells.
        """
        column = self._reader.read(phones)
        self.rows += len(lines) + len(malformed)
        problems = [(lines[place], problem) for place, problem in column.problems]
        for line, problem in sorted(problems + [(line, WRONG_CELLS) for line in malformed], key=itemgetter(0)):
            self._refuse(line, problem)
        if column.restored:
            self.restored += len(column.restored)
            self.restored_line = self.restored_line or lines[column.restored[0]]
        self._sort(column.numbers, cells_of, lines)

    def conclude(self, distinct: Sequence[Cells]) -> Recipients:
        """Return the recipients found; `distinct` is what the places of cells mean."""
        numbers, cells_of = array("I", self._cells_of), array("I", self._cells_of.values())
        self._cells_of.clear()  # before others build on the arrays: this is most of the memory
        return Recipients(numbers, self._lines, cells_of, distinct)

    def _sort(self, numbers: Iterable[int], cells_of: Iterable[int], lines: Iterable[int]) -> None:
        """Tell recipients from duplicates: the one loop over all rows one by one, so nothing else is in it."""
        known, add_line = self._cells_of, self._lines.append
        repeated: list[int] = []
        differing: list[int] = []
        for number, cells, line in zip(numbers, cells_of, lines, strict=True):
            if number in known:
                repeated.append(line)
                if known[number] != cells:
                    differing.append(line)
            elif number != UNREADABLE:
                known[number] = cells
                add_line(line)
        self._count_repeated(repeated, differing)

    def _count_repeated(self, lines: Sequence[int], differing: Sequence[int]) -> None:
        self.duplicates += len(lines)
        self.duplicate_lines += lines[: SHOWN - len(self.duplicate_lines)]
        self.differing += len(differing)
        self.differing_lines += differing[: SHOWN - len(self.differing_lines)]

    def _refuse(self, line: int, problem: NumberProblem) -> None:
        self.invalid_by_rule[problem.rule] += 1
        if self.invalid_by_rule[problem.rule] <= SHOWN:
            self.invalid_rows.append(InvalidRow(line, problem.rule, problem.message, problem.hint))
