"""The journal folded: what becomes of chunks, numbers and rows."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from record_builders import (
    ACCEPTED,
    FAILED,
    IN_DOUBT,
    REFUSED,
    answered,
    ended,
    failed,
    histories,
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
from mmsbatch.record.events import Event, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.manifest import manifest
from mmsbatch.record.states import ChunkState, NumberState, RevisionStatus

A, B, C, D = number(1), number(2), number(3), number(4)
BEGUN = (opened(), started(3))
SENT = (*BEGUN, sending("1-1", A, B))

#: Events, the chunks' states, the totals beside `rows`, the status, whether it is closed.
STORIES = {
    "nothing yet": ((opened(),), {}, {}, "empty", False),
    "begun": (BEGUN, {}, {"pending": 3}, "incomplete", False),
    "sending": (SENT, {"1-1": "sending"}, {"in_doubt": 2, "pending": 1}, "in-doubt", False),
    "waiting": ((*SENT, failed("1-1")), {"1-1": "pending"}, {"pending": 3}, "incomplete", False),
    "trying again": (
        (*SENT, failed("1-1"), sending("1-1", attempt=2)),
        {"1-1": "sending"},
        {"in_doubt": 2, "pending": 1},
        "in-doubt",
        False,
    ),
    "accepted in part": (
        (*SENT, answered("1-1", ACCEPTED, 2), ended()),
        {"1-1": "accepted"},
        {"accepted": 2, "pending": 1},
        "incomplete",
        False,
    ),
    "each its own": (
        (*BEGUN, sending("1-1", A, B, C), answered("1-1", ACCEPTED, 1, [B], unaccounted=(C,))),
        {"1-1": "accepted"},
        {"accepted": 1, "rejected": 1, "unaccounted": 1},
        "complete",
        True,
    ),
    "refused": ((*SENT, answered("1-1", REFUSED)), {"1-1": "refused"}, {"pending": 3}, "incomplete", False),
    "failed": ((*SENT, answered("1-1", FAILED)), {"1-1": "failed"}, {"pending": 3}, "incomplete", False),
    "in doubt": (
        (*SENT, answered("1-1", IN_DOUBT)),
        {"1-1": "in-doubt"},
        {"in_doubt": 2, "pending": 1},
        "in-doubt",
        False,
    ),
    "found sent": (
        (*SENT, answered("1-1", IN_DOUBT), resolved("1-1", True)),
        {"1-1": "accepted"},
        {"accepted": 2, "pending": 1},
        "incomplete",
        False,
    ),
    "found sent, the last": (
        (opened(), started(2), sending("1-1", A, B), answered("1-1", IN_DOUBT), resolved("1-1", True)),
        {"1-1": "accepted"},
        {"accepted": 2},
        "complete",
        True,
    ),
    "found not sent": (
        (*SENT, answered("1-1", IN_DOUBT), resolved("1-1", False)),
        {"1-1": "failed"},
        {"pending": 3},
        "incomplete",
        False,
    ),
    "cut short, then found not sent": (
        (*SENT, resolved("1-1", False)),
        {"1-1": "failed"},
        {"pending": 3},
        "incomplete",
        False,
    ),
    "sent again in another chunk": (
        (*SENT, answered("1-1", REFUSED), sending("1-2", A, B), answered("1-2", ACCEPTED, 2)),
        {"1-1": "refused", "1-2": "accepted"},
        {"accepted": 2, "pending": 1},
        "incomplete",
        False,
    ),
    "rejected released": (
        (*SENT, answered("1-1", ACCEPTED, 1, [B]), released()),
        {"1-1": "accepted"},
        {"accepted": 1, "pending": 2},
        "incomplete",
        False,
    ),
    "a second run after one cut short": (
        (*SENT, started(run="run-2", totals=Totals(rows=3, in_doubt=2, pending=1))),
        {"1-1": "in-doubt"},
        {"in_doubt": 2, "pending": 1},
        "in-doubt",
        False,
    ),
    "complete, then late rows held": (
        (
            *(opened(), started(1), sending("1-1", A), answered("1-1", ACCEPTED, 1), ended()),
            started(run="run-2", totals=Totals(rows=2, accepted=1, late=1)),
        ),
        {"1-1": "accepted"},
        {"accepted": 1, "late": 1},
        "complete",
        True,
    ),
    "complete, then late rows begun": (
        (
            *(opened(), started(1), sending("1-1", A), answered("1-1", ACCEPTED, 1), ended()),
            started(run="run-2", totals=Totals(rows=2, accepted=1, pending=1), late_sent=True),
        ),
        {"1-1": "accepted"},
        {"accepted": 1, "pending": 1},
        "incomplete",
        True,
    ),
    "a recount over a doubt closes nothing": (
        (
            *(opened(), started(1), sending("1-1", A), answered("1-1", IN_DOUBT), ended(4)),
            started(run="run-2", totals=Totals(rows=1, in_doubt=1)),
        ),
        {"1-1": "in-doubt"},
        {"in_doubt": 1},
        "in-doubt",
        False,
    ),
    "a proof counts nowhere": (
        (*BEGUN, proof(A), proof_answered()),
        {},
        {"pending": 3},
        "incomplete",
        False,
    ),
}


@pytest.mark.parametrize(("events", "chunks", "totals", "status", "closed"), STORIES.values(), ids=STORIES)
def test_a_story_is_folded(events, chunks, totals, status, closed):
    revision = Record(events).revision(1)
    assert {chunk.id: chunk.state.value for chunk in revision.chunks.values()} == chunks
    counted = revision.totals.to_json()
    assert counted.pop("rows") == sum(totals.values())
    assert {name: count for name, count in counted.items() if count} == totals
    assert (revision.status, revision.closed) == (RevisionStatus(status), closed)


@given(histories())
def test_every_row_and_number_is_somewhere_once(history):
    record = Record()
    for event in history.events:
        record.apply(event)
        revision = record.revision(1)
        totals = revision.totals.to_json()
        assert totals.pop("rows") == sum(totals.values())
    never_sent = len(history.numbers) - len(revision.states())
    counts = Counter(state.value for state in revision.states().values())
    assert totals["pending"] == counts.pop("released", 0) + never_sent
    assert {name: totals[name] for name in counts} == counts
    assert {state.value: revision.count(state) for state in NumberState if state is not NumberState.RELEASED} == {
        state.value: counts[state.value] for state in NumberState if state is not NumberState.RELEASED
    }


@given(histories())
def test_a_number_is_what_its_last_chunk_made_of_it(history):
    """Told a second time, naively: by the words of the events alone."""
    states, members, gone = {}, {}, set()
    for event in history.events:
        match event.name:
            case "sending":
                members.setdefault(event.chunk, event.numbers)
                states.update(dict.fromkeys(members[event.chunk], "in_doubt"))
            case "attempt-failed":
                states.update(dict.fromkeys(members[event.chunk], "released"))
            case "answered":
                fate = {ACCEPTED: "accepted", IN_DOUBT: "in_doubt"}.get(event.state, "released")
                states.update(dict.fromkeys(members[event.chunk], fate))
                states.update({each.number: "rejected" for each in event.rejected})
                states.update(dict.fromkeys(event.unaccounted, "unaccounted"))
            case "resolved":
                states.update(dict.fromkeys(members[event.chunk], "accepted" if event.sent else "released"))
            case "rejected-released":
                states = {each: "released" if state == "rejected" else state for each, state in states.items()}
        for each, state in states.items():
            assert not (each in gone and state == "released"), "who was reached is never pending again"
        gone |= {each for each, state in states.items() if state in ("accepted", "unaccounted")}
    assert {each: state.value for each, state in Record(history.events).revision(1).states().items()} == states


@given(histories())
def test_nobody_is_accepted_twice_and_no_chunk_id_is_used_twice(history):
    firsts = [event.chunk for event in history.events if event.name == "sending" and event.attempt == 1]
    assert len(firsts) == len(set(firsts))
    revision = Record(history.events).revision(1)
    accepted = Counter()
    for chunk in revision.chunks.values():
        if chunk.state is ACCEPTED:
            refused = {each.number for each in chunk.rejected} if not chunk.resolved else set()
            accepted.update(set(chunk.numbers) - refused)
    assert not accepted or max(accepted.values()) == 1


def test_interrupted_chunks_are_in_doubt_unless_they_surely_had_not_left():
    record = Record((*SENT, sending("1-2", C), failed("1-2")))
    lost = record.close_interrupted()
    assert [(chunk.id, chunk.reason) for chunk in lost] == [("1-1", "the run ended before the answer was written down")]
    chunks = record.revision(1).chunks
    assert (chunks["1-1"].state, chunks["1-2"].state) == (ChunkState.IN_DOUBT, ChunkState.FAILED)
    assert record.close_interrupted() == []


def test_revisions_are_kept_apart():
    first = (*SENT, answered("1-1", ACCEPTED, 2), ended())
    record = Record((*first, started(3, revision=2, run="run-2"), sending("2-1", A), answered("2-1", REFUSED)))
    assert record.highest.number == 2
    assert record.revision(1).states()[A] is NumberState.ACCEPTED
    assert record.revision(2).states()[A] is NumberState.RELEASED
    assert record.revision(2).totals == Totals(rows=3, pending=3)
    assert record.revision(7).totals == Totals()


@pytest.mark.parametrize(("ids", "following"), [((), 1), (("1-1",), 2), (("1-9", "1-10"), 11), (("1-10", "1-9"), 11)])
def test_the_next_chunk_is_one_never_used(ids, following):
    record = Record((opened(), started(20), *(sending(chunk, number(place)) for place, chunk in enumerate(ids))))
    assert record.revision(1).next_chunk() == following


def test_counts_never_move_more_rows_than_there_are():
    """Rows may leave the input while their chunk is in doubt: the sum holds all the same."""
    fewer = started(run="run-2", totals=Totals(rows=1, in_doubt=1))
    record = Record((*SENT, answered("1-1", IN_DOUBT), fewer, resolved("1-1", True)))
    assert record.revision(1).totals == Totals(rows=1, accepted=1)


def test_an_unknown_kind_of_event_is_no_silent_matter():
    with pytest.raises(KeyError):
        Record([Event(at="now")])


def test_a_finding_about_numbers_outside_the_input_moves_no_rows():
    """Of two chunks in doubt, the input kept one row each: settling them counts those, and no others."""
    fewer = Totals(rows=2, in_doubt=2)
    record = Record(
        (
            *(opened(), started(4), sending("1-1", A, B), answered("1-1", IN_DOUBT)),
            *(sending("1-2", C, D), answered("1-2", IN_DOUBT), ended(4)),
            replace(started(run="run-2", totals=fewer), outside=2, outside_open=(B, D)),
            *(resolved("1-1", True), resolved("1-2", False)),
        )
    )
    revision = record.revision(1)
    assert (revision.totals.accepted, revision.totals.pending, revision.totals.in_doubt) == (1, 1, 0)
    assert revision.status is RevisionStatus.INCOMPLETE


def test_the_last_run_that_reached_anyone_is_not_one_that_only_counted():
    record = Record(
        (*SENT, answered("1-1", ACCEPTED, 1), ended(), started(run="run-2", totals=Totals(rows=1, accepted=1)))
    )
    assert record.revision(1).last_reaching.run != "run-2"


def test_who_was_reached_stays_so_whatever_a_later_chunk_says():
    """No run writes this; a record that says it all the same must not lead to a second send."""
    record = Record((*SENT, answered("1-1", ACCEPTED, 2), sending("1-2", A, C), answered("1-2", REFUSED)))
    states = record.revision(1).states()
    assert (states[A], states[B], states[C]) == (NumberState.ACCEPTED, NumberState.ACCEPTED, NumberState.RELEASED)


def test_rejected_again_is_listed_once():
    """A number that was released, and rejected once more, counts with its last chunk only."""
    once = (*SENT, answered("1-1", ACCEPTED, 1, [B]), released())
    record = Record((*once, sending("1-2", B), answered("1-2", ACCEPTED, 0, [B])))
    assert record.revision(1).count(NumberState.REJECTED) == 1
    assert [each["chunk"] for each in manifest(record, Tail())["rejected"]] == ["1-2"]
    assert Record((*once, sending("1-2", B), answered("1-2", ACCEPTED, 0, [B]), released())).revision(1).totals == (
        Totals(rows=3, accepted=1, pending=2)
    )


#: How many of a chunk's own numbers an answer speaks of, beside one of somebody else.
@pytest.mark.parametrize("own", [0, 1, 15])
@pytest.mark.parametrize("said", ["rejected", "unaccounted"])
def test_an_answer_about_a_number_of_somebody_else_is_refused(own, said):
    numbers = [number(place) for place in range(20)]
    before = opened(), started(20), sending("1-1", *numbers)
    with pytest.raises(LookupError, match="not the chunk's"):
        Record([*before, answered("1-1", ACCEPTED, **{said: [*numbers[:own], number(99)]})])
    record = Record([*before, answered("1-1", ACCEPTED, **{said: numbers[:own]})])
    assert record.revision(1).totals.accepted == 20 - own


def test_no_repr_holds_a_number():
    named = {"rejected": [A], "unaccounted": [B]}
    events = [started(2, outside_open=(C,)), sending("1-1", A, B), answered("1-1", ACCEPTED, **named), proof(D)]
    record = Record([opened(), *events])
    shown = repr([events, record.revision(1), record.chunk("1-1"), record.proofs])
    assert not [each for each in (A, B, C, D) if each in shown]
