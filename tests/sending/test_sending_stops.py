"""Why a run stops before its last chunk, and what it has sent by then."""

import pytest
from sending_builders import NO_ANSWER, OK, REFUSED_CONNECTION, After, answer

from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.exchange import Answered

FOUR = {"names": ("Zoé", "Léa", "Ana", "Eva"), "people": 8}
SHORT = answer(104, StatusText="Crédit insuffisant. A utiliser: 2 Crédits, Disponibles: 1 Crédits.")
DENIED = Answered(403, b"<html>denied</html>")
IN_DOUBT_2 = {"gateway": {"max_in_doubt": 2}}
CREDITS = {"limits": {"credits": 4}}
SCHEDULED = {"schedule": "2026-12-19 10:10:00"}
BIG = {"people": 300, "gateway": {"chunk_size": 50}}

#: The campaign, the answers (then all is well), the chunks' states, the exit code, what is told.
STOPS = {
    "103": ({}, [OK, answer(103)], "accepted refused", 3, "status 103: credit exhausted"),
    "103 first": ({}, [answer(103)], "refused", 3, "status 103"),
    "104": ({}, [OK, SHORT], "accepted refused", 3, "A utiliser: 2 Crédits, Disponibles: 1 Crédits."),
    "102": ({}, [OK, answer(102)], "accepted refused", 3, "status 102: no account for these credentials"),
    "102 first": ({}, [answer(102)], "refused", 6, "status 102"),
    "200 first": ({}, [answer(200)], "refused", 6, "status 200: not allowed to use the module"),
    "403 first": ({}, [DENIED], "refused", 6, "HTTP 403 without an answer of the gateway"),
    "403": ({}, [OK, DENIED], "accepted refused", 3, "HTTP 403"),
    **{
        str(status): (FOUR, [answer(status)], "refused", 3, f"status {status}")
        for status in (105, 108, 109, 112, 113, 115, 118, 119, 120, 121)
    },
    **{
        f"{status}, one text": ({}, [answer(status)], "refused", 3, f"status {status}")
        for status in (106, 107, 110, 111, 122)
    },
    **{
        f"{status}, texts differ": (FOUR, [answer(status)] * 4, "refused refused refused", 3, f"status {status}")
        for status in (106, 107, 110, 111, 122)
    },
    "123 twice": ({}, [answer(123)] * 3, "accepted accepted", 3, "status 123 (no valid number) 2 times in a row"),
    "123 not in a row": (
        {"people": 10},
        [answer(123), OK, answer(123), answer(123)],
        "accepted accepted accepted accepted",
        3,
        "2 times in a row",
    ),
    "over half rejected": (
        BIG,
        [answer(invalid=range(50)), answer(invalid=[50]), OK],
        "accepted accepted",
        3,
        "51 of 100 numbers were rejected (51%), and `limits.max_rejected` is 50%",
    ),
    "more than asked for rejected": (
        BIG | {"limits": {"max_rejected": 0.1}},
        [OK, OK, answer(invalid=range(100, 116))],
        "accepted accepted accepted",
        3,
        "16 of 150 numbers were rejected (11%), and `limits.max_rejected` is 10%",
    ),
    "credits": (
        CREDITS,
        [],
        "accepted accepted",
        3,
        "this chunk would bring the revision to 6 credits, and `limits.credits` is 4",
    ),
    "credits, those in flight included": (
        {**CREDITS, "gateway": {"concurrency": 4}},
        [],
        "accepted accepted",
        3,
        "would bring the revision to 6 credits",
    ),
    "credits, none left": ({"limits": {"credits": 1}}, [], "", 1, "would bring the revision to 2 credits"),
    "in doubt": ({}, [OK, NO_ANSWER], "accepted in-doubt", 4, "1 chunk in doubt, and `max_in_doubt` is 1: nothing"),
    "in doubt first": ({}, [NO_ANSWER], "in-doubt", 4, "1 chunk in doubt"),
    "in doubt twice": (
        IN_DOUBT_2,
        [NO_ANSWER, NO_ANSWER],
        "in-doubt in-doubt",
        4,
        "2 chunks in doubt, and `max_in_doubt` is 2",
    ),
    "schedule came": (
        SCHEDULED,
        [After(600, answer(101))],
        "accepted",
        3,
        "the schedule 2026-12-19 10:10:00 (Europe/Paris) came while chunks were left",
    ),
    "schedule came while one waited": (
        SCHEDULED,
        [After(599.5, REFUSED_CONNECTION)],
        "failed",
        1,
        "the schedule 2026-12-19 10:10:00",
    ),
    "schedule had come": ({"schedule": "2026-12-19 10:00:00"}, [], "", 1, "the schedule 2026-12-19 10:00:00"),
}

