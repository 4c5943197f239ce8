"""What a record cannot be, however well its lines are chained."""

import pytest
from record_builders import (
    ACCEPTED,
    IN_DOUBT,
    REFUSED,
    answered,
    ended,
    number,
    opened,
    released,
    resolved,
    sending,
    started,
)

from mmsbatch.record.audit import audit
from mmsbatch.record.events import Totals
from mmsbatch.record.fold import Record

A, B, C = map(number, range(3))
BEGUN = (opened(), started(3))

SOUND = {
    "nothing": (),
    "accepted": (*BEGUN, sending("1-1", A, B), answered("1-1", ACCEPTED, 2), ended()),
    "refused, and sent again": (
        *(*BEGUN, sending("1-1", A), answered("1-1", REFUSED)),
        *(sending("1-2", A), answered("1-2", ACCEPTED, 1)),
    ),
    "found not sent, and sent again": (
        *(*BEGUN, sending("1-1", A), answered("1-1", IN_DOUBT), resolved("1-1", False)),
        *(sending("1-2", A), answered("1-2", ACCEPTED, 1)),
    ),
    "rejected, released, and sent again": (
        *(*BEGUN, sending("1-1", A), answered("1-1", ACCEPTED, 0, [A]), released()),
        *(sending("1-2", A), answered("1-2", ACCEPTED, 1)),
    ),
    "each its own": (*BEGUN, sending("1-1", A, B, C), answered("1-1", ACCEPTED, 1, [B], unaccounted=(C,))),
}
TWICE = "chunks 1-1 and 1-2 reached the same number"
UNSOUND = {
    "accepted twice": (
        (*BEGUN, sending("1-1", A), answered("1-1", ACCEPTED, 1), sending("1-2", A), answered("1-2", ACCEPTED, 1)),
        TWICE,
    ),
    "sent again over doubt": (
        (*BEGUN, sending("1-1", A), answered("1-1", IN_DOUBT), sending("1-2", A), answered("1-2", ACCEPTED, 1)),
        TWICE,
    ),
    "sent again though found sent": (
        (*BEGUN, sending("1-1", A), answered("1-1", IN_DOUBT), resolved("1-1", True), sending("1-2", A)),
        TWICE,
    ),
    "a number twice in a chunk": ((*BEGUN, sending("1-1", A, A)), "chunk 1-1 holds a number twice"),
    "more accepted than sent": (
        (*BEGUN, sending("1-1", A), answered("1-1", ACCEPTED, 2)),
        "chunk 1-1: the outcomes of its answer do not add up to its 1 recipients",
    ),
    "totals that do not add up": (
        (opened(), started(totals=Totals(rows=4, pending=3))),
        "revision 1: 4 rows, and their outcomes add up to 3",
    ),
    "more rows accepted than numbers": (
        (opened(), started(totals=Totals(rows=2, accepted=2))),
        "revision 1: 2 rows accepted, and 0 numbers are recorded so",
    ),
}


@pytest.mark.parametrize("events", SOUND.values(), ids=SOUND)
def test_a_sound_record_has_nothing_told(events):
    assert list(audit(Record(events))) == []


@pytest.mark.parametrize(("events", "told"), UNSOUND.values(), ids=UNSOUND)
def test_what_a_record_cannot_be_is_told(events, told):
    found = list(audit(Record(events)))
    assert told in found
    assert not any(each in " ".join(found) for each in (A, B, C))
