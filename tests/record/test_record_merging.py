"""Journals of shards become one: what was there stays, what does not belong together is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_builders import (
    ACCEPTED,
    FAILED,
    IN_DOUBT,
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

from mmsbatch.errors import Refusal
from mmsbatch.record.audit import audit
from mmsbatch.record.chain import encode_line, read_lines
from mmsbatch.record.events import Lease, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import JournalContent
from mmsbatch.record.merging import Source, merge
from mmsbatch.record.states import ChunkState

NOW = "2026-12-19T12:00:00.000Z"
LATER_OPENED = "2026-12-19T09:30:00.000Z"
A, B, C, D, E, F = map(number, range(6))
NOTHING = JournalContent(read_lines(b""), Record())


def written(*events):
    """The journal of these events, as it is read."""
    lines, digest = [], "0" * 32
    for event in events:
        line, digest = encode_line(event, digest)
        lines.append(line)
    read = read_lines(b"".join(lines))
    return JournalContent(read, Record(read.events))


def source(name, *events):
    return Source(name, written(*events))


def run_of(shard, *chunks, rows=6, run=None, **changes):
    """A run of a shard that had its chunks accepted; each an id and its numbers."""
    sent = [
        event
        for chunk, *numbers in chunks
        for event in (sending(chunk, *numbers), answered(chunk, ACCEPTED, len(numbers)))
    ]
    run = run or f"run-{shard}"
    return (started(rows, run=run, shard=shard, **changes), *sent, ended(run))


ONE = source("one", opened(), *run_of("1/3", ("1-1", A, B)))
TWO = source("two", replace(opened(), at=LATER_OPENED), *run_of("2/3", ("1-2", C, D)))
THREE = source("three", opened(), *run_of("3/3", ("1-3", E, F)))


def merged(target, *sources):
    """Merge, and hold what always holds of it: the target is its beginning, the chain is whole, nothing impossible."""
    found = merge(target, sources, NOW)
    whole = read_again(target, found)
    assert whole.lines.events[: len(target.events)] == target.events
    assert whole.tail == found.tail
    assert [*audit(found.record)] == []
    return found


def read_again(target, found):
    there = b"".join(line for line, _ in _lines_of(target))
    read = read_lines(there + found.lines)
    return JournalContent(read, Record(read.events))


def _lines_of(content):
    digest = "0" * 32
    for event in content.events:
        line, digest = encode_line(event, digest)
        yield line, digest


def totals(found):
    return {name: count for name, count in found.record.revision(1).totals.to_json().items() if count}


# --- what comes of it


@pytest.mark.parametrize("order", [(ONE, TWO, THREE), (THREE, ONE, TWO)], ids=["in order", "in disorder"])
def test_shards_become_one_record(order):
    found = merged(NOTHING, *order)
    revision = found.record.revision(1)
    assert totals(found) == {"rows": 6, "accepted": 6}
    assert [*revision.chunks] == ["1-1", "1-2", "1-3"]
    assert [run.started.shard for run in revision.runs] == ["1/3", "2/3", "3/3"]
    assert [name for name, _ in found.added] == ["one", "two", "three"]
    assert (found.known, found.missing) == ([], ())
    assert revision.closed


def test_what_is_missing_is_named_and_stays_pending():
    found = merged(NOTHING, ONE, THREE)
    assert totals(found) == {"rows": 6, "accepted": 4, "pending": 2}
    assert found.missing == ["2/3"]
    assert not found.record.revision(1).closed


def test_a_shard_that_had_nothing_to_send_is_not_missed():
    pair = [source(f"{at}/3", opened(), *run_of(f"{at}/3", (f"1-{at}", *rows), rows=4)) for at, rows in PAIR.items()]
    assert merged(NOTHING, *pair).missing == ()


PAIR = {1: (A, B), 2: (C, D)}


def test_merged_again_nothing_changes():
    first = merged(NOTHING, ONE, TWO)
    again = merged(read_again(NOTHING, first), TWO, ONE)
    assert (again.lines, again.added, again.known) == (b"", [], ["two", "one"])
    assert again.missing == ["3/3"]


def test_one_more_is_added_to_those_that_are_there():
    here = read_again(NOTHING, merged(NOTHING, ONE, TWO))
    found = merged(here, ONE, TWO, THREE)
    assert [name for name, _ in found.added] == ["three"]
    assert found.known == ["one", "two"]
    assert totals(found) == {"rows": 6, "accepted": 6}


def test_a_journal_that_went_on_since_is_taken_up_where_it_was():
    cut = [*ONE.content.events[:-2]]
    here = read_again(NOTHING, merged(NOTHING, source("one", *cut), TWO))
    assert here.record.revision(1).chunks["1-1"].state is IN_DOUBT or here.record.claimed
    went_on = source("one", *cut, resolved("1-1", sent=False), *run_of("1/3", ("1-4", A, B), run="again"))
    found = merged(here, went_on, THREE)
    assert totals(found) == {"rows": 6, "accepted": 6}
    assert found.record.revision(1).chunks["1-1"].state is FAILED


BEFORE = (opened(), *run_of(None, ("1-1", A, B), run="before"))


def begun_from(shard, *chunks):
    totals = Totals(rows=6, accepted=2, pending=4)
    return source(shard, *BEFORE, *run_of(shard, *chunks, totals=totals))


def test_what_all_began_with_is_kept_once_and_as_it_is():
    shards = begun_from("1/2", ("1-3", C, D)), begun_from("2/2", ("1-4", E, F))
    for target in (written(*BEFORE), written(*BEFORE[:2]), NOTHING):
        found = merged(target, *shards)
        assert read_again(target, found).lines.digests[: len(BEFORE)] == written(*BEFORE).lines.digests
        assert totals(found) == {"rows": 6, "accepted": 6}
        assert [run.started.run for run in found.record.revision(1).runs] == ["before", "run-1/2", "run-2/2"]


def test_the_record_of_one_shard_takes_the_others_in():
    found = merged(ONE.content, TWO, THREE)
    assert totals(found) == {"rows": 6, "accepted": 6}


def test_an_older_copy_is_no_journal_of_its_own():
    older = source("older", *ONE.content.events[:-1])
    found = merged(NOTHING, older, ONE, source("same", *ONE.content.events), TWO)
    assert [name for name, _ in found.added] == ["one", "two"]
    assert found.known == ["older", "same"]


def test_a_shard_that_was_killed_leaves_its_doubt():
    killed = source("one", *ONE.content.events[:3])
    found = merged(NOTHING, killed, TWO, THREE)
    assert [chunk.id for chunk in found.record.in_doubt] == ["1-1"]
    assert totals(found) == {"rows": 6, "accepted": 4, "in_doubt": 2}
    assert merged(NOTHING, TWO, source("one", *ONE.content.events[:3], failed("1-1"))).record.claimed == []


def test_rejections_are_kept_with_their_shard():
    rejecting = source("two", opened(), started(6, run="r", shard="2/3"), sending("1-2", C, D))
    rejecting = source("two", *rejecting.content.events, answered("1-2", ACCEPTED, 1, [D]), ended("r"))
    assert totals(merged(NOTHING, ONE, rejecting, THREE)) == {"rows": 6, "accepted": 5, "rejected": 1}


def test_late_rows_that_one_shard_held_and_another_sent():
    before = (opened(), *run_of(None, ("1-1", A, B), rows=2, run="before"))
    held = Totals(rows=6, accepted=2, late=4)
    one = source("one", *before, *run_of("1/2", totals=held))
    two = source(
        "two", *before, *run_of("2/2", ("1-2", C, D), totals=Totals(rows=6, accepted=2, pending=4), late_sent=True)
    )
    assert totals(merged(NOTHING, one, two)) == {"rows": 6, "accepted": 4, "pending": 2}


def test_proofs_are_counted_on():
    one = source("one", opened(), proof(A), proof_answered(), *ONE.content.events[1:])
    two = source("two", opened(), *TWO.content.events[1:], proof(B), proof_answered(state=IN_DOUBT))
    proofs = merged(NOTHING, one, two).record.proofs
    assert [(name, each.is_in_doubt) for name, each in proofs.items()] == [("proof-1", False), ("proof-2", True)]


def test_rejected_numbers_are_made_pending_by_those_who_saw_them():
    begun = (opened(), started(6, run="r", shard="2/3"), sending("1-2", C, D))
    two = source("two", *begun, answered("1-2", ACCEPTED, 1, [D]), ended("r"), released())
    found = merged(NOTHING, ONE, two)
    assert totals(found) == {"rows": 6, "accepted": 3, "pending": 3}
    rejecting = source("one", *ONE.content.events[:3], answered("1-1", ACCEPTED, 1, [B]))
    assert totals(merged(NOTHING, rejecting, two)) == {"rows": 6, "accepted": 2, "rejected": 1, "pending": 3}
    here = read_again(NOTHING, merged(NOTHING, rejecting))
    with pytest.raises(Refusal, match="chunk 1-1 of shard 1/3 has some that were not meant"):
        merge(here, [two], NOW)


def test_suppression_lists_may_have_grown_in_between():
    digests = {"template": SHA, "suppress stop.csv": "0" * 64}
    found = merged(NOTHING, ONE, source("two", opened(), *run_of("2/3", ("1-2", C, D), digests=digests)))
    assert found.lists_differ
    assert not merged(NOTHING, ONE, TWO).lists_differ


# --- what is refused

SHARED = Lease("runner-1", 7)
REFUSED = {
    "another campaign": ([opened(campaign="other.yaml"), *TWO.content.events[1:]], "two:1: it is of another campaign"),
    "another account": ([opened(account="another"), *TWO.content.events[1:]], "two:1: it is of another account"),
    "another gateway": ([opened(gateway="second"), *TWO.content.events[1:]], "two:1: it is of another gateway"),
    "tokens": ([opened(numbers="token", key_check="k"), *TWO.content.events[1:]], "another way of keeping numbers"),
    "another division": (
        [opened(), *run_of("2/4", ("1-2", C, D))],
        r"it is of 4 shards \(shard 2/4\), the others .* 3",
    ),
    "another file": ([opened(), *run_of("2/3", ("1-2", C, D), campaign_sha256="0" * 64)], "another campaign file"),
    "other rows": ([opened(), *run_of("2/3", ("1-2", C, D), rows=7)], "another count of rows"),
    "another text": (
        [opened(), *run_of("2/3", ("1-2", C, D), digests={"template": "0" * 64, "recipients": "1" * 64})],
        "shard 2/3 was sent from another input than shard 1/3: another recipients, another template",
    ),
    "no shard": ([opened(), *run_of(None, ("1-2", C, D), run="r")], "run r of it was no shard's"),
    "a shared record": ([opened(), *run_of("2/3", ("1-2", C, D), lease=SHARED)], "its runs share one record already"),
    "a shard sent twice": (
        [opened(), *run_of("1/3", ("1-1", A, B), run="twin")],
        "chunk 1-1 is in another journal too",
    ),
    "overlapping": ([opened(), *run_of("2/3", ("1-2", B, C))], "1 of its recipients were reached by chunk 1-1 too"),
    "in doubt on both sides": (
        [opened(), started(6, run="r", shard="2/3"), sending("1-2", A, C)],
        "1 of its recipients were reached by chunk 1-1 too, of shard 1/3",
    ),
}


@pytest.mark.parametrize(("events", "message"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("is_there", [True, False], ids=["into a record", "into nothing"])
def test_what_does_not_belong_together_is_refused(is_there, events, message):
    two = source("two", *events)
    with pytest.raises(Refusal, match=message) as refusal:
        merge(ONE.content, [two], NOW) if is_there else merge(NOTHING, [ONE, two], NOW)
    assert A not in refusal.value.message


def test_revisions_are_merged_one_at_a_time():
    """What is left of an earlier one may still be brought to the record of a later one."""
    second = source("two", opened(), *run_of("2/3", ("2-2", C, D), revision=2))
    with pytest.raises(Refusal, match="two: it is of revision 2, the others are of revision 1"):
        merge(NOTHING, [ONE, second], NOW)
    found = merged(second.content, ONE, TWO)
    assert (totals(found), found.record.highest.number) == ({"rows": 6, "accepted": 4, "pending": 2}, 2)


def test_whoever_was_not_reached_may_be_in_two():
    """A chunk that failed reached nobody: another run may have sent to them."""
    begun = (opened(), started(6, run="r", shard="1/3"), sending("1-1", A, B), answered("1-1", FAILED), ended("r"))
    other = source("two", opened(), *run_of("2/3", ("1-2", B, C)))
    assert totals(merged(NOTHING, source("one", *begun), other)) == {"rows": 6, "accepted": 2, "pending": 4}


# --- any shards


@given(st.data())
def test_any_shards_in_any_order_are_folded_into_one(data):
    """Each number ends where its own shard left it, however the merge is cut into several."""
    total = data.draw(st.integers(1, 4))
    rows = [number(place) for place in range(data.draw(st.integers(total, 12)))]
    shards = [a_shard(data.draw, f"{index}/{total}", rows, total) for index in range(1, total + 1)]
    target, left = NOTHING, data.draw(st.permutations(shards))
    while left:
        taken = data.draw(st.integers(1, len(left)))
        found = merged(target, *left[:taken])
        target, left = read_again(target, found), left[taken:]
    expected = {each: state for shard in shards for each, state in shard.content.record.revision(1).states().items()}
    assert found.record.revision(1).states() == expected
    assert found.record.revision(1).totals.rows == len(rows)
    assert found.record.claimed == []


def a_shard(draw, shard, rows, total):
    """What a shard left: every Nth row in chunks of two, each with any fate; it may have been cut short."""
    index = int(shard[0])
    own, events = rows[index - 1 :: total], [opened(), started(len(rows), run=shard, shard=shard)]
    for place, at in enumerate(range(0, len(own), 2)):
        chunk, numbers = f"1-{index + place * total}", own[at : at + 2]
        state = draw(st.sampled_from([ACCEPTED, ACCEPTED, ChunkState.REFUSED, FAILED, IN_DOUBT, None]))
        events.append(sending(chunk, *numbers))
        if state is None:
            return source(shard, *events)
        rejected = draw(st.sampled_from([(), numbers[:1]])) if state is ACCEPTED else ()
        events.append(answered(chunk, state, len(numbers) - len(rejected) if state is ACCEPTED else 0, rejected))
    return source(shard, *events, ended(shard))
