"""When a run of no chunks is begun, only to write down how many rows there are of each kind."""

from types import SimpleNamespace

import pytest
from record_builders import ACCEPTED, answered, claim, number, opened, sending, started

from mmsbatch.cli.dispatching import OpenCampaign
from mmsbatch.record.events import Lease, Totals
from mmsbatch.record.fold import Record

A, B = number(1), number(2)
LEASE = Lease("runner", 7)
SENT = (opened(), started(2), sending("1-1", A, B), answered("1-1", ACCEPTED, 2))
#: The second run read other opt-outs, and the first one claimed after it had begun.
ESTIMATED = (
    *(
        opened(),
        started(2, run="one", lease=LEASE),
        started(2, run="two", lease=LEASE, digests={"suppress a.csv": "0"}),
    ),
    *(claim("1-1", "one", A, B), answered("1-1", ACCEPTED, 2)),
)
ALL_SENT = Totals(rows=2, accepted=2)
CASES = {
    "nothing recorded": ((), Totals(rows=2, pending=2), False),
    "as counted": (SENT, ALL_SENT, False),
    "a row more": (SENT, Totals(rows=3, accepted=2, pending=1), True),
    "only estimated, and right": (ESTIMATED, ALL_SENT, True),
    "only estimated, and something left": (ESTIMATED, Totals(rows=2, accepted=1, pending=1), True),
}


@pytest.mark.parametrize(("events", "totals", "expected"), CASES.values(), ids=CASES)
def test_rows_are_counted_where_the_record_says_otherwise_or_is_not_sure(events, totals, expected):
    planned = SimpleNamespace(plan=SimpleNamespace(revision=1), sorted_rows=SimpleNamespace(totals=totals, outside=0))
    book = SimpleNamespace(record=Record(events))
    assert OpenCampaign(planned, book, None).is_recount is expected
