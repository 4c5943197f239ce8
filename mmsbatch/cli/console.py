"""Where words go: reports to standard output or a file, everything else for people to standard error."""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import typer

from mmsbatch.errors import MmsbatchError, UsageProblem
from mmsbatch.record.paths import JOURNAL_SUFFIX, MANIFEST_SUFFIX

#: Files that people and the tool keep beside each other, by their endings.
_KEPT = (JOURNAL_SUFFIX, MANIFEST_SUFFIX, ".yaml", ".yml", ".csv", ".lock")


@dataclass(frozen=True, slots=True)
class Console:
    """How one command speaks."""

    output: Path | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        """Refuse an output that cannot, or must not, be written: before the command does anything."""
        if self.output is not None:
            raise_if_unwritable(self.output, "-o", "report")

    def report(self, text: str) -> None:
        """Print the command's result, or write it to its file. Raises UsageProblem where that cannot be written."""
        try:
            if self.output is None:
                _write(text, sys.stdout)
            else:
                self.output.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            where = self.output or "standard output"
            raise UsageProblem(f"{where}: the report cannot be written: {error.strerror}") from error

    def paint(self, text: str, color: str) -> str:
        """Color a part of the report, where it goes to a terminal."""
        takes_colors = self.output is None and _takes_colors(sys.stdout)
        return typer.style(text, fg=color) if takes_colors else text

    def report_done(self, text: str) -> None:
        """Print the result of what cannot be undone: the exit code is its own, wherever the report may end up."""
        try:
            self.report(text)
        except UsageProblem as problem:
            self.warn(f"{problem.message}; what was done is in the record")

    def tell(self, text: str) -> None:
        """Say something in passing."""
        if not self.quiet:
            say(text)

    def show(self, text: str) -> None:
        """Show what a person must see before they decide, however quiet it is asked to be."""
        say(text)

    def warn(self, text: str) -> None:
        """Say something that must be heard."""
        say(f"{colored('warning:', 'yellow')} {text}")


def raise_if_unwritable(path: Path, option: str, what: str) -> None:
    """Raise UsageProblem where a report or plan cannot, or must not, be written to the path that an option names."""
    if path.name.endswith(_KEPT) or path.resolve().name.endswith(_KEPT):
        raise UsageProblem(f"{option} {path}: a {what} must not replace a campaign, its recipients or its record")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageProblem(f"{option} {path}: the {what} cannot be written there")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise UsageProblem(f"{option} {path}: the {what} cannot be written: no permission")


def tell_error(error: MmsbatchError) -> None:
    """Say why a command stopped, and what can be done."""
    say(f"{colored('error:', 'red')} {error.message}")
    if error.hint:
        say(f"    {error.hint}")


def say(text: str) -> None:
    """Say something to people; whoever cannot hear it, on a full disk or a closed stream, must not end a run."""
    with suppress(OSError):
        _write(text, sys.stderr)


def draw(text: str) -> None:
    """Write to the terminal on standard error, control characters and all; one that went away changes nothing."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _mute(sys.stderr)


def _write(text: str, stream: TextIO | None) -> None:
    """Write for whoever reads; a reader who went away (`| head`) changes nothing, least of all the exit code.

    Raises OSError where the text cannot be had down otherwise; nothing is written there any more then.
    """
    if stream is None:
        return  # closed by whoever started us
    try:
        typer.echo(text, file=stream)
        stream.flush()
    except OSError as error:
        _mute(stream)
        if not isinstance(error, BrokenPipeError):
            raise


def _mute(stream: TextIO) -> None:
    """Let a stream lead nowhere: what is left in its buffer would fail again at the end, and change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def colored(text: str, color: str) -> str:
    """Color a text for a terminal; NO_COLOR and everything that is no terminal keep it plain."""
    return typer.style(text, fg=color) if has_colors() else text


def shown_path(path: Path) -> str:
    """Write a path as a user would: from the folder they are in, where it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


def has_colors() -> bool:
    """Whether standard error takes colors."""
    return _takes_colors(sys.stderr)


def is_live() -> bool:
    """Whether a person looks at standard error."""
    return _is_live(sys.stderr)


def is_interactive() -> bool:
    """Whether a person can be asked."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def _takes_colors(stream: TextIO | None) -> bool:
    return _is_live(stream) and not os.environ.get("NO_COLOR")


def _is_live(stream: TextIO | None) -> bool:
    return _is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
