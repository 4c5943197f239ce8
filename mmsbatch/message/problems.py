"""What can be wrong with a template: at compile time, and for one recipient's values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """A finding in a template; `rule` is `template-syntax`, `template-forbidden` or `template-too-large`.

    `line` counts from 1 within the template.
    """

    rule: str
    line: int
    message: str
    hint: str = ""


class InvalidTemplateError(Exception):
    """The text is no template that a message may use; carries every problem found."""

    def __init__(self, problems: tuple[TemplateProblem, ...]) -> None:
        super().__init__("; ".join(f"line {problem.line}: {problem.message}" for problem in problems))
        self.problems = problems


class RenderError(Exception):
    """The text cannot be rendered with these values.

    `rule` is `template-undefined` (then `variable` is the name), `template-failed` or
    `template-too-large`; `line` counts within the template. Never holds a value.
    """

    def __init__(self, rule: str, line: int, message: str, variable: str = "") -> None:
        super().__init__(f"line {line}: {message}")
        self.rule = rule
        self.line = line
        self.message = message
        self.variable = variable
