"""Findings as JUnit XML: a suite per file, a test per rule that was broken in it."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mmsbatch.diagnostics import Diagnostic
from mmsbatch.reports.findings import Findings, capped, full_message
from mmsbatch.reports.wording import count

#: Characters that XML 1.0 does not have, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_Shown = list[tuple[Diagnostic, int]]


def findings_junit(findings: Findings) -> str:
    """Return a document in which errors are failures, and warnings what a passed test said.

    A file without findings is one passed test. Names are unique: systems keep the first of equal ones.
    """
    root = Element("testsuites", {"name": "mmsbatch validate"})
    for file, shown in _by_file(findings).items():
        suite = SubElement(root, "testsuite", {"name": _xml(file)})
        rules = dict.fromkeys(each.rule for each, _ in shown)
        for rule in rules or [""]:
            name = f"{file}: {rule}" if rule else file
            case = SubElement(suite, "testcase", {"name": _xml(name), "classname": _xml(file), "file": _xml(file)})
            of_rule = [(each, hidden) for each, hidden in shown if each.rule == rule]
            _tell(case, rule, *(_lines(file, of_rule, errors=errors) for errors in (True, False)))
        _count(suite)
    _count(root)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def _by_file(findings: Findings) -> dict[str, _Shown]:
    found: dict[str, _Shown] = {file: [] for file in map(findings.from_root, findings.files)}
    for each, hidden in capped(findings.diagnostics):
        found.setdefault(findings.from_root(each.file), []).append((each, hidden))
    return dict(sorted(found.items()))


def _tell(case: Element, rule: str, errors: list[str], warnings: list[str]) -> None:
    if errors:
        message = errors[0] if len(errors) == 1 else count(len(errors), "finding")
        failure = SubElement(case, "failure", {"type": rule, "message": _xml(message)})
        failure.text = _xml("\n".join(errors))
    if warnings:
        SubElement(case, "system-out").text = _xml("\n".join(warnings))


def _lines(file: str, shown: _Shown, *, errors: bool) -> list[str]:
    return [
        f"{file}:{each.line}:{each.column}: {full_message(each, hidden)}"
        for each, hidden in shown
        if each.is_error is errors
    ]


def _count(element: Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    element.set("failures", str(len(element.findall(".//failure"))))
    element.set("errors", "0")


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
