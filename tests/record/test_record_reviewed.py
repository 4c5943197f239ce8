"""What a plan binds of a record: who was sent, in whatever order; not what its own runs did."""

import pytest
from record_builders import ACCEPTED, FAILED, IN_DOUBT, answered, number, opened, released, resolved, sending, started

from mmsbatch.record.fold import Record
from mmsbatch.record.reviewed import count_taken, digest_record, first_start

PLAN, OTHER = "a" * 64, "b" * 64
NUMBERS = [number(place) for place in range(4)]
EMPTY = digest_record(Record())


def record_of(*events, plan=None):
    return Record([opened(), started(pending=4, plan=plan), *events])


def sent(chunk, *places, state=ACCEPTED, **said):
    numbers = [NUMBERS[place] for place in places]
    return [sending(chunk, *numbers), answered(chunk, state, accepted=len(numbers), **said)]


def test_the_order_of_events_makes_no_difference():
    one = record_of(*sent("1-1", 0, 1), *sent("1-2", 2, 3))
    two = record_of(*sent("1-1", 3), *sent("1-2", 1, 0, 2))
    assert digest_record(one) == digest_record(two) != EMPTY


OTHERS = {
    "nobody": [],
    "one more": [*sent("1-1", 0, 1), *sent("1-2", 2)],
    "one less": sent("1-1", 0),
    "another": sent("1-1", 0, 2),
    "rejected": sent("1-1", 0, 1, rejected=[NUMBERS[1]]),
    "unaccounted": sent("1-1", 0, 1, unaccounted=(NUMBERS[1],)),
    "in doubt": sent("1-1", 0, 1, state=IN_DOUBT),
}


def test_who_was_sent_and_how_it_ended_is_all_in_it():
    digests = [digest_record(record_of(*events)) for events in [sent("1-1", 0, 1), *OTHERS.values()]]
    assert len(set(digests)) == len(digests)


def test_revisions_are_told_apart():
    events = [opened(), started(pending=4), started(pending=4, revision=2, run="run-2")]
    assert digest_record(Record([*events, *sent("1-1", 0)])) != digest_record(Record([*events, *sent("2-1", 0)]))


@pytest.mark.parametrize(
    "events",
    [
        sent("1-1", 0, state=FAILED),
        [*sent("1-1", 0, state=IN_DOUBT), resolved("1-1", sent=False)],
        [*sent("1-1", 0, rejected=[NUMBERS[0]]), released()],
    ],
    ids=["failed", "settled as not sent", "released"],
)
def test_numbers_that_may_be_sent_again_count_as_never_sent(events):
    record = record_of(*events, plan=PLAN)
    assert digest_record(record) == EMPTY
    assert count_taken(record.revision(1), PLAN) == 0


def test_what_the_plans_own_runs_did_is_left_out():
    before = [*sent("1-1", 0)]
    of_plan = [started(pending=3, run="run-2", plan=PLAN), *sent("1-2", 1, 2, rejected=[NUMBERS[2]])]
    of_others = [started(pending=1, run="run-3", plan=OTHER), *sent("1-3", 3)]
    reviewed = digest_record(record_of(*before))
    assert digest_record(record_of(*before, *of_plan), PLAN) == reviewed
    assert digest_record(record_of(*before, *of_plan)) != reviewed
    assert digest_record(record_of(*before, *of_plan), OTHER) != reviewed
    assert digest_record(record_of(*before, *of_plan, *of_others), PLAN) != reviewed
    assert count_taken(record_of(*before, *of_plan, *of_others).revision(1), PLAN) == 2


def test_the_first_run_is_the_one_that_counts():
    record = record_of(*sent("1-1", 0), started(pending=3, run="run-2", plan=PLAN))
    assert first_start(record, PLAN) == record.revision(1).runs[1].started.at
    assert first_start(record, OTHER) is None
