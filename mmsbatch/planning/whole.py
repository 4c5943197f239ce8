"""Several campaigns in one plan share one account and its balance. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mmsbatch.diagnostics import Diagnostic, in_order
from mmsbatch.planning.guards import guard
from mmsbatch.planning.plan import Plan
from mmsbatch.planning.planned import PlanInputs, PlannedCampaign
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.planning.preparation import Prepared


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a whole plan is made for. `available` is the account's balance, None offline."""

    gateway: str
    send_url: str
    account: str
    available: Decimal | None
    warnings: Sequence[Diagnostic] = ()
    allow_mixed: bool = False


def plan_all(
    request: PlanRequest, campaigns: Iterable[tuple[Prepared, PlanInputs]]
) -> tuple[Plan, list[PlannedCampaign]]:
    """Plan the campaigns in order; what one needs, the next has no more."""
    planned: list[PlannedCampaign] = []
    found = list(request.warnings)
    available = request.available
    for prepared, inputs in campaigns:
        shared = inputs.with_balance(available)
        each = plan_campaign(prepared, shared)
        found += guard(each, shared, request.allow_mixed)
        planned.append(each)
        left = each.plan.credits.left
        available = None if left is None else max(left, Decimal(0))
    plan = Plan(
        gateway=request.gateway,
        send_url=request.send_url,
        account=request.account,
        campaigns=tuple(each.plan for each in planned),
        diagnostics=tuple(in_order(found)),
        offline=request.available is None,
    )
    return plan, planned
