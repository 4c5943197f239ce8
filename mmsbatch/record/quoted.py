"""A chunk's numbers as they stand in the journal's line, taken apart only where somebody looks at one.

A campaign of a million has sixteen megabytes of them, and most readings of a record need but their count.
"""

from collections.abc import Iterator, Sequence
from typing import overload

_BETWEEN = b'","'
#: Of plain numbers and of tokens; anything else is left to the JSON reader.
_OF_NUMBERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class QuotedNumbers(Sequence[str]):
    """The texts of a JSON list of texts of one length, as they stand between its first and its last quote."""

    __slots__ = ("_content", "_count", "_start", "_stop", "_texts")

    def __init__(self, content: bytes, start: int, stop: int, count: int) -> None:
        self._content, self._start, self._stop, self._count = content, start, stop, count
        self._texts: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return iter(self._split())

    def __contains__(self, text: object) -> bool:
        if self._texts is not None or not isinstance(text, str):
            return text in self._split()
        if not text.isascii() or (number := text.encode()).translate(None, _OF_NUMBERS):
            return False
        # Quotes stand around numbers and commas alone, and a comma is no number.
        return self._content.find(b'"%b"' % number, self._start - 1, self._stop + 1) >= 0

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._split()[index]

    def __eq__(self, other: object) -> bool:
        return self._split() == (other._split() if isinstance(other, QuotedNumbers) else other)

    def __hash__(self) -> int:
        return hash(self._split())

    def _split(self) -> tuple[str, ...]:
        if self._texts is None:
            self._texts = tuple(self._content[self._start : self._stop].decode("ascii").split('","'))
            self._content = b""
        return self._texts


def is_quoted_evenly(content: bytes, start: int, stop: int, count: int) -> bool:
    """Whether so many numbers, or tokens, of one length stand there, with `","` between two, and nothing else."""
    if not 0 < count <= stop - start:
        return False
    step, left = divmod(stop - start + len(_BETWEEN), count)
    quoted, quotes = content[start:stop], b'"' * (count - 1)
    is_even = not left and quoted[step - 3 :: step] == quoted[step - 1 :: step] == quotes
    return is_even and quoted.translate(None, _OF_NUMBERS) == _BETWEEN * (count - 1)
