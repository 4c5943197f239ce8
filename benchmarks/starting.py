"""How long the program takes to start: every hook and every job waits for it."""

from collections.abc import Iterator

from benchmarks.case import Case
from benchmarks.process import Command
from benchmarks.workplace import Workplace


def cases(place: Workplace) -> Iterator[Case]:
    """Compare `--version` with importing the library of its command line."""
    ours = Command("mmsbatch --version", [place.mmsbatch, "--version"])
    peer = Command("import typer", [place.python, "-c", "import typer"])
    yield Case("`--version`", ours, peer, most=1.3, runs=31)
