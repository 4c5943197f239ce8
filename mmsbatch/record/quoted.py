"""A chunk's numbers as they stand in the journal's line, taken apart only where somebody looks at one.

A campaign of a million has sixteen megabytes of them, and most readings of a record need but their count.
"""

import string
from collections.abc import Iterator, Sequence
from typing import overload

_BETWEEN = b'","'
#: Of plain numbers and of tokens; anything else is left to the JSON reader.
_OF_NUMBERS = (string.ascii_letters + string.digits + "-_").encode()


class QuotedNumbers(Sequence[str]):
    """The texts of a JSON list of texts, given as what stands between its first and its last quote."""

    __slots__ = ("_count", "_quoted", "_texts")

    def __init__(self, quoted: bytes, count: int) -> None:
        self._quoted, self._count = quoted, count
        self._texts: tuple[str, ...] | None = None

    @classmethod
    def read(cls, quoted: bytes) -> "QuotedNumbers | None":
        """Take a list as it stands in the line; None of one that is not just numbers, or tokens."""
        between = quoted.translate(None, _OF_NUMBERS)
        count = quoted.count(_BETWEEN)
        is_plain = between == _BETWEEN * count and b'""' not in quoted and quoted[:1] not in b'"'
        return cls(quoted, count + 1) if is_plain and quoted[-1:] != b'"' else None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return iter(self._split())

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
            self._texts = tuple(self._quoted.decode("ascii").split('","'))
            self._quoted = b""
        return self._texts
