"""What surely did not arrive, or was not fetched, is tried again; nothing else is."""

from itertools import pairwise

import pytest
from sending_builders import NO_ANSWER, OK, REFUSED_CONNECTION, After, answer

from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.exchange import Answered

MEDIA = [answer(status) for status in (114, 116, 117)]


@pytest.mark.parametrize("passing", [REFUSED_CONNECTION, *MEDIA], ids=["not sent", "114", "116", "117"])
def test_a_passing_fault_is_tried_again(world, passing):
    assert world.run(passing, passing, OK, people=2).exit_code is ExitCode.DONE
    assert [(post.chunk, post.at) for post in world.posts] == [("1-1", 0), ("1-1", 1), ("1-1", 3)]
    assert world.manifest["chunks"][0]["attempts"] == 3
    assert world.totals == {"accepted": 2}


@pytest.mark.parametrize(
    ("fault", "state", "before", "code"),
    [
        (REFUSED_CONNECTION, "failed", [], ExitCode.GATEWAY),
        (REFUSED_CONNECTION, "failed", [OK], ExitCode.INCOMPLETE),
        *((media, "refused", [], ExitCode.INCOMPLETE) for media in MEDIA),
    ],
)
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_lasting_fault_ends_the_run(world, fault, state, before, code, retries):
    outcome = world.run(*before, *[fault] * 9, gateway={"retries": retries})
    assert outcome.exit_code is code
    assert [*world.states.values()] == ["accepted"] * len(before) + [state]
    assert len(world.posts) == len(before) + 1 + retries
    assert world.totals["pending"] == 6 - 2 * len(before)
    assert outcome.stop.hint.endswith("run again to go on") or "reached" in outcome.stop.hint


@pytest.mark.parametrize(
    "exchange",
    [NO_ANSWER, Answered(500, b""), Answered(200, b""), Answered(200, b"Sta", complete=False), answer(999)],
    ids=["no answer", "500", "empty", "cut off", "unknown status"],
)
def test_what_may_have_arrived_is_never_tried_again(world, exchange):
    assert world.run(exchange, people=2).exit_code is ExitCode.IN_DOUBT
    assert len(world.posts) == 1
    assert world.states == {"1-1": "in-doubt"}


@pytest.mark.parametrize(("jitter", "gaps"), [(1.0, [1, 2, 4, 8, 16, 30, 30]), (0.0, [0.5, 1, 2, 4, 8, 15, 15])])
def test_the_waits_double_up_to_a_bound(world, jitter, gaps):
    world.jitter = jitter
    world.run(*[REFUSED_CONNECTION] * 7, people=2, gateway={"retries": 7})
    times = [post.at for post in world.posts]
    assert [later - sooner for sooner, later in pairwise(times)] == gaps


def test_nothing_new_starts_while_one_waits_to_be_tried_again(world):
    script = [After(1, REFUSED_CONNECTION), After(1, OK), After(1, OK)]
    world.run(*script, people=8, gateway={"concurrency": 2})
    assert [(post.chunk, post.at) for post in world.posts] == [
        ("1-1", 0),
        ("1-2", 0),
        ("1-1", 2),
        ("1-3", 2),
        ("1-4", 2),
    ]
    assert world.totals == {"accepted": 8}


def test_a_retry_that_ends_in_doubt_stays_in_doubt(world):
    assert world.run(REFUSED_CONNECTION, NO_ANSWER, people=2).exit_code is ExitCode.IN_DOUBT
    assert world.totals == {"in_doubt": 2}
