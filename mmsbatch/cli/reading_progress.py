"""How a long reading or rendering is followed: a live line on a terminal, a line every ten seconds in a log."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from mmsbatch.cli.console import Console, draw, has_colors
from mmsbatch.planning.preparation import OnProgress, Step

#: Seconds before anything is said, and between two words of it, on a terminal and in a log.
LIVE_AFTER, LIVE_EVERY, LOG_EVERY = 1.0, 0.2, 10.0
_ERASE_LINE = "\r\033[K"
_SAID: Mapping[Step, str] = {
    Step.CAMPAIGNS: "reading campaigns: {:,} so far",
    Step.RECIPIENTS: "reading recipients: {:,} rows so far",
    Step.SUPPRESSION: "reading suppression lists: {:,} rows so far",
    Step.TEXTS: "rendering: {:,} texts so far",
}


class _Follower:
    """Says a line once so many seconds have passed, and is quick to do nothing in between."""

    def __init__(self, say: Callable[[str], None], first: float, every: float, clock: Callable[[], float]) -> None:
        self.has_spoken = False
        self._say = say
        self._every = every
        self._clock = clock
        self._due = clock() + first

    def on_progress(self, step: Step, count: int) -> None:
        now = self._clock()
        if now >= self._due:
            self._due = now + self._every
            self.has_spoken = True
            self._say(_SAID[step].format(count))


@contextmanager
def following_reading(
    *, is_silent: bool = False, clock: Callable[[], float] = time.monotonic
) -> Iterator[OnProgress | None]:
    """Give the block a function to call with each step's count so far; None where nothing is to be said.

    Goes to standard error; a live line is gone at the end.
    """
    if is_silent:
        yield None
    elif not has_colors():
        yield _Follower(Console().tell, LOG_EVERY, LOG_EVERY, clock).on_progress
    else:
        live = _Follower(_show, LIVE_AFTER, LIVE_EVERY, clock)
        try:
            yield live.on_progress
        finally:
            if live.has_spoken:
                draw(_ERASE_LINE)


def _show(line: str) -> None:
    draw(_ERASE_LINE + line)
