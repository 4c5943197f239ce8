"""Rules are registered where they are used, and used where they are registered."""

import ast
from collections.abc import Iterator
from pathlib import Path

import mmsbatch
from mmsbatch.rules import RULES

SOURCES = [path for path in Path(mmsbatch.__file__).parent.rglob("*.py") if path.name != "rules.py"]


def nodes() -> Iterator[ast.AST]:
    for path in SOURCES:
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def named_rules() -> set[str]:
    """The ids that are written into calls of `finding`."""
    calls = (node for node in nodes() if isinstance(node, ast.Call) and node.args)
    named = (call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "finding")
    return {first.value for first in named if isinstance(first, ast.Constant)}


def test_every_named_rule_is_registered():
    assert named_rules()
    assert named_rules() <= RULES.keys()


def test_every_registered_rule_is_used():
    # Many ids reach `finding` through a problem or a table: any text that is the id counts.
    texts = {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert RULES.keys() - texts == set()


def test_manual_sections_go_with_statuses():
    assert [rule.id for rule in RULES.values() if rule.statuses and not rule.manual] == []
