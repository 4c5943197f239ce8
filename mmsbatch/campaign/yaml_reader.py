"""Text of a YAML file in, nodes with positions and findings out. Reads no file.

Built on the parser's events, not on PyYAML's loader, which turns `0612345670` into an octal
integer, drops the `+` of a number, keeps the last of two equal keys and forgets every line.
"""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsbatch.campaign.yaml_builder import Builder
from mmsbatch.campaign.yaml_nodes import Node
from mmsbatch.diagnostics import Diagnostic, Position
from mmsbatch.masking import mask_digits
from mmsbatch.rules import finding

if TYPE_CHECKING:
    import yaml

#: Characters that YAML does not take (YAML 1.2, 5.1), the byte order mark at the start left out. Two
#: patterns: as one, it takes longer to compile than a small campaign to be read.
_FORBIDDEN = (
    re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"),
    re.compile("[\ud800-\udfff\ufffe\uffff]"),
)

#: What to do about the parser's commonest complaints, by a part of their wording.
_ADVICE = (
    ("mapping values are not allowed", "A text that holds `: ` needs quotes; otherwise check the indentation."),
    (
        "cannot start any token",
        "Indent with spaces, not tabs; put a text that begins with `@`, `%` or a backquote in quotes.",
    ),
    ("found unexpected end of stream", "A quote is opened and never closed."),
    ("did not find expected", "Check the indentation and that every `[`, `{` and quote is closed."),
    ("could not find expected ':'", "Check that the key above has a colon and its value the right indentation."),
    ("alphabetic or numeric", "A text that begins with `&` or `*` needs quotes."),
    ("unknown escape", "In double quotes a backslash must be doubled; single quotes take it as it is."),
)

#: What newer parsers say where the builder's own limit would be reached only later: they read ahead.
_TOO_DEEP = "maximum nesting depth"


@dataclass(frozen=True, slots=True)
class Document:
    """A file read: `root` is None where nothing could be made of it.

    `refused` are the places of values that a finding speaks of already, so that what
    follows from it need not be told again.
    """

    root: Node | None
    diagnostics: tuple[Diagnostic, ...] = ()
    refused: frozenset[Position] = frozenset()


def read_yaml(content: bytes, file: str) -> Document:
    """Read one YAML document from a file's bytes; `file` is the name for the findings.

    Never raises for what stands in the file: every problem is a diagnostic.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Position(content.count(b"\n", 0, error.start) + 1)
        return _failed(finding("file-unreadable", file, where, "The file is not UTF-8 text.", "Save it as UTF-8."))
    forbidden = [match.start() for pattern in _FORBIDDEN if (match := pattern.search(text))]
    if forbidden:
        return _failed(_forbidden_character(text, min(forbidden), file))
    return _parse(text, file)


def _failed(diagnostic: Diagnostic) -> Document:
    return Document(None, (diagnostic,))


def _forbidden_character(text: str, index: int, file: str) -> Diagnostic:
    line = text.count("\n", 0, index) + 1
    where = Position(line, index - text.rfind("\n", 0, index))
    message = f"The character U+{ord(text[index]):04X} is not allowed in YAML."
    return finding("yaml-syntax", file, where, message, "Remove it; it is invisible in most editors.")


def _parse(text: str, file: str) -> Document:
    import yaml  # noqa: PLC0415  here, since commands that read no YAML should not wait for it

    builder = Builder(file)
    try:
        with _collector_paused():
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
            builder.build(iter(loader.get_event, None))  # as `yaml.parse` does, which asks twice for each event
    except yaml.MarkedYAMLError as error:
        builder.give_up(_syntax_error(error, file))
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML's own parser lets some bad escapes through to chr()
        builder.give_up(finding("yaml-syntax", file, Position(1), "The file is not well-formed YAML."))
    return Document(builder.root, tuple(builder.diagnostics), frozenset(builder.refused))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking the growing tree again and again: a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _syntax_error(error: "yaml.MarkedYAMLError", file: str) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    where = Position(mark.line + 1, mark.column + 1) if mark else Position(1)
    if _TOO_DEEP in (error.problem or ""):
        return finding("yaml-too-large", file, where, "The document is nested deeper than the parser goes.")
    problem = mask_digits(error.problem or "the parser does not say what is wrong")
    context = f" {mask_digits(error.context)}" if error.context else ""
    advice = next((hint for part, hint in _ADVICE if part in problem), "")
    return finding("yaml-syntax", file, where, f"The file is not well-formed YAML:{context} {problem}.", advice)
