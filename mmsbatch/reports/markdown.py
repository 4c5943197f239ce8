"""Markdown that shows foreign texts literally on GitHub and GitLab, and fits where it goes.

Whatever comes from a file stands in code: there no renderer looks for tags, links, mentions or issues,
which an escaped `@` or `#` would not keep it from.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

_TICKS = re.compile("`+")


def code(text: str) -> str:
    """Write a text as code within a line; blank space is drawn together.

    >>> code("a`b")
    '``a`b``'
    """
    line = " ".join(text.split())
    if not line:
        return "–"
    fence = "`" * (_longest_ticks(line, least=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def cell_code(text: str) -> str:
    r"""Write a text as code in a table's cell, where a bar needs a backslash before it, and cannot have two.

    >>> cell_code("a|b")
    '`a\\|b`'
    """
    return code(text.replace("\\|", "\\¦")).replace("|", "\\|")


def code_block(text: str) -> str:
    """Write a text of several lines as a block of code, which it cannot end."""
    fence = "`" * (_longest_ticks(text, least=2) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest_ticks(text: str, least: int) -> int:
    return max([least, *(len(ticks) for ticks in _TICKS.findall(text))])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; what comes from elsewhere stands in it as `cell_code`."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


class Rank(IntEnum):
    """What is given up last, and what first, where a page is too long."""

    VERDICT = 0
    ERRORS = 1
    HEADING = 2
    FIGURES = 3
    CHANGES = 4
    WARNINGS = 5
    SAMPLES = 6


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: it is there as a whole, or not at all."""

    rank: Rank
    text: str


def fit(sections: Sequence[Section], limit: int, measure: Callable[[str], int]) -> str:
    """Join the sections, without as many as it takes to stay within the limit; the verdict always stays.

    Those of the highest rank go first, the last of them before the others; how many went is told.
    """
    sizes = [measure(section.text) + 2 for section in sections]
    room = limit - measure(_tell_left_out(len(sections))) - 2
    total, left_out = sum(sizes), set[int]()
    for place in sorted(range(len(sections)), key=lambda place: (-sections[place].rank, -place)):
        if total <= room or sections[place].rank is Rank.VERDICT:
            break
        left_out.add(place)
        total -= sizes[place]
    kept = [section.text for place, section in enumerate(sections) if place not in left_out]
    return "\n\n".join([*kept, *([_tell_left_out(len(left_out))] if left_out else [])])


def _tell_left_out(count: int) -> str:
    return f"*{count:,} parts are left out for length: `mmsbatch plan` shows them all.*"


def count_characters(text: str) -> int:
    """Count as the hosts do, in UTF-16: most emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def count_bytes(text: str) -> int:
    """Count the bytes of a file."""
    return len(text.encode("utf-8", "replace"))
