"""Whether data fits one of our schemas, yes or no, a hundred times sooner than `jsonschema` says.

Nearly every file fits, and `jsonschema` takes 40 ms to import and 75 µs for a mapping of three keys. So a
schema is made into nested functions that only accept; whatever they do not accept, `jsonschema` judges
and explains. They know the keywords that our schemas use; of a schema with another they accept nothing.
A test holds that both agree.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import Any

from mmsbatch.campaign.values import DEFINITIONS

Accepts = Callable[[Any], bool]
#: The schema of a value, the definitions: what a keyword's check may need beside its own value.
_Context = tuple[Mapping[str, Any], Mapping[str, Any]]
_Make = Callable[[Any, _Context], Accepts]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "null": (NoneType,),
    "array": (list,),
    "object": (dict,),
}
_EVERY_TYPE = tuple(dict.fromkeys(kind for kinds in _TYPES.values() for kind in kinds))
_TEXT, _NUMBER, _LIST, _MAPPING = _TYPES["string"], _TYPES["number"], _TYPES["array"], _TYPES["object"]
_ANNOTATIONS = frozenset({"$schema", "$defs", "title", "description", "default", "examples", "then"})


def compile_acceptance(schema: Mapping[str, Any]) -> Accepts:
    """Make a schema into a function that tells whether a value fits it.

    The value is plain data as `read_values` gives it.
    """
    try:
        return _compile(schema, schema.get("$defs", {}))
    except _UnknownKeyword:
        return _never


class _UnknownKeyword(Exception):
    """A keyword that is not checked here."""


def _compile(schema: Any, definitions: Mapping[str, Any]) -> Accepts:
    if not isinstance(schema, dict):
        return lambda value: schema is True
    if "$ref" in schema:  # beside it our schemas have only annotations
        return _compile(definitions[schema["$ref"].removeprefix(DEFINITIONS)], definitions)
    keywords = [keyword for keyword in schema if keyword not in _ANNOTATIONS]
    if not set(keywords) <= _KEYWORDS.keys():
        raise _UnknownKeyword
    made = [(_KEYWORDS[each][0], _KEYWORDS[each][1](schema[each], (schema, definitions))) for each in keywords]
    checks = {kind: tuple(check for kinds, check in made if kind in kinds) for kind in _types_of(schema)}

    def accepts(value: Any) -> bool:
        # No generators here and below: this runs for each value of each file.
        for check in checks.get(type(value), _NEVER):  # noqa: SIM110
            if not check(value):
                return False
        return True

    return accepts


def _types_of(schema: Mapping[str, Any]) -> Iterable[type]:
    """Return the types of values that a schema may accept."""
    wanted = schema.get("type", list(_TYPES))
    return {kind for name in ([wanted] if isinstance(wanted, str) else wanted) for kind in _TYPES[name]}


def _never(value: Any) -> bool:
    return False


_NEVER = (_never,)


def _is_whole(number: float) -> bool:
    return number.is_integer()


def _enum(words: list[Any], _: _Context) -> Accepts:
    # True is 1 to Python, and not to JSON.
    taken = {(isinstance(word, bool), word) for word in words}
    return lambda value: not isinstance(value, list | dict) and (isinstance(value, bool), value) in taken


def _pattern(pattern: str, _: _Context) -> Accepts:
    search = re.compile(pattern).search
    return lambda text: search(text) is not None


def _not(schema: Any, context: _Context) -> Accepts:
    accepts = _compile(schema, context[1])
    return lambda value: not accepts(value)


def _all_of(schemas: Iterable[Any], context: _Context) -> Accepts:
    parts = [_compile(schema, context[1]) for schema in schemas]
    return lambda value: all(accepts(value) for accepts in parts)


def _if(schema: Any, context: _Context) -> Accepts:
    applies, accepts = _compile(schema, context[1]), _compile(context[0].get("then", True), context[1])
    return lambda value: not applies(value) or accepts(value)


def _items(schema: Any, context: _Context) -> Accepts:
    accepts = _compile(schema, context[1])
    return lambda items: all(map(accepts, items))


def _required(names: list[str], _: _Context) -> Accepts:
    wanted = frozenset(names)
    return lambda mapping: wanted <= mapping.keys()


def _properties(schemas: Mapping[str, Any], context: _Context) -> Accepts:
    known = {name: _compile(schema, context[1]) for name, schema in schemas.items()}

    def accepts(mapping: dict[str, Any]) -> bool:
        for name, value in mapping.items():  # noqa: SIM110
            if name in known and not known[name](value):
                return False
        return True

    return accepts


def _additional_properties(schema: Any, context: _Context) -> Accepts:
    known, accepts = context[0].get("properties", {}).keys(), _compile(schema, context[1])
    if schema is False:
        return lambda mapping: mapping.keys() <= known
    return lambda mapping: all(accepts(value) for name, value in mapping.items() if name not in known)


def _property_names(schema: Any, context: _Context) -> Accepts:
    accepts = _compile(schema, context[1])
    return lambda mapping: all(map(accepts, mapping))


def _dependent_schemas(schemas: Mapping[str, Any], context: _Context) -> Accepts:
    parts = {name: _compile(schema, context[1]) for name, schema in schemas.items()}
    return lambda mapping: all(accepts(mapping) for name, accepts in parts.items() if name in mapping)


def _type(wanted: str | list[str], _: _Context) -> Accepts:
    # The type itself is known by now: 1.0 is an integer to JSON Schema, and 1.5 is none.
    return (lambda value: True) if "number" in wanted else _is_whole


#: How a keyword is checked, and the types of values that it says anything about.
_KEYWORDS: Mapping[str, tuple[tuple[type, ...], _Make]] = {
    "type": ((float,), _type),
    "const": (_EVERY_TYPE, lambda word, context: _enum([word], context)),
    "enum": (_EVERY_TYPE, _enum),
    "not": (_EVERY_TYPE, _not),
    "allOf": (_EVERY_TYPE, _all_of),
    "if": (_EVERY_TYPE, _if),
    "minLength": (_TEXT, lambda least, _: lambda text: len(text) >= least),
    "maxLength": (_TEXT, lambda most, _: lambda text: len(text) <= most),
    "pattern": (_TEXT, _pattern),
    "minimum": (_NUMBER, lambda least, _: lambda number: number >= least),
    "maximum": (_NUMBER, lambda most, _: lambda number: number <= most),
    "exclusiveMinimum": (_NUMBER, lambda bound, _: lambda number: number > bound),
    "minItems": (_LIST, lambda least, _: lambda items: len(items) >= least),
    "items": (_LIST, _items),
    "required": (_MAPPING, _required),
    "properties": (_MAPPING, _properties),
    "additionalProperties": (_MAPPING, _additional_properties),
    "propertyNames": (_MAPPING, _property_names),
    "dependentSchemas": (_MAPPING, _dependent_schemas),
}
