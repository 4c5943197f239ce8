"""What a plan is refused for. Each finding gives the measured value, the limit, and the way out. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from mmsbatch.campaign.model import Campaign, Limits
from mmsbatch.diagnostics import Diagnostic
from mmsbatch.planning.plan import CampaignPlan
from mmsbatch.planning.planned import PlanInputs, PlannedCampaign
from mmsbatch.record.fold import Record
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.states import ANSWERED, REACHED, NumberState
from mmsbatch.rules import finding

#: The digests that make up what a recipient sees.
CONTENT = ("template", "variables", "media")
#: From so many answered numbers on, `max_rejected` is looked at.
REJECTED_FROM = 100
SCHEDULE_MARGIN = timedelta(minutes=5)


def guard(planned: PlannedCampaign, inputs: PlanInputs, allow_mixed: bool) -> list[Diagnostic]:
    """Check one planned campaign against its limits, its record, the account and the clock."""
    campaign, record = planned.prepared.campaign, inputs.record or Record()
    found = [*_guard_revision(campaign, record)]
    if not planned.plan.has_something_to_send:
        return found
    found += _guard_schedule(campaign, record.revision(campaign.revision), inputs.now)
    found += _guard_limits(planned, record.revision(campaign.revision))
    found += _guard_rejected(planned, record.revision(campaign.revision))
    found += _guard_credit(planned)
    found += _guard_content(planned, allow_mixed)
    return [*found, *_tell_resend(planned)]


def _guard_revision(campaign: Campaign, record: Record) -> Iterator[Diagnostic]:
    highest, where = record.highest, campaign.position("revision")
    if highest is None:
        return
    if campaign.revision < highest.number:
        yield finding(
            "plan-revision",
            campaign.file,
            where,
            f"revision {campaign.revision} is lower than the record's highest, {highest.number}",
            f"set `revision: {highest.number}` to go on with it, or {highest.number + 1} to send again to everyone",
        )
    doubtful = [chunk.id for each in record.revisions.values() for chunk in each.in_doubt]
    if campaign.revision > highest.number and doubtful:
        yield finding(
            "plan-revision",
            campaign.file,
            where,
            f"revision {campaign.revision} was raised while {_name_chunks(doubtful)} in doubt",
            "settle it first: `mmsbatch status` shows the evidence, `mmsbatch resolve` takes your finding",
        )


def _name_chunks(chunks: list[str]) -> str:
    several = len(chunks) > 1
    return f"{'chunks' if several else 'chunk'} {', '.join(chunks)} of an earlier one {'are' if several else 'is'}"


def _guard_schedule(campaign: Campaign, revision: RevisionRecord, now: datetime) -> Iterator[Diagnostic]:
    where = campaign.position("schedule")
    if campaign.schedule is not None and campaign.schedule < now + SCHEDULE_MARGIN:
        yield finding(
            "schedule-past",
            campaign.file,
            where,
            f"{campaign.schedule:%Y-%m-%d %H:%M:%S} (Europe/Paris) is {_distance(campaign.schedule - now)}",
            "set a later date, at least 5 minutes ahead, or drop `schedule` to send at once",
        )
    former = revision.last_reaching.scheduled_for if revision.last_reaching else None
    due = campaign.schedule.isoformat() if campaign.schedule else None
    reached = sum(revision.count(state) for state in REACHED)
    if reached and former != due:
        yield finding(
            "plan-schedule-moved",
            campaign.file,
            where,
            f"{reached:,} were already handed over for {former or 'at once'} and cannot be moved",
        )


def _distance(ahead: timedelta) -> str:
    minutes = abs(ahead) // timedelta(minutes=1)
    return f"{minutes:,} minutes in the past" if ahead < timedelta(0) else f"only {minutes} minutes ahead"


def _guard_limits(planned: PlannedCampaign, revision: RevisionRecord) -> Iterator[Diagnostic]:
    campaign, limits = planned.prepared.campaign, planned.prepared.campaign.limits
    to_send = planned.plan.to_send or len(planned.sorted_rows.to_send)
    reached = sum(revision.count(state) for state in REACHED)
    if limits.recipients is not None and reached + to_send > limits.recipients:
        yield finding(
            "plan-recipients",
            campaign.file,
            campaign.position("limits", "recipients"),
            f"{_sum_up(reached, to_send)} recipients, and the limit is {limits.recipients:,}",
            "check the recipients file; raise `limits.recipients` if so many are meant",
        )
    if limits.credits is not None:
        yield from _guard_price(planned, Decimal(reached), Decimal(to_send), limits.credits)


def _guard_price(planned: PlannedCampaign, reached: Decimal, to_send: Decimal, limit: Decimal) -> Iterator[Diagnostic]:
    campaign, price = planned.prepared.campaign, planned.plan.credits.per_message
    where = campaign.position("limits", "credits")
    kind = campaign.message.type.value
    if price is None:
        yield finding(
            "plan-price-unknown",
            campaign.file,
            where,
            f"the limit of {limit:,} credits cannot be checked: nobody said what an MMS of type {kind} costs",
            f"set `credits_per_message: {{{kind}: N}}` of the gateway in mmsbatch.yaml",
        )
    elif (reached + to_send) * price > limit:
        yield finding(
            "plan-credits",
            campaign.file,
            where,
            f"{_sum_up(reached * price, to_send * price)} credits, and the limit is {limit:,}",
            "raise `limits.credits` if so much is meant",
        )


def _sum_up(before: Decimal | int, now: Decimal | int) -> str:
    return f"{before + now:,} ({before:,} before, {now:,} now)" if before else f"{now:,}"


def is_canary_over(revision: RevisionRecord, limits: Limits) -> bool:
    """Whether as many numbers as the canary has were answered; what they said is `_guard_rejected`'s."""
    return _count_answered(revision) >= (limits.canary or 0)


