"""Texts with nothing but variables, `{{ prenom }}` or `{{ prenom|default('vous')|title }}`, as most are, without Jinja.

Jinja takes as long to import as all else that a small campaign needs, and a millisecond to compile a text.
A plain text only ever says what Jinja would say of it; for whatever else it makes way. A test holds that both agree.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MAX_VARIABLES = 100
#: A longer value is left to Jinja, whose steps are counted.
MAX_VALUE = 10_000
_VARIABLE = re.compile(
    r"""\{\{[ \t]*([a-z][a-z0-9_]*)[ \t]*
    (?:\|[ \t]*(?:default|d)\([ \t]*(?:'([^'"\\{}\n]*)'|"([^'"\\{}\n]*)")[ \t]*\)[ \t]*)?
    ((?:\|[ \t]*(?:upper|lower|title|capitalize|trim)[ \t]*){0,3})\}\}""",
    re.VERBOSE,
)
_FILTER = re.compile("[a-z]+")
#: What begins a word is upper case; words are what stands between these, as Jinja has it.
_TITLE_WORD = re.compile(r"[^-\s({\[<]+")


def _title(text: str) -> str:
    return _TITLE_WORD.sub(lambda word: word[0][:1].upper() + word[0][1:].lower(), text)


_FILTERS: Mapping[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": _title,
    "capitalize": str.capitalize,
    "trim": str.strip,
}
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

    `defaults` are what stands for each where it has no value, None where nothing may; `filters` are the names of
    what is made of each.
    """

    around: tuple[str, ...] = field(repr=False)
    names: tuple[str, ...]
    defaults: tuple[str | None, ...] = field(repr=False)
    filters: tuple[tuple[str, ...], ...]

    def render(self, values: Mapping[str, str]) -> str | None:
        """Put the values in; None where one is missing, or too long."""
        parts = [self.around[0]]
        for name, default, filters, after in zip(self.names, self.defaults, self.filters, self.around[1:], strict=True):
            value = values.get(name, default)
            if value is None or len(value) > MAX_VALUE:
                return None
            for each in filters:
                value = _FILTERS[each](value)
            parts += (value, after)
        return "".join(parts)


def read_plain(text: str) -> PlainText | None:
    """Cut a text at its variables; None where there is more to it, which only Jinja understands."""
    # As Jinja does: every line break is a line feed, and the last one is no part of the text.
    pieces = _VARIABLE.split(_LINE_BREAK.sub("\n", text).removesuffix("\n"))
    around, names = tuple(pieces[::5]), tuple(pieces[1::5])
    if len(names) > MAX_VARIABLES or not _WORDS.isdisjoint(names) or any("{" in part for part in around):
        return None
    filters = tuple(tuple(_FILTER.findall(each)) for each in pieces[4::5])
    return PlainText(around, names, tuple(map(_either, pieces[2::5], pieces[3::5])), filters)


def _either(quoted: str | None, double_quoted: str | None) -> str | None:
    return double_quoted if quoted is None else quoted
