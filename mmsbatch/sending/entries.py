"""What a run writes into the journal, from what it knows. Pure."""

from collections.abc import Callable
from decimal import Decimal

from mmsbatch import __version__
from mmsbatch.gateway.verdict import Fate, Verdict
from mmsbatch.masking import mask_number
from mmsbatch.planning.digests import digest_settings
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.record.events import AttemptFailed, ChunkAnswered, ChunkSending, Lease, Rejection, RunStarted
from mmsbatch.record.states import ChunkState
from mmsbatch.sending.attempts import Landed
from mmsbatch.sending.job import ChunkJob

_STATES = {
    Fate.ACCEPTED: ChunkState.ACCEPTED,
    Fate.REFUSED: ChunkState.REFUSED,
    Fate.RETRY_MEDIA: ChunkState.REFUSED,
    Fate.RETRY_NOT_SENT: ChunkState.FAILED,
    Fate.IN_DOUBT: ChunkState.IN_DOUBT,
}
_GIVEN_UP = {
    ChunkState.FAILED: "stopped before it could be sent",
    ChunkState.IN_DOUBT: "stopped before the answer came",
}


def run_started(
    planned: PlannedCampaign,
    at: str,
    *,
    run_id: str,
    holder: str,
    credits_before: Decimal | None,
    exclusive: bool,
    saved_plan: str | None,
    lease: Lease | None,
) -> RunStarted:
    """Say that a run begins, and what it was made from; `saved_plan` is the digest of the plan that it carries out."""
    campaign, plan = planned.prepared.campaign, planned.plan
    return RunStarted(
        at=at,
        run=run_id,
        tool=__version__,
        holder=holder,
        campaign_name=campaign.name,
        revision=campaign.revision,
        campaign_sha256=campaign.sha256,
        digests=plan.digests,
        totals=planned.sorted_rows.totals,
        outside=planned.sorted_rows.outside,
        outside_open=tuple(planned.sorted_rows.outside_open),
        chunks=plan.part.chunks or 0,
        late_sent=plan.late_sent,
        scheduled_for=campaign.schedule.isoformat() if campaign.schedule else None,
        credits_before=credits_before,
        per_message=plan.credits.per_message,
        exclusive=exclusive,
        plan=saved_plan,
        settings=digest_settings(planned.prepared.settings),
        lease=lease,
        shard=str(plan.shard.shard) if plan.shard else None,
    )


def chunk_sending(
    job: ChunkJob, attempt: int, at: str, keep: Callable[[str], str], run: str | None = None
) -> ChunkSending:
    """Say that a request is about to leave; its numbers stand with the first attempt only."""
    numbers = tuple(map(keep, job.numbers)) if attempt == 1 else ()
    return ChunkSending(at=at, chunk=job.id, attempt=attempt, recipients=len(job.numbers), run=run, numbers=numbers)


def chunk_answered(
    job: ChunkJob, verdict: Verdict, at: str, *, keep: Callable[[str], str], source: str
) -> ChunkAnswered:
    """Say what became of a chunk; `source` is the file of its rows."""
    answer = verdict.answer
    line_of = dict(zip(job.numbers, job.lines, strict=True)) if verdict.rejected else {}
    return ChunkAnswered(
        at=at,
        chunk=job.id,
        state=_STATES[verdict.fate],
        reason="" if verdict.fate is Fate.ACCEPTED else verdict.reason,
        http_status=verdict.http_status,
        status=answer.status if answer else None,
        status_text=answer.status_text if answer else None,
        campaign_id=(answer.campaign_id or None) if answer else None,
        credits=answer.credits if answer else None,
        accepted=verdict.accepted,
        rejected=tuple(
            Rejection(keep(number), mask_number(number), f"{source}:{line_of[number]}") for number in verdict.rejected
        ),
        unaccounted=tuple(map(keep, verdict.unaccounted)),
    )


def attempt_failed(landed: Landed, at: str) -> AttemptFailed:
    """Say that a request surely had no effect, and is tried again."""
    answer, attempt = landed.verdict.answer, landed.attempt
    return AttemptFailed(
        at=at,
        chunk=attempt.job.id,
        attempt=attempt.number,
        reason=landed.verdict.reason,
        status=answer.status if answer else None,
    )


def chunk_given_up(job: ChunkJob, state: ChunkState, at: str) -> ChunkAnswered:
    """Say that a chunk is left as it is, failed or in doubt, since the run ends."""
    return ChunkAnswered(at=at, chunk=job.id, state=state, reason=_GIVEN_UP[state])
