"""The balance of an exclusive account tells the truth of a lost answer, or nothing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_builders import (
    ACCEPTED,
    IN_DOUBT,
    REFUSED,
    answered,
    claim,
    ended,
    failed,
    number,
    opened,
    proof,
    resolved,
    sending,
    started,
)

from mmsbatch.record.events import Lease
from mmsbatch.record.fold import Record

A, B, C, D = map(number, range(4))
PRICE = Decimal(2)


def begun(balance=100, price=PRICE, exclusive=True, **changes):
    before = None if balance is None else Decimal(balance)
    return started(8, credits_before=before, per_message=price, exclusive=exclusive, **changes)


def took(chunk, accepted, rejected=(), balance=None):
    return answered(chunk, ACCEPTED, accepted, rejected, credits=None if balance is None else Decimal(balance))


def lost(chunk):
    return answered(chunk, IN_DOUBT, reason="nothing came")


def closed(balance):
    return ended(exit_code=4, credits_after=Decimal(balance))


FIRST = (sending("1-1", A, B), took("1-1", 2, balance=96))
DOUBT = (sending("1-2", C, D), lost("1-2"))
#: A history that leaves chunk 1-2 in doubt, a balance, and whether the chunk was sent; None: nobody can tell.
HISTORIES = {
    "unmoved": ((begun(), *FIRST, *DOUBT), 96, False),
    "fallen by its cost": ((begun(), *FIRST, *DOUBT), 92, True),
    "fallen by half of its cost": ((begun(), *FIRST, *DOUBT), 94, None),
    "fallen by more": ((begun(), *FIRST, *DOUBT), 90, None),
    "risen": ((begun(), *FIRST, *DOUBT), 97, None),
    "seen fallen at the run's end, and risen since": ((begun(), *FIRST, *DOUBT, closed(92)), 96, None),
    "seen unmoved at the run's end, and fallen since": ((begun(), *FIRST, *DOUBT, closed(96)), 92, True),
    "the first of its run": ((begun(), sending("1-2", C, D), lost("1-2")), 100, False),
    "being sent when its process died": ((begun(), *FIRST, sending("1-2", C, D)), 92, True),
    "another in flight was accepted": (
        (begun(), sending("1-1", A, B), *DOUBT, took("1-1", 2, balance=96)),
        96,
        False,
    ),
    "another in flight told a balance that both had left": (
        (begun(), sending("1-1", A, B), *DOUBT, took("1-1", 2, balance=92)),
        96,
        None,
    ),
    "another in flight had a rejected number": (
        (begun(), sending("1-1", A, B), *DOUBT, took("1-1", 1, [A], balance=98)),
        98,
        None,
    ),
    "another in flight was refused": (
        (begun(), sending("1-1", A, B), *DOUBT, answered("1-1", REFUSED, status=103)),
        100,
        None,
    ),
    "a rejected number before, not billed": (
        (begun(), sending("1-1", A, B), took("1-1", 1, [A], balance=98), *DOUBT),
        94,
        True,
    ),
    "a rejected number before, billed": (
        (begun(), sending("1-1", A, B), took("1-1", 1, [A], balance=96), *DOUBT),
        96,
        False,
    ),
    "tried again before": ((begun(), *FIRST, sending("1-2", C, D), failed("1-2"), sending("1-2", attempt=2)), 92, True),
    "two in doubt": ((begun(), sending("1-1", A, B), lost("1-1"), *DOUBT), 96, None),
    "two in doubt, one settled by a person": (
        (begun(), sending("1-1", A, B), lost("1-1"), *DOUBT, resolved("1-1", True)),
        96,
        False,
    ),
    "an account that was billed otherwise before": (
        (begun(), sending("1-1", A, B), took("1-1", 2, balance=100), *DOUBT),
        100,
        None,
    ),
    "an account that was billed otherwise in an earlier run": (
        (begun(), sending("1-1", A, B), took("1-1", 2, balance=100), ended(), begun(run="run-2"), *DOUBT),
        100,
        None,
    ),
    "a price that was put right since": (
        (
            begun(price=Decimal(1)),
            *FIRST,
            ended(),
            begun(96, run="run-2"),
            *DOUBT,
        ),
        92,
        True,
    ),
    "no exclusive account": ((begun(exclusive=False), *FIRST, *DOUBT), 92, None),
    "no price": ((begun(price=None), *FIRST, *DOUBT), 92, None),
    "no balance before": ((begun(None), sending("1-2", C, D), lost("1-2")), 92, None),
    "a proof since": ((begun(), *FIRST, *DOUBT, ended(), proof(number(99))), 92, None),
    "a request of another machine's run that was under way as it began": (
        (
            *(begun(run="run-1", lease=Lease("one", 1)), claim("1-1", "run-1", A, B)),
            *(begun(run="run-2", lease=Lease("two", 1)), claim("1-2", "run-2", C, D)),
            *(took("1-1", 2, balance=96), lost("1-2")),
        ),
        96,
        None,
    ),
    "another run since": ((begun(), *FIRST, *DOUBT, ended(), begun(96, run="run-2")), 92, None),
}


@pytest.mark.parametrize(("history", "balance", "sent"), HISTORIES.values(), ids=HISTORIES)
def test_a_balance_tells_or_does_not(history, balance, sent):
    record = Record((opened(), *history))
    record.close_interrupted()
    chunk = record.revision(1).chunks["1-2"]
    expected = record.expect_balance(chunk)
    assert (expected.judge(Decimal(balance)) if expected else None) is sent


@given(st.data())
def test_of_an_account_that_keeps_its_word_it_never_tells_the_wrong(data):
    """Any number in flight, refused numbers billed or not, and one request of whose fate nobody heard."""
    billed, price = data.draw(st.booleans()), data.draw(st.integers(1, 3))
    balance, events, flying = 1000, [begun(1000, Decimal(price))], []
    doubtful = data.draw(st.integers(1, 6))
    sent = data.draw(st.booleans())
    for place in range(1, 7):
        numbers = [number(10 * place + each) for each in range(data.draw(st.integers(1, 3)))]
        events.append(sending(f"1-{place}", *numbers))
        if place == doubtful:
            balance -= price * len(numbers) * sent
            events.append(lost(f"1-{place}"))
        else:
            refused = numbers[: data.draw(st.integers(0, 1))]
            balance -= price * (len(numbers) - (0 if billed else len(refused)))
            flying.append(took(f"1-{place}", len(numbers) - len(refused), refused, balance))
        for _ in range(data.draw(st.integers(0, len(flying)))):
            events.append(flying.pop(data.draw(st.integers(0, len(flying) - 1))))
    record = Record((opened(), *events, *flying))
    chunk = record.revision(1).chunks[f"1-{doubtful}"]
    expected = record.expect_balance(chunk)
    assert expected is None or expected.judge(Decimal(balance)) in (sent, None)


@pytest.mark.parametrize(
    ("history", "used"),
    [
        ((begun(), *FIRST, ended(credits_after=Decimal(96))), 4),
        ((begun(exclusive=False), *FIRST, ended(credits_after=Decimal(96))), None),
        ((begun(), *FIRST, ended(credits_after=Decimal(120))), None),
        ((begun(price=None), *FIRST, ended(credits_after=Decimal(96))), 4),
        ((begun(), *FIRST, ended(credits_after=None)), 4),
        ((begun(), *FIRST, *DOUBT, ended(credits_after=Decimal(92))), None),
        ((begun(), *FIRST), None),
    ],
    ids=["exclusive", "shared", "topped up", "no price", "not asked, but answered last", "doubt left", "cut short"],
)
def test_what_a_run_cost_is_known_only_where_nothing_else_spends(history, used):
    record = Record((opened(), *history))
    assert record.revision(1).runs[-1].used == used
