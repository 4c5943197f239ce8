"""What `apply` was asked for: whether a finished campaign may be told from its record."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.cli.apply_call import HARMLESS, ApplyCall

CALL = ApplyCall(specs=(Path("sale.yaml"),))
NAMES = [each.name for each in fields(ApplyCall)]


@pytest.mark.parametrize("name", NAMES)
def test_an_option_wants_a_plan_unless_it_is_known_to_be_harmless(name):
    changed = replace(CALL, **{name: (Path("other.yaml"),) if name == "specs" else "something"})
    assert changed.is_of_whole_campaigns is (name in HARMLESS)


def test_of_each_option_it_was_decided_whether_it_wants_a_plan():
    wants_a_plan = {"plan_file", "recipients", "late_rows", "new_campaign", "shard"}
    assert set(NAMES) == HARMLESS | wants_a_plan
    assert not HARMLESS & wants_a_plan


@pytest.mark.parametrize(
    ("changes", "gateway", "asks"),
    [
        ({}, "production", True),
        ({"yes": True}, "production", False),
        ({"plan_file": Path("plan.json")}, "production", False),
        ({}, "sandbox", False),
    ],
)
def test_who_must_agree(changes, gateway, asks):
    assert replace(CALL, **changes).will_ask(GatewaySettings(name=gateway)) is asks
