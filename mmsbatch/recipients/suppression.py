"""Suppression lists: whom a campaign is never sent to. What cannot be read is an error, never a skip (contract: P6)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmsbatch.campaign.model import SuppressionSource
from mmsbatch.diagnostics import Diagnostic, Position
from mmsbatch.recipients.csv_source import CsvTable, open_table
from mmsbatch.recipients.model import SHOWN
from mmsbatch.recipients.numbers import parse_number
from mmsbatch.recipients.problem import SourceProblem
from mmsbatch.rules import finding

#: Numbers that cannot be mobile recipients anyway: they hold nobody back, and are no fault of a list.
_HARMLESS = frozenset({"number-foreign", "number-overseas", "number-m2m"})
_RULE = "suppression-unreadable"


@dataclass(frozen=True, slots=True)
class SuppressionDigest:
    """What a plan binds of a list: `file` as written in the campaign, its rows, the SHA-256 of its bytes."""

    file: str
    entries: int
    sha256: str


@dataclass(slots=True)
class _ListReading:
    """A list while it is read."""

    numbers: set[str] = field(default_factory=set)
    entries: int = 0
    problems: int = 0
    shown: list[tuple[int, str, str]] = field(default_factory=list)

    def take(self, line: int, cell: str | None) -> None:
        """Count a row; `cell` is None for one with a wrong number of cells."""
        self.entries += 1
        if cell is None:
            self._refuse(line, "the row has more or fewer cells than the header", "")
            return
        number = parse_number(cell)
        if isinstance(number, str):
            self.numbers.add(number)
        elif number.rule not in _HARMLESS:
            self._refuse(line, number.message, number.hint)

    def _refuse(self, line: int, message: str, hint: str) -> None:
        self.problems += 1
        if self.problems <= SHOWN:
            self.shown.append((line, message, hint))


def read_suppression(
    sources: Iterable[SuppressionSource], resolve: Callable[[str], tuple[Path, str]]
) -> tuple[frozenset[str], list[SuppressionDigest], list[Diagnostic]]:
    """Read all lists: the numbers in wire form (`33…`, 11 digits), a digest per readable list, the errors.

    `resolve` turns a file as written in the campaign into its path and how it is shown to users.
    A list that is missing, empty, or has a row that cannot be read is an error (`suppression-unreadable`).
    """
    numbers: set[str] = set()
    digests: list[SuppressionDigest] = []
    found: list[Diagnostic] = []
    for source in sources:
        path, shown_as = resolve(source.file)
        try:
            reading, digest = _read_source(source, path)
        except SourceProblem as problem:
            found.append(finding(_RULE, shown_as, Position(problem.line), problem.message, problem.hint))
            continue
        found.extend(_findings(reading, shown_as))
        numbers |= reading.numbers
        digests.append(digest)
    return frozenset(numbers), digests, found


def _read_source(source: SuppressionSource, path: Path) -> tuple[_ListReading, SuppressionDigest]:
    with open_table(path, source.delimiter) as table:
        reading = _read_rows(table, table.header.index(source.phone))
        if not reading.entries:
            message = "the list has a header and no rows"
            raise SourceProblem("csv-empty", table.header.line, message, "drop it from `suppress`, or fill it")
        return reading, SuppressionDigest(source.file, reading.entries, table.sha256)


def _read_rows(table: CsvTable, number: int) -> _ListReading:
    reading = _ListReading()
    for line, row in table.rows():
        reading.take(line, None if row is None else row[number])
    return reading


def _findings(reading: _ListReading, shown_as: str) -> Iterator[Diagnostic]:
    for line, message, hint in reading.shown:
        yield finding(_RULE, shown_as, Position(line), message, hint)
    if more := reading.problems - len(reading.shown):
        message = f"… and {more:,} more: {reading.problems:,} rows in all"
        yield finding(_RULE, shown_as, Position(reading.shown[-1][0]), message)
