"""The reference pages are what the schemas and registries would make now."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mmsbatch.gateway.statuses import SEND_STATUSES, SUCCESSES
from mmsbatch.rules import RULES

DOCS = Path(__file__).parents[2] / "docs"


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = load_generator()


@pytest.mark.parametrize("name", GENERATE.PAGES)
def test_page_is_current(name):
    assert (DOCS / name).read_text(encoding="utf-8") == GENERATE.PAGES[name](), "run python docs/generate.py"


def test_check_names_stale_pages_and_writes_none(tmp_path, capsys):
    assert GENERATE.main([], tmp_path) == 0
    (tmp_path / "rules.md").write_text("old", encoding="utf-8")
    (tmp_path / "statuses.md").unlink()
    capsys.readouterr()
    assert GENERATE.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "docs/rules.md is stale: run python docs/generate.py",
        "docs/statuses.md is stale: run python docs/generate.py",
    ]
    assert (tmp_path / "rules.md").read_text(encoding="utf-8") == "old"


def test_written_pages_are_current(tmp_path):
    assert GENERATE.stale_pages(tmp_path) == list(GENERATE.PAGES)
    assert GENERATE.main([], tmp_path) == 0
    assert GENERATE.main(["--check"], tmp_path) == 0


def test_every_refusal_says_what_prevents_it():
    told = {status for rule in RULES.values() for status in rule.statuses} | GENERATE.PREVENTED_OTHERWISE.keys()
    assert told >= SEND_STATUSES.keys() - SUCCESSES


def test_no_status_is_told_that_is_none():
    assert SEND_STATUSES.keys() >= GENERATE.PREVENTED_OTHERWISE.keys()


@pytest.mark.parametrize("text", ["a | b", "a\nb"])
def test_a_cell_keeps_its_table_whole(text):
    assert GENERATE.table(("head",), [(text,)]).count("\n") == 2
    assert " | b" not in GENERATE.table(("head",), [(text,)])
