"""The page on large campaigns: its times are the formula's, its tables complete, what is to be copied works."""

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
import typer
import yaml

from benchmarks import scaling
from mmsbatch.cli.main import app
from mmsbatch.cli.options import read_duration

ROOT = Path(__file__).parents[2]
PAGE = scaling.PAGE.read_text(encoding="utf-8")
MEASURED = PAGE.partition(scaling.BEGIN)[2].partition(scaling.END)[0]
YAML = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
UNITS = {"h": 3600, "min": 60, "s": 1}


def seconds(text: str) -> int:
    return sum(int(count) * UNITS[unit] for count, unit in re.findall(r"(\d+) (h|min|s)\b", text))


def rows(text: str) -> list[list[str]]:
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in cells] for cells in lines if cells[0].strip(" -")]


def test_times_are_what_the_formula_says() -> None:
    head, *lines = [row for row in rows(PAGE.partition("What to do")[0]) if len(row) == 4]
    in_flight = [int(re.match(r"\d+", cell)[0]) for cell in head[1:]]
    assert len(lines) == 6
    for what, *told in lines:
        recipients, request = re.fullmatch(r"([\d,]+) recipients, (\d+) s", what).groups()
        for count, time in zip(in_flight, told, strict=True):
            exact = int(recipients.replace(",", "")) / 200 * int(request) / count
            assert abs(seconds(time) - exact) <= (30 if "min" in time else 1), f"{what}, {count}: {time}"


def test_every_block_is_measured_whole() -> None:
    blocks = scaling.blocks(scaling.ROWS)
    tables = MEASURED.split("**")[1:]
    assert tables[::2] == [block.title for block in blocks]
    for block, table in zip(blocks, tables[1::2], strict=True):
        head, *lines = rows(table)
        assert head == list(scaling._HEAD)
        assert [line[:2] for line in lines] == [
            [scaling._runners(setting), scaling._record(setting)] for setting in block.settings
        ]
        assert lines[0][3] == "1.00"
        assert block.most is None or all(float(line[3]) <= block.most for line in lines)


def test_the_page_has_a_place_for_the_tables() -> None:
    assert PAGE.count(scaling.BEGIN) == PAGE.count(scaling.END) == 1


def commands(found: object) -> list[str]:
    if isinstance(found, dict):
        return [each for value in found.values() for each in commands(value)]
    if isinstance(found, list):
        return [each for value in found for each in commands(value)]
    return [line.removeprefix("exec ") for line in str(found).splitlines() if "mmsbatch apply" in line]


def test_workflows_are_whole_and_run_what_there_is() -> None:
    github, gitlab = ([each for each in YAML if key in each] for key in ("jobs", "send"))
    assert len(github) == len(gitlab) == 1
    assert True in github[0], "YAML 1.1 reads `on` as true"
    for job in github[0]["jobs"].values():
        assert {"runs-on", "timeout-minutes", "steps"} <= job.keys()
        assert all(len({"uses", "run"} & step.keys()) == 1 for step in job["steps"])
    assert all("script" in job for name, job in gitlab[0].items() if name != "variables")


@pytest.mark.parametrize("line", [line for each in YAML for line in commands(each)])
def test_commands_have_these_options(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    context = typer.main.get_command(app).get_command(None, name).make_context(name, arguments)
    assert context.params["specs"] == ("campaigns/winter-sale.yaml",)
    assert read_duration(context.params["max_duration"])


@pytest.mark.parametrize("settings", [each for each in YAML if "gateways" in each or "record" in each])
def test_settings_are_valid(settings: dict[str, object]) -> None:
    schema = json.loads((ROOT / "schemas" / "config.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(settings, schema)
