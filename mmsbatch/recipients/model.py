"""An audience, read: who would receive a campaign, and what became of every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: How many rows of a kind are named one by one; the rest is counted.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Recipient:
    """The first valid row of a number.

    `number` is in wire form (`336…`), `line` that on which the row starts, from 1. `cells` are those of
    `Audience.columns`, in that order, without blank space around; an empty cell is None.
    """

    number: str
    line: int
    cells: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that cannot be sent to; `rule` is `csv-cells` or one of `number-*`. No part of the row is in it."""

    line: int
    rule: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Audience:
    """All rows of a source by outcome: `rows` = `len(recipients)` + `duplicates` + `invalid`.

    `file` is as the user would type it, the campaign file itself for an inline list. `recipients` are
    in input order. `invalid_by_rule` counts all invalid rows; `invalid_rows`, `duplicate_lines` and
    `differing_lines` hold the first ones only (`SHOWN` of each rule, or kind), in input order. `differing`
    are the duplicates whose used cells are not those of their number's first row. `restored` counts
    the numbers whose leading zero was restored, `restored_line` is the first one's line, 0 without any.
    `columns` are the used columns that the source has, `available` all of its columns, both as template
    variables, in its order. `delimiter` is empty for an inline list; `sha256` is that of the file's bytes.
    """

    file: str
    rows: int
    recipients: Sequence[Recipient]
    invalid: int
    invalid_by_rule: Mapping[str, int]
    invalid_rows: tuple[InvalidRow, ...]
    duplicates: int
    duplicate_lines: tuple[int, ...]
    differing: int
    differing_lines: tuple[int, ...]
    restored: int
    restored_line: int
    columns: tuple[str, ...]
    available: tuple[str, ...]
    encoding: str
    delimiter: str
    sha256: str
