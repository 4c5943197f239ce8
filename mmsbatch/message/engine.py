"""Jinja's environment for messages: sandboxed, strict, without globals.

Imports jinja2; imported only when a text is compiled.
"""

from collections.abc import Callable
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from mmsbatch.message import operations
from mmsbatch.message.grammar import LOOP_ATTRIBUTES, Grammar, TooComplexError
from mmsbatch.message.problems import InvalidTemplateError, RenderError, TemplateProblem


class UndefinedVariableError(UndefinedError):
    """A variable without a value was used; `name` is the variable's."""

    def __init__(self, name: str, message: str | None) -> None:
        super().__init__(message)
        self.name = name


class _NamedUndefined(StrictUndefined):
    """Undefined, and its error knows the variable's name."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: Callable[[str | None], Exception] = UndefinedError,
    ) -> None:
        def with_name(message: str | None) -> Exception:
            return UndefinedVariableError(str(name), message)

        super().__init__(hint, obj, name, with_name if obj is missing and name else exc)  # type: ignore[arg-type]


class _MessageEnvironment(ImmutableSandboxedEnvironment):
    """Nothing may be called, no attribute read but a loop's counters, no operator without bounds."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute an operator within the bounds of `operations`."""
        return operations.operate(operator, self.binop_table[operator], left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether an attribute may be read; the grammar lets no other through."""
        return isinstance(obj, LoopContext) and attr in LOOP_ATTRIBUTES

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether a value may be called: none; the grammar rewrites the calls it allows."""
        return False


def _make_environment() -> _MessageEnvironment:
    # Not optimized: a loop over constants would be folded, and its steps paid only once, at compile time.
    environment = _MessageEnvironment(undefined=_NamedUndefined, autoescape=False, cache_size=0, optimized=False)
    environment.globals.clear()
    environment.filters = dict(operations.FILTERS)
    environment.tests = dict(operations.TESTS)
    return environment


_ENVIRONMENT = _make_environment()


def compile_checked(text: str) -> tuple[Template, frozenset[str]]:
    """Parse, check, rewrite and compile a text; return it with the variables that it uses.

    Raises InvalidTemplateError.
    """
    # Compiling folds constants, hence computes: within a budget too.
    token = operations.BUDGET.set(operations.Budget())
    try:
        tree = _check(_ENVIRONMENT.parse(text))
        used = frozenset(meta.find_undeclared_variables(tree))
        return _ENVIRONMENT.from_string(tree), used
    except TemplateSyntaxError as error:
        raise _invalid("template-syntax", error.lineno, error.message or "this is no valid Jinja") from None
    except (TooComplexError, RecursionError, MemoryError):
        raise _invalid("template-too-large", 1, "the text has too many parts, or nests them too deeply") from None
    except ValueError:
        # Python's limit on the digits of a number, met by Jinja's lexer.
        raise _invalid("template-syntax", 1, "a number has too many digits") from None
    finally:
        operations.BUDGET.reset(token)


def _check(tree: nodes.Template) -> nodes.Template:
    grammar = Grammar()
    checked: nodes.Template = grammar.visit(tree)
    if grammar.problems:
        raise InvalidTemplateError(tuple(grammar.problems))
    checked.set_environment(_ENVIRONMENT)
    return checked


def _invalid(rule: str, line: int, message: str) -> InvalidTemplateError:
    return InvalidTemplateError((TemplateProblem(rule, line, message),))


def explain(error: Exception, line: int) -> RenderError:
    """Say what a render's exception means, in words of our own: its text may hold a recipient's values."""
    match error:
        case UndefinedVariableError():
            return RenderError("template-undefined", line, f"`{error.name}` has no value", error.name)
        case operations.TooLargeError():
            return RenderError("template-too-large", line, str(error))
        case ZeroDivisionError():
            return RenderError("template-failed", line, "a division by zero")
        case IndexError():
            return RenderError("template-failed", line, "a text or list is shorter than the index asks")
        case TypeError() | ValueError() | AssertionError():
            return RenderError("template-failed", line, "an operation that does not go with its values")
        case _:
            return RenderError("template-failed", line, f"the rendering failed ({type(error).__name__})")
