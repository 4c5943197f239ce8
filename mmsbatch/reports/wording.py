"""Counts, and lists of chunks, as every report words them."""

from collections.abc import Sequence

#: More chunks than these are not named one by one.
SHOWN_CHUNKS = 5


def count(number: int, noun: str) -> str:
    """Write a count with its noun: `1 file`, `2 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def list_chunks(ids: Sequence[str]) -> str:
    """Name chunks by their ids; of many the first, the last and how many."""
    return ", ".join(ids) if len(ids) <= SHOWN_CHUNKS else f"{ids[0]} to {ids[-1]} ({len(ids):,} chunks)"
