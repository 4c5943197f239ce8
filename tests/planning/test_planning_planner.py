"""Campaign, record and account become a plan."""

from dataclasses import replace
from decimal import Decimal

import pytest
from planning_builders import NOW, a_record, a_revision, an_audience, inputs, plan_of, prepared

from mmsbatch.campaign.model import LateRows, MessageType
from mmsbatch.planning.plan import PriceSource
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.states import ChunkState

BY_RECORD = ("to_send", "already_sent", "rejected", "unaccounted", "in_doubt", "late", "outside", "suppressed")
EVERY_STATE = a_revision(accepted=[0, 1], rejected=[2], unaccounted=[3], in_doubt=[4], released=[5])


def test_every_row_is_told_by_outcome():
    made = prepared(an_audience(9, duplicates=2, invalid=1), suppressed=[8])
    plan = plan_of(made, inputs(a_record(EVERY_STATE)))
    assert (plan.rows, plan.duplicates, plan.invalid) == (12, 2, 1)
    assert [getattr(plan, name) for name in BY_RECORD] == [3, 2, 1, 1, 1, 0, 0, 1]


def test_recorded_numbers_that_left_the_input_are_outside():
    assert plan_of(prepared(2), inputs(a_record(EVERY_STATE))).outside == 3


@pytest.mark.parametrize(
    ("closed", "late_rows", "flag", "late", "to_send", "late_sent"),
    [
        (False, LateRows.HOLD, False, 0, 2, False),
        (True, LateRows.HOLD, False, 2, 0, False),
        (True, LateRows.SEND, False, 0, 2, True),
        (True, LateRows.HOLD, True, 0, 2, True),
        (False, LateRows.SEND, False, 0, 2, False),
    ],
)
def test_rows_that_appear_after_the_end_are_late(closed, late_rows, flag, late, to_send, late_sent):
    record = a_record(a_revision(closed=closed, accepted=range(10)))
    plan = plan_of(prepared(12, late_rows=late_rows), inputs(record, late_rows=flag))
    assert (plan.late, plan.to_send, plan.late_sent) == (late, to_send, late_sent)


def test_released_numbers_are_never_late():
    record = a_record(a_revision(closed=True, accepted=[0], released=[1]))
    assert plan_of(prepared(3), inputs(record)).to_send == 1


@pytest.mark.parametrize(
    ("states", "digests", "mixed"),
    [
        ({"accepted": [0, 1]}, {}, 0),
        ({"accepted": [0, 1]}, {"recipients": "other"}, 0),
        ({"accepted": [0, 1]}, {"template": "other"}, 2),
        ({"accepted": [0, 1]}, {"variables": "other"}, 2),
        ({"accepted": [0, 1]}, {"media": "other"}, 2),
        ({"accepted": [0], "in_doubt": [1], "unaccounted": [2]}, {"template": "other"}, 3),
        ({"rejected": [0], "released": [1]}, {"template": "other"}, 0),
        ({"accepted": range(5)}, {"template": "other"}, 0),
    ],
    ids=["same", "recipients", "template", "variables", "media", "every way to be reached", "none", "nothing left"],
)
def test_who_got_the_former_message_is_counted(states, digests, mixed):
    made = prepared(5)
    made = replace(made, digests={**made.digests, **digests})
    assert plan_of(made, inputs(a_record(a_revision(**states)))).mixed == mixed


def test_a_raised_revision_plans_everyone_and_says_who_had_one():
    first = a_revision(1, closed=True, accepted=[0, 1], rejected=[2], in_doubt=[3])
    record = a_record(first, a_revision(2, accepted=[0]))
    plan = plan_of(prepared(5, revision=3), inputs(record))
    assert (plan.to_send, dict(plan.resend)) == (5, {2: 1, 1: 2})


def test_chunks_go_on_where_the_record_ended():
    revision = a_revision()
    revision.chunks = {each: ChunkRecord(each, (), ChunkState.REFUSED, 1, "then") for each in ("1-1", "1-2")}
    planned = plan_campaign(prepared(5, gateway={"chunk_size": 2}), inputs(a_record(revision)))
    assert [chunk.id for chunk in planned.chunks()] == ["1-3", "1-4", "1-5"]


