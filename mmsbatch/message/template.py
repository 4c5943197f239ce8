"""A message's text as a Jinja template, bounded in what it reads, in time and in output (contract: 3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING

from mmsbatch.message.plain_text import PlainText, read_plain
from mmsbatch.message.problems import InvalidTemplateError, RenderError, TemplateProblem

if TYPE_CHECKING:
    from jinja2 import Template

MAX_SOURCE = 20_000
MAX_OUTPUT = 10_000
_SOURCE_NAME = "<template>"


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """A text that can be rendered; `used` are the variables that it takes from outside."""

    used: frozenset[str]
    _source: str = field(repr=False)
    _plain: PlainText | None = field(default=None, repr=False)

    def render(self, values: Mapping[str, str]) -> str:
        """Render with a recipient's values under folded names; an empty cell is simply absent.

        Raises RenderError, which names the template's line and never a value.
        """
        text = self._plain.render(values) if self._plain else None
        return text if text is not None and len(text) <= MAX_OUTPUT else self._render_by_jinja(values)

    def _render_by_jinja(self, values: Mapping[str, str]) -> str:
        from mmsbatch.message import engine, operations  # noqa: PLC0415 - jinja2 is half of the start-up

        template, _ = _compile(self._source)
        token = operations.BUDGET.set(operations.Budget())
        try:
            return _collect(template.root_render_func(template.new_context(dict(values))))
        except Exception as error:  # whatever a template's own code can raise
            line = _find_line(template, error.__traceback__)
            raise engine.explain(error, line) from None
        finally:
            operations.BUDGET.reset(token)


def compile_text(text: str) -> TextTemplate:
    """Compile a text.

    Raises InvalidTemplateError with every problem: of syntax, of forbidden parts, or of size.
    """
    if len(text) > MAX_SOURCE:
        raise InvalidTemplateError((_too_large(f"the text is longer than {MAX_SOURCE} characters"),))
    plain = read_plain(text)
    return TextTemplate(frozenset(plain.names) if plain else _compile(text)[1], text, plain)


@lru_cache(maxsize=8)  # a text that fails is rendered again for each row's values
def _compile(text: str) -> "tuple[Template, frozenset[str]]":
    from mmsbatch.message import engine  # noqa: PLC0415

    return engine.compile_checked(text)


def _too_large(message: str) -> TemplateProblem:
    return TemplateProblem("template-too-large", 1, message)


def _collect(pieces: Iterator[str]) -> str:
    """Join what the template gives, stopping as soon as it is too much."""
    from mmsbatch.message import operations  # noqa: PLC0415

    texts: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MAX_OUTPUT:
            raise operations.TooLargeError(f"the text is longer than {MAX_OUTPUT} characters")
        texts.append(piece)
    return "".join(texts)


def _find_line(template: "Template", traceback: TracebackType | None) -> int:
    """Return the template's line that the innermost of its frames was at; 1 where there is none."""
    line = 1
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == _SOURCE_NAME:
            line = template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return line


__all__ = ["InvalidTemplateError", "RenderError", "TemplateProblem", "TextTemplate", "compile_text"]
