"""Texts with nothing but variables, `{{ prenom }}` or `{{ prenom|default('vous') }}`: most are, and need no Jinja.

Jinja takes as long to import as all else that a small campaign needs, and a millisecond to compile a text.
A plain text only ever says what Jinja would say of it; for whatever else it makes way. A test holds that both agree.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_VARIABLES = 100
_VARIABLE = re.compile(
    r"""\{\{[ \t]*([a-z][a-z0-9_]*)[ \t]*
    (?:\|[ \t]*(?:default|d)\([ \t]*(?:'([^'"\\{}\n]*)'|"([^'"\\{}\n]*)")[ \t]*\)[ \t]*)?\}\}""",
    re.VERBOSE,
)
_LINE_BREAK = re.compile(r"\r\n?")
#: Words of Jinja's own, in a text's braces or as names it keeps for itself.
_WORDS = frozenset(
    {
        *("and", "block", "call", "caller", "elif", "else", "extends", "filter", "for", "from", "if", "import", "in"),
        *("include", "is", "kwargs", "loop", "macro", "none", "not", "or", "print", "range", "recursive", "self"),
        *("set", "super", "true", "false", "varargs", "with", "without"),
    }
)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text cut at its variables: what stands around them, one more than there are, and their names.

    `defaults` are what stands for each where it has no value; None where nothing may.
    """

    around: tuple[str, ...] = field(repr=False)
    names: tuple[str, ...]
    defaults: tuple[str | None, ...] = field(repr=False)

    def render(self, values: Mapping[str, str]) -> str | None:
        """Put the values in; None where one is missing."""
        parts = [self.around[0]]
        for name, default, after in zip(self.names, self.defaults, self.around[1:], strict=True):
            value = values.get(name, default)
            if value is None:
                return None
            parts += (value, after)
        return "".join(parts)


def read_plain(text: str) -> PlainText | None:
    """Cut a text at its variables; None where there is more to it, which only Jinja understands."""
    # As Jinja does: every line break is a line feed, and the last one is no part of the text.
    pieces = _VARIABLE.split(_LINE_BREAK.sub("\n", text).removesuffix("\n"))
    around, names = tuple(pieces[::4]), tuple(pieces[1::4])
    if len(names) > MAX_VARIABLES or not _WORDS.isdisjoint(names) or any("{" in part for part in around):
        return None
    return PlainText(around, names, tuple(map(_either, pieces[2::4], pieces[3::4])))


def _either(quoted: str | None, double_quoted: str | None) -> str | None:
    return double_quoted if quoted is None else quoted
