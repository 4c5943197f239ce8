"""Each file in `positive/` and `negative/` beside the findings, and for a good one what was read."""

from dataclasses import MISSING, fields, is_dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsbatch.campaign.campaign_parser import parse_campaign
from mmsbatch.campaign.configuration_parser import parse_configuration
from mmsbatch.campaign.places import Reach
from mmsbatch.campaign.reader import read_campaign, read_configuration
from mmsbatch.diagnostics import Position

HERE = Path(__file__).parent
READERS = {"campaign": read_campaign, "config": read_configuration}
NOT_SHOWN = {"path", "positions", "reach", "sha256"}


def describe_findings(diagnostics):
    return [f"{d.severity} {d.rule} {d.line}:{d.column} {d.message} | {d.hint}".rstrip(" |") for d in diagnostics]


def describe(value, name=""):
    """Write a reading out: a line for each field that has not its default."""
    if is_dataclass(value):
        return [
            line
            for f in fields(value)
            if differs(value, f)
            for line in describe(getattr(value, f.name), f"{name}.{f.name}")
        ]
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        return [line for index, part in enumerate(value) for line in describe(part, f"{name}[{index}]")]
    if name == ".gateways":
        return [line for key, part in value.items() for line in describe(part, f"{name}.{key}")]
    return [f"{name.lstrip('.')} = {value!r}"]


def differs(value, field):
    made = field.default_factory() if field.default_factory is not MISSING else field.default
    return field.name not in NOT_SHOWN and getattr(value, field.name) != made


def found(folder):
    files = sorted((HERE / folder).glob("*/*.y*ml"))
    assert files
    return pytest.mark.parametrize("file", files, ids=[f"{file.parent.name}/{file.name}" for file in files])


def read(file):
    return READERS[file.parent.name](file, file.name)


def expected(file):
    return file.with_name(f"{file.name}.expected").read_text(encoding="utf-8").splitlines()


@found("negative")
def test_refuses_with_these_findings(file):
    value, diagnostics = read(file)
    assert describe_findings(diagnostics) == expected(file)
    assert value is None
    assert any(d.is_error for d in diagnostics)
    assert {d.file for d in diagnostics} == {file.name}


@found("positive")
def test_reads_as_expected(file):
    value, diagnostics = read(file)
    assert [*describe_findings(diagnostics), *describe(value)] == expected(file)


def test_every_expected_file_has_its_input():
    orphans = [file for file in HERE.rglob("*.expected") if not file.with_suffix("").is_file()]
    assert orphans == []


PARTS = [
    "\n",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "*a",
    "&a ",
    "!t ",
    "<<: ",
    "~",
    "-1",
    "1e9",
    "'",
    '"',
    "#",
    "\t",
    "é",
]
SPLICES = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 9), st.sampled_from(PARTS) | st.text(max_size=3)))


PARSERS = [("campaign", partial(parse_campaign, reach=Reach(HERE, HERE))), ("config", parse_configuration)]


@pytest.mark.parametrize(("folder", "parse"), PARSERS, ids=["campaign", "config"])
@given(splices=SPLICES)
@settings(max_examples=200, deadline=None)
def test_no_edit_brings_it_down(folder, parse, splices):
    text = (HERE / "positive" / folder / "everything.yaml").read_text(encoding="utf-8")
    for start, removed, part in splices:
        text = text[:start] + part + text[start + removed :]
    value, diagnostics = parse(text.encode(errors="replace"), HERE / "x.yaml", "x.yaml")
    assert (value is None) == any(found.is_error for found in diagnostics)


def test_positions_of_what_is_not_written_are_its_parent_s():
    campaign, _ = read(HERE / "positive" / "campaign" / "shortest.yaml")
    assert campaign.position("limits", "credits") == campaign.position() == Position(1, 1)
    assert campaign.position("message", "image", "url") == Position(3, 10)
