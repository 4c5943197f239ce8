"""Announce, send, write the answer down, decide, and only then go on."""

import json
from itertools import pairwise

import pytest
from sending_builders import NO_ANSWER, OK, REFUSED_CONNECTION, After, answer, number

from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.events import DoubtResolved
from mmsbatch.record.journal import JournalWriter, read_journal
from mmsbatch.record.tokens import keep_as_tokens


def test_each_request_is_on_disk_before_it_leaves(world):
    world.run(OK, REFUSED_CONNECTION, OK, people=6)
    assert len(world.posts) == 4
    attempts = {}
    for post in world.posts:
        last = post.events[-1]
        attempts[post.chunk] = attempts.get(post.chunk, 0) + 1
        assert (last.name, last.chunk, last.attempt) == ("sending", post.chunk, attempts[post.chunk])
        announced = [event for event in post.events if event.name == "sending" and event.chunk == post.chunk]
        assert announced[0].numbers == post.numbers


def test_every_answer_is_on_disk_before_the_next_request_leaves(world):
    world.run(OK, OK, OK)
    for before, post in pairwise(world.posts):
        assert post.events[-2].name == "answered"
        assert post.events[-2].chunk == before.chunk


def test_the_manifest_exists_before_the_first_request(world):
    world.run()
    assert json.loads(world.posts[0].manifest)["totals"]["pending"] == 6
    assert world.manifest["status"] == "complete"


def test_a_whole_run(world):
    outcome = world.run(
        answer(invalid=[1], Credits=997), answer(ids=[2], Credits="995,5"), names=("Zoé", "Zoé", "Léa", "Léa"), people=4
    )
    assert outcome.exit_code is ExitCode.DONE
    assert outcome.stop is None
    assert [(post.chunk, post.numbers, post.text) for post in world.posts] == [
        ("1-1", (number(0), number(1)), "Bonjour Zoé"),
        ("1-2", (number(2), number(3)), "Bonjour Léa"),
    ]
    assert [event.name for event in world.events] == [
        *("journal", "run-started"),
        *("sending", "answered") * 2,
        "run-ended",
    ]
    assert world.totals == {"accepted": 2, "rejected": 1, "unaccounted": 1}
    assert world.manifest["credits"] == {"before": 1000, "after": 995.5, "used": None, "per_message": 1}
    line = 1 + world.prepared.audience.recipients[0].line + 1  # an entry has two lines: number and name
    told = {"phone": "+336••••••01", "source": f"winter-sale.yaml:{line}", "chunk": "1-1"}
    assert world.manifest["rejected"] == [told]
    last = world.progress[-1]
    assert (last.total, last.answered, last.accepted, last.chunks, last.chunks_done) == (4, 4, 2, 2, 2)


@pytest.mark.parametrize(("concurrency", "people", "most"), [(1, 6, 1), (2, 6, 2), (3, 12, 3), (8, 6, 3)])
def test_no_more_are_in_flight_than_asked_for(world, concurrency, people, most):
    world.run(*[After(1, OK)] * 6, people=people, gateway={"concurrency": concurrency})
    assert world.courier.most == most
    assert world.totals == {"accepted": people}


@pytest.mark.parametrize(("rate", "times"), [(None, [0, 0, 0]), (10.0, [0, 0.1, 0.2]), (0.5, [0, 2, 4])])
def test_requests_keep_their_pace(world, rate, times):
    world.run(gateway={"requests_per_second": rate, "concurrency": 4})
    assert [post.at for post in world.posts] == pytest.approx(times)


def test_pace_holds_for_retries_too(world):
    world.run(REFUSED_CONNECTION, OK, gateway={"requests_per_second": 0.25}, people=4)
    assert [post.at for post in world.posts] == pytest.approx([0, 4, 8])


def test_the_canary_flies_alone(world):
    world.run(After(5, OK), *[After(1, OK)] * 3, limits={"canary": 1}, people=7, gateway={"concurrency": 4})
    assert [(len(post.numbers), post.at) for post in world.posts] == [(1, 0), (2, 5), (2, 5), (2, 5)]


