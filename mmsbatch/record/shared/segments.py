"""A journal in pieces, as a branch keeps it: what is full is never written again, however long the journal grows. Pure.

The first piece has the journal's own name, each later one a number behind it. Put together they are
the journal, byte for byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmsbatch.record.paths import JOURNAL_SUFFIX

#: A piece of so many bytes is full: a push then carries a megabyte and a claim at most.
FULL = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece: its number from 1, and where in the journal it begins."""

    number: int
    start: int


def piece_name(journal: str, number: int) -> str:
    """Return the path of a piece."""
    return journal if number == 1 else f"{journal}.{number:04}"


def group_pieces(paths: Sequence[str]) -> dict[str, list[str]]:
    """Return each journal's pieces in order. Raises ValueError, naming the journal, where one is missing."""
    found: dict[str, dict[int, str]] = {}
    for path in paths:
        journal, mark, number = path.rpartition(f"{JOURNAL_SUFFIX}.")
        if path.endswith(JOURNAL_SUFFIX):
            found.setdefault(path, {})[1] = path
        elif mark and number.isascii() and number.isdigit():
            found.setdefault(journal + JOURNAL_SUFFIX, {})[int(number)] = path
    for journal, pieces in found.items():
        if sorted(pieces) != list(range(1, len(pieces) + 1)):
            raise ValueError(journal)
    return {journal: [pieces[number] for number in sorted(pieces)] for journal, pieces in found.items()}


def pieces_of(sizes: Sequence[int]) -> list[Piece]:
    """Return the pieces of a journal from their sizes, in order."""
    return [Piece(number, sum(sizes[: number - 1])) for number in range(1, len(sizes) + 1)]


def next_piece(pieces: Sequence[Piece], length: int) -> Piece:
    """Return the piece that takes what comes after the journal's first `length` bytes."""
    last = pieces[-1] if pieces else Piece(1, 0)
    return last if length - last.start < FULL else Piece(last.number + 1, length)


def written(journal: str, piece: Piece, content: bytes) -> Mapping[str, bytes]:
    """Return the file to write, of the whole journal's content."""
    return {piece_name(journal, piece.number): content[piece.start :]}
