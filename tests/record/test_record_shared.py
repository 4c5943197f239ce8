"""A record that several runs write at once: whose chunk is whose, and what one run may say of another's."""

from dataclasses import replace

import pytest
from hypothesis import given
from record_builders import (
    ACCEPTED,
    FAILED,
    IN_DOUBT,
    REFUSED,
    SHA,
    answered,
    claim,
    ended,
    failed,
    number,
    opened,
    resolved,
    shared_histories,
    started,
)

from mmsbatch.record.chain import Tail
from mmsbatch.record.events import Lease, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.manifest import manifest
from mmsbatch.record.states import ChunkState, NumberState, RevisionStatus

A, B, C, D = number(1), number(2), number(3), number(4)
ONE, TWO = (Lease(host, 7) for host in ("runner-1", "runner-2"))


def begun(run, lease, **changes):
    return replace(started(4, run=run, lease=lease), **changes)


BOTH = (
    *(opened(), begun("one", ONE, shard="1/2"), claim("1-1", "one", A, B)),
    *(begun("two", TWO, shard="2/2"), claim("1-2", "two", C, D)),
)


def test_a_run_that_begins_takes_no_other_for_dead():
    revision = Record(BOTH).revision(1)
    assert [(chunk.id, chunk.state, chunk.run.run) for chunk in revision.claimed] == [
        ("1-1", ChunkState.SENDING, "one"),
        ("1-2", ChunkState.SENDING, "two"),
    ]


def test_rows_are_counted_on_and_not_anew_by_a_run_that_planned_before():
    """The second run counted four pending rows before the first had claimed two of them."""
    record = Record(BOTH)
    assert record.revision(1).totals == Totals(rows=4, in_doubt=4)
    for event in (answered("1-2", ACCEPTED, 2), ended("two"), answered("1-1", ACCEPTED, 1, [B]), ended("one")):
        record.apply(event)
    assert record.revision(1).totals == Totals(rows=4, accepted=3, rejected=1)
    assert [run.ended.run for run in record.revision(1).runs] == ["one", "two"]


@pytest.mark.parametrize(
    "changes", [{"campaign_sha256": "other"}, {"digests": {}}, {"late_sent": True}, {"settings": SHA}, {"tool": "9"}]
)
def test_rows_of_another_input_are_counted_anew(changes):
    totals = Totals(rows=9, in_doubt=2, pending=7)
    record = Record((*BOTH[:3], begun("two", TWO, totals=totals, **changes)))
    assert record.revision(1).totals == totals


OPT_OUTS = {"template": SHA, "suppress stop.csv": SHA}


def test_rows_that_were_only_estimated_are_not_taken_for_done():
    """The second run read a later list: for it one of the first one's recipients is suppressed, for that one pending.

    So three that are sent look like all three that it counted, and the fourth must not be late.
    """
    totals = Totals(rows=4, pending=3, suppressed=1)
    record = Record((*BOTH[:2], begun("two", TWO, shard="2/2", totals=totals, digests=OPT_OUTS)))
    for event in (claim("1-1", "one", A, B), answered("1-1", ACCEPTED, 2), claim("1-2", "two", C)):
        record.apply(event)
    record.apply(answered("1-2", ACCEPTED, 1))
    revision = record.revision(1)
    assert (revision.totals.pending, revision.totals.in_doubt) == (0, 0)
    assert revision.status is RevisionStatus.INCOMPLETE
    assert not revision.closed
    counted = Totals(rows=4, accepted=3, pending=1)
    for event in (begun("three", TWO, totals=counted, digests=OPT_OUTS), claim("1-3", "three", D)):
        record.apply(event)
    assert not revision.closed
    record.apply(answered("1-3", ACCEPTED, 1))
    assert revision.closed


def test_who_is_suppressed_since_is_nobody_elses_row():
    """Called unsent while it was under way, and suppressed; then its answer came: another row looked sent."""
    begun_later = begun("two", TWO, totals=Totals(rows=3, pending=2, suppressed=1), digests=OPT_OUTS)
    record = Record((opened(), begun("one", ONE), claim("1-1", "one", A), resolved("1-1", False), begun_later))
    for event in (claim("1-2", "two", B), answered("1-2", ACCEPTED, 1), answered("1-1", ACCEPTED, 1)):
        record.apply(event)
    assert (record.revision(1).totals.pending, record.revision(1).closed) == (0, False)


def test_who_is_suppressed_and_called_unsent_is_counted_by_the_next_run():
    doubt = (claim("1-1", "one", A), answered("1-1", IN_DOUBT))
    rows = begun("two", TWO, totals=Totals(rows=1, in_doubt=1), digests=OPT_OUTS)
    record = Record((opened(), begun("one", ONE), *doubt, rows, resolved("1-1", False)))
    assert record.revision(1).totals == Totals(rows=1, pending=1)
    record.apply(begun("three", TWO, totals=Totals(rows=1, suppressed=1), digests=OPT_OUTS))
    assert record.revision(1).totals == Totals(rows=1, suppressed=1)
    assert record.revision(1).closed


