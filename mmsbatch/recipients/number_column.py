"""Phone cells read some hundreds at a time: what `numbers` makes of each, at a fifth of the cost.

A call, a match and a few copies for each cell take most of the time that a million rows take. So the
cells of a batch are joined, freed of separators and matched in one go, which reads all usual writings.
What is left over goes to the reader of single cells, cell by cell: it alone decides what is
refused, and why. A test holds that both agree.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from mmsbatch.recipients.numbers import (
    FRENCH_PREFIX,
    NATIONAL,
    SEPARATORS_WITHIN_LINE,
    SPECIAL_RANGE,
    NumberPolicy,
    NumberProblem,
    parse_number,
    read_number,
    was_zero_restored,
)

#: In the place of a number that could not be read.
UNREADABLE = 0


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """The numbers of a batch's cells: national, nine digits without the leading zero, or UNREADABLE.

    `problems` says by place why cells are unreadable, `restored` are the places of numbers whose
    leading zero was restored.
    """

    numbers: Sequence[int] = field(repr=False)
    problems: Sequence[tuple[int, NumberProblem]]
    restored: Sequence[int]


class NumberColumnReader:
    """Reads columns as `read_cell` reads a cell; `usual` is a pattern of national parts that it surely takes."""

    def __init__(self, read_cell: Callable[[str], str | NumberProblem], usual: str) -> None:
        self._read_cell = read_cell
        # One match for each line, whatever it holds: so matches and cells stay abreast.
        self._lines = re.compile(f"{FRENCH_PREFIX}({usual})\n|.*\n")

    @classmethod
    @cache  # a thousand small campaigns have one policy
    def for_recipients(cls, policy: NumberPolicy) -> "NumberColumnReader":
        """Return a reader of mobile numbers to send to, as `read_number` reads them."""
        prefixes = "|".join(re.escape(prefix[1:]) for prefix in policy.mobile_prefixes)
        usual = f"(?!{SPECIAL_RANGE})(?={prefixes}){NATIONAL}"
        return cls(lambda cell: read_number(cell, policy), usual)

    @classmethod
    @cache
    def for_suppression(cls) -> "NumberColumnReader":
        """Return a reader of any French numbers, as `parse_number` reads them."""
        return cls(parse_number, NATIONAL)

    def read(self, cells: Sequence[str]) -> NumberColumn:
        """Read a batch's cells, in their order."""
        compact = _compact(cells)
        found = self._lines.findall(compact)
        if len(found) != len(cells):  # a cell holds a line break
            compact, found = "", [""] * len(cells)
        problems: list[tuple[int, NumberProblem]] = []
        restored = _find_restored(compact, found)
        for place in [place for place, national in enumerate(found) if not national]:
            number = self._read_cell(cells[place])
            if isinstance(number, NumberProblem):
                problems.append((place, number))
                found[place] = str(UNREADABLE)
            else:
                found[place] = number[2:]
                restored += [place] * was_zero_restored(cells[place])
        return NumberColumn(list(map(int, found)), problems, sorted(restored))


def _compact(cells: Sequence[str]) -> str:
    """Return the cells one to a line, without separators.

    What may be a decimal fraction (`639980012.0`) is marked, so that no number is made of it by losing the point.
    """
    joined = "\n".join(cells) + "\n"
    joined = joined.replace(" ", "") if joined.isascii() else joined.translate(SEPARATORS_WITHIN_LINE)
    return joined.replace(".0\n", "?\n").replace(".00\n", "?\n").replace(".", "").replace("-", "")


def _find_restored(compact: str, found: Sequence[str]) -> list[int]:
    """Return the places of the numbers, found in the compact lines, that begin with their first digit."""
    if not compact.startswith(("6", "7")) and "\n6" not in compact and "\n7" not in compact:
        return []
    lines = compact.split("\n")
    return [place for place, national in enumerate(found) if national and lines[place].startswith(("6", "7"))]
