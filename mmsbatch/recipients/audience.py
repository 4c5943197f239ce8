"""Reading a campaign's recipients, from a CSV file or its inline list (contract: sections 3 and 9)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from mmsbatch.campaign.model import Campaign, InlineRecipient
from mmsbatch.diagnostics import Diagnostic, Position
from mmsbatch.recipients.csv_header import fold_columns
from mmsbatch.recipients.findings import audience_findings
from mmsbatch.recipients.model import Audience, InvalidRow, Recipient
from mmsbatch.recipients.numbers import NumberPolicy
from mmsbatch.recipients.problem import SourceProblem
from mmsbatch.recipients.row_progress import OnRows, RowProgress
from mmsbatch.recipients.tally import CellsPool, RowTally
from mmsbatch.rules import finding

if TYPE_CHECKING:
    from mmsbatch.recipients.csv_source import CsvTable

__all__ = ["Audience", "InvalidRow", "Recipient", "read_audience"]


@dataclass(frozen=True, slots=True)
class _Source:
    """What an audience says about where it comes from."""

    file: str
    columns: tuple[str, ...]
    available: tuple[str, ...]
    encoding: str
    delimiter: str
    sha256: str


def read_audience(
    campaign: Campaign,
    source_path: Path | None,
    shown_as: str,
    policy: NumberPolicy,
    used: frozenset[str],
    *,
    on_rows: OnRows | None = None,
) -> tuple[Audience | None, list[Diagnostic]]:
    """Read the recipients: of the CSV file at `source_path`, or of the inline list where that is None.

    `shown_as` is the file as the user would type it, `used` the template's variables (folded names), of
    which the cells are kept. `on_rows` is told the number of rows read, every 50,000. The audience is None
    where the source as a whole cannot be read; invalid rows leave it, with errors, unless the campaign skips them.
    """
    try:
        if source_path is None:
            audience = _read_list(campaign, policy, used)
        else:
            audience = _read_file(campaign, source_path, shown_as, policy, used, on_rows=on_rows)
    except SourceProblem as problem:
        return None, [_source_finding(campaign, source_path, shown_as, problem)]
    return audience, audience_findings(audience, campaign.recipients.on_invalid)


def _source_finding(campaign: Campaign, path: Path | None, shown_as: str, problem: SourceProblem) -> Diagnostic:
    """Place the finding in the source; for a file that cannot be opened, where the campaign names it."""
    if problem.rule == "file-unreadable":
        where = campaign.position("recipients", "file")
        return finding(problem.rule, campaign.file, where, f"{shown_as}: {problem.message}", problem.hint)
    file = campaign.file if path is None else shown_as
    return finding(problem.rule, file, Position(problem.line), problem.message, problem.hint)


def _read_file(
    campaign: Campaign,
    path: Path,
    shown_as: str,
    policy: NumberPolicy,
    used: frozenset[str],
    *,
    on_rows: OnRows | None,
) -> Audience:
    from mmsbatch.recipients.csv_source import open_table  # noqa: PLC0415 - a list in the campaign needs no CSV

    with open_table(path, campaign.recipients.delimiter) as table:
        available = table.header.folded
        columns = tuple(name for name in available if name in used)
        tally, pool = _tally_rows(table, campaign.recipients.phone, columns, policy, on_rows)
        if not tally.rows:
            raise SourceProblem("csv-empty", table.header.line, "the file has a header and no rows")
        source = _Source(shown_as, columns, available, table.encoding, table.delimiter, table.sha256)
    return _conclude(tally, pool, source)


def _tally_rows(
    table: "CsvTable", phone: str, columns: Sequence[str], policy: NumberPolicy, on_rows: OnRows | None
) -> tuple[RowTally, CellsPool]:
    tally, pool = RowTally(policy), CellsPool()
    take_phone = itemgetter(table.header.index(phone))
    read_cells = _cells_reader(pool, [table.header.folded.index(name) for name in columns])
    progress = RowProgress(on_rows)
    for batch in table.batches():
        tally.add(batch.lines, list(map(take_phone, batch.rows)), read_cells(batch.rows), batch.malformed)
        progress.add(len(batch))
    return tally, pool


def _cells_reader(pool: CellsPool, places: Sequence[int]) -> Callable[[Sequence[list[str]]], Iterable[int]]:
    """Return what brings the cells at some places of each row into the pool; never a step of ours for a single row."""
    if not places:
        return partial(_repeat_for_each, pool[()])
    take = itemgetter(*places)
    return lambda rows: map(pool.__getitem__, map(take, rows))


def _repeat_for_each(place: int, rows: Sequence[list[str]]) -> Iterable[int]:
    return repeat(place, len(rows))


def _read_list(campaign: Campaign, policy: NumberPolicy, used: frozenset[str]) -> Audience:
    """Read the entries of `recipients.list`, as a table whose columns are those of all entries."""
    entries = campaign.recipients.entries or ()
    tables = _fold_entries(entries, campaign.recipients.phone)
    available = tuple(dict.fromkeys(name for table in tables for name in table))
    columns = tuple(name for name in available if name in used)
    tally, pool = RowTally(policy), CellsPool()
    cells_of = [pool[tuple([cells.get(name, "") for name in columns])] for cells in tables]
    tally.add([entry.line for entry in entries], [entry.phone for entry in entries], cells_of)
    return _conclude(tally, pool, _Source(campaign.file, columns, available, "utf-8", "", campaign.sha256))


def _fold_entries(entries: Sequence[InlineRecipient], phone: str) -> list[dict[str, str]]:
    """Name each entry's cells as template variables, its number included.

    Raises SourceProblem for names that a CSV header must not have either.
    """
    # Most entries have the same few keys: they are folded once.
    folded: dict[tuple[str, ...], tuple[str, ...]] = {}
    tables = []
    for entry in entries:
        names = (phone, *entry.cells)
        if names not in folded:
            folded[names] = fold_columns(names, entry.line)
        tables.append(dict(zip(folded[names], (entry.phone, *entry.cells.values()), strict=True)))
    return tables


def _conclude(tally: RowTally, pool: CellsPool, source: _Source) -> Audience:
    return Audience(
        file=source.file,
        rows=tally.rows,
        recipients=tally.conclude(pool.distinct),
        invalid=tally.invalid_by_rule.total(),
        invalid_by_rule=dict(tally.invalid_by_rule),
        invalid_rows=tuple(tally.invalid_rows),
        duplicates=tally.duplicates,
        duplicate_lines=tuple(tally.duplicate_lines),
        differing=tally.differing,
        differing_lines=tuple(tally.differing_lines),
        restored=tally.restored,
        restored_line=tally.restored_line,
        columns=source.columns,
        available=source.available,
        encoding=source.encoding,
        delimiter=source.delimiter,
        sha256=source.sha256,
    )