@pytest.mark.parametrize(
    ("states", "sizes"),
    [({}, [1, 3, 1]), ({"rejected": [0]}, [3, 1]), ({"accepted": [0]}, [3, 1])],
    ids=["nobody yet", "answered with a rejection", "somebody"],
)
def test_a_canary_flies_until_it_was_answered(states, sizes):
    made = prepared(5, limits={"canary": 1}, gateway={"chunk_size": 3})
    planned = plan_campaign(made, inputs(a_record(a_revision(**states))))
    assert [len(chunk.members) for chunk in planned.chunks()] == sizes
    assert planned.plan.chunks == len(sizes)


def test_only_the_texts_still_to_be_sent_are_measured_and_counted():
    made = prepared(3, texts=("court", "beaucoup plus long"), index_of=[1, 0, 0])
    assert (plan_of(made).messages, plan_of(made).longest) == (2, 18)
    record = a_record(a_revision(accepted=[0]))
    assert (plan_of(made, inputs(record)).messages, plan_of(made, inputs(record)).longest) == (1, 5)
    done = a_record(a_revision(accepted=[0, 1, 2]))
    assert (plan_of(made, inputs(done)).messages, plan_of(made, inputs(done)).longest) == (0, 18)


@pytest.mark.parametrize(
    ("price", "available", "expected"),
    [
        (None, 10, (None, PriceSource.UNKNOWN, 3, 10, 7)),
        ("1.5", 10, (Decimal("1.5"), PriceSource.CONFIGURED, Decimal("4.5"), 10, Decimal("5.5"))),
        ("0", 10, (Decimal(0), PriceSource.CONFIGURED, 0, 10, 10)),
        ("2", 4, (2, PriceSource.CONFIGURED, 6, 4, -2)),
        ("2", None, (2, PriceSource.CONFIGURED, 6, None, None)),
    ],
    ids=["unknown", "configured", "free", "short", "not asked"],
)
def test_credits(price, available, expected):
    gateway = {"credits_per_message": {MessageType.TEXT: Decimal(price)} if price is not None else {}}
    told = plan_of(prepared(3, gateway=gateway), inputs(available=available)).credits
    assert (told.per_message, told.source, told.required, told.available, told.left) == expected


@pytest.mark.parametrize(
    ("recipients", "gateway", "seconds"),
    [
        (0, {}, 0),
        (8, {"chunk_size": 1, "concurrency": 4}, 2),
        (8, {"chunk_size": 1, "concurrency": 8, "requests_per_second": 0.5}, 16),
        (8, {"chunk_size": 1, "concurrency": 1, "requests_per_second": 100}, 8),
    ],
)
def test_the_duration_is_estimated_by_the_tighter_bound(recipients, gateway, seconds):
    assert plan_of(prepared(recipients, gateway=gateway)).estimated_seconds == seconds


@pytest.mark.parametrize(("mail", "mails"), [(None, 0), (False, 0), (True, 3)])
def test_mails_come_one_per_request(mail, mails):
    assert plan_of(prepared(5, gateway={"chunk_size": 2}, mail_notification=mail)).mails == mails


def test_what_only_the_record_could_tell_is_left_open():
    unknown = PlanInputs(None, None, NOW, record_unknown="the key is missing")
    plan = plan_of(prepared(an_audience(3, duplicates=1), suppressed=[0]), unknown)
    assert [getattr(plan, name) for name in BY_RECORD] == [None] * len(BY_RECORD)
    assert (plan.chunks, plan.estimated_seconds, plan.credits.required) == (None, None, None)
    assert (plan.rows, plan.duplicates, plan.messages) == (4, 1, 1)
    assert plan.record_unknown == "the key is missing"
    assert plan.has_something_to_send


def test_chunks_in_doubt_are_named():
    record = a_record(a_revision(in_doubt_chunks=["1-2", "1-5"]))
    assert plan_of(prepared(3), inputs(record)).in_doubt_chunks == ("1-2", "1-5")
