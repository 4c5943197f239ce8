"""A message's text as a Jinja template, bounded in what it reads, in time and in output (contract: 3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from mmsbatch.message.problems import InvalidTemplateError, RenderError, TemplateProblem

if TYPE_CHECKING:
    from jinja2 import Template

MAX_SOURCE = 20_000
MAX_OUTPUT = 10_000
_SOURCE_NAME = "<template>"


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """A compiled text; `used` are the variables that it takes from outside."""

    used: frozenset[str]
    _template: "Template" = field(repr=False)

    def render(self, values: Mapping[str, str]) -> str:
        """Render with a recipient's values under folded names; an empty cell is simply absent.

        Raises RenderError, which names the template's line and never a value.
        """
        from mmsbatch.message import engine, operations  # noqa: PLC0415 - jinja2 is loaded by now

        token = operations.BUDGET.set(operations.Budget())
        try:
            return _collect(self._template.root_render_func(self._template.new_context(dict(values))))
        except Exception as error:  # whatever a template's own code can raise
            line = _find_line(self._template, error.__traceback__)
            raise engine.explain(error, line) from None
        finally:
            operations.BUDGET.reset(token)


def compile_text(text: str) -> TextTemplate:
    """Compile a text.

    Raises InvalidTemplateError with every problem: of syntax, of forbidden parts, or of size.
    """
    if len(text) > MAX_SOURCE:
        raise InvalidTemplateError((_too_large(f"the text is longer than {MAX_SOURCE} characters"),))
    from mmsbatch.message import engine  # noqa: PLC0415 - jinja2 is half of the start-up; few commands render

    template, used = engine.compile_checked(text)
    return TextTemplate(used, template)


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
