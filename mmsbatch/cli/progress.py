"""How a run is followed: a live bar on a terminal, a line every so often in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO, cast

from mmsbatch.cli.console import Console, is_live
from mmsbatch.sending.context import Progress, Watcher

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

LOG_EVERY_SECONDS = 10.0


class LogWatcher:
    """Writes a line at the beginning, then every ten seconds, and at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = self._told = time.monotonic()

    def on_progress(self, progress: Progress) -> None:
        """Write a line where one is due."""
        now = time.monotonic()
        if now - self._told >= LOG_EVERY_SECONDS or progress.answered == progress.total:
            self._told = now
            self._console.tell(progress_line(progress, now - self._started))

    def on_notice(self, text: str) -> None:
        """Write it at once."""
        self._console.warn(text)


class BarWatcher:
    """Moves a bar."""

    def __init__(self, bar: "Bar") -> None:
        self._bar = bar
        self._task = bar.add_task("sending", total=None, told="")
        self._started = time.monotonic()

    def on_progress(self, progress: Progress) -> None:
        """Move it to where the run is."""
        told = progress_line(progress, time.monotonic() - self._started)
        self._bar.update(self._task, total=progress.total, completed=progress.answered, told=told)

    def on_notice(self, text: str) -> None:
        """Write it above the bar."""
        self._bar.console.print(f"warning: {text}", markup=False, highlight=False)


class _Unfailing:
    """A terminal that may be closed while a run goes on: what cannot be shown there must not end the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def progress_line(progress: Progress, seconds: float) -> str:
    """Say how far a run is: sent, rejected, credits left, rate, time left."""
    rate = progress.answered / seconds if seconds > 0 else 0.0
    parts = [f"{progress.answered:,} of {progress.total:,}", f"{progress.rejected:,} rejected"]
    if progress.in_doubt:
        parts.append(f"{progress.in_doubt:,} in doubt")
    if progress.credits is not None:
        parts.append(f"{progress.credits:,} credits left")
    parts.append(f"{rate:,.0f}/s")
    left = progress.total - progress.answered
    if left and rate:
        parts.append(f"{left / rate:,.0f} s left")
    return ", ".join(parts)


@contextmanager
def watching(console: Console) -> Iterator[Watcher]:
    """Follow a run for the block, as the terminal or log takes it."""
    if console.quiet or not is_live():
        yield LogWatcher(console)
        return
    from rich.console import Console as RichConsole  # noqa: PLC0415 - only for a person who looks
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=RichConsole(file=cast("TextIO", _Unfailing(sys.stderr)))) as bar:
        yield BarWatcher(bar)
