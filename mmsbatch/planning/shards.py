"""Shards: the recipients of a campaign in N parts, the same whoever asks, whatever was sent already, and when. Pure.

The whole audience, whoever of it is suppressed or was sent to, is cut into chunks as a single run would
cut it; the chunk at place k belongs to shard (k mod N) + 1. So runs that never see each other's
record share nobody, and leave nobody out.
"""

from array import array
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from itertools import compress

from mmsbatch.errors import UsageProblem
from mmsbatch.planning.chunking import group_by_text, partition
from mmsbatch.record.shard import Shard, read_shard

#: What GitLab tells each job of a `parallel:` one, from 1.
INDEX_VARIABLE, TOTAL_VARIABLE = "CI_NODE_INDEX", "CI_NODE_TOTAL"
AUTO = "auto"
_MILLIONTH = Decimal("0.000001")


def parse_shard(text: str) -> Shard:
    """Read what `--shard` says. Raises UsageProblem for anything that is no shard."""
    try:
        return read_shard(text)
    except ValueError as error:
        raise UsageProblem(f"--shard {error}", "write it as 3/8, the third of eight, or auto") from error


def shard_of_job(environ: Mapping[str, str]) -> Shard:
    """Return the shard that the CI job is, as GitLab tells it. Raises UsageProblem where nothing tells it."""
    index, total = environ.get(INDEX_VARIABLE, ""), environ.get(TOTAL_VARIABLE, "")
    if not index or not total:
        missing = INDEX_VARIABLE if not index else TOTAL_VARIABLE
        raise UsageProblem(
            f"--shard auto: {missing} is not set",
            "GitLab sets it in jobs with `parallel: 8`; elsewhere say which: --shard 3/8",
        )
    try:
        return parse_shard(f"{index}/{total}")
    except UsageProblem as problem:
        raise UsageProblem(
            f"--shard auto: {INDEX_VARIABLE} is {index!r} and {TOTAL_VARIABLE} is {total!r}",
            "they count the jobs of one stage, the index from 1",
        ) from problem


def all_shards(total: int) -> list[Shard]:
    """Return the shards of one N, in order."""
    return [Shard(index, total) for index in range(1, total + 1)]


def divide(text_of: Sequence[int], size: int, total: int) -> list[Sequence[int]]:
    """Return each shard's places of an audience, chunk by chunk; `text_of` gives the text of each place."""
    parts = [array("I") for _ in range(total)]
    groups = group_by_text(range(len(text_of)), text_of)
    for place, chunk in enumerate(partition(groups, size, revision=1)):
        parts[place % total].extend(chunk.members)
    return list(parts)


def choose(part: Sequence[int], to_send: Sequence[int], everybody: int) -> Sequence[int]:
    """Return those of a shard's places, of `everybody` so many, that are to be sent to, in the shard's order."""
    if len(to_send) == everybody:
        return part
    wanted = bytearray(everybody)
    for place in to_send:
        wanted[place] = True
    return array("I", compress(part, map(wanted.__getitem__, part)))


def share_of(limit: Decimal, part: int, whole: int) -> Decimal:
    """Return a shard's share of a limit by its recipients, rounded down: together they never exceed the limit."""
    share = (limit * part / whole).quantize(_MILLIONTH, ROUND_FLOOR) if whole else Decimal(0)
    return share.quantize(Decimal(1)) if share == share.to_integral_value() else share.normalize()
