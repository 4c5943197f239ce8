"""The summary of a CI step: what GitHub shows on the run's page, in the file that it names."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmsbatch.cli.console import Console
from mmsbatch.errors import InvalidInput, MmsbatchError
from mmsbatch.reports.findings import finding_lines, totals
from mmsbatch.reports.markdown import Rank, Section, code_block, count_bytes, fit

VARIABLE = "GITHUB_STEP_SUMMARY"
#: A step may write 1 MiB, and more loses all of it; some room is left for what the step's other commands write.
LIMIT = 900 * 1024


class StepSummary:
    """What a command adds to the summary of its step, where there is one. It never changes the exit code."""

    def __init__(self, environ: Mapping[str, str], console: Console) -> None:
        self._path = Path(environ[VARIABLE]) if environ.get(VARIABLE) else None
        self._console = console

    def add(self, sections: Sequence[Section]) -> None:
        """Append what there is room for; say where it cannot be written."""
        if self._path is None:
            return
        try:
            _append(self._path, sections)
        except OSError as error:
            self._console.warn(f"the step summary cannot be written: {error.strerror or type(error).__name__}")
        except _Full:
            self._console.warn("the step summary is full: nothing was added to it")

    @contextmanager
    def telling(self, command: str) -> Iterator[None]:
        """Add why the command was refused, where the block raises MmsbatchError, and let it go on."""
        try:
            yield
        except MmsbatchError as error:
            self.add(_refusal(command, error))
            raise


class _Full(Exception):
    """Not even the verdict fits."""


def _append(path: Path, sections: Sequence[Section]) -> None:
    """Append as bytes: what others wrote there is left as it is, and counted."""
    with path.open("ab") as file:
        before = file.tell()
        text = "\n\n" * bool(before) + fit(sections, LIMIT - before, count_bytes) + "\n"
        if before + count_bytes(text) > LIMIT:
            raise _Full
        file.write(text.encode("utf-8", "replace"))


def _refusal(command: str, error: MmsbatchError) -> list[Section]:
    return [
        Section(Rank.VERDICT, f"## {command}: refused, exit code {int(error.exit_code)}"),
        Section(Rank.ERRORS, code_block("\n".join(_lines(error)))),
    ]


def _lines(error: MmsbatchError) -> Iterator[str]:
    found = error.diagnostics if isinstance(error, InvalidInput) else []
    yield from finding_lines(found)
    yield totals(found) if found else error.message
    if error.hint:
        yield error.hint
