"""The part of Jinja that a message may use: an allow-list over the parsed tree.

A pull request must not read the pipeline's files or hang it through a text (contract: 3). What is
not listed here is refused by name; what is allowed and could grow is rewritten to the bounded
filters of `operations`, so that no method, item or loop of Jinja's own is left in the tree.

Imports jinja2; imported only when a text is compiled.
"""

import math
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from mmsbatch.folding import closest
from mmsbatch.message import operations
from mmsbatch.message.problems import TemplateProblem

MAX_NODES = 2_000
MAX_DEPTH = 80
MAX_LOOP_DEPTH = 5
LOOP_ATTRIBUTES = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})

_STATEMENTS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.With)
_VALUES = (nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Keyword, nodes.Getattr, nodes.Getitem)
_EXPRESSIONS = (nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Compare, nodes.Operand, nodes.Concat)
_OPERATORS = (nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul)
_DIVISIONS = (nodes.Div, nodes.FloorDiv, nodes.Mod)
_ALLOWED = frozenset({*_STATEMENTS, *_VALUES, *_EXPRESSIONS, *_OPERATORS, *_DIVISIONS})

#: How people write what is refused.
_WRITTEN_AS = {
    "AssignBlock": "`{% set … %}` as a block",
    "Block": "`{% block %}`",
    "CallBlock": "`{% call %}`",
    "Dict": "a mapping",
    "Extends": "`{% extends %}`",
    "FilterBlock": "`{% filter %}`",
    "FromImport": "`{% from … import %}`",
    "Import": "`{% import %}`",
    "Include": "`{% include %}`",
    "Macro": "`{% macro %}`",
    "Pow": "the operator `**`",
    "Scope": "`{% autoescape %}`",
    "Slice": "a slice of anything but plain numbers",
}
_RESERVED = frozenset({"self", "caller", "varargs", "kwargs"})


class TooComplexError(Exception):
    """The template has too many parts, or nests them too deeply."""


