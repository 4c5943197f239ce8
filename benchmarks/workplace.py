"""Where benchmarks work: a temporary folder for their data, and virtual environments for what they run.

mmsbatch is installed as its users have it, compiled and not from the work tree; each peer has an
environment of its own.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
MILLION = 1_000_000
#: Git-ignored: environments are made once, and results stay.
KEPT = ROOT / ".bench"
#: Where the bare loops are that reading and sending are measured against: beside the repository, or as told.
LOOPS_VARIABLE = "MMSBATCH_BARE_LOOPS"
_LOOPS_BESIDE = ROOT.parent / "shared" / "bench"


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder for generated data, the programs that are measured, and how many rows or recipients are many."""

    folder: Path
    rows: int = MILLION

    @property
    def mmsbatch(self) -> str:
        """The installed program."""
        return str(_environment("mmsbatch", str(ROOT)) / "mmsbatch")

    @property
    def python(self) -> str:
        """The Python that mmsbatch runs on, with its dependencies."""
        return str(_environment("mmsbatch", str(ROOT)) / "python")

    def peer(self, package: str) -> str:
        """Return a peer's program, installed where it is not yet."""
        return str(_environment(package, package) / package)

    def bare_loop(self, name: str) -> Path | None:
        """Return a bare loop's file; None where there is none, which is said."""
        return _find_loop(name)


@cache  # said once
def _find_loop(name: str) -> Path | None:
    file = Path(os.environ.get(LOOPS_VARIABLE) or _LOOPS_BESIDE) / name
    if file.is_file():
        return file
    print(f"no {name} beside the repository nor where {LOOPS_VARIABLE} says: measured without it", file=sys.stderr)
    return None


@contextmanager
def open_workplace(rows: int) -> Iterator[Workplace]:
    """Give a workplace whose data are gone at the end."""
    with TemporaryDirectory(prefix="mmsbatch-bench-") as folder:
        yield Workplace(Path(folder), rows)


@cache
def _environment(name: str, requirement: str) -> Path:
    """Return the folder of an environment's programs; ours is installed anew at each call of the benchmarks."""
    home = KEPT / name
    programs = home / "bin"
    if not programs.is_dir():
        venv.create(home, with_pip=True)
    is_ours = requirement == str(ROOT)
    if is_ours or not (programs / name).exists():
        pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, requirement], check=True)
        if is_ours:
            subprocess.run([*pip, "--force-reinstall", "--no-deps", requirement], check=True)
    return programs
