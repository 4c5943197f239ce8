"""Recipients of one text share requests, as few as possible."""

from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.planning.chunking import count_by_text, count_chunks, group_by_text, partition

texts = st.lists(st.integers(0, 4), max_size=40)
sizes = st.integers(1, 8)
canaries = st.none() | st.integers(1, 12)


def chunks_of(text_of, size, canary=None, first=1):
    groups = group_by_text(range(len(text_of)), text_of)
    return groups, list(partition(groups, size, 1, first, canary))


def counted(text_of, size, canary=None):
    return count_chunks(count_by_text(range(len(text_of)), text_of).values(), size, canary)


@given(texts, st.data())
def test_texts_are_counted_as_they_are_gathered(text_of, data):
    to_send = [place for place in range(len(text_of)) if data.draw(st.booleans())]
    gathered = group_by_text(to_send, text_of)
    assert list(count_by_text(to_send, text_of).items()) == [(text, len(places)) for text, places in gathered.items()]


@given(texts, sizes, canaries)
def test_each_recipient_is_in_one_chunk_of_its_text_in_order(text_of, size, canary):
    groups, chunks = chunks_of(text_of, size, canary)
    assert all(0 < len(chunk.members) <= size for chunk in chunks)
    assert all({text_of[place] for place in chunk.members} == {chunk.text} for chunk in chunks)
    for text, members in groups.items():
        assert [place for chunk in chunks if chunk.text == text for place in chunk.members] == list(members)
        assert list(members) == sorted(members)
    assert sorted(place for chunk in chunks for place in chunk.members) == list(range(len(text_of)))
    assert list(dict.fromkeys(chunk.text for chunk in chunks)) == list(dict.fromkeys(text_of))


@given(texts, sizes)
def test_there_are_as_few_as_can_be(text_of, size):
    groups, chunks = chunks_of(text_of, size)
    assert len(chunks) == counted(text_of, size) == sum(ceil(len(each) / size) for each in groups.values())


@given(texts.filter(bool), sizes, st.integers(1, 12))
def test_the_canary_comes_first_and_costs_one_request_at_most(text_of, size, canary):
    groups, chunks = chunks_of(text_of, size, canary)
    first_group = groups[text_of[0]]
    assert len(chunks[0].members) == min(canary, size, len(first_group))
    assert len(chunks) == counted(text_of, size, canary) <= counted(text_of, size) + 1


@given(texts, sizes, canaries, st.integers(1, 99))
def test_chunks_are_numbered_on(text_of, size, canary, first):
    numbers = [int(chunk.id.removeprefix("1-")) for chunk in chunks_of(text_of, size, canary, first)[1]]
    assert numbers[:1] in ([], [first])
    assert all(after == before + 1 for before, after in pairwise(numbers))


@pytest.mark.parametrize(
    ("text_of", "size", "canary", "expected"),
    [
        ([], 2, 1, []),
        ([0, 0, 0], 2, None, [("1-1", 0, [0, 1]), ("1-2", 0, [2])]),
        ([0, 1, 0, 1], 2, None, [("1-1", 0, [0, 2]), ("1-2", 1, [1, 3])]),
        ([1, 0, 1], 2, None, [("1-1", 1, [0, 2]), ("1-2", 0, [1])]),
        ([0, 0, 0, 0], 3, 1, [("1-1", 0, [0]), ("1-2", 0, [1, 2, 3])]),
        ([0, 0, 0], 2, 5, [("1-1", 0, [0, 1]), ("1-2", 0, [2])]),
        ([0, 1, 1], 2, 2, [("1-1", 0, [0]), ("1-2", 1, [1, 2])]),
    ],
)
def test_examples(text_of, size, canary, expected):
    assert [(chunk.id, chunk.text, list(chunk.members)) for chunk in chunks_of(text_of, size, canary)[1]] == expected
