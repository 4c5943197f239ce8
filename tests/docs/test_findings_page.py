"""The page on findings: what it shows is what the program prints for the files that it shows."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml
from test_readme import BLOCK, ROOT, run

from mmsbatch.reports.formats import FORMATS

PAGE = ROOT / "docs" / "diagnostics.md"
TEXT = PAGE.read_text(encoding="utf-8")
EDITORS = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
FILE = re.compile(r"`(campaigns/[a-z]+\.[a-z]+)`\n\n```[a-z]+\n(.*?)```", re.DOTALL)


def place_files(folder: Path) -> None:
    (folder / "campaigns").mkdir()
    shutil.copy(ROOT / "mmsbatch.yaml", folder)
    for name, text in FILE.findall(TEXT):
        (folder / name).write_text(text, encoding="utf-8")


def test_every_command_prints_what_the_page_shows(tmp_path: Path) -> None:
    place_files(tmp_path)
    blocks = list(BLOCK.finditer(TEXT))
    assert len(blocks) >= 5
    for block in blocks:
        assert run(block["command"], tmp_path) == block["output"], block["command"]
    assert json.loads((tmp_path / "validate.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_told(name: str) -> None:
    assert f"| `{name}` |" in TEXT


@pytest.mark.parametrize("block", re.findall(r"```(json|toml|yaml)\n(.*?)```", EDITORS, re.DOTALL))
def test_what_is_to_be_copied_is_well_formed(block: tuple[str, str]) -> None:
    read = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}[block[0]](block[1])
    assert "schemas/campaign.schema.json" in str(read) or read == {"version": 1}


def test_the_schemas_are_written_as_the_page_on_editors_says(tmp_path: Path) -> None:
    commands = re.findall(r"^mmsbatch (schema .*)$", EDITORS, re.MULTILINE)
    assert len(commands) == 2
    (tmp_path / "schemas").mkdir()
    for command in commands:
        assert run(command, tmp_path) == ""
    for name in ("campaign", "config"):
        written = (tmp_path / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
        assert written == (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
