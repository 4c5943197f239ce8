"""A run that sends one shard: what it leaves to the others, where it stops, and what its exit code says."""

import pytest
from sending_builders import NO_ANSWER, OK, answer, number

from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.journal import read_journal
from mmsbatch.record.shard import Shard

ONE, TWO = Shard(1, 2), Shard(2, 2)


def revision_of(world):
    return read_journal(world.paths.journal).record.revision(1)


def totals(world):
    return {name: count for name, count in revision_of(world).totals.to_json().items() if count}


def test_a_shard_is_done_when_its_own_part_is(world):
    outcome = world.run(shard=ONE, people=8)
    assert outcome.exit_code is ExitCode.DONE
    assert (outcome.progress.total, outcome.progress.accepted) == (4, 4)
    assert [post.chunk for post in world.posts] == ["1-1", "1-3"]
    assert [post.numbers for post in world.posts] == [(number(0), number(1)), (number(4), number(5))]
    assert totals(world) == {"rows": 8, "accepted": 4, "pending": 4}
    assert world.manifest["runs"][0]["shard"] == "1/2"
    (run,) = revision_of(world).runs
    assert (run.started.shard, run.started.chunks, run.ended.reason) == ("1/2", 2, "nothing left to send in shard 1/2")


def test_a_revision_is_closed_by_the_last_shard_alone(world):
    """Rows that come while a shard is left are simply sent; those that come after all are late."""
    world.run(shard=ONE, people=4)
    assert not revision_of(world).closed
    world.run(shard=TWO, people=4)
    assert revision_of(world).closed
    assert world.run(shard=ONE, people=6).progress.total == 0


CODES = {
    "refused": ((ONE, [OK, answer(103)]), None, 3),
    "refused by the other": ((TWO, [answer(103)]), (ONE, []), 0),
    "in doubt": ((ONE, [OK, NO_ANSWER]), None, 4),
    "in doubt by the other": ((TWO, [NO_ANSWER]), (ONE, []), 0),
    "in doubt from before": ((ONE, [NO_ANSWER]), (ONE, []), 4),
}


@pytest.mark.parametrize(("first", "then", "code"), CODES.values(), ids=CODES)
def test_the_exit_code_is_of_its_own_part(world, first, then, code):
    for shard, script in filter(None, (first, then)):
        outcome = world.run(*script, shard=shard, people=8)
    assert outcome.exit_code == code


def test_a_shard_stops_at_its_share_of_the_credits(world):
    """Six credits for eight recipients: three a shard, whatever the other spent."""
    world.run(shard=TWO, people=8, limits={"credits": 6})
    outcome = world.run(shard=ONE, people=8, limits={"credits": 6})
    assert [post.chunk for post in world.posts] == ["1-2", "1-1"]
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert outcome.stop.message == (
        "this chunk would bring shard 1/2 to 4 credits, and its share of `limits.credits` (6) is 3"
    )
    again = world.run(shard=ONE, people=8, limits={"credits": 6})
    assert (again.exit_code, len(world.posts)) == (ExitCode.REFUSED, 2), "it counts what it handed over before"


def test_the_limit_of_the_whole_holds_where_the_record_knows_more(world):
    """Shard 1 was raised beyond its share by a run of all: what is left of the limit is less than the other's share."""
    world.run(OK, OK, OK, answer(103), people=8)
    outcome = world.run(shard=TWO, people=8, limits={"credits": 7})
    assert outcome.stop.message.startswith("this chunk would bring the revision to 8 credits")


BIG = {"people": 400, "gateway": {"chunk_size": 50}}


def test_others_good_answers_do_not_hide_a_shards_bad_ones(world):
    world.run(shard=TWO, **BIG)
    bad = [answer(invalid=range(50)), answer(invalid=range(100, 150)), OK]
    outcome = world.run(*bad, shard=ONE, **BIG)
    assert outcome.stop.message.startswith("100 of this shard's 100 numbers were rejected (100%)")
    assert totals(world) == {"rows": 400, "accepted": 200, "rejected": 100, "pending": 100}


def test_the_first_request_of_a_shard_is_its_share_of_the_canary(world):
    bad = answer(invalid=[0])
    outcome = world.run(bad, shard=ONE, people=16, gateway={"chunk_size": 4}, limits={"canary": 2})
    assert [len(post.numbers) for post in world.posts] == [1]
    assert outcome.stop.message.startswith("1 of the canary's 1 numbers were rejected")
