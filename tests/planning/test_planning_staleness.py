"""A saved plan against what is there now: accounts, ages, tools, and audiences that only shrink."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from planning_builders import NOW, a_record, a_revision, inputs, prepared

from mmsbatch import __version__
from mmsbatch.planning.binding import bind_campaign, bind_gateway
from mmsbatch.planning.flows import digest_flows
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.planning.saved import PlanOptions, SavedPlan
from mmsbatch.planning.staleness import Candidate, compare, compare_inputs, tell_age
from mmsbatch.recipients.suppression import SuppressionDigest
from mmsbatch.record.fold import Record
from mmsbatch.record.reviewed import digest_record

ACCOUNT, SHA = "3f2a9c0d1e4b", "9f" * 32
LIST = SuppressionDigest("stop.csv", 2, SHA)


def candidate(record=None, **changes):
    record = record or Record()
    made = replace(prepared(5), **changes)
    return Candidate(plan_campaign(made, inputs(record)), record)


def save(each, **changes):
    made = each.planned.prepared
    plan = SavedPlan(
        tool=__version__,
        created=NOW,
        max_age=timedelta(hours=72),
        gateway=bind_gateway(made.settings, ACCOUNT),
        options=PlanOptions(),
        campaigns=(bind_campaign(made, Path.cwd(), len(each.planned.sorted_rows.to_send), digest_record(each.record)),),
        flows=digest_flows([each.planned]),
    )
    return replace(plan, **changes)


def differences(saved, each, account=ACCOUNT, after=timedelta(hours=1)):
    return [one.what for one in compare(saved, [each], account, NOW + after).differences]


def cut_short(saved, reached=(0, 1), started=timedelta(hours=1)):
    """The record once a run of the plan had sent to some."""
    at = (NOW + started).isoformat()
    revision = a_revision(accepted=reached)
    [run] = revision.runs
    run.started = replace(run.started, at=at, plan=saved.digest)
    for chunk in revision.chunks.values():
        chunk.run = run.started
    return a_record(revision)


def test_what_is_the_same_is_the_same():
    each = candidate()
    saved = save(each)
    assert differences(saved, each) == []
    assert list(compare_inputs(saved, each.planned.prepared.settings, [each.planned.prepared], Path.cwd())) == []


FILE = "campaigns/winter-sale.yaml"
BASE = prepared(5)
OTHER_INPUTS = {
    "recipients": ({"digests": {**BASE.digests, "recipients": "x"}}, [f"{FILE}: recipients"]),
    "template": ({"digests": {**BASE.digests, "template": "x"}}, [f"{FILE}: template (message.text)"]),
    "campaign file": ({"campaign": replace(BASE.campaign, sha256="x")}, [f"{FILE}: campaign file"]),
    "another campaign": ({"campaign": replace(BASE.campaign, path=Path("else.yaml"))}, [f"{FILE}: campaign file"]),
    "settings": ({"settings": replace(BASE.settings, chunk_size=7)}, ["settings of the gateway production"]),
    "a shorter list": (
        {"suppression": (replace(LIST, entries=1, sha256="x"),)},
        [f"{FILE}: suppression list stop.csv has fewer entries"],
    ),
    "a longer list": ({"suppression": (replace(LIST, entries=3, sha256="x"),)}, []),
}


@pytest.mark.parametrize("case", OTHER_INPUTS)
def test_every_other_input_is_named(case):
    changes, names = OTHER_INPUTS[case]
    saved = save(candidate(suppression=(LIST,)))
    now = replace(BASE, **({"suppression": (LIST,)} | changes))
    assert [each.what for each in compare_inputs(saved, now.settings, [now], Path.cwd())] == names


@pytest.mark.parametrize(("account", "is_stale"), [(ACCOUNT, False), ("another", True)])
def test_another_account_is_stale(account, is_stale):
    each = candidate()
    assert differences(save(each), each, account) == (["account"] if is_stale else [])


def test_a_plan_of_no_account_fits_any():
    each = candidate()
    assert differences(save(each, gateway=bind_gateway(each.planned.prepared.settings, "")), each, "another") == []


@pytest.mark.parametrize(
    ("after", "is_stale"),
    [(timedelta(hours=72), False), (timedelta(hours=72, seconds=1), True), (-timedelta(minutes=5), False)],
)
def test_an_age_is_held_to_its_limit(after, is_stale):
    each = candidate()
    assert bool(differences(save(each), each, after=after)) is is_stale


@pytest.mark.parametrize(("started", "is_stale"), [(timedelta(hours=72), False), (timedelta(hours=73), True)])
def test_the_age_counts_up_to_the_first_run(started, is_stale):
    saved = save(candidate())
    after = candidate(cut_short(saved, started=started))
    assert bool(differences(saved, after, after=timedelta(days=30))) is is_stale


def test_flows_are_compared_where_all_are_still_to_be_sent():
    each = candidate()
    assert differences(save(each, flows=SHA), each) == ["flows (what would go on the wire)"]


def test_another_tool_is_stale_only_where_flows_cannot_be_compared():
    old = save(candidate(), tool="0.0.1")
    assert differences(old, candidate()) == []
    [told] = differences(old, candidate(cut_short(old)))
    assert told.startswith("mmsbatch itself")


def test_a_run_cut_short_goes_on_with_what_is_left():
    saved = save(candidate())
    assert differences(saved, candidate(cut_short(saved))) == []
    by_others = candidate(a_record(a_revision(accepted=[0, 1])))
    assert differences(saved, by_others) == [f"{FILE}: record (who was sent, rejected, in doubt)"]


def test_lists_may_grow_and_audiences_shrink():
    saved = save(candidate(suppression=(LIST,)))
    grown = candidate(suppression=(replace(LIST, entries=3, sha256="00" * 32),), suppressed=frozenset({6_3998_0001}))
    found = compare(saved, [grown], ACCOUNT, NOW)
    assert found.differences == ()
    assert found.notices == ("campaigns/winter-sale.yaml: reviewed 5, sending 4: 1 newly suppressed",)


def test_an_audience_that_shrank_with_the_same_lists_is_not_what_was_reviewed():
    saved = save(candidate())
    assert differences(saved, candidate(suppressed=frozenset({6_3998_0001}))) == ["flows (what would go on the wire)"]


def test_other_lists_that_hold_back_as_many_are_compared_by_their_flows():
    """One opt-out more and one less: who was held back in the review must not be sent to for that."""
    saved = save(candidate(suppression=(LIST,), suppressed=frozenset({6_3998_0001})))
    other = (replace(LIST, sha256="other"),)
    swapped = candidate(suppression=other, suppressed=frozenset({6_3998_0002}))
    assert differences(saved, swapped) == ["flows (what would go on the wire)"]
    same_people = candidate(suppression=other, suppressed=frozenset({6_3998_0001}))
    assert differences(saved, same_people) == []


def test_an_audience_never_grows():
    saved = save(candidate(suppression=(LIST,), suppressed=frozenset({6_3998_0001})))
    shrunk = candidate(suppression=(replace(LIST, sha256="00" * 32),))
    assert differences(saved, shrunk) == ["campaigns/winter-sale.yaml: recipients to send to"]


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(0), "0 s"),
        (-timedelta(hours=1), "0 s"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(hours=72), "3 d"),
        (timedelta(days=1, seconds=5), "1 d 5 s"),
    ],
)
def test_ages_are_told_in_two_units(age, told):
    assert tell_age(age) == told
