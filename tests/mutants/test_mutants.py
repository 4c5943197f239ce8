"""Each promise is held by a test: broken by a small patch, it turns one red.

A patch that no test notices is a promise that nobody holds: write the test. Where a patch does not apply any
more, the code moved on: break the same promise where it is kept now.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from work_copy import WorkCopy, has_red_test, read_mutant

HERE = Path(__file__).parent
PATCHES = sorted(HERE.glob("*.patch"))
each_patch = pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)


def red_tests() -> dict[str, set[str]]:
    """Gather by file what some patch says turns red."""
    found: dict[str, set[str]] = {}
    for patch in PATCHES:
        for red in read_mutant(patch).red:
            found.setdefault(red.partition("::")[0], set()).add(red)
    return found


RED = red_tests()


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkCopy]:
    """Copy the work tree once for all of a process's mutants."""
    copy = WorkCopy(tmp_path_factory.mktemp("mutants"))
    yield copy
    shutil.rmtree(copy.root)


@each_patch
def test_a_broken_promise_turns_a_test_red(patch: Path, copy: WorkCopy) -> None:
    mutant = read_mutant(patch)
    with copy.broken_by(mutant):
        done = copy.run_tests("-x", *mutant.red)
    assert has_red_test(done), f"nobody noticed: {mutant.breaks}\n{done.stdout[-3000:]}{done.stderr[-1000:]}"


@each_patch
def test_a_patch_says_what_it_breaks_and_who_notices(patch: Path) -> None:
    mutant = read_mutant(patch)
    assert mutant.breaks.endswith(".")
    for red in mutant.red:
        assert red.startswith("tests/"), "nobody is named who notices"
        assert "::" in red, "a whole file takes too long"
    made = ("mmsbatch/", "templates/", "action.yml")
    assert all(name.startswith(made) for name in mutant.touched), "tests hold promises; the program makes them"
    assert len(mutant.diff.splitlines()) <= 50, "a small patch breaks one promise and survives other changes"


def test_it_is_the_copy_that_is_tested(copy: WorkCopy) -> None:
    """Else no mutant would be noticed, or all for another reason."""
    probe = copy.root / "tests" / "program" / "test_probe.py"
    probe.write_bytes((HERE / "probe.py").read_bytes())
    version = copy.root / "mmsbatch" / "__init__.py"
    was = version.read_text(encoding="utf-8")
    version.write_text('__version__ = "of-the-copy"\n', encoding="utf-8")
    try:
        done = copy.run_tests("tests/program/test_probe.py")
    finally:
        version.write_text(was, encoding="utf-8")
        probe.unlink()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", sorted(RED))
def test_without_a_patch_nothing_is_red_in_the_copy(file: str, copy: WorkCopy) -> None:
    """Else a mutant could pass for noticed because something is missing here."""
    done = copy.run_tests("-x", *sorted(RED[file]))
    assert done.returncode == 0, done.stdout[-3000:]


NOT_RED = {
    "green": "def test(): pass\n",
    "no test": "",
    "cannot be collected": "import no_such_module\ndef test(): assert False\n",
    "cannot be prepared": "def test(no_such_fixture): assert False\n",
    "skipped": "import pytest\n@pytest.mark.skip\ndef test(): assert False\n",
}


@pytest.mark.parametrize("content", NOT_RED.values(), ids=NOT_RED)
def test_what_is_no_failed_test_is_not_red(content: str, copy: WorkCopy) -> None:
    made = copy.root / "tests" / "test_made_up.py"
    made.write_text(content, encoding="utf-8")
    try:
        assert not has_red_test(copy.run_tests("-x", "tests/test_made_up.py"))
    finally:
        made.unlink()
