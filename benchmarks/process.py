"""Running commands as a shell would, and what each took: seconds, processor seconds, memory at its highest."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import Self

from benchmarks.case import Run, WrongOutcome

#: What would be measured along is left out: how Python runs, and what mmsbatch, requests and rich heed.
_LEFT_OUT_PREFIXES = ("MMSBATCH_", "PYTHON")
_LEFT_OUT = {"CI", "NO_COLOR", "TERM", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: `printed` is its standard output, `told` its standard error or what a terminal got."""

    run: Run
    code: int
    printed: str
    told: str

    def check(self, name: str, code: int = 0) -> None:
        """Raise WrongOutcome for another exit code than this."""
        if self.code != code:
            raise WrongOutcome(
                f"{name} ended with exit code {self.code}, not {code}:\n{self.printed[-2000:]}\n{self.told[-2000:]}"
            )


class Process:
    """A command under way, as a context manager: whatever happens, it does not outlive the block.

    `settings` are added to the environment. Standard error is a terminal where that is asked for.
    `started` is a time of the monotonic clock, which all processes of a machine share.
    """

    def __init__(
        self, command: Sequence[str], settings: Mapping[str, str] | None = None, *, on_terminal: bool = False
    ) -> None:
        self._printed, self._told = TemporaryFile(), TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._watcher: threading.Thread | None = None
        errors = self._open_terminal() if on_terminal else self._told.fileno()
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, self._printed.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, errors, 2),
        ]
        environment = _environment() | dict(settings or {}) | ({"TERM": "xterm"} if on_terminal else {})
        self.started = time.monotonic()
        self._process: int | None = os.posix_spawn(command[0], list(command), environment, file_actions=actions)
        if on_terminal:
            os.close(errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self.end()
        self._printed.close()
        self._told.close()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            os.kill(self._process, number)

    def end(self) -> Ended:
        """Wait for its end. Raises RuntimeError where that was done already."""
        if self._process is None:
            raise RuntimeError("the process has ended")
        _, status, usage = os.wait4(self._process, 0)
        seconds = time.monotonic() - self.started
        self._process = None
        if self._watcher:
            self._watcher.join()
        run = Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        texts = []
        for file in (self._printed, self._told):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return Ended(run, os.waitstatus_to_exitcode(status), *texts)

    def _open_terminal(self) -> int:
        """Open a terminal that somebody looks at; return the end that is the process's."""
        ours, theirs = os.openpty()

        def watch() -> None:
            try:
                while shown := os.read(ours, 65536):
                    self._told.write(shown)
            except OSError:
                pass  # how Linux says that nobody writes there any more
            finally:
                os.close(ours)

        self._watcher = threading.Thread(target=watch, daemon=True)
        self._watcher.start()
        return theirs


@dataclass(frozen=True, slots=True)
class Command:
    """A contender that is a command, whole process; `check` gets what it printed and raises WrongOutcome."""

    name: str
    command: Sequence[str]
    check: Callable[[str], None] = lambda _: None
    settings: Mapping[str, str] = field(default_factory=dict)

    def take(self) -> Run:
        """Run it once and check what it printed. Raises WrongOutcome."""
        with Process(self.command, self.settings) as process:
            ended = process.end()
        ended.check(self.name)
        self.check(ended.printed)
        return ended.run


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_LEFT_OUT_PREFIXES) and name.upper() not in _LEFT_OUT
    }
