"""Each row has exactly one outcome, the first that applies."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_builders import an_audience, national, number

from mmsbatch.planning.outcomes import SHOWN, Recorded, sort_rows
from mmsbatch.record.states import NumberState
from mmsbatch.record.tokens import keep_as_tokens, keep_plain

STATES = [None, *NumberState]
#: What the record holds, suppressed?, complete before?, late rows sent?, the outcome.
ORDER = [
    *((state, *rest, state.value) for state in STATES[1:5] for rest in ((True, True, False), (False, False, True))),
    (NumberState.RELEASED, True, False, False, "suppressed"),
    (NumberState.RELEASED, False, True, False, "pending"),
    (NumberState.RELEASED, False, False, False, "pending"),
    (None, True, True, False, "suppressed"),
    (None, True, False, True, "suppressed"),
    (None, False, True, False, "late"),
    (None, False, True, True, "pending"),
    (None, False, False, False, "pending"),
]


@pytest.mark.parametrize(("state", "suppressed", "closed", "send_late", "outcome"), ORDER)
def test_the_first_that_applies(state, suppressed, closed, send_late, outcome):
    recorded = Recorded({number(0): state} if state else {}, closed)
    rows = sort_rows(an_audience(1), {national(0)} if suppressed else set(), recorded, send_late)
    assert {name: count for name, count in rows.totals.to_json().items() if count} == {"rows": 1, outcome: 1}
    assert list(rows.to_send) == ([0] if outcome == "pending" else [])
    assert rows.first_lines[outcome] == (2,)


def test_every_state_of_a_number_is_in_the_table():
    assert {state for state, *_ in ORDER} == set(STATES)


@given(
    places=st.lists(st.integers(0, 15), unique=True),
    duplicates=st.integers(0, 5),
    invalid=st.integers(0, 5),
    states=st.dictionaries(st.integers(0, 20), st.sampled_from(list(NumberState))),
    suppressed=st.sets(st.integers(0, 20)),
    closed=st.booleans(),
    send_late=st.booleans(),
)
def test_the_totals_always_add_up(places, duplicates, invalid, states, suppressed, closed, send_late):
    audience = an_audience(places, duplicates, invalid)
    recorded = Recorded({number(place): state for place, state in states.items()}, closed)
    rows = sort_rows(audience, {national(place) for place in suppressed}, recorded, send_late)
    totals = rows.totals.to_json()
    assert totals.pop("rows") == audience.rows == sum(totals.values())
    sent = [audience.recipients[place].number for place in rows.to_send]
    assert len(sent) == len(set(sent)) == totals["pending"]
    assert not set(sent) & {number(place) for place in suppressed}
    assert not set(sent) & {each for each, state in recorded.numbers.items() if state is not NumberState.RELEASED}
    assert list(rows.to_send) == sorted(rows.to_send)
    gone = [place for place, state in states.items() if state is not NumberState.RELEASED and place not in places]
    assert rows.outside == len(gone)


def test_rows_are_named_up_to_a_bound():
    rows = sort_rows(an_audience(SHOWN + 5), set(), Recorded(), send_late=False)
    assert rows.first_lines["pending"] == tuple(range(2, SHOWN + 2))


def test_who_got_an_earlier_revision_is_counted_by_it():
    recorded = Recorded(
        {number(3): NumberState.ACCEPTED}, earlier={number(0): 1, number(1): 2, number(2): 2, number(3): 2}
    )
    assert sort_rows(an_audience(5), set(), recorded, send_late=False).resend == {1: 1, 2: 2}


def test_tokens_recognise_who_was_sent():
    keeping = keep_as_tokens("a key")
    recorded = Recorded(
        {keeping.keep(number(1)): NumberState.ACCEPTED}, earlier={keeping.keep(number(2)): 1}, keeping=keeping
    )
    rows = sort_rows(an_audience(3), set(), recorded, send_late=False)
    assert (rows.totals.accepted, list(rows.to_send), rows.resend) == (1, [0, 2], {1: 1})


def test_a_number_among_tokens_is_nobodys():
    recorded = Recorded({number(1): NumberState.ACCEPTED}, keeping=keep_as_tokens("a key"))
    assert sort_rows(an_audience(3), set(), recorded, send_late=False).totals.pending == 3


@pytest.mark.parametrize("state", [NumberState.IN_DOUBT, NumberState.REJECTED, NumberState.RELEASED])
def test_who_left_the_input_and_may_change_yet_is_named(state):
    """Else what becomes of them would be counted among rows that are not theirs."""
    recorded = Recorded({number(1): state, number(8): NumberState.ACCEPTED, number(9): state})
    assert sort_rows(an_audience(3), set(), recorded, send_late=False).outside_open == (number(9),)


def test_no_repr_holds_a_number():
    recorded = Recorded({number(1): NumberState.REJECTED, number(9): NumberState.IN_DOUBT}, earlier={number(2): 1})
    rows = sort_rows(an_audience(3), set(), recorded, send_late=False)
    assert rows.outside_open == (number(9),)
    assert not [place for place in range(10) if str(national(place)) in repr([recorded, rows])]


#: Texts that no run writes, some of them as long as a number, or read as one by Python.
ODD = [
    "",
    "33",
    "33639980_00",
    "+3363998000",
    "three",
    "33639980x01",
    f"+{number(1)}",
    *(number(place).replace("3", "٣") for place in range(3)),
]


@pytest.mark.parametrize("odd", ODD)
def test_a_recorded_text_that_is_no_number_is_nobodys(odd):
    recorded = Recorded({odd: NumberState.ACCEPTED, number(5): NumberState.ACCEPTED}, earlier={odd: 1, number(4): 1})
    for each in (recorded, Recorded({odd: NumberState.ACCEPTED}, earlier={odd: 1})):
        rows = sort_rows(an_audience(3), set(), each, send_late=False)
        assert (rows.totals.pending, rows.totals.accepted, rows.resend) == (3, 0, {})


def outcome_of(place, state, suppressed, hold_late):
    if state not in (None, NumberState.RELEASED):
        return state.value
    if place in suppressed:
        return "suppressed"
    return "late" if hold_late and state is None else "pending"


@given(
    places=st.lists(st.integers(0, 15), unique=True),
    states=st.dictionaries(st.integers(0, 20) | st.sampled_from(ODD), st.sampled_from(list(NumberState))),
    earlier=st.dictionaries(st.integers(0, 20) | st.sampled_from(ODD), st.integers(1, 3)),
    suppressed=st.sets(st.integers(0, 20)),
    closed=st.booleans(),
    send_late=st.booleans(),
    keeping=st.sampled_from([keep_plain(), keep_as_tokens("a key")]),
)
def test_all_at_once_is_what_one_by_one_would_be(places, states, earlier, suppressed, closed, send_late, keeping):
    def kept(found):
        return {each if isinstance(each, str) else keeping.keep(number(each)): value for each, value in found.items()}

    audience, recorded = an_audience(places), Recorded(kept(states), closed, kept(earlier), keeping)
    rows = sort_rows(audience, {national(place) for place in suppressed}, recorded, send_late)
    outcomes = [outcome_of(place, states.get(place), suppressed, closed and not send_late) for place in places]
    for outcome, count in Counter(outcomes).items():
        assert getattr(rows.totals, outcome) == count
        lines = [line for line, each in enumerate(outcomes, start=2) if each == outcome]
        assert rows.first_lines[outcome] == tuple(lines[:SHOWN])
    assert list(rows.to_send) == [place for place, outcome in enumerate(outcomes) if outcome == "pending"]
    again = Counter(earlier.get(places[place]) for place in rows.to_send)
    assert rows.resend == {revision: count for revision, count in again.items() if revision is not None}
