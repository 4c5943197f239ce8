"""Recipients of one text share requests, as few as possible. Pure."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import ceil


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """One request to be: `text` is a place in the rendering's texts, `members` places in the audience's recipients."""

    id: str
    text: int
    members: Sequence[int]


def group_by_text(to_send: Sequence[int], text_of: Sequence[int]) -> dict[int, Sequence[int]]:
    """Gather recipients by their text, in the order in which texts first appear."""
    groups: defaultdict[int, array[int]] = defaultdict(partial(array, "I"))
    for place in to_send:
        groups[text_of[place]].append(place)
    return dict(groups)


def count_by_text(to_send: Sequence[int], text_of: Sequence[int]) -> dict[int, int]:
    """Count the recipients of each text, in the order in which texts first appear."""
    everyone = len(to_send) == len(text_of)
    return Counter(text_of if everyone else map(text_of.__getitem__, to_send))


def count_chunks(sizes: Iterable[int], size: int, canary: int | None = None) -> int:
    """Count the requests that `partition` makes of groups of these sizes."""
    first, *others = [*sizes] or [0]
    head = min(canary, size, first) if canary else 0
    return bool(head) + ceil((first - head) / size) + sum(ceil(each / size) for each in others)


def partition(
    groups: Mapping[int, Sequence[int]],
    size: int,
    revision: int,
    first: int = 1,
    canary: int | None = None,
    *,
    step: int = 1,
) -> Iterator[ChunkPlan]:
    """Cut the groups into chunks of at most `size`, numbered in steps; the very first holds `canary` at most."""
    for number, (text, members) in zip(count(first, step), _slices(groups, size, canary), strict=False):
        yield ChunkPlan(f"{revision}-{number}", text, members)


def _slices(groups: Mapping[int, Sequence[int]], size: int, canary: int | None) -> Iterator[tuple[int, Sequence[int]]]:
    head = min(canary, size) if canary else 0
    for text, members in groups.items():
        if head:
            yield text, members[:head]
        for start in range(head, len(members), size):
            yield text, members[start : start + size]
        head = 0
