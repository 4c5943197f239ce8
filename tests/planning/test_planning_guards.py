"""What a plan is refused for, or warns of: the measured value, the limit, the way out; and not just below it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from planning_builders import NOW, a_record, a_revision, inputs, prepared

from mmsbatch.campaign.model import LateRows, MessageType
from mmsbatch.planning.guards import guard
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.rules import RULES

FILE = "campaigns/winter-sale.yaml"
PRICED = {"credits_per_message": {MessageType.TEXT: Decimal(2)}}
SOON, IN_TIME, PAST = (NOW + timedelta(minutes=minutes) for minutes in (4, 5, -90))
TEN_SENT = a_record(a_revision(accepted=range(10)))
CHANGED = {"template": "another", "variables": "v", "media": "m"}

#: The campaign, what the plan is made from, what is told (rule, message, the way out).
TOLD = {
    "a canary of which most were rejected": (
        {"audience": 6, "limits": {"canary": 3}, "gateway": PRICED},
        {"record": a_record(a_revision(accepted=[0], rejected=[1, 2]))},
        (
            "plan-rejected",
            "2 of the 3 numbers answered so far were rejected (67%), and the limit is 50%",
            "`limits.max_rejected`",
        ),
    ),
    "a hundred of which most were rejected": (
        {"audience": 101, "gateway": PRICED},
        {"record": a_record(a_revision(accepted=range(49), rejected=range(49, 100)))},
        (
            "plan-rejected",
            "51 of the 100 numbers answered so far were rejected (51%), and the limit is 50%",
            "`mmsbatch resolve --rejected`",
        ),
    ),
    "recipients": (
        {"audience": 6, "limits": {"recipients": 5}, "gateway": PRICED},
        {},
        ("plan-recipients", "6 recipients, and the limit is 5", "raise `limits.recipients`"),
    ),
    "recipients over all runs": (
        {"audience": 12, "limits": {"recipients": 11}, "gateway": PRICED},
        {"record": TEN_SENT},
        ("plan-recipients", "12 (10 before, 2 now) recipients, and the limit is 11", "raise `limits.recipients`"),
    ),
    "credits": (
        {"audience": 3, "limits": {"credits": Decimal(5)}, "gateway": PRICED},
        {},
        ("plan-credits", "6 credits, and the limit is 5", "raise `limits.credits`"),
    ),
    "credits over all runs": (
        {"audience": 12, "limits": {"credits": Decimal(23)}, "gateway": PRICED},
        {"record": TEN_SENT},
        ("plan-credits", "24 (20 before, 4 now) credits, and the limit is 23", "raise `limits.credits`"),
    ),
    "credit short": (
        {"audience": 3, "gateway": PRICED},
        {"available": 5},
        (
            "plan-credit-short",
            "needs 6 credits, and the account has 5 for it",
            "top the account up by 1 credits, then run again",
        ),
    ),
    "revision lowered": (
        {"revision": 1, "gateway": PRICED},
        {"record": a_record(a_revision(2))},
        (
            "plan-revision",
            "revision 1 is lower than the record's highest, 2",
            "set `revision: 2` to go on with it, or 3 to send again to everyone",
        ),
    ),
    "revision raised over doubt": (
        {"revision": 2, "gateway": PRICED},
        {"record": a_record(a_revision(1, in_doubt_chunks=["1-4"]))},
        (
            "plan-revision",
            "revision 2 was raised while chunk 1-4 of an earlier one is in doubt",
            "`mmsbatch resolve` takes your finding",
        ),
    ),
    "revision raised over more doubt": (
        {"revision": 2, "gateway": PRICED},
        {"record": a_record(a_revision(1, in_doubt_chunks=["1-4", "1-7"]))},
        ("plan-revision", "revision 2 was raised while chunks 1-4, 1-7 of an earlier one are in doubt", "settle it"),
    ),
    "schedule past": (
        {"schedule": PAST, "gateway": PRICED},
        {},
        ("schedule-past", "(Europe/Paris) is 90 minutes in the past", "set a later date, at least 5 minutes ahead"),
    ),
    "schedule too soon": (
        {"schedule": SOON, "gateway": PRICED},
        {},
        ("schedule-past", "(Europe/Paris) is only 4 minutes ahead", "or drop `schedule` to send at once"),
    ),
    "schedule moved": (
        {"audience": 12, "schedule": IN_TIME, "gateway": PRICED},
        {"record": a_record(a_revision(accepted=range(8), unaccounted=[8], in_doubt=[9], scheduled_for="the 18th"))},
        ("plan-schedule-moved", "10 were already handed over for the 18th and cannot be moved", ""),
    ),
    "schedule added": (
        {"audience": 12, "schedule": IN_TIME, "gateway": PRICED},
        {"record": TEN_SENT},
        ("plan-schedule-moved", "10 were already handed over for at once and cannot be moved", ""),
    ),
    "mixed": (
        {"audience": 12, "digests": CHANGED, "gateway": PRICED},
        {"record": TEN_SENT},
        ("plan-mixed", "10 got the former message, 2 would get this one", "or say `apply --mixed` if both are meant"),
    ),
    "price unknown": (
        {},
        {},
        (
            "plan-price-guess",
            "what an MMS of type text costs is not known; counted as at least 1 credit each",
            "set `credits_per_message: {text: N}` of the gateway in mmsbatch.yaml",
        ),
    ),
    "resend": (
        {"revision": 2, "audience": 12, "gateway": PRICED},
        {"record": TEN_SENT},
        ("plan-resend", "sends AGAIN to 10 who got revision 1", ""),
    ),
}
#: Two findings at once.
TOLD_TOGETHER = {
    "credits, price unknown": (
        {"limits": {"credits": Decimal(100)}},
        {},
        ["plan-price-unknown", "plan-price-guess"],
    ),
    "credit short, price unknown": ({"audience": 3}, {"available": 2}, ["plan-price-guess", "plan-credit-short"]),
    "resend by revision": (
        {"revision": 3, "audience": 4, "gateway": PRICED},
        {"record": a_record(a_revision(1, accepted=[0, 1, 2]), a_revision(2, accepted=[0]))},
        ["plan-resend", "plan-resend"],
    ),
}
#: Just below: nothing is told.
SILENT = {
    "recipients": ({"audience": 5, "limits": {"recipients": 5}, "gateway": PRICED}, {}),
    "recipients over all runs": (
        {"audience": 12, "limits": {"recipients": 12}, "gateway": PRICED},
        {"record": TEN_SENT},
    ),
    "recipients, rejected ones do not count": (
        {"audience": 12, "limits": {"recipients": 2}, "gateway": PRICED},
        {"record": a_record(a_revision(rejected=range(10)))},
    ),
    "credits": ({"audience": 3, "limits": {"credits": Decimal(6)}, "gateway": PRICED}, {}),
    "credits over all runs": (
        {"audience": 12, "limits": {"credits": Decimal(24)}, "gateway": PRICED},
        {"record": TEN_SENT},
    ),
    "credit just enough": ({"audience": 3, "gateway": PRICED}, {"available": 6}),
    "credit not asked": ({"audience": 3, "gateway": PRICED}, {"available": None}),
    "the same revision": ({"gateway": PRICED}, {"record": a_record(a_revision(1))}),
    "the same revision, in doubt": ({"gateway": PRICED}, {"record": a_record(a_revision(1, in_doubt_chunks=["1-1"]))}),
    "schedule in time": ({"schedule": IN_TIME, "gateway": PRICED}, {}),
    "schedule past, all sent": (
        {"audience": 10, "schedule": PAST, "gateway": PRICED},
        {"record": a_record(a_revision(accepted=range(10), scheduled_for="the 18th"))},
    ),
    "schedule moved, nobody sent": (
        {"schedule": IN_TIME, "gateway": PRICED},
        {"record": a_record(a_revision(released=[0], scheduled_for="the 18th"))},
    ),
    "schedule kept": (
        {"audience": 12, "schedule": IN_TIME, "gateway": PRICED},
        {"record": a_record(a_revision(accepted=range(10), scheduled_for=IN_TIME.isoformat()))},
    ),
    "content changed, nobody sent": (
        {"digests": CHANGED, "gateway": PRICED},
        {"record": a_record(a_revision(released=[0]))},
    ),
    "content changed, nothing to send": (
        {"audience": 10, "digests": CHANGED, "gateway": PRICED},
        {"record": TEN_SENT},
    ),
    "recipients changed": (
        {"audience": 12, "digests": CHANGED | {"template": "t", "recipients": "other"}, "gateway": PRICED},
        {"record": TEN_SENT},
    ),
    "over every limit, nothing to send": (
        {"audience": 10, "limits": {"recipients": 1, "credits": Decimal(1)}},
        {"record": TEN_SENT, "available": 0},
    ),
}


def findings(campaign, given, allow_mixed=False):
    given = inputs(**given)
    return guard(plan_campaign(prepared(**campaign), given), given, allow_mixed)


@pytest.mark.parametrize(("campaign", "given", "expected"), TOLD.values(), ids=TOLD)
def test_a_guard_tells_value_limit_and_way_out(campaign, given, expected):
    [found] = findings(campaign, given)
    rule, message, hint = expected
    assert (found.rule, found.severity, found.file) == (rule, RULES[rule].severity, FILE)
    assert found.message.endswith(message)
    assert hint in found.hint
    assert bool(found.hint) is bool(hint)


@pytest.mark.parametrize(("campaign", "given", "rules"), TOLD_TOGETHER.values(), ids=TOLD_TOGETHER)
def test_guards_tell_everything_at_once(campaign, given, rules):
    assert [found.rule for found in findings(campaign, given)] == rules


@pytest.mark.parametrize(("campaign", "given"), SILENT.values(), ids=SILENT)
def test_a_guard_is_silent_just_below(campaign, given):
    assert findings(campaign, given) == []


#: It looks at the work tree, which guards cannot.
_TOLD_BY_COMMAND = {"plan-record-plain"}


def test_every_rule_of_the_plan_is_in_the_tables():
    told = {expected[0] for _, _, expected in TOLD.values()}
    told |= {rule for *_, rules in TOLD_TOGETHER.values() for rule in rules}
    assert told == {rule for rule in RULES if rule.startswith("plan-")} - _TOLD_BY_COMMAND | {"schedule-past"}


def test_a_lower_bound_is_said_to_be_one():
    short = findings({"audience": 3}, {"available": 2})[1]
    assert short.message == "needs at least 3 credits, and the account has 2 for it"
    assert short.hint == "top the account up by at least 1 credits, then run again"


def test_mixed_may_be_meant():
    campaign, given, _ = TOLD["mixed"]
    assert findings(campaign, given, allow_mixed=True) == []


def test_who_is_unaccounted_counts_as_having_got_the_former_message():
    given = {"record": a_record(a_revision(unaccounted=[0]))}
    assert [found.rule for found in findings({"digests": CHANGED, "gateway": PRICED}, given)] == ["plan-mixed"]


def test_late_rows_held_back_reach_no_limit():
    record = a_record(a_revision(closed=True, accepted=range(10)))
    campaign = {"audience": 12, "limits": {"recipients": 10}, "gateway": PRICED}
    assert findings(campaign, {"record": record}) == []
    [found] = findings(campaign | {"late_rows": LateRows.SEND}, {"record": record})
    assert found.rule == "plan-recipients"


def test_offline_the_limits_are_checked_as_far_as_is_known():
    campaign = {"audience": 6, "limits": {"recipients": 5}, "gateway": PRICED}
    given = inputs(available=None, record_unknown="the key is missing")
    given = type(given)(None, None, NOW, record_unknown="the key is missing")
    found = guard(plan_campaign(prepared(**campaign), given), given, allow_mixed=False)
    assert [each.rule for each in found] == ["plan-recipients"]
