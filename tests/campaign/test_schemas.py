"""The schemas themselves: documented throughout, and meaning the same in every validator."""

import json
import re

import pytest
from jsonschema import Draft202012Validator

from mmsbatch.campaign.configuration import GatewaySettings, MediaLimits, Timeout
from mmsbatch.campaign.schema_faults import FINDINGS
from mmsbatch.resources import schema_text

SCHEMAS = {name: json.loads(schema_text(name)) for name in ("campaign", "config")}
ANNOTATIONS = {"title", "description", "examples", "default", "$schema", "$defs", "$ref"}
STRUCTURE = {"properties", "items", "allOf", "if", "then", "dependentSchemas", "propertyNames"}
each_schema = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)


def subschemas(schema, where=()):
    """Yield every schema below one, with its path."""
    yield where, schema
    for key in ("properties", "$defs", "dependentSchemas"):
        for name, part in schema.get(key, {}).items():
            yield from subschemas(part, (*where, key, name))
    for key in ("items", "additionalProperties", "propertyNames", "if", "then"):
        if isinstance(schema.get(key), dict):
            yield from subschemas(schema[key], (*where, key))
    for index, part in enumerate(schema.get("allOf", [])):
        yield from subschemas(part, (*where, "allOf", index))


def is_conditional(where):
    return bool({"if", "then", "dependentSchemas"} & set(where))


@each_schema
def test_is_a_schema(schema):
    Draft202012Validator.check_schema(schema)


@each_schema
def test_every_property_is_documented(schema):
    for where, part in subschemas(schema):
        if where[-2:-1] in (("properties",), ("$defs",)) and not is_conditional(where):
            definition = schema["$defs"].get(part.get("$ref", "").rpartition("/")[2], {})
            missing = {"title", "description", "examples"} - {**definition, **part}.keys()
            assert not missing, where


@each_schema
def test_examples_and_defaults_are_valid(schema):
    for where, part in subschemas(schema):
        if is_conditional(where):
            continue
        validator = Draft202012Validator({"$defs": schema["$defs"], **part})
        for example in [*part.get("examples", []), *([part["default"]] if "default" in part else [])]:
            assert validator.is_valid(example), (where, example)


@each_schema
def test_unknown_keys_are_refused(schema):
    for where, part in subschemas(schema):
        if "properties" in part and not is_conditional(where):
            assert "additionalProperties" in part, where


@each_schema
def test_every_keyword_can_be_told(schema):
    for where, part in subschemas(schema):
        assert part.keys() <= ANNOTATIONS | STRUCTURE | FINDINGS.keys(), where


@each_schema
def test_beside_a_reference_are_only_annotations(schema):
    for where, part in subschemas(schema):
        if "$ref" in part:
            assert part.keys() <= ANNOTATIONS, where


@each_schema
def test_patterns_mean_the_same_everywhere(schema):
    for where, part in subschemas(schema):
        pattern = part.get("pattern")
        if pattern is None:
            continue
        assert not re.search(r"\\[dDwWsSbBpPAzZ]|\(\?", pattern), where
        assert pattern.startswith("^") and pattern.endswith("$"), where
        # Python's $ lets a line break through at the end; no lookahead exists everywhere to forbid it
        assert part["not"] == {"pattern": r"[\x0a\x0d]"}, where


def test_the_defaults_told_are_those_of_the_code():
    told = SCHEMAS["config"]["$defs"]["gateway"]["properties"]
    settings = GatewaySettings()
    for key, part in told.items():
        if "default" in part and hasattr(settings, key):
            value = getattr(settings, key)
            expected = tuple(part["default"]) if isinstance(part["default"], list) else part["default"]
            built = {"timeout": Timeout, "media_limits_kb": MediaLimits}.get(key)
            assert value == (built(**expected) if built else expected), key