#: Nothing stops; but what was refused is left.
NO_STOPS = {
    "one refused, texts differ": (FOUR, [OK, answer(106)], "accepted refused accepted accepted", 3),
    "two refused, texts differ": (FOUR, [answer(106)] * 2, "refused refused accepted accepted", 3),
    "one in doubt of two": (IN_DOUBT_2, [NO_ANSWER], "in-doubt accepted accepted", 4),
    "123 once": ({}, [answer(123)], "accepted accepted accepted", 0),
    "123 now and then": ({}, [answer(123), OK, answer(123)], "accepted accepted accepted", 0),
    "half rejected": (
        {"people": 200, "gateway": {"chunk_size": 50}},
        [answer(invalid=range(50))],
        "accepted accepted accepted accepted",
        0,
    ),
    "most rejected of few": ({}, [answer(invalid=[0, 1]), answer(invalid=[2, 3])], "accepted accepted accepted", 0),
    "credits just enough": ({"limits": {"credits": 6}}, [], "accepted accepted accepted", 0),
    "rejected ones cost nothing": (
        {"limits": {"credits": 4}},
        [answer(invalid=[0]), answer(invalid=[2])],
        "accepted accepted accepted",
        0,
    ),
    "before its time": (
        SCHEDULED,
        [After(599, answer(101)), answer(101), answer(101)],
        "accepted accepted accepted",
        0,
    ),
}


@pytest.mark.parametrize(("campaign", "script", "states", "code", "told"), STOPS.values(), ids=STOPS)
def test_a_run_stops(world, campaign, script, states, code, told):
    outcome = world.run(*script, **campaign)
    assert [*world.states.values()] == states.split()
    assert outcome.exit_code == code
    assert told in outcome.stop.message
    assert outcome.stop.hint
    ended = world.events[-1]
    assert (ended.name, ended.exit_code, ended.reason) == ("run-ended", code, outcome.stop.message)
    assert sum(world.totals.values()) == world.manifest["totals"]["rows"]


@pytest.mark.parametrize(("campaign", "script", "states", "code"), NO_STOPS.values(), ids=NO_STOPS)
def test_a_run_goes_on(world, campaign, script, states, code):
    outcome = world.run(*script, **campaign)
    assert [*world.states.values()] == states.split()
    assert (outcome.exit_code, outcome.stop) == (code, None)
    left = "some chunks were refused" if code == ExitCode.INCOMPLETE else "nothing left to send"
    assert world.events[-1].reason == left


@pytest.mark.parametrize(
    ("first", "others", "code"),
    [
        (answer(103), OK, ExitCode.INCOMPLETE),
        (answer(102), OK, ExitCode.INCOMPLETE),
        (NO_ANSWER, OK, ExitCode.IN_DOUBT),
        (answer(103), NO_ANSWER, ExitCode.IN_DOUBT),
        (answer(102), answer(102), ExitCode.GATEWAY),
        (answer(103), answer(103), ExitCode.INCOMPLETE),
    ],
)
def test_those_in_flight_are_still_recorded_after_a_stop(world, first, others, code):
    script = [After(1, first), After(2, others), After(3, others)]
    outcome = world.run(*script, people=12, gateway={"concurrency": 3})
    assert outcome.exit_code is code
    assert len(world.posts) == 3
    assert [event.chunk for event in world.events if event.name == "answered"] == ["1-1", "1-2", "1-3"]
    assert "sending" not in world.states.values()


def test_one_waiting_to_be_tried_again_fails_when_another_stops_the_run(world):
    script = [After(1, REFUSED_CONNECTION), After(1.5, answer(103))]
    world.run(*script, gateway={"concurrency": 2})
    assert world.states == {"1-1": "failed", "1-2": "refused"}
    assert world.totals == {"pending": 6}


def test_the_rejected_are_counted_over_all_runs(world):
    halves = {"people": 300, "gateway": {"chunk_size": 75}}
    assert world.run(answer(invalid=range(75)), answer(103), **halves).exit_code is ExitCode.INCOMPLETE
    outcome = world.run(answer(invalid=[75]), **halves)
    assert outcome.stop.message.startswith("76 of 150 numbers were rejected")


def test_the_credits_are_counted_over_all_runs(world):
    world.run(OK, answer(103), limits={"credits": 4})
    assert len(world.posts) == 2
    outcome = world.run(limits={"credits": 4})
    assert outcome.stop.message.startswith("this chunk would bring the revision to 6 credits")
    assert world.totals == {"accepted": 4, "pending": 2}


def test_doubt_left_from_before_decides_the_code_and_nothing_more(world):
    world.run(NO_ANSWER)
    outcome = world.run()
    assert (outcome.exit_code, outcome.stop) == (ExitCode.IN_DOUBT, None)
    assert [*world.states.values()] == ["in-doubt", "accepted", "accepted"]


def test_a_stop_with_nothing_left_is_done(world):
    assert world.run(answer(123), answer(123), people=4).exit_code is ExitCode.DONE
    assert world.totals == {"rejected": 4}
