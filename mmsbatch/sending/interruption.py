"""SIGINT and SIGTERM: no new request starts, those in flight are awaited within a bound."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from mmsbatch.exitcodes import ExitCode

#: Pipelines kill soon after they ask (7.5 s on the shortest-tempered).
PATIENCE_SECONDS = 7.0
#: Where the record is shared, the last answers must still be pushed before that.
SHARED_PATIENCE_SECONDS = 4.5
#: So long after the patience the last push is waited for.
LAST_PUSH_SECONDS = 5.0
_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class Interruption:
    """What signals asked for; a second one ends the waiting for answers.

    `wake` is called at each, in the signal's handler: it ends whatever wait is under way.
    """

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self.wake: Callable[[], None] = _sleep_on
        self._patience = patience
        self._signal: signal.Signals | None = None
        self._again = False
        self._deadline: float | None = None

    def request(self, number: int, now: float) -> None:
        """Take a signal in, at the time `now` of a monotonic clock."""
        if self._signal is None:
            self._signal, self._deadline = signal.Signals(number), now + self._patience
        else:
            self._again = True
        self.wake()

    @property
    def is_requested(self) -> bool:
        """Whether no new request may start."""
        return self._signal is not None

    @property
    def exit_code(self) -> ExitCode:
        """The code of the first signal, DONE without one."""
        return _CODES[self._signal] if self._signal else ExitCode.DONE

    @property
    def reason(self) -> str:
        """What the record says of it, empty without a signal."""
        return f"stopped by {self._signal.name}" if self._signal else ""

    def is_patience_over(self, now: float) -> bool:
        """Whether answers still missing are given up, in doubt."""
        return self._again or (self._deadline is not None and now >= self._deadline)

    def is_time_up(self, now: float) -> bool:
        """Whether nothing at all may be waited for any more."""
        return self._deadline is not None and now >= self._deadline + LAST_PUSH_SECONDS

    def patience_left(self, now: float, otherwise: float) -> float:
        """Return the seconds to wait for answers; `otherwise` without a signal."""
        return otherwise if self._deadline is None else max(self._deadline - now, 0.0)


def _sleep_on() -> None:
    """Wake nobody."""


@contextmanager
def listening(interruption: Interruption, monotonic: Callable[[], float]) -> Iterator[None]:
    """Let signals reach the interruption for the block."""

    def handle(number: int, frame: FrameType | None) -> None:
        interruption.request(number, monotonic())

    before = {number: signal.signal(number, handle) for number in _CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
