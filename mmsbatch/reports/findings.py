"""Diagnostics as text and JSON. Each format is a function of the same list."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from mmsbatch.diagnostics import Diagnostic, in_order

#: More findings of one rule in one file are counted, not shown.
SHOWN_PER_RULE = 20
#: More chunks than these are not named one by one.
SHOWN_CHUNKS = 5


def findings_text(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """Show the findings, then the totals."""
    return "\n".join([*finding_lines(diagnostics), f"{count(files, 'file')} checked: {totals(diagnostics)}"])


def finding_lines(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """Show each finding as `file:line:column: severity: message [rule]`, its hint below."""
    lines: list[str] = []
    for diagnostic, hidden in capped(diagnostics):
        lines.append(_line(diagnostic))
        if diagnostic.hint:
            lines.append(f"    {diagnostic.hint}")
        if hidden:
            lines.append(f"{diagnostic.file}: … and {hidden:,} more of {diagnostic.rule}")
    return lines


def findings_json(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """Return `{"version": 1, "diagnostics": […], "files": N}` (contract: section 5)."""
    shown = [finding_json(diagnostic) for diagnostic, _ in capped(diagnostics)]
    return json.dumps({"version": 1, "diagnostics": shown, "files": files}, ensure_ascii=False, indent=2)


def finding_json(diagnostic: Diagnostic) -> dict[str, str | int]:
    """Return one finding's seven keys."""
    return asdict(diagnostic)


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic], int], str]] = {"text": findings_text, "json": findings_json}


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


def _line(each: Diagnostic) -> str:
    return f"{each.file}:{each.line}:{each.column}: {each.severity}: {each.message} [{each.rule}]"


def totals(diagnostics: Sequence[Diagnostic]) -> str:
    """Count errors and warnings."""
    errors = sum(each.is_error for each in diagnostics)
    warnings = len(diagnostics) - errors
    return f"{count(errors, 'error')}, {count(warnings, 'warning')}"


def count(number: int, noun: str) -> str:
    """Write a count with its noun: `1 file`, `2 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def list_chunks(ids: Sequence[str]) -> str:
    """Name chunks by their ids; of many the first, the last and how many."""
    return ", ".join(ids) if len(ids) <= SHOWN_CHUNKS else f"{ids[0]} to {ids[-1]} ({len(ids):,} chunks)"
