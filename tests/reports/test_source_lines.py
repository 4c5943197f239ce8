"""What of a file's lines may be seen, and how the mark comes to stand below the right place."""

import json
import time
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsbatch.reports.findings import Findings, findings_text
from mmsbatch.reports.source_lines import SHOWN_VALUES, WIDTH, source_line
from mmsbatch.resources import schema_text
from mmsbatch.rules import RULES, Position, finding

#: Values of the two files that are never shown, whoever wrote them: people, and where secrets land by mistake.
WITHHELD = {
    "variables",
    "recipients.phone",
    "recipients.list",
    "suppress.phone",
    "gateways.*.send_url",
    "gateways.*.account_url",
    "gateways.*.credentials",
    "record.remote",
}


def leaves(schema: Mapping[str, Any], root: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Give the way to every value that a schema knows."""
    schema = {**root["$defs"].get(schema.get("$ref", "").rpartition("/")[2], {}), **schema}
    items = schema.get("items", {})
    free = schema.get("additionalProperties")
    if items.get("properties"):
        yield from leaves(items, root, place)
    elif schema.get("properties"):
        for name, below in schema["properties"].items():
            yield from leaves(below, root, f"{place}.{name}".lstrip("."))
    elif isinstance(free, dict) and free.get("$ref", "").endswith("/gateway"):
        yield from leaves(free, root, f"{place}.*")
    else:
        yield place


def test_every_value_of_the_schemas_is_either_shown_or_withheld() -> None:
    roots = [json.loads(schema_text(name)) for name in ("campaign", "config")]
    known = {leaf for root in roots for leaf in leaves(root, root)}
    shown = {f"{place}.{name}".lstrip(".") for place, names in SHOWN_VALUES.items() for name in names}
    assert shown | WITHHELD == known
    assert not shown & WITHHELD


CAMPAIGN = """\
version: 1
name: Soldes
mesage: {type: text, text: secret}
message:
  type: imagee
  text: |
    Bonjour {{ prenom }
      deux fois, appelez le 06 39 98 00 12
  image: {url: "http://www.example.com/a.jpg", duraton: 3}
  video: {url: "http://marie:secret@www.example.com/a.jpg"}
variables:
  ville: Nice
recipients:
  file: sale.csv
  fone: Zoé
  list:
    - phone: "06 39 98 00 12"
      prenom: Zoé
    - {phone: "06 39 98 00 13", prenom: Zoé}
    - Zoé
suppress:
  - file: stop.csv
    phone: mobile
kind: markting # ask Zoé
limits: {recipients: 5000, canary: many}
schedule: "2026-12-32 10:00:00"
people:
  - Zoé
# Zoé
gateways:
  production:
    chunk_size: 300
    passcode: secret
    send_url: "http://www.example.com/?passcode=secret"
    timeout: {connect: 0}
    credits_per_message: {text: 1, passcode: secret}
    mobile_prefixes: ["06", "08"]
  passcode: secret
credentials: secret
"""


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (1, "version: 1"),
        (2, "name: Soldes"),
        (3, "mesage: …"),
        (4, "message:"),
        (5, "  type: imagee"),
        (6, "  text: |"),
        (7, "    Bonjour {{ prenom }"),
    ],
)
def test_what_is_shown_of_a_campaign(line: int, shown: str) -> None:
    found = source_line(CAMPAIGN.splitlines(), line, 1)
    assert found is not None
    assert found.text == shown


WHOLE = CAMPAIGN.replace("{{ prenom }\n", "{{ prenom }}\n")


@pytest.mark.parametrize(
    ("starts", "shown"),
    [
        ("      deux", "      deux fois, appelez le ••••••••••••12"),
        ("  image:", "  image: …"),
        ("  video:", '  video: {url: "http://•••••••••••••www.example.com/a.jpg"}'),
        ("  ville", None),
        ("variables", "variables:"),
        ("recipients", "recipients:"),
        ("  file: sale", "  file: sale.csv"),
        ("  fone", "  fone: …"),
        ("  list", "  list:"),
        ("    - phone", None),
        ("      prenom", None),
        ("    - {phone", None),
        ("    - Zoé", None),
        ("  - file: stop", "  - file: stop.csv"),
        ("    phone: mobile", "    phone: …"),
        ("kind", "kind: markting …"),
        ("limits", "limits: {recipients: 5000, canary: many}"),
        ("schedule", 'schedule: "2026-12-32 10:00:00"'),
        ("people", "people:"),
        ("  - Zoé", None),
        ("# Zoé", None),
        ("  production", "  production:"),
        ("    chunk_size", "    chunk_size: 300"),
        ("    passcode", "    passcode: …"),
        ("    send_url", "    send_url: …"),
        ("    timeout", "    timeout: {connect: 0}"),
        ("    credits_per_message", "    credits_per_message: …"),
        ("    mobile_prefixes", '    mobile_prefixes: ["06", "08"]'),
        ("  passcode", "  passcode: …"),
        ("credentials", "credentials: …"),
    ],
)
def test_what_is_shown_of_a_line(starts: str, shown: str | None) -> None:
    lines = WHOLE.splitlines()
    number = next(number for number, line in enumerate(lines, 1) if line.startswith(starts))
    found = source_line(lines, number, 1)
    assert (found.text if found else None) == shown


#: Ways to write people into a campaign, some of them wrong; NAME stands for what nobody may see.
PEOPLE = [
    "recipients:\n  list:\n    - phone: x\n      name: NAME\n",
    "recipients:\n  list:\n  - phone: x\n    name: NAME\n  - name: NAME\n",
    "recipients:\n  list: [{phone: x, name: NAME},\n    {file: NAME},\n  name: NAME]\n",
    "recipients: {\n  list: [{phone: x,\n  name: NAME}]}\n",
    "recipients: {list: [{phone: x,\nname: NAME}]}\n",
    "recipients: [{phone: x, name: NAME}]\n",
    "recipients: NAME\n",
    "recipients: {NAME, file: x}\n",
    "recipients: {file: [NAME]}\n",
    "recipients: {file: {file: NAME}}\n",
    "recipients:\n  - NAME\n  - name: NAME\n  - file: NAME\n",
    "recipients:\n  file:\n    - file: NAME\n      file: NAME\n",
    "recipients:\n  file: |\n    NAME\n",
    "recipients:\n  phone: NAME\n",
    "recipients:\n  lst: {name: NAME}\n",
    "recipients:\n  lst:\n    file: NAME\n",
    "people: &people\n  - name: NAME\nrecipients: {list: *people}\n",
    "people: &people [{name: NAME,\nname: NAME}]\nrecipients: {list: *people}\n",
    "- name: NAME\n- NAME\n",
    "NAME\n",
    "phone;prenom\n06;NAME\n",
    '{"version": 1, "name": "x",\n"recipients": {"list": [\n"NAME",\n{"name": "NAME"}]},\nname: NAME}\n',
    "suppress: [NAME, {file: x}]\n",
    "suppress:\n  - NAME\n  - name: NAME\n  - file:\n      file:\n        - NAME\n",
    "message:\n  image:\n    list:\n      - name: NAME\n",
    "? recipients\n: list:\n  - name: NAME\n",
    "gateways:\n  NAME: x\n".replace("NAME", "main") + "  passcode: NAME\n",
    "gateways:\n  main:\n    credentials: NAME\n    account_url: http://x/NAME\n    pass: {text: NAME}\n",
    "credits_per_message: {text: NAME}\n",
    "revision: 2 # NAME\nlimits: {recipients: 5} # NAME\nname: # NAME\n",
    'recipients:\n  list:\n    - "06 39\nname: NAME"\n',
]


@pytest.mark.parametrize("text", PEOPLE)
@pytest.mark.parametrize("before", ["", "version: 1\nname: Soldes\nmessage:\n  text: |\n    Bonjour {{ prenom }}\n"])
def test_people_and_secrets_are_never_shown(text: str, before: str) -> None:
    lines = (before + text).splitlines()
    for number in range(1, len(lines) + 1):
        for column in (1, 3, 20, 200):
            found = source_line(lines, number, column)
            assert found is None or "NAME" not in found.text, lines[number - 1]


WORDS = ["NAME", "06 39 98 00 12"]
CELLS = st.dictionaries(
    st.sampled_from(["phone", "name", "file", "text", "prenom"]), st.sampled_from(WORDS), min_size=1
)
LISTS = st.lists(st.sampled_from(WORDS) | CELLS, min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(LISTS, st.sampled_from([True, False, None]), st.integers(20, 90), st.integers(2, 6))
def test_no_way_to_write_a_list_shows_it(people: list[Any], flow: bool | None, width: int, indent: int) -> None:
    campaign = {"version": 1, "name": "Soldes", "recipients": {"on_invalid": "skip", "list": people}, "kind": "x"}
    text = yaml.safe_dump(campaign, default_flow_style=flow, width=width, indent=indent, sort_keys=False)
    lines = text.splitlines()
    for number in range(1, len(lines) + 1):
        found = source_line(lines, number, 1)
        assert found is None or not any(word in found.text for word in WORDS)


@pytest.mark.parametrize(
    ("line", "column", "text", "before"),
    [
        ("name: Soldes", 7, "name: Soldes", "name: "),
        ("name:\tSoldes", 7, "name: Soldes", "name: "),
        ("name: 祭り xx", 10, "name: 祭り xx", "name: 祭り "),
        ("name: e\u0301te\u0301 xx", 13, "name: e\u0301te\u0301 xx", "name: e\u0301te\u0301 "),
        ("name: a\x1b[31m\u202e", 8, "name: a\ufffd[31m\ufffd", "name: a"),
        ("name: Soldes", 99, "name: Soldes", "name: Soldes"),
        ("mesage: {text: x}", 15, "mesage: …", "mesage: "),
        ("  type: x", 1, "  type: x", "  "),
        ("  text: {{ prenom }}, -30 %", 9, "  text: {{ prenom }}, -30 %", "  text: "),
    ],
)
def test_the_mark_stands_below_the_column(line: str, column: int, text: str, before: str) -> None:
    lines = ["message:", line] if line.startswith(" ") else [line]
    found = source_line(lines, len(lines), column)
    assert found is not None
    assert found.text == text
    assert found.caret == sum(width(char) for char in before)


def width(char: str) -> int:
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


@pytest.mark.parametrize("column", [1, 7, 60, 400, 700, 1_000_000])
@pytest.mark.parametrize("letter", ["x", "祭", "e\u0301"])
def test_a_long_line_is_cut_around_the_column(column: int, letter: str) -> None:
    line = f"name: {letter * 300}Y{letter * 300}"
    found = source_line([line], 1, column)
    assert found is not None
    assert sum(map(width, found.text)) <= WIDTH
    assert found.caret < WIDTH
    assert found.text.startswith("…") == (not line.startswith(found.text[:5]))


def test_the_place_in_a_cut_line_is_the_one_that_is_meant() -> None:
    line = f"name: {'x' * 300}Y{'x' * 300}"
    found = source_line([line], 1, line.index("Y") + 1)
    assert found is not None
    assert found.text[found.caret] == "Y"


def test_a_number_is_masked_before_the_line_is_cut() -> None:
    line = f"name: {'x' * 92}06 39 98 00 12"
    for column in range(1, len(line) + 1):
        found = source_line([line], 1, column)
        assert found is not None
        assert "9" not in found.text


@pytest.mark.parametrize(
    "line", ["a" + " " * 300_000 + "b", "x" * 300_000, "//" * 100_000, "1 " * 100_000, "'" * 200_000]
)
def test_a_huge_line_takes_no_time(line: str) -> None:
    start = time.process_time()
    source_line([f"name: {line}"], 1, 1000)
    source_line([line], 1, 1000)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(("line", "lines"), [(0, ["name: x"]), (2, ["name: x"]), (1, []), (1, ["  "])])
def test_a_place_that_is_not_there_shows_nothing(line: int, lines: list[str]) -> None:
    assert source_line(lines, line, 1) is None


OF_ROWS = sorted(rule for rule in RULES if rule.startswith(("csv-", "number-", "suppression-", "duplicate-")))


@pytest.mark.parametrize("rule", OF_ROWS)
def test_a_finding_on_a_row_never_shows_its_line(rule: str) -> None:
    """Whatever the file is called, and whatever the row looks like."""
    found = finding(rule, "stop.yaml", Position(1), "a message")
    told = findings_text(Findings([found], ["stop.yaml"], lines=lambda file: ["name: Zoé"]))
    assert "Zoé" not in told
    assert "a message" in told
