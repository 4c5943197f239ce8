"""The header line of a CSV file: its delimiter and the names of its columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mmsbatch.folding import closest, fold_name, match_name
from mmsbatch.masking import mask_digits
from mmsbatch.recipients.problem import SourceProblem

#: In order of preference, where the header has as many of the one as of the other, or none at all:
#: a French spreadsheet writes `;`.
_DELIMITERS = (";", ",", "\t")
_QUOTED = re.compile(r'"[^"]*"?')


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file: `names` as written, on one line, `folded` as template variables, in file order.

    `line` is the header's own. `cells` counts its cells, trailing ones without a name included, which `names` omits.
    """

    line: int
    names: tuple[str, ...]
    folded: tuple[str, ...]
    cells: int

    def index(self, column: str) -> int:
        """Return the place of a column; case, spaces, `_`, `-` and accents do not count.

        Raises SourceProblem (`csv-column-missing`) naming the columns that there are.
        """
        keys = [match_name(name) for name in self.names]
        if (wanted := match_name(column)) in keys:
            return keys.index(wanted)
        shown = ", ".join(mask_digits(name) for name in self.names)
        meant = closest(wanted, keys)
        hint = f"did you mean {mask_digits(self.names[keys.index(meant)])}?" if meant else ""
        raise SourceProblem("csv-column-missing", self.line, f"there is no column {column}; there are: {shown}", hint)


def detect_delimiter(header: str) -> str:
    """Return the delimiter that stands most often in the header's text, outside of quotes."""
    bare = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=bare.count)


def read_header(cells: Sequence[str], line: int) -> Header:
    """Make the header of its cells.

    A spreadsheet's trailing cells without a name are left out; such a cell before a name is an error.
    Raises SourceProblem (`csv-header`, `csv-column-duplicate`).
    """
    names = [" ".join(cell.split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    _refuse_data(names, line)
    return Header(line, tuple(names), fold_columns(names, line), len(cells))


def fold_columns(names: Sequence[str], line: int) -> tuple[str, ...]:
    """Fold the names of columns into template variables.

    Raises SourceProblem (`csv-header`, `csv-column-duplicate`) for names that give none, or the same.
    """
    for place, name in enumerate(names, 1):
        _refuse_nameless(name, place, line)
    _refuse_duplicates(names, line)
    return tuple(fold_name(name) for name in names)


def _refuse_data(names: Sequence[str], line: int) -> None:
    """Refuse a first line that holds a number: it is a recipient, and its cells must not be shown."""
    if any(sum(char.isdigit() for char in name) >= 9 for name in names):
        message = "the first line holds a phone number where the names of the columns should stand"
        raise SourceProblem("csv-header", line, message, "put a header line such as “phone;first_name” before it")


def _refuse_nameless(name: str, place: int, line: int) -> None:
    if fold_name(name):
        return
    what = "has a name without letters or digits" if name else "has no name"
    raise SourceProblem("csv-header", line, f"column {place} {what}", "name it in the header line, or drop it")


def _refuse_duplicates(names: Sequence[str], line: int) -> None:
    """Refuse names that differ only in what matching ignores: which of them is meant could not be told."""
    first: dict[str, str] = {}
    for name in names:
        if other := first.get(match_name(name)):
            message = f"two columns have the name {name}" if other == name else f"{other} and {name} are the same name"
            raise SourceProblem("csv-column-duplicate", line, message, "rename or drop one of them")
        first[match_name(name)] = name
