"""A shard of a campaign, `3/8`: the third of eight parts, as a run and its record name it. Pure."""

import re
from dataclasses import dataclass

_WRITTEN = re.compile("([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `total` parts; `index` counts from 1."""

    index: int
    total: int

    def __str__(self) -> str:
        return f"{self.index}/{self.total}"

    def owns(self, chunk: int) -> bool:
        """Whether a chunk of this number (from 1) is its own: no two shards of one N ever give a number."""
        return chunk % self.total == self.index % self.total


def read_shard(text: str) -> Shard:
    """Read `3/8`. Raises ValueError for anything that is no shard, or of which there are fewer."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is no shard")
    shard = Shard(int(match[1]), int(match[2]))
    if shard.index > shard.total:
        raise ValueError(f"{text}: the last of {shard.total} is {shard.total}/{shard.total}")
    return shard
