"""The schemas of journal and manifest say exactly what the code writes; that of saved plans is documented like them."""

import json
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from record_builders import any_journals, events_of, histories

from mmsbatch.record.chain import START, Tail, encode_line
from mmsbatch.record.events import EVENTS, Rejection, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.manifest import ManifestWriter, manifest, manifest_text
from mmsbatch.record.states import ChunkState, RevisionStatus
from mmsbatch.resources import schema_text

GOLDEN = Path(__file__).with_name("manifest.golden.json")
SCHEMAS = {name: json.loads(schema_text(name)) for name in ("journal", "manifest", "plan")}
JOURNAL, MANIFEST = SCHEMAS["journal"], SCHEMAS["manifest"]
LINE, WHOLE = map(Draft202012Validator, (JOURNAL, MANIFEST))
ANNOTATIONS = {"title", "description", "examples"}
each_schema = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
each_event = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)


def properties(schema, where=()):
    """Yield every property and definition of a schema, with its path."""
    for key in ("$defs", "properties"):
        for name, part in schema.get(key, {}).items():
            yield (*where, name), part
            yield from properties(part, (*where, name))


def is_always_written(item):
    return item.default is MISSING or item.default not in (None, ())


@each_schema
def test_is_a_schema_whose_every_property_is_documented(schema):
    Draft202012Validator.check_schema(schema)
    assert ANNOTATIONS - {"examples"} <= schema.keys()
    for where, part in properties(schema):
        definition = schema["$defs"].get(part.get("$ref", "").rpartition("/")[2], {})
        assert {**definition, **part}.keys() >= ANNOTATIONS, where


@each_schema
def test_examples_are_valid(schema):
    for where, part in properties(schema):
        validator = Draft202012Validator({"$defs": schema["$defs"], **part})
        for example in part.get("examples", []):
            assert validator.is_valid(example), (where, example)


@each_schema
def test_unknown_keys_are_refused(schema):
    for where, part in properties(schema):
        if part.get("type") == "object":
            assert "additionalProperties" in part, where


def test_every_event_has_its_definition():
    assert JOURNAL["oneOf"] == [{"$ref": f"#/$defs/{name}"} for name in EVENTS]


@each_event
def test_an_event_has_the_fields_of_its_class(event):
    told = JOURNAL["$defs"][event.name]
    assert told["properties"]["event"]["const"] == event.name
    assert list(told["properties"]) == ["event", *(item.name for item in fields(event)), "digest"]
    written = [item.name for item in fields(event) if is_always_written(item)]
    assert told["required"] == ["event", *written, "digest"]


@pytest.mark.parametrize(("name", "made_of"), [("totals", Totals), ("rejection", Rejection)])
def test_the_parts_have_the_fields_of_their_classes(name, made_of):
    assert list(JOURNAL["$defs"][name]["properties"]) == [item.name for item in fields(made_of)]


def test_the_states_told_are_those_of_the_code():
    fates = [state for state in ChunkState if state not in (ChunkState.PENDING, ChunkState.SENDING)]
    assert JOURNAL["$defs"]["state"]["enum"] == fates
    assert MANIFEST["$defs"]["proof"]["properties"]["state"]["enum"] == fates
    assert MANIFEST["$defs"]["chunk"]["properties"]["state"]["enum"] == list(ChunkState)
    assert MANIFEST["$defs"]["status"]["enum"] == list(RevisionStatus)


@settings(max_examples=50)
@given(any_journals)
def test_any_line_is_valid(events):
    for event in events:
        LINE.validate(json.loads(encode_line(event, START)[0]))


@each_event
@settings(max_examples=15)
@given(st.data())
def test_a_line_with_one_key_more_or_less_is_not(event, data):
    line = json.loads(encode_line(data.draw(events_of(event)), START)[0])
    assert not LINE.is_valid({**line, "mood": "fine"})
    for key in JOURNAL["$defs"][event.name]["required"]:
        assert not LINE.is_valid({name: value for name, value in line.items() if name != key}), key


@settings(max_examples=40)
@given(histories())
def test_the_manifest_of_any_history_is_valid_after_every_event(history):
    record, writer = Record(), ManifestWriter()
    for event in history.events:
        record.apply(event)
        shown = manifest(record, Tail(lines=1))
        WHOLE.validate(shown)
        # Written on from the last time, or anew: the same text.
        text = json.dumps(shown, ensure_ascii=False, indent=2) + "\n"
        assert writer.write(record, Tail(lines=1)) == manifest_text(record, Tail(lines=1)) == text


def properties_of(name):
    return list(MANIFEST["$defs"][name]["properties"])


def test_the_manifest_has_the_keys_told_in_their_order():
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert list(golden) == list(MANIFEST["properties"]) == MANIFEST["required"]
    for part in ("campaign", "gateway"):
        assert list(golden[part]) == list(MANIFEST["properties"][part]["properties"])
    assert list(golden["totals"]) == properties_of("totals")
    assert list(golden["credits"]) == properties_of("credits")
    assert list(golden["rejected"][0]) == properties_of("rejected")
    assert list(golden["revisions"][0]) == properties_of("earlier")
    assert list(golden["runs"][0]) == [key for key in properties_of("run") if key != "shard"]
    assert list(golden["proofs"][0]) == properties_of("proof")
    assert max((list(chunk) for chunk in golden["chunks"]), key=len) == properties_of("chunk")
