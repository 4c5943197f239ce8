"""Signals: no new request starts, those in flight are awaited within a bound, and all is written down."""

import os
from signal import SIGINT, SIGTERM, getsignal

import pytest
from sending_builders import NEVER, NO_ANSWER, OK, REFUSED_CONNECTION, After, Signalled, answer

from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.disk import LocalDisk
from mmsbatch.sending.interruption import PATIENCE_SECONDS, SHARED_PATIENCE_SECONDS, Interruption, listening

TWO = {"gateway": {"concurrency": 2}}
#: The answers, the chunks' states, the exit code, the seconds it took.
SIGNALS = {
    "answers come": ([After(1, OK), Signalled((SIGINT,), After(2, OK))], "accepted accepted", 130, 2),
    "terminated": ([After(1, OK), Signalled((SIGTERM,), After(2, OK))], "accepted accepted", 143, 2),
    "the first signal counts": ([OK, Signalled((SIGTERM, SIGINT), After(2, OK))], "accepted in-doubt", 143, 0),
    "just in time": (
        [Signalled((SIGINT,), After(PATIENCE_SECONDS - 0.1, OK))],
        "accepted",
        130,
        PATIENCE_SECONDS - 0.1,
    ),
    "patience ends": ([After(1, OK), Signalled((SIGINT,), NEVER)], "accepted in-doubt", 130, PATIENCE_SECONDS),
    "a second signal": ([Signalled((SIGINT, SIGINT), NEVER)], "in-doubt", 130, 0),
    "one waits to be tried again": (
        [REFUSED_CONNECTION, Signalled((SIGINT,), After(0.5, OK))],
        "failed accepted",
        130,
        0.5,
    ),
    "one in doubt": ([NO_ANSWER, Signalled((SIGTERM,), OK)], "in-doubt accepted", 143, 0),
    "one stopped it before": ([answer(103), Signalled((SIGINT,), OK)], "refused accepted", 130, 0),
}


@pytest.mark.parametrize(("script", "states", "code", "seconds"), SIGNALS.values(), ids=SIGNALS)
def test_a_run_is_interrupted(world, script, states, code, seconds):
    outcome = world.run(*script, people=12, **(TWO if len(script) > 1 else {}))
    assert outcome.exit_code == code
    assert [*world.states.values()] == states.split()
    assert len(world.posts) == len(script)
    assert world.seconds == pytest.approx(seconds)
    assert world.events[-1].exit_code == code
    assert sum(world.totals.values()) == 12


def test_the_record_says_why(world):
    world.run(Signalled((SIGTERM,), OK))
    assert world.events[-1].reason == "stopped by SIGTERM"


def test_given_up_answers_are_in_doubt_with_their_reason(world):
    world.run(Signalled((SIGINT,), NEVER))
    [chunk] = world.manifest["chunks"]
    assert (chunk["state"], chunk["reason"]) == ("in-doubt", "stopped before the answer came")


def test_a_signal_before_the_first_request_sends_nothing(world):
    world.interruption.request(SIGINT, 0.0)
    assert world.run().exit_code is ExitCode.INTERRUPTED
    assert world.posts == []
    assert world.totals == {"pending": 6}


def test_an_interrupted_run_goes_on_later(world):
    world.run(Signalled((SIGINT,), OK))
    world.interruption = Interruption()
    assert world.run().exit_code is ExitCode.DONE
    assert world.totals == {"accepted": 6}
    assert len(world.posts) == 3


def test_patience_runs_from_the_first_signal():
    interruption = Interruption(patience=7)
    assert (interruption.patience_left(3, 99), interruption.is_patience_over(10**9)) == (99, False)
    interruption.request(SIGINT, 10)
    assert [interruption.patience_left(now, 99) for now in (10, 12, 17, 20)] == [7, 5, 0, 0]
    assert [interruption.is_patience_over(now) for now in (10, 16.9, 17)] == [False, False, True]
    interruption.request(SIGTERM, 11)
    assert interruption.is_patience_over(11)
    assert interruption.exit_code is ExitCode.INTERRUPTED


@pytest.mark.parametrize(("signal", "code"), [(SIGINT, ExitCode.INTERRUPTED), (SIGTERM, ExitCode.TERMINATED)])
def test_real_signals_reach_it_and_leave_no_trace(signal, code):
    interruption, woken = Interruption(), []
    before = getsignal(SIGINT), getsignal(SIGTERM)
    interruption.wake = lambda: woken.append(True)
    with listening(interruption, lambda: 0.0):
        os.kill(os.getpid(), signal)
        assert (interruption.exit_code, woken) == (code, [True])
    assert (getsignal(SIGINT), getsignal(SIGTERM)) == before


class SignallingDisk(LocalDisk):
    """A disk on which a signal comes while a text is written."""

    def __init__(self, interruption, text):
        super().__init__()
        self._interruption, self._text = interruption, text

    def append(self, path, data, at, torn=0):
        super().append(path, data, at, torn)
        if self._text in data:
            self._interruption.request(SIGINT, 0.0)


def test_a_signal_while_requests_are_announced_lets_none_of_them_start(world):
    disk = SignallingDisk(world.interruption, b'"sending"')
    outcome = world.run(gateway={"concurrency": 3}, disk=disk)
    assert (outcome.exit_code, world.posts) == (ExitCode.INTERRUPTED, [])
    assert world.states == {"1-1": "failed", "1-2": "failed", "1-3": "failed"}
    assert world.totals == {"pending": 6}


def test_where_the_record_is_shared_nothing_is_waited_for_when_pipelines_kill():
    """They do ten seconds after they asked: half a second is left to end in."""
    interruption = Interruption(SHARED_PATIENCE_SECONDS)
    assert not interruption.is_time_up(100.0)
    interruption.request(SIGTERM, 100.0)
    assert (interruption.is_patience_over(104.4), interruption.is_patience_over(104.5)) == (False, True)
    assert (interruption.is_time_up(109.0), interruption.is_time_up(109.5)) == (False, True)
