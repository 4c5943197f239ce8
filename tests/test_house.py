"""Rules of the house about its code (docs/architecture.md) that no linter knows."""

import ast
import re
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "mmsbatch").rglob("*.py"))
SANDBOX = ROOT / "mmsbatch" / "sandbox"
MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_A_MODULE = 40, 400
#: Names that say nothing about what is inside.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
#: Printing and exiting are the command line's alone.
CLI_ONLY = {"print", "exit", "quit", "sys.exit", "os._exit", "typer.echo", "typer.secho", "click.echo"}
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def parse(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@each_module
def test_a_module_has_a_name_that_says_something(module: Path) -> None:
    assert not EMPTY_NAMES & {module.stem, module.parent.name}


@each_module
def test_modules_and_functions_stay_small(module: Path) -> None:
    long = [
        f"{node.name}: {lines} lines"
        for node in ast.walk(parse(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := _length(node)) > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_MODULE


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines after signature and docstring: a command's are as long as its flags are many."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or first.lineno) - first.lineno + 1


@each_module
def test_only_the_command_line_prints_and_exits(module: Path) -> None:
    if module.parent == ROOT / "mmsbatch" / "cli":
        return
    calls = {ast.unparse(node.func) for node in ast.walk(parse(module)) if isinstance(node, ast.Call)}
    raised = {ast.unparse(node.exc) for node in ast.walk(parse(module)) if isinstance(node, ast.Raise) and node.exc}
    assert not CLI_ONLY & calls
    assert not any(text.startswith(("SystemExit", "typer.Exit")) for text in raised)


@pytest.mark.parametrize("module", sorted(SANDBOX.rglob("*.py")), ids=lambda path: path.name)
def test_the_sandbox_imports_nothing_of_the_rest(module: Path) -> None:
    ours = [name for name in imported(module) if name.partition(".")[0] == "mmsbatch"]
    assert all(name.startswith("mmsbatch.sandbox") for name in ours)


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module or ""


@pytest.mark.parametrize("host", ["192.0.2.1", "gateway.example"])
def test_no_test_reaches_beyond_this_machine(host: str) -> None:
    with pytest.raises(Exception, match=f"a test wants to reach {host}"):
        socket.create_connection((host, 80), timeout=0.1)


def test_every_runtime_dependency_has_its_reason_in_the_docs() -> None:
    page = ROOT / "docs" / "architecture.md"
    if not page.exists():
        pytest.skip("the page is not written yet")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[^A-Za-z0-9_-]", each)[0] for each in project["dependencies"]]
    told = page.read_text(encoding="utf-8").lower()
    assert [name for name in names if name not in told] == []
