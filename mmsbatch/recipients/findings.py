"""What is to be said about an audience: its rows as diagnostics, capped, with the totals given."""

from collections.abc import Iterator, Sequence

from mmsbatch.campaign.model import OnInvalid
from mmsbatch.diagnostics import Diagnostic, Position, Severity
from mmsbatch.recipients.model import Audience, InvalidRow
from mmsbatch.rules import RULES, finding


def audience_findings(audience: Audience, on_invalid: OnInvalid) -> list[Diagnostic]:
    """Return the findings on an audience's rows; no number and no cell is in them.

    Invalid rows are errors, up to `SHOWN` of each rule, where they refuse the campaign; where they are
    skipped, each rule is one warning.
    """
    found: list[Diagnostic] = []
    for rule in audience.invalid_by_rule:
        rows = [row for row in audience.invalid_rows if row.rule == rule]
        if on_invalid is OnInvalid.SKIP:
            found.append(_skipped(audience, rule, rows))
        else:
            found.extend(_refused(audience, rule, rows))
    return [*found, *_restored(audience), *_differing(audience)]


def _refused(audience: Audience, rule: str, rows: Sequence[InvalidRow]) -> Iterator[Diagnostic]:
    for row in rows:
        yield finding(rule, audience.file, Position(row.line), row.message, row.hint)
    if more := audience.invalid_by_rule[rule] - len(rows):
        message = f"… and {more:,} more: {audience.invalid_by_rule[rule]:,} rows in all"
        yield finding(rule, audience.file, Position(rows[-1].line), message)


def _skipped(audience: Audience, rule: str, rows: Sequence[InvalidRow]) -> Diagnostic:
    count = audience.invalid_by_rule[rule]
    what = "1 row is" if count == 1 else f"{count:,} rows are"
    message = f"{what} left out ({_lines([row.line for row in rows], count)}): {RULES[rule].summary}"
    return Diagnostic(Severity.WARNING, rule, audience.file, rows[0].line, 1, message)


def _restored(audience: Audience) -> Iterator[Diagnostic]:
    if count := audience.restored:
        what = "1 number" if count == 1 else f"{count:,} numbers"
        message = f"{what} had lost the leading zero, which was restored"
        hint = "make the column text in the spreadsheet before exporting it"
        yield finding("number-zero-restored", audience.file, Position(audience.restored_line), message, hint)


def _differing(audience: Audience) -> Iterator[Diagnostic]:
    if count := audience.differing:
        what = "1 row repeats" if count == 1 else f"{count:,} rows repeat"
        lines = _lines(audience.differing_lines, count)
        message = f"{what} a number with other cells ({lines}); the number's first row is the one that counts"
        yield finding("duplicate-differs", audience.file, Position(audience.differing_lines[0]), message)


def _lines(first: Sequence[int], total: int) -> str:
    """Name the lines: `line 3`, `lines 3, 7`, or `lines 3, 7 … and 12 more`."""
    named = ", ".join(map(str, first))
    more = f" … and {total - len(first):,} more" if total > len(first) else ""
    return f"line{'' if total == 1 else 's'} {named}{more}"
