"""Where words go: reports to standard output or a file, everything else for people to standard error."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

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
        if self.output is None:
            return
        if self.output.name.endswith(_KEPT):
            raise UsageProblem(f"-o {self.output}: a report must not replace a campaign, its recipients or its record")
        if self.output.is_dir() or not self.output.absolute().parent.is_dir():
            raise UsageProblem(f"-o {self.output}: the report cannot be written there")
        if not os.access(self.output if self.output.exists() else self.output.absolute().parent, os.W_OK):
            raise UsageProblem(f"-o {self.output}: the report cannot be written: no permission")

    def report(self, text: str) -> None:
        """Print the command's result, or write it to its file. Raises UsageProblem where that cannot be written."""
        if self.output is None:
            _print(text)
            return
        try:
            self.output.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageProblem(f"{self.output}: the report cannot be written: {error.strerror}") from error

    def tell(self, text: str) -> None:
        """Say something in passing."""
        if not self.quiet:
            _print(text, err=True)

    def show(self, text: str) -> None:
        """Show what a person must see before they decide, however quiet it is asked to be."""
        _print(text, err=True)

    def warn(self, text: str) -> None:
        """Say something that must be heard."""
        _print(f"{colored('warning:', 'yellow')} {text}", err=True)


def tell_error(error: MmsbatchError) -> None:
    """Say why a command stopped, and what can be done."""
    _print(f"{colored('error:', 'red')} {error.message}", err=True)
    if error.hint:
        _print(f"    {error.hint}", err=True)


def _print(text: str, err: bool = False) -> None:
    """Print for whoever reads; a reader who went away (`| head`) must not end a run, nor change its exit code."""
    try:
        typer.echo(text, err=err)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), (sys.stderr if err else sys.stdout).fileno())


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
    return is_live() and not os.environ.get("NO_COLOR")


def is_live() -> bool:
    """Whether a person looks at standard error."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def is_interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
