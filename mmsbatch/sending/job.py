"""What a run carries out: a planned campaign, turned into chunks with their bodies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mmsbatch.gateway.credentials import Credentials
from mmsbatch.gateway.flow import Flow, format_date, render_flow
from mmsbatch.gateway.form import encode_form
from mmsbatch.planning.chunking import ChunkPlan
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.planning.preparation import Prepared


@dataclass(frozen=True, slots=True)
class ChunkJob:
    """One chunk to send: its wire numbers, the lines of their rows, and its text."""

    id: str
    numbers: Sequence[str] = field(repr=False)
    lines: Sequence[int]
    text: str = field(repr=False)


def chunk_jobs(planned: PlannedCampaign) -> Iterator[ChunkJob]:
    """Turn the chunks of a plan into jobs, one at a time."""
    for chunk in planned.chunks():
        yield chunk_job(planned.prepared, chunk)


def chunk_job(prepared: Prepared, chunk: ChunkPlan) -> ChunkJob:
    """Look up what a chunk stands for."""
    recipients = [prepared.audience.recipients[place] for place in chunk.members]
    return ChunkJob(
        chunk.id,
        tuple(recipient.number for recipient in recipients),
        tuple(recipient.line for recipient in recipients),
        prepared.rendering.texts[chunk.text],
    )


def flow_text(prepared: Prepared, client: str, numbers: Sequence[str], text: str, *, at_once: bool = False) -> str:
    """Render the flow of one request; `at_once` leaves the campaign's schedule out."""
    campaign = prepared.campaign
    schedule = None if at_once else campaign.schedule
    return render_flow(
        Flow(
            client=client,
            campaign_name=campaign.name,
            date=format_date(schedule) if schedule else None,
            mail_notification=campaign.mail_notification,
            numbers=numbers,
            message=campaign.message,
            text=text,
            newline=prepared.settings.newline,
        )
    )


def request_body(
    prepared: Prepared, credentials: Credentials, numbers: Sequence[str], text: str, *, at_once: bool = False
) -> bytes:
    """Encode the body of one request (manual 1.1): the passcode is here and nowhere else."""
    fields = {
        "clientcode": credentials.client_code,
        "passcode": credentials.passcode.reveal(),
        "XMLFlow": flow_text(prepared, credentials.client, numbers, text, at_once=at_once),
    }
    return encode_form(fields, prepared.settings.charset)
