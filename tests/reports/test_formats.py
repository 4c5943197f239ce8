"""Each format as its consumer reads it: a published schema, a real parser, or a small one made from the rules."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml
from sarif_kit.validate import validation_errors

from mmsbatch import __version__
from mmsbatch.diagnostics import Diagnostic, Position, Severity
from mmsbatch.gateway.statuses import SEND_STATUSES
from mmsbatch.reports.annotations import SHOWN_OF_A_STEP
from mmsbatch.reports.findings import SHOWN_PER_RULE, Findings
from mmsbatch.reports.formats import FORMATS, load_format
from mmsbatch.reports.sarif import MOST_RESULTS
from mmsbatch.rules import RULES, finding

#: What a file name, a message or a hint may hold, and every format has to write so that it is read again.
NASTY = "a,b:c%d \"e\" 'f' <g>&h;i\\j |k` @l ::error::m ##[n] é 祭 %0A"


def at(rule: str, file: str, line: int = 1, column: int = 1, message: str = "wrong", hint: str = "") -> Diagnostic:
    return finding(rule, file, Position(line, column), message, hint)


MIXED = Findings(
    [
        at("message-euro", "b.yaml", 9, 3, "a warning"),
        at("schema-type", "b.yaml", 7, 5, NASTY, f"do {NASTY}"),
        at("schema-type", "b.yaml", 8, 5, "two\r\nlines"),
        at("number-letters", f"{NASTY}.csv", 3),
        Diagnostic(Severity.WARNING, "number-letters", "c.csv", 2, 1, "2 rows are left out"),
    ],
    ["a.yaml", "b.yaml", "c.yaml"],
)
NOTHING = Findings([], ["a.yaml", "b.yaml"])
EMPTY = Findings([])
MANY = Findings(
    [at("schema-type", f"{file:02}.yaml", line) for file in range(3) for line in range(1, 31)]
    + [at("message-euro", f"{file:02}.yaml", line) for file in range(3) for line in range(1, 31)]
    + [at("yaml-syntax", "02.yaml", 99)],
    [f"{file:02}.yaml" for file in range(4)],
)
ALL = {"mixed": MIXED, "nothing": NOTHING, "empty": EMPTY, "many": MANY}
each_case = pytest.mark.parametrize("findings", ALL.values(), ids=ALL)
each_format = pytest.mark.parametrize("name", FORMATS)


@each_format
@each_case
def test_the_same_findings_give_the_same_bytes_in_any_order(name: str, findings: Findings) -> None:
    write = load_format(name)
    assert write(findings) == write(replace(findings, diagnostics=findings.diagnostics[::-1]))


# --- text


def test_text_is_as_compilers_write_it() -> None:
    lines = {"b.yaml": ["version: 1", "name:\tSoldes"]}
    found = [at("campaign-name", "b.yaml", 2, 7, "is wrong", "write another")]
    told = load_format("text")(Findings(found, ["b.yaml"], lines=lambda file: lines[file]))
    assert told.splitlines() == [
        "b.yaml:2:7: error: is wrong [campaign-name]",
        "    2 | name: Soldes",
        "      |       ^",
        "    write another",
        "1 file checked: 1 error, 0 warnings",
    ]


def test_text_is_colored_only_where_it_is_asked_to_be() -> None:
    plain = load_format("text")(MIXED)
    colored = load_format("text")(replace(MIXED, paint=lambda text, color: f"<{color}>{text}</{color}>"))
    assert re.sub("</?(red|yellow)>", "", colored) == plain
    assert colored.count("<red>error:</red>") == 3
    assert colored.count("<yellow>warning:</yellow>") == 2


# --- github


def parse_command(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner does: by its own few rules."""
    match = re.fullmatch(r"::([a-z-]+)(?: (.*?))?::(.*)", line)
    assert match, line
    properties = dict(each.split("=", 1) for each in (match[2] or "").split(",") if each)
    return match[1], {key: unescape(value, "%3A%2C") for key, value in properties.items()}, unescape(match[3])


def unescape(text: str, more: str = "") -> str:
    for sign in re.findall("%..", f"%0D%0A{more}%25"):
        text = text.replace(sign, unquote(sign))
    return text


def annotations(findings: Findings) -> list[tuple[str, dict[str, str], str]]:
    return [parse_command(line) for line in load_format("github")(findings).split("\n")]


def test_github_reads_what_was_meant() -> None:
    summary, *told = annotations(MIXED)
    assert summary == ("notice", {"title": "mmsbatch validate"}, "3 files checked: 3 errors, 2 warnings")
    nasty = f"{NASTY}.csv"
    assert told == [
        ("error", place(nasty, 3, 1, "number-letters"), f"{nasty}:3:1: wrong"),
        ("error", place("b.yaml", 7, 5, "schema-type"), f"b.yaml:7:5: {NASTY}\ndo {NASTY}"),
        ("error", place("b.yaml", 8, 5, "schema-type"), "b.yaml:8:5: two\r\nlines"),
        ("warning", place("b.yaml", 9, 3, "message-euro"), "b.yaml:9:3: a warning"),
        ("warning", place("c.csv", 2, 1, "number-letters"), "c.csv:2:1: 2 rows are left out"),
    ]


