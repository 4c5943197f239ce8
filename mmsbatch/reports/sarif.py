"""Findings as SARIF 2.1.0, which code scanning shows beside the code, each rule with its help."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from mmsbatch import __version__
from mmsbatch.diagnostics import Diagnostic
from mmsbatch.gateway.statuses import SEND_STATUSES
from mmsbatch.reports.findings import Findings, capped, full_message
from mmsbatch.reports.fingerprints import fingerprints
from mmsbatch.reports.wording import count
from mmsbatch.rules import RULES, Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: Of more results in a run GitHub keeps the gravest so many, and does not say which.
MOST_RESULTS = 5_000
_ROOT = "%SRCROOT%"
_INDEX_OF = {rule: index for index, rule in enumerate(RULES)}


def findings_sarif(findings: Findings) -> str:
    """Return a log of one run: all rules, a result per finding, and a note of what was left out."""
    shown = capped(findings.diagnostics)
    kept = _gravest(shown)
    files = [findings.from_root(each.file) for each, _ in kept]
    marks = fingerprints((each for each, _ in kept), files)
    run = {
        "tool": {"driver": _driver()},
        "invocations": [_invocation(len(shown) - len(kept))],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(each, full_message(each, hidden), file, mark)
            for (each, hidden), file, mark in zip(kept, files, marks, strict=True)
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _gravest(shown: list[tuple[Diagnostic, int]]) -> list[tuple[Diagnostic, int]]:
    """Leave out the last warnings, then the last errors, where there are too many; keep the order."""
    ranked = sorted(range(len(shown)), key=lambda place: (not shown[place][0].is_error, place))
    return [shown[place] for place in sorted(ranked[:MOST_RESULTS])]


def _invocation(left_out: int) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if left_out:
        text = f"{count(left_out, 'finding')} left out: code scanning keeps {MOST_RESULTS:,} of a run"
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    return invocation


def _driver() -> dict[str, Any]:
    return {"name": "mmsbatch", "semanticVersion": __version__, "rules": [_rule(rule) for rule in RULES.values()]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(map(str.capitalize, rule.id.split("-"))),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": "\n".join(_help(rule)), "markdown": "\n\n".join(_help(rule, mark="`"))},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"problem.severity": rule.severity.value, "tags": [rule.id.partition("-")[0]]},
    }


def _help(rule: Rule, mark: str = "") -> list[str]:
    said = [rule.summary]
    said.append("An error refuses the campaign." if rule.severity == "error" else "A warning lets the campaign pass.")
    if rule.manual:
        said.append(f"The gateway's manual asks for it in section {rule.manual}.")
    said += [
        f"Prevents status {mark}{code}{mark} of the gateway: {SEND_STATUSES[code].meaning}." for code in rule.statuses
    ]
    said.append(f"All rules are listed in {mark}docs/rules.md{mark} of mmsbatch.")
    return said


def _result(each: Diagnostic, message: str, file: str, mark: str) -> dict[str, Any]:
    return {
        "ruleId": each.rule,
        "ruleIndex": _INDEX_OF[each.rule],
        "level": each.severity.value,
        "message": {"text": message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(file),
                    "region": {"startLine": each.line, "startColumn": each.column},
                }
            }
        ],
        "partialFingerprints": {"mmsbatch/v1": mark},
    }


def _artifact(file: str) -> Mapping[str, str]:
    path = PurePosixPath(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    uri = quote(file.encode("utf-8", "surrogateescape"))
    return {"uri": uri} if ".." in path.parts else {"uri": uri, "uriBaseId": _ROOT}
