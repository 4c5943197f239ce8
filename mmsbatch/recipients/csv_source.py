"""A CSV file as a stream of rows: never more than a few hundred of them in memory at a time."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, compress
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from mmsbatch.recipients.csv_encoding import HashingReader, detect_encoding, open_bytes
from mmsbatch.recipients.csv_header import Header, detect_delimiter, read_header
from mmsbatch.recipients.problem import SourceProblem

#: A header that is longer has an unclosed quote: the parser is to say so, not the memory.
_LONGEST_HEADER = 100
_BUFFER = 1 << 18
#: Rows read together: enough that what is done per batch costs nothing, few enough to stay in the processor's cache.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows in a row: `rows` have a cell for each named column (and perhaps blank ones after them).

    `lines` are those, from 1, on which they start, `malformed` those of rows with a wrong number of cells.
    """

    lines: Sequence[int]
    rows: Sequence[list[str]]
    malformed: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.lines) + len(self.malformed)


class CsvTable:
    """An open CSV file: its header is read, its rows are read as they are asked for.

    `encoding` is `utf-8`, `utf-8-sig` or `windows-1252`; `delimiter` is one character. Use it in a `with`.
    """

    def __init__(self, stream: BinaryIO, delimiter: str | None) -> None:
        """Read the header; a delimiter of None is read off it, `tab` is a tabulator.

        Raises SourceProblem (`csv-encoding`, `csv-empty`, `csv-quotes`, `csv-header`, `csv-column-duplicate`).
        """
        self._stream = stream
        self.encoding = detect_encoding(stream)
        self._bytes = HashingReader(stream)
        buffered = io.BufferedReader(self._bytes, _BUFFER)
        self._text = io.TextIOWrapper(buffered, encoding=self.encoding, newline="")
        with _told_as_problems():
            start = _take_header(self._text)
        self.delimiter = "\t" if delimiter == "tab" else delimiter or detect_delimiter("".join(start))
        self._reader = csv.reader(chain(start, self._text), delimiter=self.delimiter, strict=True)
        self._records = self._read_records()
        self.header = self._read_header()
        self._surplus = slice(len(self.header.names), None)

    def __enter__(self) -> "CsvTable":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    @property
    def sha256(self) -> str:
        """The digest of the file's bytes, once all rows were read."""
        return self._bytes.hexdigest()

    def batches(self) -> Iterator[RowBatch]:
        """Yield all rows, some hundreds at a time.

        Lines without any content, delimiters aside, are no rows: spreadsheets leave such lines behind.
        Raises SourceProblem (`csv-quotes`, `csv-encoding`).
        """
        for lines, rows in self._records:
            yield RowBatch(lines, rows) if self._surely_fit(rows) else self._sift(lines, rows)

    def _surely_fit(self, rows: Sequence[list[str]]) -> bool:
        """Whether all rows are alike, as nearly all are: a cell for each name, or after these the same empty ones."""
        lengths = set(map(len, rows))
        if lengths == {len(self.header.names)}:
            return True
        return lengths == {self.header.cells} and not any(map(any, map(itemgetter(self._surplus), rows)))

    def _sift(self, lines: Sequence[int], rows: Sequence[list[str]]) -> RowBatch:
        """Set apart the rows with a wrong number of cells."""
        fits = list(map(self._fits, rows))
        malformed = [line for line, is_fitting in zip(lines, fits, strict=True) if not is_fitting]
        return RowBatch(list(compress(lines, fits)), list(compress(rows, fits)), malformed)

    def _fits(self, row: list[str]) -> bool:
        named = len(self.header.names)
        return len(row) == named or (named < len(row) <= self.header.cells and _is_blank(row[named:]))

    def _read_header(self) -> Header:
        for (line,), (row,) in self._records:
            return read_header(row, line)
        raise SourceProblem("csv-empty", 1, "the file is empty", "it needs a header line and a row for each recipient")

    def _read_records(self) -> Iterator[tuple[list[int], list[list[str]]]]:
        """Yield the records that are not blank, with the lines on which they start: one alone, then by batches."""
        reader, size, following = self._reader, 1, 1
        lines: list[int] = []
        rows: list[list[str]] = []
        try:
            with _told_as_problems():
                for row in reader:
                    line, following = following, reader.line_num + 1
                    if row and (row[0].strip() or not _is_blank(row)):
                        lines.append(line)
                        rows.append(row)
                        if len(rows) == size:
                            yield lines, rows
                            lines, rows, size = [], [], _BATCH
        except csv.Error:
            # The parser's own words name no cell, and not the row's start either, where the quote is to be looked for.
            message = "a quoted cell is not closed, or goes on after its closing quote"
            raise SourceProblem(
                "csv-quotes", following, message, 'a quote inside a quoted cell is written ""'
            ) from None
        if rows:
            yield lines, rows


def open_table(path: Path, delimiter: str | None) -> CsvTable:
    """Open a CSV file, or a pipe, and read its header.

    Raises SourceProblem, with `file-unreadable` where it cannot be opened or read.
    """
    with _told_as_problems(), ExitStack() as on_failure:
        table = CsvTable(on_failure.enter_context(open_bytes(path)), delimiter)
        on_failure.pop_all()
    return table


@contextmanager
def _told_as_problems() -> Iterator[None]:
    """Turn what goes wrong with the bytes into a SourceProblem; the exceptions' own words may hold cells and paths."""
    try:
        yield
    except UnicodeDecodeError:
        raise SourceProblem("csv-encoding", 1, "the file was changed while it was read") from None
    except OSError as error:
        raise SourceProblem("file-unreadable", 1, error.strerror or "cannot be read") from None


def _is_blank(row: list[str]) -> bool:
    return not any(cell.strip() for cell in row)


def _take_header(lines: Iterator[str]) -> list[str]:
    """Take the lines of the first row that is not blank: more than one where a quoted name runs over lines."""
    taken: list[str] = []
    quotes = 0
    for line in lines:
        taken.append(line)
        quotes += line.count('"')
        if (quotes % 2 == 0 and line.strip()) or len(taken) == _LONGEST_HEADER:
            break
    return taken
