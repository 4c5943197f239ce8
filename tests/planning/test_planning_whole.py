"""Several campaigns share one account."""

from decimal import Decimal

import pytest
from planning_builders import NOW, inputs, prepared

from mmsbatch.campaign.model import MessageType
from mmsbatch.diagnostics import Diagnostic, Severity
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.whole import PlanRequest, plan_all

PRICED = {"credits_per_message": {MessageType.TEXT: Decimal(2)}}


def plan_sizes(available, *sizes, warnings=(), given=None):
    request = PlanRequest("production", "http://127.0.0.1/", "3f2a9c0d1e4b", available, warnings)
    campaigns = [(prepared(size, gateway=PRICED), given or inputs(available=None)) for size in sizes]
    return plan_all(request, campaigns)[0]


@pytest.mark.parametrize(
    ("available", "sizes", "seen", "refusals"),
    [
        (20, (5, 5), [20, 10], []),
        (19, (5, 5), [19, 9], ["needs 10 credits, and the account has 9 for it"]),
        (
            5,
            (5, 5),
            [5, 0],
            ["needs 10 credits, and the account has 0 for it", "needs 10 credits, and the account has 5 for it"],
        ),
        (10, (5, 0, 0), [10, 0, 0], []),
        (0, (0,), [0], []),
    ],
)
def test_what_one_needs_the_next_has_no_more(available, sizes, seen, refusals):
    plan = plan_sizes(Decimal(available), *sizes)
    assert [each.credits.available for each in plan.campaigns] == seen
    assert [each.message for each in plan.diagnostics] == refusals
    assert plan.is_refused is bool(refusals)
    assert not plan.offline


def test_the_missing_credits_add_up():
    hints = [each.hint for each in plan_sizes(Decimal(5), 5, 5).diagnostics]
    assert hints == [f"top the account up by {short} credits, then run again" for short in (10, 5)]


def test_offline_nothing_is_known_of_the_balance():
    plan = plan_sizes(None, 5, 5)
    assert [each.credits.available for each in plan.campaigns] == [None, None]
    assert (plan.offline, plan.is_refused, plan.diagnostics) == (True, False, ())


def test_a_record_that_cannot_be_read_leaves_the_next_balance_open():
    unknown = PlanInputs(None, None, NOW, record_unknown="the key is missing")
    plan = plan_sizes(Decimal(20), 5, 5, given=unknown)
    assert [each.credits.available for each in plan.campaigns] == [20, None]


@pytest.mark.parametrize(("sizes", "something"), [((0, 0), False), ((0, 1), True)])
def test_something_is_to_be_sent_where_one_has(sizes, something):
    assert plan_sizes(Decimal(20), *sizes).has_something_to_send is something


def test_warnings_of_before_are_kept_in_order():
    later = Diagnostic(Severity.WARNING, "message-euro", "z.yaml", 1, 1, "€")
    first = Diagnostic(Severity.WARNING, "message-euro", "a.yaml", 1, 1, "€")
    plan = plan_sizes(Decimal(1), 1, warnings=[later, first])
    assert [each.file for each in plan.diagnostics] == ["a.yaml", "campaigns/winter-sale.yaml", "z.yaml"]