def test_counts_that_a_claim_does_not_fit_are_an_estimate():
    """For the run that claims it is pending; who counted last had it for late, since nobody waited then."""
    record = Record((opened(), begun("one", ONE), begun("two", TWO, totals=Totals(rows=4, late=4), late_sent=True)))
    record.apply(claim("1-1", "two", A))
    assert record.revision(1).is_estimate
    assert record.revision(1).totals == Totals(rows=4, late=4)


def test_only_the_runs_that_are_gone_leave_doubt():
    record = Record(BOTH)
    assert [chunk.id for chunk in record.close_interrupted(lambda run: run.lease == TWO)] == ["1-1"]
    assert [chunk.id for chunk in record.claimed] == ["1-2"]


@pytest.mark.parametrize("sent", [True, False])
def test_a_finding_settles_one_chunk_and_leaves_the_others_to_their_runs(sent):
    record = Record((*BOTH, resolved("1-1", sent)))
    states = {chunk.id: chunk.state for chunk in record.revision(1).chunks.values()}
    assert states == {"1-1": ACCEPTED if sent else FAILED, "1-2": ChunkState.SENDING}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (answered("1-1", ACCEPTED, 2), NumberState.ACCEPTED),
        (answered("1-1", REFUSED), NumberState.RELEASED),
        (answered("1-1", FAILED), NumberState.RELEASED),
        (answered("1-1", IN_DOUBT), None),
    ],
    ids=["accepted", "refused", "failed", "given up"],
)
@pytest.mark.parametrize("sent", [True, False])
def test_an_answer_that_comes_after_all_outdoes_a_finding_but_giving_up_does_not(answer, found, sent):
    revision = Record((*BOTH, resolved("1-1", sent), answer)).revision(1)
    person = NumberState.ACCEPTED if sent else NumberState.RELEASED
    assert revision.states()[A] is (found or person)


def test_a_claim_of_a_run_that_nobody_announced_is_no_record():
    with pytest.raises(LookupError):
        Record((*BOTH, claim("1-3", "three", A)))


def test_a_chunk_is_announced_once():
    with pytest.raises(ValueError, match="announced twice"):
        Record((*BOTH, claim("1-1", "one", C)))


def test_a_late_answer_moves_no_rows_that_were_sent_again_since():
    """The run was taken for dead: its recipients were pending again, and sent by another run."""
    again = (resolved("1-1", False), claim("1-3", "two", A, B), answered("1-3", ACCEPTED, 2))
    record = Record((*BOTH, *again, answered("1-1", ACCEPTED, 2)))
    assert record.revision(1).totals == Totals(rows=4, accepted=2, in_doubt=2)
    assert not record.revision(1).closed
    assert record.revision(1).count(NumberState.ACCEPTED) == 2


def test_a_late_answer_counts_where_the_other_run_reached_nobody():
    again = (resolved("1-1", False), claim("1-3", "two", A, B), answered("1-3", REFUSED))
    record = Record((*BOTH, *again, answered("1-1", ACCEPTED, 2)))
    assert record.revision(1).count(NumberState.ACCEPTED) == 2


def test_an_attempt_that_failed_undoes_no_finding():
    record = Record((*BOTH, resolved("1-1", False), failed("1-1")))
    assert record.revision(1).chunks["1-1"].state is FAILED


def test_who_waits_for_a_further_attempt_may_have_got_it():
    """Here it is read that the last attempt had no effect; the next may have left since."""
    revision = Record((*BOTH, failed("1-1"))).revision(1)
    assert (revision.chunks["1-1"].state, revision.states()[A]) == (ChunkState.PENDING, NumberState.IN_DOUBT)
    assert revision.totals == Totals(rows=4, in_doubt=4)


def test_a_finding_says_of_what_its_run_left():
    """Whoever settled it had taken its run for dead; whoever reads it on another machine cannot know."""
    [chunk] = Record((*BOTH[:3], resolved("1-1", True))).revision(1).chunks.values()
    assert (chunk.state, chunk.reason) == (ACCEPTED, "the run ended before the answer was written down")


@given(shared_histories())
def test_whoever_writes_believes_what_others_read(history):
    """A record is read, what died is taken for lost, and then written on: the branch tells the same afterwards."""
    for believed, length, gone in history.views:
        read = Record(history.events[:length])
        for record in (believed, read):
            record.close_interrupted(lambda run, gone=gone: run.run not in gone)
        tail = Tail("", 0, length)
        assert manifest(read, tail) == manifest(believed, tail)
