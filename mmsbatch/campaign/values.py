"""Nodes of a YAML file to plain data, each scalar read as the schema wants it at its place.

Where the schema takes text, a scalar is the text that was written. Where it wants a number
or a truth value, an unquoted one becomes that. At a place of text alone an unquoted number
stays a number, so that the schema refuses it here as in every other validator; phone
numbers and dates are the exception, accepted with a warning.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from mmsbatch.campaign.scalars import Plain, is_misread, resolve_plain
from mmsbatch.campaign.yaml_nodes import ListNode, MappingNode, Node, ScalarNode, position_of
from mmsbatch.diagnostics import Diagnostic
from mmsbatch.resources import schema_text
from mmsbatch.rules import finding

Value: TypeAlias = "Plain | list[Value] | dict[str, Value]"

#: Definitions of the schemas where unquoted digits are meant as text, from this many characters on.
_DIGITS_ARE_TEXT = {"phone": 9, "recipient": 9, "schedule": 4, "mobilePrefix": 2}
#: How a schema refers to its own definitions.
DEFINITIONS = "#/$defs/"
_QUOTE = "Put it in quotes."


@dataclass(frozen=True, slots=True)
class Shape:
    """What the schema says on types at one place and below it.

    `digits_from` is the length from which an unquoted number is taken as text, 0 where none is.
    """

    types: frozenset[str] = frozenset()
    properties: Mapping[str, "Shape"] = field(default_factory=dict)
    others: "Shape | None" = None
    items: "Shape | None" = None
    digits_from: int = 0


_ANYTHING = Shape()


@cache
def load_shape(schema_name: str) -> Shape:
    """Return the shape of one of our schemas; `schema_name` as in `mmsbatch.resources`."""
    schema = json.loads(schema_text(schema_name))
    return _shape(schema, schema["$defs"])


def _shape(schema: Any, definitions: Mapping[str, Any], defined_as: str = "") -> Shape:
    if not isinstance(schema, dict):
        return _ANYTHING
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(DEFINITIONS)
        return _shape(definitions[name], definitions, name)
    types = schema.get("type", [])
    return Shape(
        types=frozenset([types] if isinstance(types, str) else types),
        properties={name: _shape(part, definitions) for name, part in schema.get("properties", {}).items()},
        others=_shape(schema.get("additionalProperties"), definitions),
        items=_shape(schema.get("items"), definitions),
        digits_from=_DIGITS_ARE_TEXT.get(defined_as, 0),
    )


def read_values(root: Node, shape: Shape, file: str) -> tuple[Value, list[Diagnostic]]:
    """Return a document's data and the warnings about what other YAML tools would misread."""
    misread: list[ScalarNode] = []
    data = _value(root, shape, misread)
    return data, [_warn(node, file) for node in misread]


def _warn(node: ScalarNode, file: str) -> Diagnostic:
    message = "A number or date stands without quotes: other YAML tools read something else than is written."
    return finding("unquoted-number", file, position_of(node), message, _QUOTE)


def _value(node: Node, shape: Shape, misread: list[ScalarNode]) -> Value:
    if isinstance(node, ScalarNode):
        return node.text if node.style else _scalar(node, shape, misread)
    if isinstance(node, ListNode):
        inner = shape.items or _ANYTHING
        return [_value(item, inner, misread) for item in node.items]
    return _mapping(node, shape, misread)


def _mapping(node: MappingNode, shape: Shape, misread: list[ScalarNode]) -> dict[str, Value]:
    properties, others = shape.properties, shape.others or _ANYTHING
    return {name: _value(value, properties.get(name, others), misread) for name, (_, value) in node.entries.items()}


def _scalar(node: ScalarNode, shape: Shape, misread: list[ScalarNode]) -> Value:
    value = resolve_plain(node.text)
    if "string" not in shape.types:
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 < shape.digits_from <= len(node.text):
        misread.append(node)
        return node.text
    if not isinstance(value, str) and not _takes(shape, value):
        return value
    if is_misread(node.text):
        misread.append(node)
    return node.text


def _takes(shape: Shape, value: Plain) -> bool:
    """Whether the schema takes such a value beside text, so that its text may be kept instead."""
    if value is None:
        return "null" in shape.types
    return ("boolean" if isinstance(value, bool) else "number") in shape.types
