"""The options of shards: which part of a campaign a call is about."""

import os
from typing import Annotated

import typer

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.errors import UsageProblem
from mmsbatch.planning.shards import AUTO, parse_shard, shard_of_job
from mmsbatch.record.shard import Shard

#: GitHub makes no more jobs of one matrix.
MOST_SHARDS = 256

ShardOption = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Only this part of each campaign: 3/8, or auto in a GitLab job."),
]


def read_shard(text: str | None, settings: GatewaySettings) -> Shard | None:
    """Return the shard that is meant, None without one.

    Raises UsageProblem for what is none, and where the account is declared to be spent from by one run at a time.
    """
    if text is None:
        return None
    shard = shard_of_job(os.environ) if text == AUTO else parse_shard(text)
    if settings.exclusive_account and shard.total > 1:
        raise UsageProblem(
            f"--shard {shard}: {settings.name} has `exclusive_account: true`, and shards spend side by side",
            "send without --shard, or take the declaration out: a balance that others move settles no doubt",
        )
    return shard


def check_shards(number: int | None) -> int:
    """Return into how many parts a plan is shown, 0 where into none. Raises UsageProblem for too many."""
    if number is None:
        return 0
    if not 1 <= number <= MOST_SHARDS:
        raise UsageProblem(f"--shards {number}: from 1 to {MOST_SHARDS} are possible")
    return number
