"""The manifest: its text to the letter, and what it says where little is known."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from record_builders import (
    ACCEPTED,
    IN_DOUBT,
    REFUSED,
    SHA,
    answered,
    ended,
    failed,
    number,
    opened,
    proof,
    proof_answered,
    released,
    resolved,
    sending,
    started,
)

from mmsbatch.record.chain import Tail
from mmsbatch.record.events import Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.manifest import manifest, manifest_text

GOLDEN = Path(__file__).with_name("manifest.golden.json")
A, B, C, D = map(number, range(4))
TAIL = Tail(SHA[:32], 4711, 18)
STORY = (
    opened(),
    proof(number(99)),
    proof_answered(status=100, accepted=1),
    started(2, credits_before=Decimal(1000), per_message=Decimal("1.5")),
    sending("1-1", A, B),
    answered("1-1", ACCEPTED, 2, status=100, status_text="Le message a été envoyé", credits=Decimal(997)),
    ended(credits_after=Decimal(997)),
    started(
        revision=2,
        run="run-2",
        totals=Totals(rows=6, pending=4, duplicates=1, invalid=1),
        outside=3,
        scheduled_for="2026-12-20T10:00:00+01:00",
        credits_before=Decimal(997),
    ),
    sending("2-1", A, B),
    answered("2-1", ACCEPTED, 1, [B], http_status=200, status=100, campaign_id="2040", credits=Decimal("995.5")),
    sending("2-2", C),
    failed("2-2"),
    sending("2-2", attempt=2),
    answered("2-2", IN_DOUBT, reason="nothing came for 60 s"),
    resolved("2-2", True, presumed=True, credits_after=Decimal("995.5")),
    sending("2-3", D),
    answered("2-3", REFUSED, reason="status 103: credit exhausted", status=103),
    ended("run-2", exit_code=3, reason="status 103: credit exhausted", credits_after=Decimal("995.5")),
)


def test_the_text_is_to_the_letter():
    assert manifest_text(Record(STORY), TAIL) == GOLDEN.read_text(encoding="utf-8")


def test_the_same_events_give_the_same_bytes():
    assert manifest_text(Record(STORY), TAIL) == manifest_text(Record(STORY), TAIL)


@pytest.mark.parametrize("length", range(1, len(STORY) + 1))
def test_it_is_whole_after_every_event(length):
    told = json.loads(manifest_text(Record(STORY[:length]), TAIL))
    totals = dict(told["totals"])
    assert totals.pop("rows") == sum(totals.values())
    assert told.keys() == manifest(Record(STORY), TAIL).keys()


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((opened(),), "empty"),
        ((opened(), started(1)), "incomplete"),
        ((opened(), started(1), sending("1-1", A)), "in-doubt"),
        ((opened(), started(1), sending("1-1", A), answered("1-1", ACCEPTED, 1)), "complete"),
    ],
)
def test_it_tells_the_verdict(events, status):
    assert manifest(Record(events), TAIL)["status"] == status


def test_a_rejected_number_is_listed_once_and_only_while_it_counts_as_such():
    first = (opened(), started(2), sending("1-1", A, B), answered("1-1", ACCEPTED, 0, [A, B]), released())
    again = (*first, started(2, run="run-2"), sending("1-2", A, B))
    assert manifest(Record(first), TAIL)["rejected"] == []
    told = manifest(Record((*again, answered("1-2", ACCEPTED, 1, [B]))), TAIL)
    assert told["rejected"] == [{"phone": "+336••••••99", "source": "list.csv:2", "chunk": "1-2"}]
    assert told["totals"]["rejected"] == 1


def test_it_holds_no_number():
    text = manifest_text(Record(STORY), TAIL)
    assert not any(each in text for each in (A, B, C, D, number(99)))
