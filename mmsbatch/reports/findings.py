"""What a check found, as every format reads it; text and JSON, and what the formats have in common."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from mmsbatch.diagnostics import Diagnostic, in_order
from mmsbatch.reports.wording import count

#: More findings of one rule in one file are counted, not shown.
SHOWN_PER_RULE = 20

#: Give a file's lines, or none where there is nothing to be seen.
Lines = Callable[[str], Sequence[str]]
#: Color a text for a terminal: the text, the color's name.
Paint = Callable[[str, str], str]

#: Findings on rows: their lines are recipients' cells, and never shown.
_OF_ROWS = ("csv-", "number-", "suppression-", "duplicate-")
_COLORS = {"error": "red", "warning": "yellow"}


def _no_lines(file: str) -> Sequence[str]:
    return ()


def _plain(text: str, color: str) -> str:
    return text


def _as_typed(file: str) -> str:
    return file


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found: the one thing that every format is made from.

    `files` are the checked files, `from_root` gives a file's path from the checkout's root (as typed where it lies
    outside), `lines` a file's source. Files are named as the user would type them.
    """

    diagnostics: Sequence[Diagnostic]
    files: Sequence[str] = ()
    from_root: Callable[[str], str] = _as_typed
    lines: Lines = _no_lines
    paint: Paint = _plain

    @property
    def summary(self) -> str:
        """Count files, errors and warnings in one line."""
        return f"{count(len(self.files), 'file')} checked: {totals(self.diagnostics)}"


def findings_text(findings: Findings) -> str:
    """Show the findings with the lines that they are about, then the totals."""
    return "\n".join([*finding_lines(findings.diagnostics, findings.lines, findings.paint), findings.summary])


def finding_lines(diagnostics: Sequence[Diagnostic], lines: Lines = _no_lines, paint: Paint = _plain) -> list[str]:
    """Show each finding as `file:line:column: severity: message [rule]`, the line that it is about and its hint below.

    The line is shown only where it holds nothing of recipients and no secret.
    """
    told: list[str] = []
    for diagnostic, hidden in capped(diagnostics):
        told.append(_line(diagnostic, paint))
        told += _source(diagnostic, lines, paint)
        if diagnostic.hint:
            told.append(f"    {diagnostic.hint}")
        if hidden:
            told.append(f"{diagnostic.file}: … and {hidden:,} more of {diagnostic.rule}")
    return told


def findings_json(findings: Findings) -> str:
    """Return `{"version": 1, "diagnostics": […], "files": N}` (contract: section 5)."""
    shown = [finding_json(diagnostic) for diagnostic, _ in capped(findings.diagnostics)]
    return json.dumps({"version": 1, "diagnostics": shown, "files": len(findings.files)}, ensure_ascii=False, indent=2)


def finding_json(diagnostic: Diagnostic) -> dict[str, str | int]:
    """Return one finding's seven keys."""
    return asdict(diagnostic)


def capped(diagnostics: Sequence[Diagnostic]) -> list[tuple[Diagnostic, int]]:
    """Return the findings in order, at most so many per file and rule; the last of a kind with the count left out."""
    ordered = in_order(diagnostics)
    totals = Counter((each.file, each.rule) for each in ordered)
    seen: Counter[tuple[str, str]] = Counter()
    shown: list[tuple[Diagnostic, int]] = []
    for each in ordered:
        kind = (each.file, each.rule)
        seen[kind] += 1
        if seen[kind] <= SHOWN_PER_RULE:
            hidden = totals[kind] - SHOWN_PER_RULE if seen[kind] == SHOWN_PER_RULE else 0
            shown.append((each, max(hidden, 0)))
    return shown


def full_message(diagnostic: Diagnostic, hidden: int = 0) -> str:
    """Say in one text what is wrong, what to do, and how many more of the kind are not shown."""
    more = f"… and {hidden:,} more of {diagnostic.rule} in this file" if hidden else ""
    return "\n".join(filter(None, (diagnostic.message, diagnostic.hint, more)))


def _line(each: Diagnostic, paint: Paint) -> str:
    severity = paint(f"{each.severity}:", _COLORS[each.severity])
    return f"{each.file}:{each.line}:{each.column}: {severity} {each.message} [{each.rule}]"


def _source(each: Diagnostic, lines: Lines, paint: Paint) -> list[str]:
    if each.rule.startswith(_OF_ROWS) or not (source := lines(each.file)):
        return []
    from mmsbatch.reports.source_lines import source_line  # noqa: PLC0415 - most files have no findings

    found = source_line(source, each.line, each.column)
    if found is None:
        return []
    margin = f"{each.line:>5}"
    mark = paint("^", _COLORS[each.severity])
    return [f"{margin} | {found.text}", f"{' ' * len(margin)} | {' ' * found.caret}{mark}"]


def totals(diagnostics: Sequence[Diagnostic]) -> str:
    """Count errors and warnings."""
    errors = sum(each.is_error for each in diagnostics)
    warnings = len(diagnostics) - errors
    return f"{count(errors, 'error')}, {count(warnings, 'warning')}"
