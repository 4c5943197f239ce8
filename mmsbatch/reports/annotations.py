"""Findings as GitHub workflow commands, which become annotations in a pull request.

GitHub shows ten errors, ten warnings and ten notices of a step, and drops the rest without a word. So the totals
come first, as a notice, which takes no finding's place; then errors before warnings, and the first of each kind
in each file before its repetitions.
"""

from collections import Counter
from collections.abc import Mapping

from mmsbatch.diagnostics import Diagnostic
from mmsbatch.reports.findings import Findings, capped, full_message

_IN_MESSAGES: Mapping[str, str] = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES: Mapping[str, str] = {**_IN_MESSAGES, ":": "%3A", ",": "%2C"}
#: Annotations of one severity that GitHub shows of a step.
SHOWN_OF_A_STEP = 10


def findings_github(findings: Findings) -> str:
    """Return a line per finding, below the totals; a plain line of totals where nothing was found."""
    if not findings.diagnostics:
        return findings.summary
    commands = [_command("notice", {"title": "mmsbatch validate"}, findings.summary + _dropped(findings))]
    for each, hidden in _gravest_first(capped(findings.diagnostics)):
        file = findings.from_root(each.file)
        place: dict[str, str | int] = {"file": file, "line": each.line, "col": each.column, "title": each.rule}
        # The step's log shows the message alone, without its place.
        message = f"{file}:{each.line}:{each.column}: {full_message(each, hidden)}"
        commands.append(_command(each.severity, place, message))
    return "\n".join(commands)


def _dropped(findings: Findings) -> str:
    most = max(Counter(each.severity for each in findings.diagnostics).values())
    told = f"GitHub shows {SHOWN_OF_A_STEP} errors and {SHOWN_OF_A_STEP} warnings at most; the step's log has more"
    return f". {told}." if most > SHOWN_OF_A_STEP else ""


def _gravest_first(shown: list[tuple[Diagnostic, int]]) -> list[tuple[Diagnostic, int]]:
    seen: Counter[tuple[str, str]] = Counter()
    ranked = []
    for place, (each, hidden) in enumerate(shown):
        kind = (each.file, each.rule)
        ranked.append((not each.is_error, seen[kind], place, each, hidden))
        seen[kind] += 1
    return [(each, hidden) for *_, each, hidden in sorted(ranked, key=lambda rank: rank[:3])]


def _command(name: str, properties: Mapping[str, str | int], message: str) -> str:
    written = ",".join(f"{key}={_escape(str(value), _IN_PROPERTIES)}" for key, value in properties.items())
    return f"::{name} {written}::{_escape(message, _IN_MESSAGES)}"


def _escape(text: str, signs: Mapping[str, str]) -> str:
    return "".join(signs.get(char, char) for char in text)
