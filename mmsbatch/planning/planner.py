"""A valid campaign, its record and the account become a plan, and the chunks that carry it out. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from mmsbatch.gateway.flow import MSGCLASS
from mmsbatch.message.measure import length_limit, measured_length
from mmsbatch.message.samples import invent_samples
from mmsbatch.planning import guards
from mmsbatch.planning.chunking import count_by_text, count_chunks
from mmsbatch.planning.outcomes import Recorded, SortedRows, sort_rows
from mmsbatch.planning.parts import Division, estimate_seconds
from mmsbatch.planning.plan import CampaignPlan, CreditsPlan, LastSend, PriceSource, ShardPlan
from mmsbatch.planning.planned import PlanInputs, PlannedCampaign, PlannedShard
from mmsbatch.planning.preparation import Prepared
from mmsbatch.planning.shards import all_shards
from mmsbatch.record.fold import Record
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.states import REACHED


def plan_campaign(prepared: Prepared, inputs: PlanInputs) -> PlannedCampaign:
    """Plan one campaign."""
    campaign = prepared.campaign
    record = inputs.record or Record()
    revision = record.revision(campaign.revision)
    send_late = inputs.late_rows or campaign.recipients.late_rows.value == "send"
    recorded = Recorded(revision.states(), revision.closed, _earlier(record, campaign.revision), inputs.keeping)
    rows = sort_rows(prepared.audience, prepared.suppressed, recorded, send_late)
    canary = None if guards.is_canary_over(revision, campaign.limits) else campaign.limits.canary
    plan = _describe(prepared, inputs, rows, revision, canary)
    late_sent = revision.closed and send_late and bool(rows.to_send)
    plan = replace(plan, late_sent=late_sent, last_send=_last_send(record, prepared.digests))
    division = Division(prepared, rows, recorded, revision, canary)
    plan = replace(plan, shards=tuple(each.plan for each in division.plan_shards(all_shards(inputs.shards))))
    first = revision.next_chunk()
    whole = PlannedCampaign(_hide_unknown(plan, inputs), prepared, rows, first, canary, whole_canary=canary)
    if inputs.shard is None:
        return whole
    (shard,) = division.plan_shards([inputs.shard])
    return _narrow(whole, shard, revision, inputs)


def _narrow(
    whole: PlannedCampaign, shard: PlannedShard, revision: RevisionRecord, inputs: PlanInputs
) -> PlannedCampaign:
    """Leave a plan its one shard to send; what is said of the whole campaign stays."""
    index, total = shard.plan.shard.index, shard.plan.shard.total
    plan = replace(whole.plan, shard=_hide(shard.plan, inputs), in_doubt_chunks=shard.plan.in_doubt_chunks)
    return replace(
        whole, plan=plan, first_chunk=revision.next_chunk(index, total), canary=shard.plan.canary, shard=shard
    )


def _earlier(record: Record, revision: int) -> dict[str, int]:
    """Return who was reached by an earlier revision, with the latest such."""
    return {
        number: each.number
        for each in sorted(record.revisions.values(), key=lambda each: each.number)
        if each.number < revision
        for number, state in each.states().items()
        if state in REACHED
    }


def _describe(
    prepared: Prepared, inputs: PlanInputs, rows: SortedRows, revision: RevisionRecord, canary: int | None
) -> CampaignPlan:
    campaign, settings, totals = prepared.campaign, prepared.settings, rows.totals
    texts = prepared.rendering.texts
    counts = count_by_text(rows.to_send, prepared.rendering.index_of)
    chunks = count_chunks(counts.values(), settings.chunk_size, canary)
    longest = max(counts or range(len(texts)), key=lambda index: measured_length(texts[index]), default=0)
    return CampaignPlan(
        file=campaign.file,
        name=campaign.name,
        revision=campaign.revision,
        type=campaign.message.type.value,
        msgclass=MSGCLASS[campaign.message.type],
        rows=totals.rows,
        duplicates=totals.duplicates,
        suppressed=totals.suppressed,
        invalid=totals.invalid,
        to_send=totals.pending,
        already_sent=totals.accepted,
        rejected=totals.rejected,
        unaccounted=totals.unaccounted,
        in_doubt=totals.in_doubt,
        late=totals.late,
        outside=rows.outside,
        resend=rows.resend,
        chunks=chunks,
        messages=len(counts),
        longest=measured_length(texts[longest]) if texts else 0,
        longest_limit=length_limit(campaign.message.type),
        credits=_credits(prepared, totals.pending, inputs.available),
        source=prepared.audience.file,
        encoding=prepared.audience.encoding,
        delimiter=prepared.audience.delimiter,
        estimated_seconds=estimate_seconds(settings, chunks),
        scheduled_for=campaign.schedule,
        mails=chunks if campaign.mail_notification else 0,
        mixed=_count_former(prepared.digests, revision) if rows.to_send else 0,
        in_doubt_chunks=tuple(chunk.id for chunk in revision.in_doubt),
        first_lines=rows.first_lines,
        digests=prepared.digests,
        samples=invent_samples(campaign, prepared.audience, prepared.rendering, longest),
    )


def _credits(prepared: Prepared, to_send: int, available: Decimal | None) -> CreditsPlan:
    price = prepared.settings.credits_per_message.get(prepared.campaign.message.type)
    source = PriceSource.UNKNOWN if price is None else PriceSource.CONFIGURED
    return CreditsPlan(price, source, to_send * (Decimal(1) if price is None else price), available)


def _count_former(digests: Mapping[str, str], revision: RevisionRecord) -> int:
    """Count who got this revision when its content was another; the last run that reached anyone decides."""
    last = revision.last_reaching
    if last is None or all(last.digests.get(part) == digests.get(part) for part in guards.CONTENT):
        return 0
    return sum(revision.count(state) for state in REACHED)


def _last_send(record: Record, digests: Mapping[str, str]) -> LastSend | None:
    """Find the last run that reached anyone, whatever its revision."""
    for number in sorted(record.revisions, reverse=True):
        if (last := record.revisions[number].last_reaching) is not None:
            names = dict.fromkeys([*digests, *last.digests])
            changed = tuple(name for name in names if last.digests.get(name) != digests.get(name))
            return LastSend(last.at, number, changed)
    return None


def _hide_unknown(plan: CampaignPlan, inputs: PlanInputs) -> CampaignPlan:
    """Leave open what only the record could tell."""
    if inputs.record is not None:
        return plan
    return replace(
        plan,
        to_send=None,
        already_sent=None,
        rejected=None,
        unaccounted=None,
        in_doubt=None,
        late=None,
        outside=None,
        suppressed=None,
        chunks=None,
        estimated_seconds=None,
        credits=replace(plan.credits, required=None),
        record_unknown=inputs.record_unknown,
        shards=tuple(_hide(each, inputs) for each in plan.shards),
    )


def _hide(shard: ShardPlan, inputs: PlanInputs) -> ShardPlan:
    """Leave open what only the record could tell of a shard."""
    if inputs.record is not None:
        return shard
    return replace(shard, to_send=None, chunks=None, required=None, estimated_seconds=None)
