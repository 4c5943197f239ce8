"""Suppression lists: whom a campaign is never sent to. What cannot be read is an error, never a skip (contract: P6)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from mmsbatch.campaign.model import SuppressionSource
from mmsbatch.diagnostics import Diagnostic, Position
from mmsbatch.recipients.model import SHOWN
from mmsbatch.recipients.number_column import UNREADABLE, NumberColumnReader
from mmsbatch.recipients.numbers import NumberProblem
from mmsbatch.recipients.problem import SourceProblem
from mmsbatch.recipients.row_progress import OnRows, RowProgress
from mmsbatch.rules import finding

if TYPE_CHECKING:
    from mmsbatch.recipients.csv_source import CsvTable, RowBatch

#: Numbers that cannot be mobile recipients anyway: they hold nobody back, and are no fault of a list.
_HARMLESS = frozenset({"number-foreign", "number-overseas", "number-m2m"})
_RULE = "suppression-unreadable"
_WRONG_CELLS = NumberProblem("csv-cells", "the row has more or fewer cells than the header")


@dataclass(frozen=True, slots=True)
class SuppressionDigest:
    """What a plan binds of a list: `file` as written in the campaign, its rows, the SHA-256 of its bytes."""

    file: str
    entries: int
    sha256: str


@dataclass(slots=True)
class _ListReading:
    """A list while it is read."""

    numbers: set[int] = field(default_factory=set, repr=False)
    entries: int = 0
    problems: int = 0
    shown: list[tuple[int, str, str]] = field(default_factory=list)
    _reader: NumberColumnReader = field(default_factory=NumberColumnReader.for_suppression)

    def take(self, batch: "RowBatch", phones: Sequence[str]) -> None:
        """Count a batch of rows, with their phone cells as written."""
        column = self._reader.read(phones)
        self.entries += len(batch)
        self.numbers.update(column.numbers)
        faults = [(batch.lines[place], problem) for place, problem in column.problems]
        faults += [(line, _WRONG_CELLS) for line in batch.malformed]
        for line, problem in sorted(faults, key=itemgetter(0)):
            if problem.rule not in _HARMLESS:
                self._refuse(line, problem)

    def _refuse(self, line: int, problem: NumberProblem) -> None:
        self.problems += 1
        if self.problems <= SHOWN:
            self.shown.append((line, problem.message, problem.hint))


def read_suppression(
    sources: Iterable[SuppressionSource],
    resolve: Callable[[str], tuple[Path, str]],
    *,
    on_rows: OnRows | None = None,
) -> tuple[frozenset[int], list[SuppressionDigest], list[Diagnostic]]:
    """Read all lists: the national numbers (nine digits, without the leading zero), a digest per readable list, errors.

    `resolve` turns a file as written in the campaign into its path and how it is shown to users.
    `on_rows` is told the number of rows read, of all lists together, every 50,000.
    A list that is missing, empty, or has a row that cannot be read is an error (`suppression-unreadable`).
    """
    numbers: set[int] = set()
    progress = RowProgress(on_rows)
    digests: list[SuppressionDigest] = []
    found: list[Diagnostic] = []
    for source in sources:
        path, shown_as = resolve(source.file)
        try:
            reading, digest = _read_source(source, path, progress)
        except SourceProblem as problem:
            found.append(finding(_RULE, shown_as, Position(problem.line), problem.message, problem.hint))
            continue
        found.extend(_findings(reading, shown_as))
        numbers |= reading.numbers
        digests.append(digest)
    return frozenset(numbers), digests, found


def _read_source(
    source: SuppressionSource, path: Path, progress: RowProgress
) -> tuple[_ListReading, SuppressionDigest]:
    from mmsbatch.recipients.csv_source import open_table  # noqa: PLC0415 - most campaigns have no list

    with open_table(path, source.delimiter) as table:
        reading = _read_rows(table, table.header.index(source.phone), progress)
        if not reading.entries:
            message = "the list has a header and no rows"
            raise SourceProblem("csv-empty", table.header.line, message, "drop it from `suppress`, or fill it")
        return reading, SuppressionDigest(source.file, reading.entries, table.sha256)


def _read_rows(table: "CsvTable", number: int, progress: RowProgress) -> _ListReading:
    reading = _ListReading()
    take_phone = itemgetter(number)
    for batch in table.batches():
        reading.take(batch, list(map(take_phone, batch.rows)))
        progress.add(len(batch))
    reading.numbers.discard(UNREADABLE)
    return reading


def _findings(reading: _ListReading, shown_as: str) -> Iterator[Diagnostic]:
    for line, message, hint in reading.shown:
        yield finding(_RULE, shown_as, Position(line), message, hint)
    if more := reading.problems - len(reading.shown):
        message = f"… and {more:,} more: {reading.problems:,} rows in all"
        yield finding(_RULE, shown_as, Position(reading.shown[-1][0]), message)
