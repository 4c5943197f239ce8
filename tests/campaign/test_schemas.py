"""The schemas themselves: documented throughout, and meaning the same in every validator."""

import json
import re
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mmsbatch.campaign.campaign_parser import parse_campaign
from mmsbatch.campaign.configuration import GatewaySettings, StoreSettings
from mmsbatch.campaign.configuration_parser import parse_configuration
from mmsbatch.campaign.model import Limits
from mmsbatch.campaign.places import Reach
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
            told = {**definition, **part}
            assert not {"title", "description", "examples"} - told.keys(), where
            assert told["title"].strip(), where
            assert len(told["description"].split()) > 1, where
            assert told["examples"], where


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


#: What holds where nothing is written, as the contract has it: the way to the key, and how the code comes by it.
DEFAULTS = {
    "campaign": {
        "state": ("ready", lambda campaign: campaign.state),
        "revision": (1, lambda campaign: campaign.revision),
        "kind": ("marketing", lambda campaign: campaign.kind),
        "variables": ({}, lambda campaign: campaign.variables),
        "recipients.phone": ("phone", lambda campaign: campaign.recipients.phone),
        "recipients.on_invalid": ("refuse", lambda campaign: campaign.recipients.on_invalid),
        "recipients.late_rows": ("hold", lambda campaign: campaign.recipients.late_rows),
        "suppress": ([], lambda campaign: list(campaign.suppress[1:])),
        "suppress[].phone": ("phone", lambda campaign: campaign.suppress[0].phone),
        "mail_notification": (False, lambda campaign: bool(campaign.mail_notification)),
        "limits": ({}, lambda campaign: {} if campaign.limits == Limits() else campaign.limits),
        "limits.max_rejected": (0.5, lambda campaign: campaign.limits.max_rejected),
    },
    "config": {
        "default_gateway": ("production", lambda read: read.default_gateway),
        "gateways": ({}, lambda read: {} if read.gateways["production"] == GatewaySettings() else read.gateways),
        "gateways.*.send_url": (
            "http://api.msinnovations.com/amsmodule.sendmms.v2.php",
            lambda read: gateway(read).send_url,
        ),
        "gateways.*.account_url": (
            "http://api.msinnovations.com/amsmodule.sendsms.v6.php",
            lambda read: gateway(read).account_url,
        ),
        "gateways.*.chunk_size": (200, lambda read: gateway(read).chunk_size),
        "gateways.*.concurrency": (4, lambda read: gateway(read).concurrency),
        "gateways.*.timeout": (
            {"connect": 10, "read": 60, "total": 120},
            lambda read: asdict(gateway(read).timeout),
        ),
        "gateways.*.timeout.connect": (10, lambda read: gateway(read).timeout.connect),
        "gateways.*.timeout.read": (60, lambda read: gateway(read).timeout.read),
        "gateways.*.timeout.total": (120, lambda read: gateway(read).timeout.total),
        "gateways.*.retries": (5, lambda read: gateway(read).retries),
        "gateways.*.max_in_doubt": (1, lambda read: gateway(read).max_in_doubt),
        "gateways.*.mobile_prefixes": (["06"], lambda read: list(gateway(read).mobile_prefixes)),
        "gateways.*.fiction_numbers": ("refuse", lambda read: "accept" if gateway(read).accept_fiction else "refuse"),
        "gateways.*.newline": ("escaped", lambda read: gateway(read).newline),
        "gateways.*.charset": ("utf-8", lambda read: gateway(read).charset),
        "gateways.*.media_limits_kb": (
            {"image": 600, "video": 299, "sound": 99},
            lambda read: asdict(gateway(read).media_limits_kb),
        ),
        "gateways.*.media_limits_kb.image": (600, lambda read: gateway(read).media_limits_kb.image),
        "gateways.*.media_limits_kb.video": (299, lambda read: gateway(read).media_limits_kb.video),
        "gateways.*.media_limits_kb.sound": (99, lambda read: gateway(read).media_limits_kb.sound),
        "gateways.*.media_url_prefixes": (["http://www."], lambda read: list(gateway(read).media_url_prefixes)),
        "gateways.*.require_https": (False, lambda read: gateway(read).require_https),
        "gateways.*.credentials": ("MMSBATCH", lambda read: gateway(read).credentials),
        "gateways.*.exclusive_account": (False, lambda read: gateway(read).exclusive_account),
        "gateways.*.settle_seconds": (120, lambda read: gateway(read).settle_seconds),
        "record": ({}, lambda read: {} if read.numbers is None else read.numbers),
        "record.store": ("folder", lambda read: read.store.kind),
        "record.remote": ("origin", lambda read: read.store.remote),
        "record.branch": ("mmsbatch-record", lambda read: read.store.branch),
        "record.claim": ({}, lambda read: {} if read.store == StoreSettings() else read.store),
        "record.claim.chunks": (50, lambda read: read.store.claim_chunks),
        "record.claim.seconds": (20, lambda read: read.store.claim_seconds),
        "plan_max_age": ("72h", lambda read: f"{read.plan_max_age // timedelta(hours=1)}h"),
    },
}
EMPTIEST = {
    "campaign": b"""\
version: 1
name: Soldes
message: {type: text, text: Bonjour}
recipients: {file: sale.csv}
suppress: [{file: stop.csv}]
""",
    "config": b"version: 1\n",
}


def gateway(configuration):
    return configuration.gateways["production"]


def told_defaults(schema, root, place=""):
    """Yield the way to every key that has a default, and the default."""
    schema = {**root["$defs"].get(schema.get("$ref", "").rpartition("/")[2], {}), **schema}
    if place and "default" in schema:
        yield place, schema["default"]
    below = dict(schema.get("properties", {}))
    if place == "gateways":
        below["*"] = schema["additionalProperties"]
    for name, part in below.items():
        yield from told_defaults(part, root, f"{place}.{name}".lstrip("."))
    if "items" in schema:
        yield from told_defaults(schema["items"], root, f"{place}[]")


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_defaults_told_are_those_of_the_contract(name):
    told = dict(told_defaults(SCHEMAS[name], SCHEMAS[name]))
    assert told == {place: default for place, (default, _) in DEFAULTS[name].items()}


@pytest.mark.parametrize(("name", "place"), [(name, place) for name, places in DEFAULTS.items() for place in places])
def test_the_defaults_told_are_those_of_the_code(name, place):
    if name == "campaign":
        read, found = parse_campaign(EMPTIEST[name], Path("sale.yaml"), "sale.yaml", Reach.of(Path("sale.yaml")))
    else:
        read, found = parse_configuration(EMPTIEST[name], Path("mmsbatch.yaml"), "mmsbatch.yaml")
    assert found == []
    default, used = DEFAULTS[name][place]
    assert used(read) == default