def place(file: str, line: int, column: int, rule: str) -> dict[str, str]:
    return {"file": file, "line": str(line), "col": str(column), "title": rule}


def test_github_gets_the_totals_then_the_gravest() -> None:
    (severity, _, message), *told = annotations(MANY)
    assert severity == "notice"
    assert message.startswith("4 files checked: 91 errors, 90 warnings. GitHub shows 10 errors and 10 warnings")
    severities = [severity for severity, *_ in told]
    assert severities == sorted(severities), "errors before warnings"
    first = {(properties["file"], properties["title"]) for _, properties, _ in told[:SHOWN_OF_A_STEP]}
    assert first >= {("02.yaml", "yaml-syntax"), ("00.yaml", "schema-type"), ("01.yaml", "schema-type")}
    assert sum("and 10 more of schema-type in this file" in message for *_, message in told) == 3


@pytest.mark.parametrize("findings", [NOTHING, EMPTY])
def test_github_is_not_bothered_where_nothing_was_found(findings: Findings) -> None:
    assert load_format("github")(findings) == findings.summary
    assert "::" not in findings.summary


# --- gitlab

#: From the fields that GitLab documents for Code Quality reports.
CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[a-p]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "not": {"pattern": r"^(\./|/)"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


@each_case
def test_gitlab_takes_the_code_quality_report(findings: Findings) -> None:
    told = json.loads(load_format("gitlab")(findings))
    Draft202012Validator(CODE_QUALITY).validate(told)
    assert len({each["fingerprint"] for each in told}) == len(told)
    assert bool(told) == bool(findings.diagnostics)


def test_gitlab_is_told_place_and_severity() -> None:
    told = {(each["location"]["path"], each["location"]["lines"]["begin"]): each for each in gitlab(MIXED)}
    assert told["b.yaml", 7]["severity"] == "major"
    assert told["b.yaml", 9]["severity"] == "minor"
    assert told["b.yaml", 7]["check_name"] == "schema-type"
    assert told["b.yaml", 7]["description"] == f"{NASTY}\ndo {NASTY}"


def gitlab(findings: Findings) -> Any:
    return json.loads(load_format("gitlab")(findings))


def marks_of(findings: Findings) -> list[str]:
    return [each["fingerprint"] for each in gitlab(findings)]


def test_a_fingerprint_stays_where_lines_move_and_counts_change() -> None:
    moved = [replace(each, line=each.line + 40, column=9) for each in MIXED.diagnostics]
    assert marks_of(replace(MIXED, diagnostics=moved)) == marks_of(MIXED)
    for before, after in (("2 rows (lines 3, 5)", "1,210 rows (lines 7, 9)"), ("line 3", "line 4")):
        texts = (before, after)
        assert len({marks_of(Findings([at("message-empty", "a.yaml", message=text)]))[0] for text in texts}) == 1


def test_a_fingerprint_tells_files_rules_and_messages_apart() -> None:
    found = [
        at("schema-type", "a.yaml"),
        at("schema-type", "b.yaml"),
        at("schema-value", "a.yaml"),
        at("schema-type", "a.yaml", message="other"),
        at("schema-type", "a.yaml", 2),
    ]
    assert len(set(marks_of(Findings(found)))) == len(found)


# --- junit


def read_junit(findings: Findings) -> JUnitXml:
    return JUnitXml.fromstring(load_format("junit")(findings).encode())


@each_case
def test_junit_is_read_and_its_figures_are_right(findings: Findings) -> None:
    read = read_junit(findings)
    cases = [case for suite in read for case in suite]
    names = [(case.classname, case.name) for case in cases]
    assert len(set(names)) == len(names)
    assert len({case.name for case in cases}) == len(cases)
    failed = [case for case in cases if case.result]
    assert (read.tests, read.failures, read.errors) == (len(cases), len(failed), 0)
    for suite in read:
        assert (suite.tests, suite.failures) == (len(list(suite)), sum(bool(case.result) for case in suite))
    counted = read_junit(findings)
    counted.update_statistics()
    assert (counted.tests, counted.failures) == (read.tests, read.failures)


def test_junit_fails_for_errors_alone() -> None:
    cases = {case.name: case for suite in read_junit(MIXED) for case in suite}
    assert sorted(cases) == sorted(
        [
            "a.yaml",
            "c.yaml",
            "b.yaml: schema-type",
            "b.yaml: message-euro",
            f"{NASTY}.csv: number-letters",
            "c.csv: number-letters",
        ]
    )
    assert not cases["a.yaml"].result
    assert not cases["a.yaml"].system_out
    assert not cases["c.csv: number-letters"].result
    assert cases["c.csv: number-letters"].system_out == "c.csv:2:1: 2 rows are left out"
    [failure] = cases["b.yaml: schema-type"].result
    assert (failure.type, failure.message) == ("schema-type", "2 findings")
    assert f"b.yaml:7:5: {NASTY}" in failure.text


def test_junit_takes_any_character() -> None:
    odd = "".join(map(chr, range(0x20))) + "\x7f\ud800\ufffe\U0001f600"
    [case] = [case for suite in read_junit(Findings([at("yaml-syntax", "a\x01.yaml", message=odd)])) for case in suite]
    assert case.name == "a\ufffd.yaml: yaml-syntax"
    assert "\U0001f600" in case.result[0].text


# --- sarif


def sarif(findings: Findings) -> Any:
    return json.loads(load_format("sarif")(findings))


@each_case
def test_sarif_fits_the_published_schema(findings: Findings) -> None:
    assert validation_errors(sarif(findings)) == []


def test_sarif_is_checked_for_real() -> None:
    log = sarif(MIXED)
    log["runs"][0]["results"][0]["level"] = "grave"
    assert validation_errors(log)


def test_sarif_results_have_their_rule_and_place() -> None:
    [run] = sarif(MIXED)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["semanticVersion"] == __version__
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
    told = [(result["level"], *where(result)) for result in run["results"]]
    assert told == [(str(each.severity), each.file, each.line, each.column) for each in sorted_of(MIXED)]
    assert len({result["partialFingerprints"]["mmsbatch/v1"] for result in run["results"]}) == len(told)


def sorted_of(findings: Findings) -> list[Diagnostic]:
    return sorted(findings.diagnostics, key=lambda each: (each.file, each.line))


def where(result: Any) -> tuple[str, int, int]:
    physical = result["locations"][0]["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", uri)
    return unquote(uri), physical["region"]["startLine"], physical["region"]["startColumn"]


def test_sarif_helps_with_every_rule() -> None:
    rules = {rule["id"]: rule for rule in sarif(EMPTY)["runs"][0]["tool"]["driver"]["rules"]}
    assert list(rules) == list(RULES)
    for rule in RULES.values():
        told = rules[rule.id]
        assert told["defaultConfiguration"]["level"] == rule.severity
        for text in (told["help"]["text"], told["help"]["markdown"]):
            assert rule.summary in text
            assert not rule.manual or f"section {rule.manual}" in text
            assert all(SEND_STATUSES[code].meaning in text for code in rule.statuses)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("campaigns/été 1.yaml", {"uri": "campaigns/%C3%A9t%C3%A9%201.yaml", "uriBaseId": "%SRCROOT%"}),
        ("a:b.yaml", {"uri": "a%3Ab.yaml", "uriBaseId": "%SRCROOT%"}),
        ("../data/x.csv", {"uri": "../data/x.csv"}),
        ("/data/x.csv", {"uri": "file:///data/x.csv"}),
        ("odd\udcff.yaml", {"uri": "odd%FF.yaml", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_sarif_names_files_by_uri(file: str, expected: dict[str, str]) -> None:
    [result] = sarif(Findings([at("yaml-syntax", file)]))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == expected


def test_sarif_keeps_what_code_scanning_takes_and_tells_the_rest() -> None:
    found = [at("message-euro", f"{file:04}.yaml") for file in range(MOST_RESULTS)]
    found += [at("schema-type", f"{file:04}.yaml") for file in range(100)]
    [run] = sarif(Findings(found))["runs"]
    assert Counter(result["level"] for result in run["results"]) == {"error": 100, "warning": MOST_RESULTS - 100}
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("100 findings left out")
    assert "toolExecutionNotifications" not in sarif(MIXED)["runs"][0]["invocations"][0]


# --- all of them


COUNTS: dict[str, Callable[[str], int]] = {
    "text": lambda text: text.count("error: wrong"),
    "json": lambda text: text.count('"message": "wrong"'),
    "github": lambda text: text.count("::error"),
    "gitlab": lambda text: text.count('"severity": "major"'),
    "junit": lambda text: text.count(": wrong\n") + text.count(": wrong<"),
    "sarif": lambda text: text.count('"level": "error",\n          "message"'),
}


@each_format
def test_findings_of_a_kind_are_capped_in_every_format(name: str) -> None:
    found = Findings([at("schema-type", "a.yaml", line) for line in range(1, 51)], ["a.yaml"])
    told = load_format(name)(found)
    assert COUNTS[name](told) == SHOWN_PER_RULE
    assert name == "json" or "and 30 more of schema-type" in told


@each_format
def test_paths_are_those_of_the_checkout_where_machines_read_them(name: str) -> None:
    told = load_format(name)(replace(MIXED, from_root=lambda file: f"sub/{file}"))
    assert ("sub/b.yaml" in told) == (name not in ("text", "json"))
