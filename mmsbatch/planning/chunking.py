"""Recipients of one text share requests, as few as possible. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """One request to be: `text` is a place in the rendering's texts, `members` places in the audience's recipients."""

    id: str
    text: int
    members: Sequence[int]


def group_by_text(to_send: Sequence[int], text_of: Sequence[int]) -> dict[int, list[int]]:
    """Gather recipients by their text, in the order in which texts first appear."""
    groups: dict[int, list[int]] = {}
    for place in to_send:
        groups.setdefault(text_of[place], []).append(place)
    return groups


def count_chunks(groups: dict[int, list[int]], size: int, canary: int | None = None) -> int:
    """Count the requests that `partition` makes."""
    return sum(1 for _ in _slices(groups, size, canary))


def partition(
    groups: dict[int, list[int]], size: int, revision: int, first: int = 1, canary: int | None = None
) -> Iterator[ChunkPlan]:
    """Cut the groups into chunks of at most `size`, numbered from `first`; the very first holds `canary` at most."""
    for number, (text, members) in enumerate(_slices(groups, size, canary), start=first):
        yield ChunkPlan(f"{revision}-{number}", text, members)


def _slices(groups: dict[int, list[int]], size: int, canary: int | None) -> Iterator[tuple[int, list[int]]]:
    head = min(canary, size) if canary else 0
    for text, members in groups.items():
        if head:
            yield text, members[:head]
        for start in range(head, len(members), size):
            yield text, members[start : start + size]
        head = 0