def test_the_canary_flies_alone_through_its_retries(world):
    script = (REFUSED_CONNECTION, REFUSED_CONNECTION, OK)
    world.run(*script, limits={"canary": 1}, people=5, gateway={"concurrency": 4})
    assert [post.chunk for post in world.posts] == ["1-1", "1-1", "1-1", "1-2", "1-3"]


@pytest.mark.parametrize(
    ("first", "states", "code"),
    [
        (answer(), ["accepted"] * 3, ExitCode.DONE),
        (answer(invalid=[0]), ["accepted"] * 3, ExitCode.DONE),
        (answer(invalid=[0, 1]), ["accepted"], ExitCode.INCOMPLETE),
        (answer(123), ["accepted"], ExitCode.INCOMPLETE),
        (answer(106), ["refused"], ExitCode.INCOMPLETE),
        (NO_ANSWER, ["in-doubt"], ExitCode.IN_DOUBT),
    ],
    ids=["well", "half rejected", "all rejected", "123", "refused", "in doubt"],
)
def test_the_rest_goes_only_if_the_canary_came_back_well(world, first, states, code):
    names = ("Zoé", "Zoé", "Léa", "Léa", "Zoé", "Zoé")
    outcome = world.run(
        first, names=names, limits={"canary": 2}, gateway={"concurrency": 4, "max_in_doubt": 5, "chunk_size": 2}
    )
    assert [*world.states.values()] == states
    assert outcome.exit_code is code


def test_a_run_goes_on_where_the_last_stopped_and_uses_no_id_twice(world):
    assert world.run(OK, answer(103)).exit_code is ExitCode.INCOMPLETE
    assert world.run(REFUSED_CONNECTION, REFUSED_CONNECTION, REFUSED_CONNECTION).exit_code is ExitCode.GATEWAY
    assert world.run().exit_code is ExitCode.DONE
    assert world.states == {
        "1-1": "accepted",
        "1-2": "refused",
        "1-3": "failed",
        "1-4": "accepted",
        "1-5": "accepted",
    }
    firsts = [event.chunk for event in world.events if event.name == "sending" and event.attempt == 1]
    assert firsts == ["1-1", "1-2", "1-3", "1-4", "1-5"]
    assert world.run().exit_code is ExitCode.DONE
    assert len(world.posts) == 1 + 1 + 3 + 2


def test_doubt_is_never_sent_again(world):
    world.run(NO_ANSWER)
    world.run()
    sent = [each for post in world.posts for each in post.numbers]
    assert sorted(sent) == [number(place) for place in range(6)]
    assert world.totals == {"accepted": 4, "in_doubt": 2}


@pytest.mark.parametrize(("sent", "again"), [(True, []), (False, [number(0), number(1)])])
def test_a_doubt_settled_is_sent_again_only_if_it_was_not_sent(world, sent, again):
    world.run(NO_ANSWER, people=2)
    writer = JournalWriter(world.paths.journal, read_journal(world.paths.journal).tail)
    writer.append(DoubtResolved(at="2026-12-19T09:00:00.000Z", chunk="1-1", sent=sent, reason="asked", by="Zoé"))
    world.posts.clear()
    world.run(people=2)
    assert [each for post in world.posts for each in post.numbers] == again


def test_tokens_stand_for_numbers_and_still_recognise_them(world):
    world.keeping = keep_as_tokens("a key")
    world.run(answer(invalid=[1]), answer(103))
    assert number(0)[:8] not in world.paths.journal.read_text()
    world.run()
    sent = [each for post in world.posts for each in post.numbers]
    assert sorted(sent) == [number(place) for place in (0, 1, 2, 2, 3, 3, 4, 5)]
    assert world.totals == {"accepted": 5, "rejected": 1}


def test_what_is_told_on_the_way_holds_no_number(world):
    world.run(REFUSED_CONNECTION, answer(101))
    assert world.notices == [
        "chunk 1-1: no connection: Connection refused; trying again in 1.0 s",
        "chunk 1-1: status 101 where 100 was due: the message was scheduled although no date was given",
    ]
