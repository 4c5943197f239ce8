"""What the balance of an exclusive account tells of a request without an answer, and when it tells nothing."""

from decimal import Decimal

import pytest
from record_builders import (
    ACCEPTED,
    IN_DOUBT,
    REFUSED,
    answered,
    ended,
    number,
    opened,
    proof,
    resolved,
    sending,
    started,
)

from mmsbatch.record.fold import Record, credits_used

A, B, C, D = map(number, range(4))


def begun(**changes):
    paid = {"exclusive": True, "credits_before": Decimal(100), "per_message": Decimal(2), "chunks": 1}
    return opened(), started(4, **(paid | changes))


def accepted(chunk, *members, left=None):
    balance = None if left is None else Decimal(left)
    return sending(chunk, *members), answered(chunk, ACCEPTED, len(members), credits=balance)


def lost(chunk, *members):
    return sending(chunk, *members), answered(chunk, IN_DOUBT)


def expectation(*events):
    record = Record(events)
    return record.expect_balance(record.in_doubt[-1])


#: What came before the chunk of two that is in doubt; the balances where it was not sent, and where it was.
TELLING = {
    "nothing": ((), 100, 96),
    "one alone, with its balance": (accepted("1-1", A, B, left=96), 96, 92),
    "one without a balance": (accepted("1-1", A, B), 96, 92),
    "one refused whole, with its balance": (
        (sending("1-1", A), answered("1-1", REFUSED, credits=Decimal(100))),
        100,
        96,
    ),
    "one whose refused number was charged": (
        (sending("1-1", A, B), answered("1-1", ACCEPTED, 1, [B], credits=Decimal(96))),
        96,
        92,
    ),
}


@pytest.mark.parametrize(("before", "unsent", "sent"), TELLING.values(), ids=TELLING)
def test_only_the_two_balances_settle(before, unsent, sent):
    expected = expectation(*begun(), *before, *lost("1-9", C, D))
    judged = {balance: expected.judge(Decimal(balance)) for balance in range(80, 121)}
    assert {balance: found for balance, found in judged.items() if found is not None} == {unsent: False, sent: True}
    assert expected.judge(Decimal(sent) + Decimal("0.5")) is None


#: Stories that end with a chunk in doubt of which no balance tells.
SILENT = {
    "shared account": (*begun(exclusive=False), *lost("1-9", C, D)),
    "price not known": (*begun(per_message=None), *lost("1-9", C, D)),
    "balance not known before": (*begun(credits_before=None), *lost("1-9", C, D)),
    "refused numbers that may cost or not": (
        *(*begun(), sending("1-1", A, B), answered("1-1", ACCEPTED, 1, [B])),
        *lost("1-9", C, D),
    ),
    "another still under way": (*begun(), sending("1-1", A), *lost("1-9", C, D)),
    "of a former run": (
        *(*begun(), *lost("1-9", C, D), ended()),
        started(2, run="run-2", exclusive=True, credits_before=Decimal(100), per_message=Decimal(2)),
    ),
    "a proof left since": (*begun(), *lost("1-9", C, D), proof(A)),
}


@pytest.mark.parametrize("events", SILENT.values(), ids=SILENT)
def test_no_balance_settles_where_it_proves_nothing(events):
    assert expectation(*events) is None


def test_two_chunks_in_doubt_are_not_settled():
    record = Record((*begun(), *lost("1-1", A), *lost("1-2", B)))
    assert [record.expect_balance(chunk) for chunk in record.in_doubt] == [None, None]


@pytest.mark.parametrize(("found", "unsent", "sent"), [(True, 98, 96), (False, 100, 98)])
def test_what_a_person_found_of_the_first_of_two_counts_for_the_second(found, unsent, sent):
    expected = expectation(*begun(), *lost("1-1", A), *lost("1-2", B), resolved("1-1", found))
    assert (expected.unsent, expected.sent) == (unsent, sent)


@pytest.mark.parametrize("balance", [97, 99, 90, 120])
def test_a_balance_that_moved_otherwise_before_settles_nothing(balance):
    """A chunk of two costs 4: what else the balance says, another spends too, or the price is another."""
    assert expectation(*begun(), *accepted("1-1", A, B, left=balance), *lost("1-9", C, D)) is None


@pytest.mark.parametrize(
    ("run", "used"),
    [
        ((*begun(), *accepted("1-1", A, B), ended(credits_after=Decimal(96))), 4),
        ((*begun(), *accepted("1-1", A, B, left=96), ended(credits_after=Decimal(96))), 4),
        ((*begun(exclusive=False), *accepted("1-1", A, B), ended(credits_after=Decimal(96))), None),
        ((*begun(), *accepted("1-1", A, B, left=96), ended(credits_after=Decimal(500))), None),
        ((*begun(), *accepted("1-1", A, B), ended(credits_after=None)), None),
        ((*begun(credits_before=None), *accepted("1-1", A, B), ended(credits_after=Decimal(96))), None),
        ((*begun(), *lost("1-1", A, B), ended(credits_after=Decimal(96))), None),
    ],
    ids=["fell", "fell, and was told", "shared", "topped up", "not known after", "not known before", "in doubt"],
)
def test_what_a_run_cost_is_known_only_of_an_exclusive_account_whose_balance_only_fell(run, used):
    assert credits_used(Record(run).revision(1)) == used
