"""One finding of `validate` or `plan`: what is wrong, where, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Errors refuse the campaign; warnings are told and let it pass."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text file; line and column count from 1."""

    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding with its place. `message` and `hint` never hold an unmasked phone number.

    `rule` is a key of `mmsbatch.rules.RULES`, where the manual's section and the gateway
    status that the rule prevents are kept. `file` is as the user would type it.
    """

    severity: Severity
    rule: str
    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    @property
    def is_error(self) -> bool:
        """Whether this finding refuses the campaign."""
        return self.severity is Severity.ERROR


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by file, place, then rule: the order in which all reports show them."""
    return sorted(set(diagnostics), key=lambda d: (d.file, d.line, d.column, d.rule, d.message))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of the findings is an error."""
    return any(diagnostic.is_error for diagnostic in diagnostics)
