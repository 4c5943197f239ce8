"""An audience, read: who would receive a campaign, and what became of every row."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from mmsbatch.recipients.numbers import wire_number

#: How many rows of a kind are named one by one; the rest is counted.
SHOWN = 10

#: The used cells of a row: without blank space around, None where empty.
Cells = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """The first valid row of a number.

    `number` is in wire form (`336…`), `line` that on which the row starts, from 1. `cells` are those of
    `Audience.columns`, in that order, without blank space around; an empty cell is None.
    """

    number: str = field(repr=False)
    line: int
    cells: Cells = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipients(Sequence[Recipient]):
    """Recipients in input order, kept by column: a million of them take 12 MB, as objects they would take 250.

    `numbers` are national, nine digits without the leading zero; `lines` those on which the rows start;
    `cells_of` places in `cells`, the distinct sets of used cells. What works through all recipients takes
    the columns; a single one is a `Recipient` made when asked for.
    """

    numbers: "array[int]" = field(repr=False)
    lines: "array[int]" = field(repr=False)
    cells_of: "array[int]" = field(repr=False)
    cells: Sequence[Cells] = field(repr=False)

    @classmethod
    def of(cls, recipients: Iterable[Recipient]) -> "Recipients":
        """Take them from single ones."""
        listed = list(recipients)
        distinct = {cells: place for place, cells in enumerate(dict.fromkeys(each.cells for each in listed))}
        return cls(
            array("I", [int(each.number[2:]) for each in listed]),
            array("I", [each.line for each in listed]),
            array("I", [distinct[each.cells] for each in listed]),
            tuple(distinct),
        )

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Recipient: ...
    @overload
    def __getitem__(self, place: slice) -> list[Recipient]: ...
    def __getitem__(self, place: int | slice) -> Recipient | list[Recipient]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        return Recipient(wire_number(self.numbers[place]), self.lines[place], self.cells[self.cells_of[place]])

    def __iter__(self) -> Iterator[Recipient]:
        return map(self.__getitem__, range(len(self)))


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
    recipients: Recipients
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
