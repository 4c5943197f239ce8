"""A document's data against its JSON Schema: nearly always it fits, and that is soon said."""

import json
from functools import cache

from mmsbatch.campaign.schema_acceptance import Accepts, compile_acceptance
from mmsbatch.campaign.values import Value
from mmsbatch.campaign.yaml_nodes import Node
from mmsbatch.diagnostics import Diagnostic
from mmsbatch.resources import schema_text


def check_schema(data: Value, root: Node, schema_name: str, file: str) -> list[Diagnostic]:
    """Compare data with one of our schemas; `root` gives the places, `file` the name to show."""
    if _acceptance(schema_name)(data):
        return []
    from mmsbatch.campaign.schema_faults import find_faults  # noqa: PLC0415 - it takes as long as all else together

    return find_faults(data, root, schema_name, file)


@cache
def _acceptance(schema_name: str) -> Accepts:
    return compile_acceptance(json.loads(schema_text(schema_name)))
