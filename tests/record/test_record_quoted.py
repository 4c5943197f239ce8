"""A chunk's numbers as they stand in the journal's line: the same as JSON has them, or left to JSON."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_builders import number, opened, sending, started

from mmsbatch.record.chain import START, encode_line, read_lines
from mmsbatch.record.quoted import QuotedNumbers

_plain = st.from_regex("[0-9A-Za-z_-]{1,22}", fullmatch=True)


@given(st.lists(_plain, min_size=1, max_size=5))
def test_what_it_reads_is_what_json_reads(numbers):
    numbers = tuple(numbers)
    read = QuotedNumbers.read(json.dumps(numbers, separators=(",", ":")).encode()[2:-2])
    assert read == numbers
    assert (len(read), read[0], list(read), hash(read)) == (len(numbers), numbers[0], list(numbers), hash(numbers))


@given(st.binary(max_size=12) | st.text('",a1\\\\', max_size=12).map(str.encode))
def test_what_is_not_just_numbers_is_left_to_json(quoted):
    read = QuotedNumbers.read(quoted)
    if read is not None:
        assert json.loads(b'["' + quoted + b'"]') == list(read)
        assert len(read) == len(list(read))


@pytest.mark.parametrize(
    "event",
    [
        sending("1-1", number(1), number(2)),
        replace(sending("1-1"), numbers=("é",)),
        replace(sending("1-1"), numbers=('a","b',)),
        replace(sending('x","numbers":["y'), numbers=("a",)),
        sending("1-1", attempt=2),
    ],
    ids=["numbers", "not ASCII", "quotes within", "quotes before", "no numbers"],
)
def test_a_line_says_what_was_written(event):
    digest, lines = START, b""
    for each in (opened(), started(3), event):
        line, digest = encode_line(each, digest)
        lines += line
    assert read_lines(lines).events[-1] == event
