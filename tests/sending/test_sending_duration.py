"""`--max-duration`: after it no request starts, and nothing is waited for that falls behind it."""

from dataclasses import replace

import pytest
from sending_builders import OK, REFUSED_CONNECTION, After, World

from mmsbatch.exitcodes import ExitCode
from mmsbatch.sending.stops import Deadline


class HastyWorld(World):
    """A world whose runs have two and a half seconds to start requests in."""

    def _context(self, book):
        return replace(super()._context(book), deadline=Deadline(self.seconds, 2.5))


@pytest.fixture
def hasty(tmp_path):
    return HastyWorld(tmp_path)


def test_no_request_starts_behind_the_end_and_those_in_flight_are_awaited(hasty):
    outcome = hasty.run(*[After(2, OK)] * 3)
    assert [post.at for post in hasty.posts] == [0, 2]
    assert hasty.seconds == 4
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert outcome.stop.message.startswith("4 s have passed, and `--max-duration` is")
    assert hasty.totals == {"accepted": 4, "pending": 2}


def test_a_retry_behind_the_end_is_not_waited_for(hasty):
    """The third attempt would be due at 3 s."""
    outcome = hasty.run(REFUSED_CONNECTION, REFUSED_CONNECTION, people=2)
    assert ([post.at for post in hasty.posts], hasty.seconds) == ([0, 1], 2.5)
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert hasty.states == {"1-1": "failed"}


def test_the_next_run_has_its_time_again(hasty):
    hasty.run(*[After(2, OK)] * 3)
    assert hasty.run().exit_code is ExitCode.DONE
    assert hasty.totals == {"accepted": 6}
