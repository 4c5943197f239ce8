"""What is wrong with data that do not fit their JSON Schema: each fault one diagnostic at its place.

The schemas say what is wrong; `schema_findings` says it to people. A place of the wrong
type is told once, without what follows from it.

Imports jsonschema; imported only where a file does not fit.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from mmsbatch.campaign import schema_findings as say
from mmsbatch.campaign.schema_findings import Fault
from mmsbatch.campaign.values import DEFINITIONS, Value
from mmsbatch.campaign.yaml_nodes import Node
from mmsbatch.diagnostics import Diagnostic, in_order
from mmsbatch.resources import schema_text

#: Every keyword that our schemas use, and how its faults are told; a test compares them.
FINDINGS: Mapping[str, Callable[[Fault], Iterator[Diagnostic]]] = {
    "type": say.wrong_type,
    "required": say.missing_keys,
    "additionalProperties": say.unknown_keys,
    "enum": say.unknown_word,
    "const": say.other_version,
    "pattern": say.other_form,
    "not": say.other_form,
    "minLength": say.wrong_length,
    "maxLength": say.wrong_length,
    "minItems": say.wrong_length,
    "minimum": say.out_of_range,
    "maximum": say.out_of_range,
    "exclusiveMinimum": say.out_of_range,
}


def find_faults(data: Value, root: Node, schema_name: str, file: str) -> list[Diagnostic]:
    """Say all that keeps data from fitting one of our schemas; `root` gives the places, `file` the name to show."""
    errors = list(_validator(schema_name).iter_errors(data))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    told = (error for error in errors if error.validator == "type" or tuple(error.absolute_path) not in mistyped)
    return in_order(finding for error in told for finding in _findings(error, root, file))


@cache
def _validator(schema_name: str) -> Draft202012Validator:
    schema = json.loads(schema_text(schema_name))
    return Draft202012Validator(_inline(schema, schema["$defs"]))


def _inline(part: Any, definitions: Mapping[str, Any]) -> Any:
    """Put definitions in the place of references, which jsonschema looks up again at every value.

    That takes two thirds of the time off 10,000 inline recipients. Beside a `$ref` our schemas have
    only annotations, which may overwrite the definition's own.
    """
    if isinstance(part, list):
        return [_inline(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        definition = definitions[part["$ref"].removeprefix(DEFINITIONS)]
        part = {**definition, **{key: value for key, value in part.items() if key != "$ref"}}
    return {key: _inline(value, definitions) for key, value in part.items() if key != "$defs"}


def _findings(error: ValidationError, root: Node, file: str) -> Iterator[Diagnostic]:
    fault = Fault(
        path=tuple(error.absolute_path),
        wanted=error.validator_value,
        value=error.instance,
        schema=error.schema if isinstance(error.schema, Mapping) else {},
        is_key="propertyNames" in error.absolute_schema_path,
        root=root,
        file=file,
    )
    return FINDINGS[str(error.validator)](fault)