def _count_answered(revision: RevisionRecord) -> int:
    return sum(revision.count(state) for state in ANSWERED)


def _guard_rejected(planned: PlannedCampaign, revision: RevisionRecord) -> Iterator[Diagnostic]:
    """Hold what stopped a run against the next one too: running again must not be the way round a limit."""
    campaign, shard = planned.prepared.campaign, planned.shard
    limits, answered, rejected = campaign.limits, _count_answered(revision), revision.count(NumberState.REJECTED)
    enough, whose = min(limits.canary or REJECTED_FROM, REJECTED_FROM), ""
    if shard is not None and _is_too_much(limits, shard.answered, shard.rejected, shard.enough):
        enough, whose, answered, rejected = (
            shard.enough,
            f" of shard {shard.plan.shard}",
            shard.answered,
            shard.rejected,
        )
    if _is_too_much(limits, answered, rejected, enough):
        yield finding(
            "plan-rejected",
            campaign.file,
            campaign.position("limits", "max_rejected"),
            f"{rejected:,} of the {answered:,} numbers{whose} answered so far were rejected "
            f"({rejected / answered:.0%}), and the limit is {limits.max_rejected:.0%}",
            "check the recipients file; raise `limits.max_rejected` to go on, or make them pending again "
            "(`mmsbatch resolve --rejected`) where the cause was the account's",
        )


def _is_too_much(limits: Limits, answered: int, rejected: int, enough: int) -> bool:
    return answered >= max(enough, 1) and rejected > limits.max_rejected * answered


def _guard_credit(planned: PlannedCampaign) -> Iterator[Diagnostic]:
    plan, campaign = planned.plan, planned.prepared.campaign
    credits_plan, where = plan.credits, campaign.position("message", "type")
    if credits_plan.per_message is None:
        yield finding(
            "plan-price-guess",
            campaign.file,
            where,
            f"what an MMS of type {plan.type} costs is not known; counted as at least 1 credit each",
            f"set `credits_per_message: {{{plan.type}: N}}` of the gateway in mmsbatch.yaml",
        )
    if credits_plan.left is not None and credits_plan.left < 0:
        bound = "at least " if credits_plan.per_message is None else ""
        yield finding(
            "plan-credit-short",
            campaign.file,
            where,
            f"needs {bound}{credits_plan.required:,} credits, and the account has {credits_plan.available:,} for it",
            f"top the account up by {bound}{-credits_plan.left:,} credits, then run again{_of_all_shards(plan)}",
        )


def _of_all_shards(plan: CampaignPlan) -> str:
    """Say whose need was compared: shards that each compare their own would all find the same balance enough."""
    if plan.shard is None:
        return ""
    return "; all shards are counted: what others have sent already is known once their records are merged"


def _guard_content(planned: PlannedCampaign, allow_mixed: bool) -> Iterator[Diagnostic]:
    plan, campaign = planned.plan, planned.prepared.campaign
    if plan.mixed and not allow_mixed:
        yield finding(
            "plan-mixed",
            campaign.file,
            campaign.position("message", "text"),
            f"{plan.mixed:,} got the former message, {plan.to_send or 0:,} would get this one",
            "put the former text, variables and media back, raise `revision`, or say `apply --mixed` if both are meant",
        )


def _tell_resend(planned: PlannedCampaign) -> Iterator[Diagnostic]:
    campaign = planned.prepared.campaign
    for revision, count in sorted(planned.plan.resend.items()):
        yield finding(
            "plan-resend",
            campaign.file,
            campaign.position("revision"),
            f"sends AGAIN to {count:,} who got revision {revision}",
        )
