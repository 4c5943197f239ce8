"""Shards: nobody in two, nobody left out, whatever was sent already; each with its share of the limits."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from planning_builders import DIGESTS, NOW, a_record, a_revision, inputs, plan_of, prepared

from mmsbatch.campaign.model import MessageType
from mmsbatch.errors import UsageProblem
from mmsbatch.planning.guards import guard
from mmsbatch.planning.outcomes import Recorded
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.planning.shards import all_shards, choose, divide, parse_shard, shard_of_job, share_of
from mmsbatch.record.fold import Record
from mmsbatch.record.shard import Shard

texts = st.lists(st.integers(0, 4), max_size=40)
sizes = st.integers(1, 8)
numbers_of_shards = st.integers(1, 9)
PRICED = {"credits_per_message": {MessageType.TEXT: Decimal(1)}}


def a_campaign(text_of, size, **changes):
    kinds = [f"text {each}" for each in range(5)]
    return prepared(len(text_of), kinds, text_of, gateway={"chunk_size": size, **PRICED}, **changes)


def chunks_of(made, given_inputs):
    return [(each.id, each.text, tuple(each.members)) for each in plan_campaign(made, given_inputs).chunks()]


def shards_of(made, total, given_inputs=None):
    return [plan_campaign(made, replace(given_inputs or inputs(), shard=shard)) for shard in all_shards(total)]


# --- who is in which


@given(texts, sizes, numbers_of_shards)
@example([0] * 8, 2, 2)
def test_shards_of_a_new_campaign_are_the_chunks_of_a_single_run(text_of, size, total):
    """Disjoint, complete, and each chunk under the id that a single run gives it."""
    made = a_campaign(text_of, size)
    shards = [chunks_of(made, inputs(shard=shard)) for shard in all_shards(total)]
    assert sorted(chunk for chunks in shards for chunk in chunks) == sorted(chunks_of(made, inputs()))


@given(texts, sizes, numbers_of_shards, st.data())
def test_what_was_sent_moves_nobody_to_another_shard(text_of, size, total, data):
    everybody = range(len(text_of))
    sent, suppressed = data.draw(st.sets(st.sampled_from(everybody or [0]))), data.draw(st.sets(st.integers(0, 39)))
    parts = divide(text_of, size, total)
    assert sorted(place for part in parts for place in part) == list(everybody)
    made = a_campaign(text_of, size, suppressed=suppressed)
    for begun in (Record(), a_record(a_revision(accepted=sent))):
        left = [place for place in everybody if place not in suppressed and (not begun.revisions or place not in sent)]
        for shard, part in zip(all_shards(total), parts, strict=True):
            chunks = chunks_of(made, inputs(begun, shard=shard))
            members = [place for chunk in chunks for place in chunk[2]]
            assert sorted(members) == sorted(set(part) & set(left))
            assert all(shard.owns(int(chunk[0].removeprefix("1-"))) for chunk in chunks)


@given(texts, sizes, numbers_of_shards, st.lists(st.integers(1, 60), max_size=8))
@example([0] * 8, 2, 2, [])
def test_no_chunk_number_is_given_twice(text_of, size, total, used):
    made, revision = a_campaign(text_of, size), a_revision(in_doubt_chunks=[f"1-{each}" for each in used])
    given_numbers = [
        chunk[0] for shard in all_shards(total) for chunk in chunks_of(made, inputs(a_record(revision), shard=shard))
    ]
    assert len(set(given_numbers)) == len(given_numbers)
    assert not set(given_numbers) & revision.chunks.keys()


@given(texts, st.data())
def test_those_to_be_sent_to_keep_their_order(text_of, data):
    to_send = [place for place in range(len(text_of)) if data.draw(st.booleans())]
    for part in divide(text_of, 3, 2):
        assert list(choose(part, to_send, len(text_of))) == [place for place in part if place in to_send]


# --- how one is named


@pytest.mark.parametrize(
    "text", ["", "3", "0/8", "3/0", "9/8", "03/8", "3/8 ", "-1/8", "a/b", "1/10000", "٣/٨", "3/8\n"]
)
def test_what_is_no_shard(text):
    with pytest.raises(UsageProblem, match="--shard"):
        parse_shard(text)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "8"}, Shard(3, 8)),
        ({"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "1"}, Shard(1, 1)),
        ({"CI_NODE_TOTAL": "1"}, "CI_NODE_INDEX is not set"),
        ({"CI_NODE_INDEX": "1"}, "CI_NODE_TOTAL is not set"),
        ({}, "CI_NODE_INDEX is not set"),
        ({"CI_NODE_INDEX": "0", "CI_NODE_TOTAL": "8"}, "CI_NODE_INDEX is '0' and CI_NODE_TOTAL is '8'"),
        ({"CI_NODE_INDEX": "9", "CI_NODE_TOTAL": "8"}, "CI_NODE_INDEX is '9' and CI_NODE_TOTAL is '8'"),
    ],
)
def test_a_job_knows_its_shard(environ, expected):
    if isinstance(expected, Shard):
        assert shard_of_job(environ) == expected == parse_shard(str(expected))
    else:
        with pytest.raises(UsageProblem, match=expected):
            shard_of_job(environ)


# --- shares


@given(st.decimals(0, 10**7, places=3), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
@example(Decimal(1), [1] * 6)
def test_shares_never_exceed_the_limit_together(limit, parts):
    shares = [share_of(limit, part, sum(parts)) for part in parts]
    assert sum(shares) <= limit
    assert sum(shares) >= limit - Decimal("0.00001") or not sum(parts)


@given(texts.filter(bool), sizes, numbers_of_shards, st.sets(st.integers(0, 39)))
def test_a_limit_that_just_holds_stops_no_shard(text_of, size, total, suppressed):
    """Who is suppressed costs nothing: their share is for the others, whichever shard those are in."""
    whole = plan_of(a_campaign(text_of, size, suppressed=suppressed))
    made = a_campaign(text_of, size, suppressed=suppressed, limits={"credits": whole.credits.required})
    shards = [planned.plan.shard for planned in shards_of(made, total)]
    assert all(shard.required <= shard.credit_cap for shard in shards)
    assert sum(shard.required for shard in shards) == whole.to_send == sum(shard.to_send for shard in shards)


def test_a_canary_is_shared_and_nobody_goes_without():
    made = a_campaign([0] * 30, 5, limits={"canary": 9})
    assert [planned.canary for planned in shards_of(made, 4)] == [3, 3, 1, 1]
    assert [len(next(planned.chunks()).members) for planned in shards_of(made, 4)] == [3, 3, 1, 1]
    assert [planned.plan.shard.chunks for planned in shards_of(made, 4)] == [3, 3, 2, 2]


@pytest.mark.parametrize(
    ("accepted", "expected"), [(range(1), [None, 1]), (range(5), [None, None]), (range(5, 7), [2, None])]
)
def test_a_canary_that_came_back_needs_no_other(accepted, expected):
    made = a_campaign([0] * 20, 5, limits={"canary": 2 if accepted != range(5, 7) else 5})
    record = a_record(a_revision(accepted=accepted))
    assert [planned.canary for planned in shards_of(made, 2, inputs(record))] == expected


def test_the_balance_must_do_for_all_shards():
    made = a_campaign([0] * 20, 5)
    for shard in all_shards(4):
        given_inputs = inputs(available=19, shard=shard)
        assert [each.rule for each in guard(plan_campaign(made, given_inputs), given_inputs, False)] == [
            "plan-credit-short"
        ]


@pytest.mark.parametrize(
    ("limits", "rejected", "accepted", "expected"),
    [
        ({"max_rejected": 0.5}, range(51), range(51, 100), [True, False]),
        ({"max_rejected": 0.5}, range(50), range(50, 100), [False, False]),
        ({"max_rejected": 0.5}, range(51), range(51, 99), [False, False]),
        ({"max_rejected": 0.5, "canary": 20}, range(6), range(6, 10), [True, False]),
        ({"max_rejected": 0.5, "canary": 20}, range(6), range(6, 9), [False, False]),
    ],
)
def test_a_limit_that_stopped_a_shard_stops_it_again(limits, rejected, accepted, expected):
    """The record as a whole is within the limit: others' answers, of shard 2, make up for it."""
    made = a_campaign([0] * 400, 200, limits=limits)
    record = a_record(a_revision(rejected=rejected, accepted=[*accepted, *range(200, 260)]))
    found = [
        any(each.rule == "plan-rejected" for each in guard(planned, given_inputs, False))
        for shard in all_shards(2)
        for given_inputs in [inputs(record, shard=shard)]
        for planned in [plan_campaign(made, given_inputs)]
    ]
    assert found == expected


