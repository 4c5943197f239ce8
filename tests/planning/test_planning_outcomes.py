"""Each row has exactly one outcome, the first that applies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_builders import an_audience, national, number

from mmsbatch.planning.outcomes import SHOWN, Recorded, sort_rows
from mmsbatch.record.states import NumberState
from mmsbatch.record.tokens import keep_as_tokens

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
    keep = keep_as_tokens("a key").keep
    recorded = Recorded({keep(number(1)): NumberState.ACCEPTED}, keep=keep)
    rows = sort_rows(an_audience(3), set(), recorded, send_late=False)
    assert (rows.totals.accepted, list(rows.to_send)) == (1, [0, 2])
