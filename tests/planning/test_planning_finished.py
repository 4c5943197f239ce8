"""What a record alone tells: a campaign is finished, or that is not sure."""

from dataclasses import replace

import pytest
from hypothesis import given
from record_builders import (
    ACCEPTED,
    FAILED,
    IN_DOUBT,
    SHA,
    answered,
    ended,
    histories,
    number,
    opened,
    released,
    resolved,
    sending,
    started,
)

from mmsbatch.planning.finished import MadeFrom, finished_totals, is_made_from
from mmsbatch.record.events import Lease, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.states import ANSWERED

A, B, C = number(1), number(2), number(3)
ROWS = Totals(rows=6, pending=3, suppressed=1, duplicates=1, invalid=1)
BEGUN = started(totals=ROWS)
SENT = sending("1-1", A, B, C)
TAKEN = answered("1-1", ACCEPTED, 1, (B,), unaccounted=(C,))


def test_the_rows_of_what_is_finished_are_told():
    found = finished_totals(Record([opened(), BEGUN, SENT, TAKEN, ended()]), 1)
    assert found == Totals(rows=6, accepted=1, rejected=1, unaccounted=1, suppressed=1, duplicates=1, invalid=1)


UNSURE = {
    "nothing": [],
    "opened only": [opened()],
    "nothing sent": [opened(), BEGUN, ended()],
    "being sent": [opened(), BEGUN, SENT],
    "no end": [opened(), BEGUN, SENT, TAKEN],
    "failed": [opened(), BEGUN, SENT, answered("1-1", FAILED), ended()],
    "in doubt": [opened(), BEGUN, SENT, answered("1-1", IN_DOUBT), ended()],
    "found to be not sent": [opened(), BEGUN, SENT, answered("1-1", IN_DOUBT), ended(), resolved("1-1", False)],
    "released": [opened(), BEGUN, SENT, TAKEN, ended(), released()],
    "left by the last run": [
        opened(),
        started(totals=replace(ROWS, rows=7, pending=4)),
        SENT,
        TAKEN,
        ended(),
    ],
    "late rows": [opened(), started(totals=replace(ROWS, rows=7, late=1)), SENT, TAKEN, ended()],
    "numbers that left the input": [opened(), started(totals=ROWS, outside=1), SENT, TAKEN, ended()],
    "open ones that left the input": [opened(), started(totals=ROWS, outside_open=(number(9),)), SENT, TAKEN, ended()],
    "a shard": [opened(), started(totals=ROWS, shard="1/1"), SENT, TAKEN, ended()],
    "shared": [opened(), started(totals=ROWS, lease=Lease("ci", 1)), replace(SENT, run="run-1"), TAKEN, ended()],
    "rows without numbers": [opened(), started(totals=Totals(rows=3, accepted=3)), ended()],
    "numbers without rows": [opened(), started(totals=replace(ROWS, rows=4, pending=1)), SENT, TAKEN, ended()],
    "rows of another outcome": [
        opened(),
        started(totals=Totals(rows=1, accepted=1)),
        sending("1-1", A),
        answered("1-1", ACCEPTED, 0, (A,)),
        ended(),
    ],
    "a later revision": [opened(), BEGUN, SENT, TAKEN, ended(), started(1, 2, "run-2"), ended("run-2")],
    "doubt of an earlier revision": [
        opened(),
        started(1, 1, "run-0"),
        sending("1-1", A),
        answered("1-1", IN_DOUBT),
        started(3, 2),
        replace(SENT, chunk="2-1"),
        replace(TAKEN, chunk="2-1"),
        ended(),
    ],
}


@pytest.mark.parametrize("events", UNSURE.values(), ids=UNSURE)
def test_anything_else_is_not_sure(events):
    record = Record(events)
    assert finished_totals(record, 1) is None
    assert finished_totals(record, 2) is None


@given(histories())
def test_where_it_is_finished_everyone_was_answered_for(history):
    record = Record(history.events)
    record.close_interrupted()
    if finished_totals(record, 1) is not None:
        states = record.revision(1).states()
        assert {each: states.get(each) in ANSWERED for each in history.numbers} == dict.fromkeys(history.numbers, True)


NOW = MadeFrom(SHA, {"template": SHA, "recipients": SHA}, SHA, "0.1.0")
OTHER = SHA.replace("9", "8")


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({}, True),
        ({"campaign": OTHER}, False),
        ({"parts": {"template": SHA, "recipients": OTHER}}, False),
        ({"parts": {"template": SHA}}, False),
        ({"parts": {"template": SHA, "recipients": SHA, "suppress stop.csv": SHA}}, False),
        ({"settings": OTHER}, False),
        ({"tool": "0.2.0"}, False),
    ],
)
def test_it_holds_as_long_as_nothing_changed(changes, is_same):
    run = started(3, digests={"template": SHA, "recipients": SHA}, settings=SHA)
    assert is_made_from(run, replace(NOW, **changes)) is is_same
    assert not is_made_from(replace(run, settings=None), replace(NOW, **changes))
