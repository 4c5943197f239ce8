"""From what went wrong with the texts to diagnostics: one for each cause, with the number of rows."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import Campaign
from mmsbatch.diagnostics import Diagnostic, Position
from mmsbatch.folding import closest, fold_name
from mmsbatch.message.measure import EURO, forbidden_character, length_limit, measured_length
from mmsbatch.message.problems import RenderError
from mmsbatch.recipients.model import Audience
from mmsbatch.rules import finding

_FIRST_LINES = 3


class RowsOfTexts:
    """How many rows get a text, and the line of the first of them: counted only once a finding asks."""

    def __init__(self, index_of: Sequence[int], lines: Sequence[int]) -> None:
        """Take the rows' texts by index, and their lines."""
        self._index_of = index_of
        self._lines = lines

    @cached_property
    def counts(self) -> Mapping[int, int]:
        """The number of rows by the text's index."""
        return Counter(self._index_of)

    @cached_property
    def first_lines(self) -> Mapping[int, int]:
        """The line of the first row by the text's index."""
        return dict(zip(reversed(self._index_of), reversed(self._lines), strict=True))


@dataclass(slots=True)
class _Failure:
    """One cause, and the rows that it concerns."""

    rule: str
    line: int
    message: str
    variable: str
    lines: list[int] = field(default_factory=list)


def place_in_text(campaign: Campaign, line: int) -> Position:
    """Return where a line of the template (from 1) stands in the campaign file."""
    return Position(campaign.text_line + line - 1)


class Findings:
    """Collects what fails while rows are rendered; `diagnose` adds what the rendered texts show."""

    def __init__(self, campaign: Campaign, used: frozenset[str], audience: Audience) -> None:
        self._campaign = campaign
        self._used = used
        self._audience = audience
        self._failures: dict[tuple[str, int, str], _Failure] = {}

    def add_failure(self, error: RenderError, lines: list[int]) -> None:
        """Note that rows on these lines failed so; an undefined variable counts once, wherever it stands."""
        key = (error.rule, 0 if error.variable else error.line, error.variable or error.message)
        known = self._failures.setdefault(key, _Failure(error.rule, error.line, error.message, error.variable))
        known.line = min(known.line, error.line)
        known.lines += lines

    def diagnose(self, texts: Sequence[str], rows: RowsOfTexts, settings: GatewaySettings) -> list[Diagnostic]:
        """Return every finding."""
        return [
            *map(self._describe_failure, self._failures.values()),
            *self._find_empty(texts, rows),
            *self._find_long(texts, rows),
            *self._find_characters(texts, rows, settings.charset),
            *self._find_euro(texts, rows),
            *self._find_unused(),
        ]

    def _describe_failure(self, failure: _Failure) -> Diagnostic:
        message, hint = failure.message, ""
        if failure.variable:
            message, hint = self._explain_undefined(failure.variable)
        where = place_in_text(self._campaign, failure.line)
        return finding(
            failure.rule, self._campaign.file, where, f"{message} for {self._tell_rows(failure.lines)}", hint
        )

    def _explain_undefined(self, variable: str) -> tuple[str, str]:
        if variable in self._audience.available:
            return (
                f"`{variable}` is used, and empty",
                f"fill the cells, or say what stands there instead: {{{{ {variable}|default('…') }}}}",
            )
        known = sorted({*self._audience.available, *map(fold_name, self._campaign.variables)})
        meant = closest(variable, known)
        listed = f"known are {', '.join(known[:10])}" if known else "there are no columns and no constants"
        return f"`{variable}` is no column and no constant", f"did you mean `{meant}`?" if meant else listed

    def _find_empty(self, texts: Sequence[str], rows: RowsOfTexts) -> Iterator[Diagnostic]:
        for index, text in enumerate(texts):
            if not text:
                yield self._at_text("message-empty", f"the text is empty for {self._tell_texts([index], rows)}")

    def _find_long(self, texts: Sequence[str], rows: RowsOfTexts) -> Iterator[Diagnostic]:
        limit = length_limit(self._campaign.message.type)
        lengths = [measured_length(text) for text in texts]
        long = [index for index, length in enumerate(lengths) if length > limit]
        if long:
            yield self._at_text(
                "message-too-long",
                f"the text measures up to {max(lengths)} characters, the limit for type "
                f"{self._campaign.message.type.value} is {limit}: too long for {self._tell_texts(long, rows)}",
                "shorten it; a line break counts 2, and values can be cut: {{ name|truncate(20) }}",
            )

    def _find_characters(self, texts: Sequence[str], rows: RowsOfTexts, charset: str) -> Iterator[Diagnostic]:
        found: dict[tuple[str, str], list[int]] = {}
        for index, text in enumerate(texts):
            forbidden = forbidden_character(text, charset)
            if forbidden:
                found.setdefault((forbidden.name, forbidden.why), []).append(index)
        for (name, why), concerned in found.items():
            message = f"the text holds {name} for {self._tell_texts(concerned, rows)}: {why}"
            yield self._at_text("message-character", message, "remove or replace it, in the text or in the cells")
        yield from self._find_name_character(charset)

    def _find_name_character(self, charset: str) -> Iterator[Diagnostic]:
        """The campaign's name goes on the wire too."""
        forbidden = forbidden_character(self._campaign.name, charset)
        if forbidden:
            message = f"the campaign's name holds {forbidden.name}: {forbidden.why}"
            yield finding("message-character", self._campaign.file, self._campaign.position("name"), message)

    def _find_euro(self, texts: Sequence[str], rows: RowsOfTexts) -> Iterator[Diagnostic]:
        concerned = [index for index, text in enumerate(texts) if EURO in text]
        if concerned:
            told = self._tell_texts(concerned, rows)
            message = f"the text holds {EURO} for {told}: some handsets and operators show E instead"
            yield self._at_text("message-euro", message, "write `euros` or `EUR`")

    def _find_unused(self) -> Iterator[Diagnostic]:
        for name in self._campaign.variables:
            if fold_name(name) not in self._used:
                where = self._campaign.position("variables", name)
                meant = closest(fold_name(name), sorted(self._used))
                hint = f"the text uses `{meant}`" if meant else "remove it, or use it in the text"
                yield finding("variable-unused", self._campaign.file, where, f"`{name}` is not used by the text", hint)

    def _at_text(self, rule: str, message: str, hint: str = "") -> Diagnostic:
        return finding(rule, self._campaign.file, self._campaign.position("message", "text"), message, hint)

    def _tell_rows(self, lines: list[int]) -> str:
        first = heapq.nsmallest(_FIRST_LINES, lines)
        listed = ", ".join(map(str, first)) + (", …" if len(lines) > len(first) else "")
        return f"{_count_rows(len(lines))} (line{'s' if len(lines) > 1 else ''} {listed} of {self._audience.file})"

    def _tell_texts(self, indexes: Sequence[int], rows: RowsOfTexts) -> str:
        count = sum(rows.counts[index] for index in indexes)
        first = min(rows.first_lines[index] for index in indexes)
        return f"{_count_rows(count)} ({'first: ' if count > 1 else ''}line {first} of {self._audience.file})"


def _count_rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"