# --- what a plan says


def test_the_whole_is_said_beside_the_part():
    made = a_campaign([0] * 20, 5, limits={"credits": Decimal(21)})
    plan = plan_of(made, inputs(shard=Shard(2, 3)))
    assert (plan.rows, plan.to_send, plan.chunks, plan.credits.required) == (20, 20, 4, 20)
    part = plan.shard
    assert (part.recipients, part.to_send, part.chunks, part.required, part.credit_cap) == (5, 5, 1, 5, Decimal("5.25"))
    assert plan.has_something_to_send


def test_all_parts_are_shown_where_asked_for():
    plan = plan_of(a_campaign([0] * 20, 5), inputs(shards=8))
    assert [str(each.shard) for each in plan.shards] == [f"{index}/8" for index in range(1, 9)]
    assert [each.to_send for each in plan.shards] == [5, 5, 5, 5, 0, 0, 0, 0]
    assert plan.shard is None


def test_a_shard_with_nothing_left_has_nothing_to_send():
    record = a_record(a_revision(accepted=range(5)))
    made = a_campaign([0] * 20, 5)
    assert not plan_of(made, inputs(record, shard=Shard(1, 4))).has_something_to_send
    assert plan_of(made, inputs(record, shard=Shard(2, 4))).has_something_to_send


def test_the_record_is_not_gone_through_for_each_shard(monkeypatch):
    asked, look = [], Recorded.states_of
    monkeypatch.setattr(Recorded, "states_of", lambda *arguments: asked.append(1) or look(*arguments))
    plan_of(a_campaign([0] * 20, 5), inputs(a_record(a_revision(accepted=range(5))), shards=8))
    several = len(asked)
    plan_of(a_campaign([0] * 20, 5), inputs(a_record(a_revision(accepted=range(5))), shards=64))
    assert len(asked) == 2 * several


def test_without_the_record_only_the_division_is_known():
    unknown = PlanInputs(None, None, NOW, record_unknown="the key is not set", shard=Shard(1, 4))
    plan = plan_of(a_campaign([0] * 20, 5), unknown)
    assert (plan.shard.recipients, plan.shard.to_send, plan.shard.chunks) == (5, None, None)


def test_doubt_is_the_shards_whose_recipients_or_number_it_is():
    """Chunk 1-7 holds a recipient of the second shard; nobody of chunk 1-5 is in the input any more."""
    revision = a_revision(digests=DIGESTS, in_doubt_chunks=["1-5", "1-7"])
    revision.chunks["1-7"].numbers = ("33639980006",)
    doubts = [
        planned.plan.in_doubt_chunks for planned in shards_of(a_campaign([0] * 20, 5), 4, inputs(a_record(revision)))
    ]
    assert doubts == [("1-5",), ("1-7",), ("1-7",), ()]
