"""A copy of the work tree in which code may be broken, and tests run, while the tree itself stays as it is."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What the program and its tests are made of.
PARTS = ("mmsbatch", "schemas", "templates", "campaigns", "tests", "action.yml", "pyproject.toml", "mmsbatch.yaml")
#: The mutants themselves are not tested on mutants.
LEFT_OUT = shutil.ignore_patterns("mutants", ".hypothesis")
#: How long the tests of one mutant may take, in seconds, before they count as hanging.
PATIENCE = 60.0
_HEADER = re.compile("# (Breaks|Red): (.+)")
_TOUCHED = re.compile(r"\+\+\+ b/(\S+)")
_FAILED = re.compile(r"\b[1-9][0-9]* failed\b")


@dataclass(frozen=True)
class Mutant:
    """A patch that breaks one promise, and the tests that must tell; an id with blanks is quoted in the patch."""

    name: str
    breaks: str
    red: Sequence[str]
    diff: str = field(repr=False)

    @property
    def touched(self) -> list[str]:
        """The files that the patch changes."""
        return _TOUCHED.findall(self.diff)


def read_mutant(patch: Path) -> Mutant:
    """Read a patch: a line `# Breaks:`, a line `# Red:`, then a unified diff. Raises ValueError for anything else."""
    head, start, diff = patch.read_text(encoding="utf-8").partition("--- a/")
    lines = [_HEADER.fullmatch(line) for line in head.splitlines()]
    if [line and line[1] for line in lines] != ["Breaks", "Red"]:
        raise ValueError(f"{patch.name}: before the diff stand one line `# Breaks: …` and one line `# Red: …`")
    breaks, red = (line[2] for line in lines if line)
    return Mutant(patch.stem, breaks, shlex.split(red), start + diff)


class WorkCopy:
    """The copy, in a folder of its own; compiled code comes along, so that its tests start at once."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "copy"
        self.root.mkdir()
        for part in PARTS:
            source, target = ROOT / part, self.root / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=LEFT_OUT)
            else:
                shutil.copy2(source, target)

    @contextmanager
    def broken_by(self, mutant: Mutant) -> Iterator[None]:
        """Have the patch in place for the block."""
        try:
            self._apply(mutant)
            yield
        finally:
            for name in mutant.touched:
                shutil.copy2(ROOT / name, self.root / name)
                self._forget_compiled(name)

    def _apply(self, mutant: Mutant) -> None:
        # Without a ceiling, a folder within some work tree would be taken for a part of that.
        environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(self.root.parent)}
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=self.root,
            env=environment,
            input=mutant.diff,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        assert done.returncode == 0, f"it does not apply any more: {done.stderr}"
        for name in mutant.touched:
            assert (self.root / name).read_bytes() != (ROOT / name).read_bytes(), f"{name} is as it was"
            self._forget_compiled(name)

    def _forget_compiled(self, name: str) -> None:
        """Within a second, and of the same length, another text would pass for the one that was compiled."""
        path = self.root / name
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            compiled.unlink()

    def run_tests(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run tests in the copy, on the copy: on the path it comes before what is installed."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))}
        # Plugins are for whoever watches a run; they take longer to load than most of these tests to run.
        ours = {"PYTHONPATH": str(self.root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", *arguments],
            cwd=self.root,
            env=kept | ours,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            encoding="utf-8",
        )


def has_red_test(done: "subprocess.CompletedProcess[str]") -> bool:
    """Whether a test itself failed: neither its collection or fixtures alone, nor pytest."""
    verdict = done.stdout.splitlines()[-1:]
    return done.returncode == 1 and bool(_FAILED.search("".join(verdict)))
