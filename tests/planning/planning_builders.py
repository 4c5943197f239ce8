"""Prepared campaigns and records, made in memory."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from hypothesis import settings

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import Campaign, LateRows, Limits, Message, MessageType, RecipientsSource
from mmsbatch.campaign.places import Reach
from mmsbatch.message.rendering import Rendering
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.planning.preparation import Prepared
from mmsbatch.recipients.model import Audience, Recipient, Recipients
from mmsbatch.recipients.numbers import wire_number
from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.events import RunStarted, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.revision import RevisionRecord, RunRecord
from mmsbatch.record.states import ChunkState, NumberState

# A busy machine is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

NOW = datetime(2026, 12, 19, 9, 0, tzinfo=UTC)
DIGESTS = {"template": "t", "variables": "v", "media": "m", "recipients": "r"}


def number(place):
    return wire_number(national(place))


def national(place):
    return 6_3998_0000 + place


def an_audience(recipients=3, duplicates=0, invalid=0):
    """Recipients by count, or by the places of their numbers; their lines follow the header's."""
    places = range(recipients) if isinstance(recipients, int) else recipients
    rows = Recipients.of(Recipient(number(place), line, ()) for line, place in enumerate(places, start=2))
    return Audience(
        file="campaigns/list.csv",
        rows=len(rows) + duplicates + invalid,
        recipients=rows,
        invalid=invalid,
        invalid_by_rule={},
        invalid_rows=(),
        duplicates=duplicates,
        duplicate_lines=(),
        differing=0,
        differing_lines=(),
        restored=0,
        restored_line=0,
        columns=(),
        available=("phone",),
        encoding="utf-8",
        delimiter=";",
        sha256="r",
    )


def prepared(
    audience=3, texts=("Bonjour",), index_of=None, suppressed=(), digests=DIGESTS, limits=None, gateway=None, **campaign
):
    audience = audience if isinstance(audience, Audience) else an_audience(audience)
    return Prepared(
        campaign=a_campaign(limits=Limits(**(limits or {})), **campaign),
        settings=GatewaySettings(**(gateway or {})),
        audience=audience,
        rendering=Rendering(tuple(texts), index_of or [0] * len(audience.recipients)),
        suppressed=frozenset(national(place) for place in suppressed),
        suppression=(),
        digests=digests,
        source_name="list.csv",
    )


def a_campaign(kind=MessageType.TEXT, late_rows=LateRows.HOLD, **changes):
    return Campaign(
        path=Path("campaigns/winter-sale.yaml"),
        file="campaigns/winter-sale.yaml",
        sha256="c",
        name="Soldes",
        message=Message(kind, "Bonjour"),
        recipients=RecipientsSource("list.csv", None, late_rows=late_rows),
        reach=Reach(Path("campaigns"), Path("campaigns")),
        **changes,
    )


def a_revision(number_of=1, closed=False, digests=DIGESTS, scheduled_for=None, in_doubt_chunks=(), **states):
    """A revision with one run; `states` gives the places of the numbers by state."""
    numbers = {number(place): NumberState(state) for state, places in states.items() for place in places}
    run = RunStarted(
        at="then",
        run="r",
        tool="0",
        holder="h",
        campaign_name="Soldes",
        revision=number_of,
        campaign_sha256="c",
        digests=digests,
        totals=Totals(),
        scheduled_for=scheduled_for,
    )
    chunks = {each: ChunkRecord(each, (), ChunkState.IN_DOUBT, 1, "then") for each in in_doubt_chunks}
    others = {each: state for each, state in numbers.items() if state is not NumberState.ACCEPTED}
    sent = ChunkRecord(f"{number_of}-0", tuple(numbers), ChunkState.ACCEPTED, 1, "then", run=run, exceptions=others)
    revision = RevisionRecord(number_of, runs=[RunRecord(run)], closed=closed)
    for chunk in (sent, *chunks.values()):
        revision.add(chunk)
    return revision


def a_record(*revisions):
    record = Record()
    record.revisions = {each.number: each for each in revisions}
    return record


def inputs(record=None, available=1000, **changes):
    available = None if available is None else Decimal(available)
    return replace(PlanInputs(record or Record(), available, NOW), **changes)


def plan_of(made, given=None):
    return plan_campaign(made, given or inputs()).plan