class Grammar(NodeTransformer):
    """Checks a tree and rewrites it; `problems` holds what it may not use."""

    def __init__(self) -> None:
        self.problems: list[TemplateProblem] = []
        self._nodes = 0
        self._depth = 0
        self._loops = 0

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Visit one node: refuse it, or give what stands in its place."""
        self._nodes += 1
        if self._nodes > MAX_NODES or self._depth > MAX_DEPTH:
            raise TooComplexError
        if type(node) not in _ALLOWED:
            kind = type(node).__name__
            return self._refuse(node, _WRITTEN_AS.get(kind, kind.lower()))
        self._depth += 1
        try:
            return super().visit(node, *args, **kwargs)
        finally:
            self._depth -= 1

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802, D102 - Jinja's names
        if node.name.startswith("_") or node.name in _RESERVED:
            return self._refuse(node, f"the name `{node.name[:40]}`")
        return node

    def visit_Const(self, node: nodes.Const) -> nodes.Node:  # noqa: N802, D102
        if isinstance(node.value, int) and abs(node.value) > operations.MAX_INTEGER:
            return self._refuse(node, "a number above 10^18")
        if isinstance(node.value, float) and not math.isfinite(node.value):
            return self._refuse(node, "an infinite number")
        return node

    def visit_List(self, node: nodes.List | nodes.Tuple) -> nodes.Node:  # noqa: N802, D102
        if all(isinstance(item, nodes.Const) for item in node.items):
            return self.generic_visit(node)
        return self._refuse(node, "a list of anything but constants")

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802, D102
        return self.visit_List(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802, D102
        if node.name not in operations.FILTER_NAMES:
            return self._refuse(node, f"the filter `{node.name[:40]}`", _suggest(node.name, operations.FILTER_NAMES))
        return self._visit_arguments(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802, D102
        if node.name not in operations.TESTS:
            return self._refuse(node, f"the test `{node.name[:40]}`", _suggest(node.name, frozenset(operations.TESTS)))
        return self._visit_arguments(node)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802, D102
        called = node.node
        if isinstance(called, nodes.Name) and called.name == "range":
            return self._rewrite_call(node, nodes.Const(None, lineno=node.lineno), operations.RANGE)
        if isinstance(called, nodes.Getattr) and called.attr in operations.METHODS:
            return self._rewrite_call(node, called.node, operations.METHOD + called.attr)
        name = getattr(called, "attr", getattr(called, "name", "…"))
        return self._refuse(node, f"the call `{name[:40]}(…)`")

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802, D102
        of_loop = isinstance(node.node, nodes.Name) and node.node.name == "loop" and self._loops
        if of_loop and node.attr in LOOP_ATTRIBUTES:
            return node
        return self._refuse(node, f"the attribute `.{node.attr[:40]}`")

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802, D102
        arguments = _read_index(node.arg)
        if arguments is None:
            return self._refuse(node, "an index that is no plain number")
        return _filter(self.visit(node.node), operations.ITEM, list(arguments), node.lineno)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802, D102
        if node.recursive or not isinstance(node.target, nodes.Name):
            return self._refuse(node, "a recursive loop, or one with several targets")
        iterated = self.visit(node.iter)
        before = self._nodes
        self._visit_loop_body(node)
        node.else_ = self._visit_all(node.else_)
        steps = nodes.Const(max(1, self._nodes - before), lineno=node.lineno)
        node.iter = _filter(iterated, operations.STEPS, [steps], node.lineno)
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:  # noqa: N802, D102
        if not isinstance(node.target, nodes.Name):
            return self._refuse(node, "`{% set %}` with several targets")
        return self.generic_visit(node)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:  # noqa: N802, D102
        # `{{ "x" if y }}` without else: nothing, rather than an undefined value without a name.
        node.expr2 = node.expr2 or nodes.Const("", lineno=node.lineno)
        return self.generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802, D102
        first, *others = self._visit_all(node.nodes)
        return _filter(first, operations.CONCATENATE, others, node.lineno)

    def _visit_loop_body(self, node: nodes.For) -> None:
        self._loops += 1
        if self._loops > MAX_LOOP_DEPTH:
            raise TooComplexError
        self.visit(node.target)
        node.test = self.visit(node.test) if node.test else None
        node.body = self._visit_all(node.body)
        self._loops -= 1

    def _visit_arguments(self, node: nodes.Filter | nodes.Test) -> nodes.Node:
        if node.dyn_args or node.dyn_kwargs:
            return self._refuse(node, "arguments with `*`")
        return self.generic_visit(node)

    def _rewrite_call(self, node: nodes.Call, value: nodes.Expr, name: str) -> nodes.Node:
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            return self._refuse(node, "a call with named arguments")
        return _filter(self.visit(value), name, self._visit_all(node.args), node.lineno)

    def _visit_all(self, children: list[Any]) -> list[Any]:
        return [self.visit(child) for child in children]

    def _refuse(self, node: nodes.Node, what: str, hint: str = "") -> nodes.Node:
        self.problems.append(
            TemplateProblem("template-forbidden", _find_line(node), f"a text may not use {what}", hint or _HINT)
        )
        return node


_HINT = "variables, if, for, set and simple filters (default, upper, lower, title, replace, …) are what a text may use"


def _find_line(node: nodes.Node) -> int:
    """Return the node's line; Jinja's scopes have none of their own, so the first child's."""
    return node.lineno or next((child.lineno for child in node.iter_child_nodes() if child.lineno), 1)


def _filter(value: nodes.Expr, name: str, arguments: list[nodes.Expr], line: int) -> nodes.Filter:
    return nodes.Filter(value, name, arguments, [], None, None, lineno=line)


def _read_index(node: nodes.Expr) -> list[nodes.Expr] | None:
    """Return the arguments of the item filter for an index or slice of plain numbers; None for others."""
    is_slice = isinstance(node, nodes.Slice)
    parts = [node.start, node.stop, node.step] if isinstance(node, nodes.Slice) else [node, None, None]
    if not all(part is None or _is_plain_number(part) for part in parts) or (not is_slice and parts[0] is None):
        return None
    none = nodes.Const(None, lineno=node.lineno)
    return [*(part or none for part in parts), nodes.Const(is_slice, lineno=node.lineno)]


def _is_plain_number(node: nodes.Expr) -> bool:
    inner = node.node if isinstance(node, nodes.Neg) else node
    return isinstance(inner, nodes.Const) and type(inner.value) is int and inner.value <= operations.MAX_LENGTH


def _suggest(name: str, known: frozenset[str]) -> str:
    meant = closest(name, sorted(known))
    return f"did you mean `{meant}`?" if meant else ""
