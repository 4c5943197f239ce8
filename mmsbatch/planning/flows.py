"""A campaign's flows: what they are made of, and one digest over all that a plan would send. Pure."""

import hashlib
from collections.abc import Iterable, Sequence

from mmsbatch.gateway.flow import PLACEHOLDER_CLIENT, Flow, FlowWriter, format_date
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.planning.preparation import Prepared
from mmsbatch.recipients.numbers import wire_number


def campaign_flow(prepared: Prepared, client: str, numbers: Sequence[str], text: str, *, at_once: bool = False) -> Flow:
    """Make the flow of one request to wire numbers (`336…`); `at_once` leaves the campaign's schedule out."""
    campaign = prepared.campaign
    schedule = None if at_once else campaign.schedule
    return Flow(
        client=client,
        campaign_name=campaign.name,
        date=format_date(schedule) if schedule else None,
        mail_notification=campaign.mail_notification,
        numbers=numbers,
        message=campaign.message,
        text=text,
        newline=prepared.settings.newline,
    )


def digest_flows(campaigns: Iterable[PlannedCampaign]) -> str:
    """Return the SHA-256 over all flows in order: each in UTF-8, a zero byte behind it, CLIENT a placeholder.

    One flow at a time is in memory. XML has no zero byte, so no two lists of flows look alike.
    """
    total = hashlib.sha256()
    for planned in campaigns:
        prepared = planned.prepared
        writer = FlowWriter(campaign_flow(prepared, PLACEHOLDER_CLIENT, (), ""))
        numbers, texts = prepared.audience.recipients.numbers, prepared.rendering.texts
        for chunk in planned.whole_chunks():
            members = list(map(wire_number, map(numbers.__getitem__, chunk.members)))
            total.update(writer.write(members, texts[chunk.text]).encode("utf-8", "surrogatepass") + b"\0")
    return total.hexdigest()
