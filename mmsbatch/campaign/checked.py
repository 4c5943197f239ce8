"""A file read and compared with its schema: what campaign and configuration have in common."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mmsbatch.campaign.schema_check import check_schema
from mmsbatch.campaign.values import load_shape, read_values
from mmsbatch.campaign.yaml_nodes import Node
from mmsbatch.campaign.yaml_reader import read_yaml
from mmsbatch.diagnostics import Diagnostic, Position


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that has been read and compared with its schema; `data` fits it where no finding is an error."""

    root: Node | None
    data: Any
    diagnostics: list[Diagnostic]


def read_checked(content: bytes, schema_name: str, file: str) -> Checked:
    """Read YAML and compare it with one of our schemas, collecting the findings of both."""
    document = read_yaml(content, file)
    if document.root is None:
        return Checked(None, None, list(document.diagnostics))
    data, warnings = read_values(document.root, load_shape(schema_name), file)
    faults = check_schema(data, document.root, schema_name, file)
    told = without_places(faults, document.refused)
    warned = without_places(warnings, places_of(faults))
    return Checked(document.root, data, [*document.diagnostics, *warned, *told])


def places_of(diagnostics: Iterable[Diagnostic]) -> Iterator[Position]:
    """Return where errors stand."""
    return (Position(found.line, found.column) for found in diagnostics if found.is_error)


def without_places(diagnostics: Iterable[Diagnostic], told: Iterable[Position]) -> list[Diagnostic]:
    """Leave out what stands where an earlier finding says what is wrong: it only follows from it."""
    places = set(told)
    return [found for found in diagnostics if Position(found.line, found.column) not in places]
