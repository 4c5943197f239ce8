"""The shards of a plan: as text, as JSON, and as the matrix that GitHub makes jobs of."""

import json
from collections.abc import Iterator
from typing import Any

from mmsbatch.planning.plan import CampaignPlan, Plan, ShardPlan
from mmsbatch.record.amounts import to_json
from mmsbatch.reports.wording import count


def github_matrix(plan: Plan) -> str:
    """Return `{"shard": ["1/8", …]}`: the shards that have something to send, in one line.

    GitHub refuses a matrix without an entry: where nothing is to send, the first shard stands, and finds so itself.
    """
    wanted: dict[str, bool] = {}
    for each in (each for campaign in plan.campaigns for each in campaign.shards):
        is_busy = each.to_send is None or each.to_send > 0
        wanted[str(each.shard)] = wanted.get(str(each.shard), False) or is_busy
    busy = [shard for shard, is_busy in wanted.items() if is_busy]
    return json.dumps({"shard": busy or [*wanted][:1] or ["1/1"]})


def shard_json(each: ShardPlan) -> dict[str, Any]:
    """Return one shard's part of a campaign."""
    return {
        "index": each.shard.index,
        "total": each.shard.total,
        "recipients": each.recipients,
        "to_send": each.to_send,
        "chunks": each.chunks,
        "credits": {"required": to_json(each.required)},
        "limits": {"credits": to_json(each.credit_cap), "canary": each.canary},
        "in_doubt_chunks": list(each.in_doubt_chunks),
    }


def shard_rows(campaign: CampaignPlan) -> Iterator[tuple[str, str, str]]:
    """Give a campaign's shards, a row each (name, value, note): what each sends, and its share of the limits."""
    shown = (campaign.shard,) if campaign.shard else campaign.shards
    for each in shown:
        yield f"shard {each.shard}", _number(each.to_send), ", ".join(_notes(each, campaign))
    shares = ["`limits.credits`"] if any(each.credit_cap is not None for each in shown) else []
    shares += ["the canary"] if any(each.canary is not None for each in shown) else []
    if shares:
        others = "; its requests are others than a single run's" if shares[-1] == "the canary" else ""
        yield "shares", "", f"each shard has its own of {' and of '.join(shares)}, by recipients{others}"


def shard_verdict(campaign: CampaignPlan, shard: ShardPlan) -> str:
    """Say in one line what applying would do of a campaign with this shard."""
    if not shard.recipients:
        return f"shard {shard.shard}: nothing to send: no recipient falls into it"
    if not shard.to_send:
        return f"shard {shard.shard}: nothing to send of its {count(shard.recipients, 'recipient')}"
    return (
        f"shard {shard.shard}: sends to {shard.to_send:,} of {count(campaign.to_send or 0, 'recipient')} "
        f"in {count(shard.chunks or 0, 'request')}"
    )


def _notes(each: ShardPlan, campaign: CampaignPlan) -> Iterator[str]:
    if each.chunks is not None:
        yield count(each.chunks, "request")
    if each.required is not None:
        bound = "at least " if campaign.credits.per_message is None else ""
        cap = "" if each.credit_cap is None else f" of at most {each.credit_cap:,f}"
        yield f"{bound}{each.required:,f} credits{cap}"
    if each.canary is not None:
        yield f"the first to {each.canary:,}"


def _number(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"
