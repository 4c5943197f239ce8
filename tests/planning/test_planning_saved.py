"""A saved plan's text: read back as it was, and refused where it is anything else."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mmsbatch.campaign.configuration import GatewaySettings, Timeout
from mmsbatch.campaign.model import MessageType
from mmsbatch.errors import Refusal
from mmsbatch.planning.binding import bind_gateway, bound_path
from mmsbatch.planning.digests import digest_settings
from mmsbatch.planning.saved import (
    BoundCampaign,
    BoundGateway,
    PlanOptions,
    SavedPlan,
    digest_json,
    read_saved_plan,
)
from mmsbatch.recipients.suppression import SuppressionDigest

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PARTS = ("campaign", "template", "variables", "media", "recipients", "record")


def saved(**changes):
    plan = SavedPlan(
        tool="0.1.0",
        created=datetime(2026, 12, 19, 9, tzinfo=UTC),
        max_age=timedelta(hours=72),
        gateway=BoundGateway("production", "http://127.0.0.1/send", "3f2a9c0d1e4b", SHA),
        options=PlanOptions(),
        campaigns=(
            BoundCampaign("campaigns/été.yaml", 1, 5, dict.fromkeys(PARTS, SHA), (SuppressionDigest("s.csv", 2, SHA),)),
        ),
        flows=SHA,
    )
    return replace(plan, **changes)


@pytest.mark.parametrize(
    "plan",
    [
        saved(),
        saved(campaigns=()),
        saved(gateway=BoundGateway("sandbox", "embedded", "", SHA)),
        saved(options=PlanOptions(True, True, "conf.yaml", "/data/list.csv")),
    ],
)
def test_what_was_saved_is_read_back(plan):
    assert read_saved_plan(plan.to_text(), "plan.json") == plan


def test_plans_of_the_same_inputs_differ_in_their_creation_alone():
    one, two = saved(), saved(created=datetime(2026, 12, 20, tzinfo=UTC))
    assert one.digest == two.digest
    before, after = (json.loads(plan.to_text()) for plan in (one, two))
    assert before.pop("created") != after.pop("created")
    assert before == after


def leaves(value, way=()):
    """Give the way to everything in a plan that can be changed."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*way, key)
        yield from leaves(below, (*way, key))


WAYS = [way for way in leaves(json.loads(saved().to_text())) if way not in {("version",), ("kind",)}]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: ".".join(map(str, way)))
def test_every_edit_is_found(way):
    content = json.loads(saved().to_text())
    *above, last = way
    place = content
    for key in above:
        place = place[key]
    place[last] = other_than(place[last])
    with pytest.raises(Refusal, match="the saved plan was edited"):
        read_saved_plan(json.dumps(content), "plan.json")
    del place[last]
    with pytest.raises(Refusal, match="the saved plan was edited"):
        read_saved_plan(json.dumps(content), "plan.json")


def other_than(value):
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value.replace("9", "8") if "9" in value else f"{value}x"
    return []


NO_PLANS = {
    "": "no saved plan: not JSON",
    "[" * 100_000: "no saved plan: not JSON",
    "[]": "no saved plan",
    "3": "no saved plan",
    "{}": "no saved plan",
    '{"version": 1, "campaigns": []}': "a report of `--format json`",
    '{"kind": "saved-plan"}': "does not fit its schema",
    '{"kind": "saved-plan", "version": true}': "does not fit its schema",
    '{"kind": "saved-plan", "version": 2, "anything": "else"}': "the newer format 2",
    '{"kind": "saved-plan", "version": 0}': "does not fit its schema",
}


@pytest.mark.parametrize("text", NO_PLANS, ids=lambda text: text[:40])
def test_what_is_no_plan_is_refused(text):
    with pytest.raises(Refusal, match=NO_PLANS[text]):
        read_saved_plan(text, "plan.json")


# --- what is bound


SETTINGS = GatewaySettings()


@pytest.mark.parametrize(
    "changes",
    [
        {"chunk_size": 100},
        {"timeout": Timeout(read=61)},
        {"credits_per_message": {MessageType.TEXT: 1}},
        {"charset": "iso-8859-15"},
        {"credentials": "OTHER"},
        {"exclusive_account": True},
        {"account_url": "http://127.0.0.1/account"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_setting_is_bound(changes):
    assert digest_settings(replace(SETTINGS, **changes)) != digest_settings(SETTINGS)


def test_the_embedded_gateway_has_no_address_to_bind():
    assert bind_gateway(replace(SETTINGS, name="sandbox", send_url="http://127.0.0.1:1/"), "").send_url == "embedded"


def test_a_path_means_the_same_in_any_clone(tmp_path):
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "link").symlink_to("campaigns")
    assert bound_path(tmp_path / "campaigns" / "a.yaml", tmp_path) == "campaigns/a.yaml"
    assert bound_path(tmp_path / "link" / ".." / "campaigns" / "a.yaml", tmp_path) == "campaigns/a.yaml"
    assert bound_path(tmp_path.parent / "a.csv", tmp_path) == (tmp_path.parent / "a.csv").as_posix()


def test_the_digest_is_over_sorted_keys():
    assert digest_json({"a": 1, "b": "é"}) == digest_json({"b": "é", "a": 1})
