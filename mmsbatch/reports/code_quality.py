"""Findings as a GitLab Code Quality report, which a merge request shows beside the changed lines."""

import json

from mmsbatch.diagnostics import Severity
from mmsbatch.reports.findings import Findings, capped, full_message
from mmsbatch.reports.fingerprints import fingerprints

#: GitLab has five: info, minor, major, critical, blocker.
_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def findings_gitlab(findings: Findings) -> str:
    """Return a JSON array with one entry per finding; GitLab shows only the first of equal fingerprints."""
    shown = capped(findings.diagnostics)
    files = [findings.from_root(each.file) for each, _ in shown]
    marks = fingerprints((each for each, _ in shown), files)
    entries = [
        {
            "description": full_message(each, hidden),
            "check_name": each.rule,
            "fingerprint": mark,
            "severity": _SEVERITIES[each.severity],
            "location": {"path": file, "lines": {"begin": each.line}},
        }
        for (each, hidden), file, mark in zip(shown, files, marks, strict=True)
    ]
    return json.dumps(entries, ensure_ascii=False, indent=2)
