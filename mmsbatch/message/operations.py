"""What a message's template may compute: filters, methods and operators, each bounded in size.

Imports jinja2; imported only when a text is compiled.
"""

import functools
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from jinja2 import filters, tests
from jinja2.runtime import Undefined

MAX_INTEGER = 10**18
MAX_LENGTH = 10_000
MAX_RANGE = 1_000
#: Units of one render: a filter, operator or method takes one and one more per 100 characters,
#: a loop the nodes of its body for each item.
MAX_WORK = 50_000
_MAX_PRECISION = 15


class TooLargeError(Exception):
    """A value, or the work of a render, is beyond what a message needs."""


class Budget:
    """The work that is left to one render; all its loops share it."""

    __slots__ = ("_left",)

    def __init__(self, work: int = MAX_WORK) -> None:
        self._left = work

    def spend(self, units: int) -> None:
        """Take units off; raises TooLargeError once there are none left."""
        self._left -= units
        if self._left < 0:
            raise TooLargeError("rendering takes too many steps")


#: The budget of the render that is under way (also while compiling, which folds constants).
BUDGET: ContextVar[Budget] = ContextVar("template budget")


def bound(value: Any) -> Any:
    """Return the value; raises TooLargeError for a large number, text or list."""
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise TooLargeError("a number is too large")
    if isinstance(value, str | list | tuple) and len(value) > MAX_LENGTH:
        raise TooLargeError("a text or list is too long")
    return value


def _raise_if_undefined(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, Undefined):
            str(value)  # the strict kind raises, naming its variable


def _bounded(function: Callable[..., Any], takes_undefined: bool = False) -> Callable[..., Any]:
    """Wrap a filter: its work is counted, its result bounded, an undefined argument raises."""

    @functools.wraps(function)  # keeps Jinja's mark of what it passes as first argument
    def run(*args: Any, **kwargs: Any) -> Any:
        values = (*args, *kwargs.values())
        if not takes_undefined:
            _raise_if_undefined(values)
        BUDGET.get().spend(1 + sum(len(value) for value in values if isinstance(value, str)) // 100)
        return bound(function(*args, **kwargs))

    return run


def _replace(value: object, old: str, new: str, count: int = -1) -> str:
    text = str(value)
    # Measured before it is built: ten thousand times ten thousand characters would be built first.
    bound_length(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return text.replace(old, new, -1 if count is None else count)


def bound_length(length: int) -> None:
    """Refuse a text that would have this length; raises TooLargeError."""
    if length > MAX_LENGTH:
        raise TooLargeError("a text or list is too long")


def _join(values: Iterable[object], separator: str = "") -> str:
    texts = [str(value) for value in values]
    bound_length(sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1))
    return separator.join(texts)


def _round(value: float, precision: int = 0, method: Any = "common") -> float:
    if abs(precision) > _MAX_PRECISION:
        raise TooLargeError("a precision is too large")
    return float(filters.do_round(value, precision, method))


def _first(value: Any) -> Any:
    return value[0]


def _last(value: Any) -> Any:
    return value[-1]


def _take_item(value: Any, start: Any, stop: Any = None, step: Any = None, is_slice: bool = False) -> Any:
    return value[start:stop:step] if is_slice else value[start]


def _concatenate(*values: object) -> str:
    texts = [str(value) for value in values]
    bound_length(sum(map(len, texts)))
    return "".join(texts)


def _make_range(_: None, *bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise TooLargeError(f"a range has more than {MAX_RANGE} numbers")
    return numbers


def _count_steps(values: Any, body: int) -> list[Any]:
    """Return what a loop runs over, its steps paid beforehand; `body` is the number of nodes in its body."""
    if not isinstance(values, str | list | tuple | range):
        raise TypeError("a loop runs over a list, a range or a text")
    items = list(values)
    BUDGET.get().spend(len(items) * body)
    return items


def _method(name: str) -> Callable[..., Any]:
    function: Callable[..., object] = _replace if name == "replace" else getattr(str, name)

    def run(value: object, *args: object) -> object:
        if not isinstance(value, str):
            raise TypeError("only a text has methods")
        return function(value, *args)

    return run


METHODS = frozenset(
    {
        "upper",
        "lower",
        "title",
        "capitalize",
        "strip",
        "lstrip",
        "rstrip",
        "startswith",
        "endswith",
        "split",
        "replace",
    }
)

# `center`, `indent`, `wordwrap`, `format`, `attr`, `map` and their like are left out on purpose:
# they take a width, a format or an attribute's name.
_WRITTEN: dict[str, Callable[..., Any]] = {
    "upper": filters.do_upper,
    "lower": filters.do_lower,
    "title": filters.do_title,
    "capitalize": filters.do_capitalize,
    "trim": filters.do_trim,
    "truncate": filters.do_truncate,
    "replace": _replace,
    "int": filters.do_int,
    "float": filters.do_float,
    "round": _round,
    "abs": abs,
    "length": len,
    "count": len,
    "first": _first,
    "last": _last,
    "join": _join,
    "string": str,
}

#: The filters that a text may name.
FILTER_NAMES = frozenset({*_WRITTEN, "default", "d"})

#: What the checked tree is rewritten to; no text can write these names.
CONCATENATE, ITEM, RANGE, STEPS, METHOD = "~", "[]", "range()", "for", "."

FILTERS: dict[str, Callable[..., Any]] = {
    **{name: _bounded(function) for name, function in _WRITTEN.items()},
    "default": _bounded(filters.do_default, takes_undefined=True),
    "d": _bounded(filters.do_default, takes_undefined=True),
    CONCATENATE: _bounded(_concatenate),
    ITEM: _bounded(_take_item),
    RANGE: _bounded(_make_range),
    STEPS: _bounded(_count_steps),
    **{METHOD + name: _bounded(_method(name)) for name in METHODS},
}


def _numeric(test: Callable[..., bool]) -> Callable[..., bool]:
    """Wrap a test that computes with `%`, which on a text would be formatting without bounds."""

    def run(*values: object) -> bool:
        _raise_if_undefined(values)
        if not all(isinstance(value, int | float) for value in values):
            raise TypeError("only a number is even, odd or divisible")
        return test(*values)

    return run


#: The tests that a text may name; the signs are how Jinja writes comparisons as tests.
_PLAIN_TESTS = (
    *("defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "string"),
    *("lower", "upper", "in", "eq", "equalto", "ne", "lt", "lessthan", "le", "gt", "greaterthan", "ge"),
)

_JINJA_TESTS: dict[str, Callable[..., bool]] = dict(tests.TESTS)  # type: ignore[arg-type]

TESTS: dict[str, Callable[..., bool]] = {
    **{name: _JINJA_TESTS[name] for name in _PLAIN_TESTS},
    **{name: _numeric(_JINJA_TESTS[name]) for name in ("odd", "even", "divisibleby")},
}


def operate(operator: str, function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Compute `left operator right` for numbers, texts joined by `+`, and a text repeated by `*`.

    Raises TypeError for anything else (`%` on a text is formatting), TooLargeError beyond the bounds.
    """
    _raise_if_undefined((left, right))
    BUDGET.get().spend(1)
    if isinstance(left, str) and isinstance(right, str) and operator == "+":
        bound_length(len(left) + len(right))
    elif isinstance(left, str) and isinstance(right, int) and operator == "*":
        bound_length(len(left) * right)
    elif not (isinstance(left, int | float) and isinstance(right, int | float)):
        raise TypeError("the operator does not go with these kinds of values")
    return bound(function(left, right))
