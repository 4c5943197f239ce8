"""The way in: the process is made ready before anything that takes its time is loaded."""

import gc
import io
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_INTERRUPTED, _TERMINATED = 130, 143
#: What Python's collector waits for, in new objects: it finds next to nothing in what is loaded and read here, and
#: looking 700 objects apart takes a tenth of the time that a thousand campaigns take.
_COLLECT_EVERY = 50_000


class Terminated(BaseException):
    """SIGTERM, raised where it comes, so that it ends a command as Ctrl-C does: locks are let go, the code is ours."""


def main() -> NoReturn:
    """Run the program and leave with its exit code."""
    gc.set_threshold(_COLLECT_EVERY)
    _prepare_streams()
    signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        from mmsbatch.cli.main import run  # noqa: PLC0415 - a signal may come while it loads

        code = run(sys.argv[1:], _leave)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except Terminated:
        code = _TERMINATED
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process at once: to take apart what was loaded and read takes longer than many a command.

    Python ends it as usual where a stream cannot be flushed, which it tells, and under a profiler.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # all is written down: impatience must not change the code any more
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        sys.exit(code)
    if sys.getprofile() is not None:
        sys.exit(code)
    os._exit(code)


def _prepare_streams() -> None:
    """Have something open under the three standard numbers: the next file opened there might be a journal."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name that the terminal's encoding lacks is written somehow, rather than ending the run.
            stream.reconfigure(errors="backslashreplace")


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    raise Terminated
