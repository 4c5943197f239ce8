"""How large a claim is: no less than asked for, no longer than asked for, and as much as a push takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.sending.window import MARGIN, Window

#: Least chunks, seconds, chunks per second, seconds of a push; how many are claimed, from how many left the next.
WINDOWS = {
    "a quick remote": (50, 20.0, 10.0, 0.1, 50, 1),
    "a slow one": (50, 20.0, 40.0, 2.0, 120, 120),
    "a very slow one": (50, 20.0, 40.0, 60.0, 800, 3600),
    "a slow gateway": (50, 20.0, 0.5, 2.0, 10, 1),
    "nothing known of the push": (50, 20.0, 40.0, 0.0, 50, 0),
    "one at a time": (1, 0.0, 1.0, 0.0, 1, 0),
}


@pytest.mark.parametrize("case", WINDOWS)
def test_windows(case):
    least, seconds, rate, push, size, due = WINDOWS[case]
    window = Window(least, seconds, rate, push)
    assert window.size() == size
    assert window.is_due(due)
    assert not window.is_due(due + 1)


counts, durations = st.integers(1, 500), st.floats(0.0, 600.0)


@given(counts, durations, st.floats(0.001, 1000.0), durations)
def test_bounds_hold_whatever_was_measured(least, seconds, rate, push):
    window = Window(least, seconds, rate, push)
    assert window.size() >= max(1, min(least, rate * seconds))
    assert window.size() <= rate * seconds + 1
    if push < seconds / MARGIN:
        assert window.size() >= rate * push, "nobody waits for the next push"


def test_a_slower_push_counts_at_once_and_a_quicker_one_by_half():
    window = Window(1, 100.0, 10.0)
    sizes = []
    for seconds in (1.0, 4.0, 2.0, 2.0, 0.0):
        window.note_push(seconds)
        sizes.append((window.push_seconds, window.size()))
    assert sizes == [(1.0, 15), (4.0, 60), (3.0, 45), (2.5, 38), (1.25, 19)]
