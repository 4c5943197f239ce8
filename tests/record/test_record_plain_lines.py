"""The lines that a journal is full of, read without a JSON parser: the same as JSON has them, or left to JSON."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from record_builders import answered, number, opened, sending, started

from mmsbatch.record.chain import START, encode_line, read_lines
from mmsbatch.record.events import ChunkAnswered, ChunkSending, Event, Rejection, event_from_json
from mmsbatch.record.plain_lines import PlainLines
from mmsbatch.record.quoted import QuotedNumbers, is_quoted_evenly
from mmsbatch.record.states import ChunkState

_OF_ONE_LENGTH = st.integers(1, 22).flatmap(
    lambda length: st.lists(st.from_regex(f"[0-9A-Za-z_-]{{{length}}}", fullmatch=True), min_size=1, max_size=5)
)
_SENT = replace(sending("1-1", number(1), number(2)), run="0a1b2c3d4e5f")
_TAKEN = replace(
    answered("1-1", ChunkState.ACCEPTED, accepted=2),
    http_status=200,
    status=100,
    status_text="Le message a été envoyé",
    campaign_id="abc",
    credits=Decimal(1000),
)


_REFUSED = Rejection(number(1), "+336••••••01", "liste.csv:2")
_REFUSING = replace(
    _TAKEN,
    credits=Decimal("1000.5"),
    rejected=(_REFUSED,),
    unaccounted=(number(2),),
    status_text='dit "oui"',
    accepted=0,
)


def body(event: Event) -> bytes:
    """Return an event's line without the digest at its end."""
    return json.dumps(event.to_json(), ensure_ascii=False, separators=(",", ":")).encode()[:-1]


def read_plainly(written: bytes) -> Event | None:
    """Read a line that stands between others."""
    before, behind = b"before\n", b"\nbehind"
    return PlainLines(before + written + behind).read(len(before), len(before + written))


def read_json(written: bytes) -> Event:
    return event_from_json(json.loads(written.decode() + "}"))


@pytest.mark.parametrize(
    "event",
    [
        _SENT,
        replace(_SENT, run=None),
        replace(_SENT, attempt=12),
        replace(_SENT, numbers=("tokenOfSome22Char-acte", "_ther0f22Characters-01"), recipients=2),
        _TAKEN,
        replace(_TAKEN, credits=None),
        replace(_TAKEN, campaign_id=None),
        replace(_TAKEN, status=101),
        replace(_TAKEN, credits=Decimal("1000.5")),
        replace(_TAKEN, status_text='il a dit "oui" \\ "non"'),
        replace(_TAKEN, rejected=(_REFUSED,)),
        replace(_TAKEN, rejected=(_REFUSED, replace(_REFUSED, source='l"iste, {été}.csv:3')), accepted=0),
        replace(_TAKEN, unaccounted=(number(1), number(2))),
        replace(_TAKEN, rejected=(_REFUSED,), unaccounted=(number(2),), accepted=0),
    ],
)
def test_what_a_journal_is_full_of_is_read_plainly(event):
    assert read_plainly(body(event)) == event


@pytest.mark.parametrize(
    "event",
    [
        opened(),
        started(3),
        replace(_SENT, numbers=()),
        replace(_SENT, numbers=("é", "a"), recipients=2),
        replace(_SENT, numbers=('"', "a"), recipients=2),
        replace(_SENT, numbers=("a", "bc"), recipients=2),
        replace(_SENT, numbers=("a", "bbb"), recipients=2),
        replace(_SENT, recipients=3),
        replace(_SENT, recipients=0),
        replace(_SENT, chunk='1-1","numbers":["'),
        replace(_TAKEN, credits=Decimal(-1)),
        replace(_TAKEN, credits=Decimal("1e-7")),
        replace(_TAKEN, state=ChunkState.IN_DOUBT, reason="no answer"),
        replace(_TAKEN, rejected=(replace(_REFUSED, source="[été].csv:2"),)),
        replace(_TAKEN, status=None),
    ],
)
def test_what_says_more_is_left_to_json(event):
    assert read_plainly(body(event)) is None
    assert read_json(body(event)) == event


@given(_OF_ONE_LENGTH)
def test_numbers_are_those_that_json_reads(numbers):
    numbers = tuple(numbers)
    content = json.dumps(numbers, separators=(",", ":")).encode()
    start, stop = 2, len(content) - 2
    assert is_quoted_evenly(content, start, stop, len(numbers))
    assert not is_quoted_evenly(content, start, stop, len(numbers) + 1)
    read = QuotedNumbers(content, start, stop, len(numbers))
    assert (len(read), read[0], list(read), hash(read)) == (len(numbers), numbers[0], list(numbers), hash(numbers))
    assert read == numbers


@pytest.mark.parametrize("count", [-1, 0, 10**18])
def test_a_count_that_cannot_be_takes_no_memory(count):
    assert not is_quoted_evenly(b'"1"', 1, 2, count)


@example(["0", "1"], None)
@given(_OF_ONE_LENGTH, st.data())
def test_a_number_is_found_where_it_stands(numbers, data):
    content = json.dumps(numbers, separators=(",", ":")).encode()
    texts = st.sampled_from(numbers) | st.text("019A-_", max_size=22) | st.text('01",é\ud800', max_size=9)
    wanted = data.draw(texts | st.none()) if data else ","
    for is_split in (False, True):
        read = QuotedNumbers(b"[" + content + b"]", 3, len(content) - 1, len(numbers))
        assert not is_split or [*read] == numbers
        assert (wanted in read) == (wanted in numbers)


_events = st.builds(
    ChunkSending,
    at=st.text(max_size=8),
    chunk=st.text(max_size=5),
    attempt=st.integers(),
    recipients=st.integers(0, 4),
    run=st.none() | st.text(max_size=3),
    numbers=st.lists(st.text('a1"\\,é', max_size=2), max_size=4),
) | st.builds(
    ChunkAnswered,
    at=st.text(max_size=8),
    chunk=st.text(max_size=5),
    state=st.sampled_from(ChunkState),
    reason=st.text(max_size=2),
    http_status=st.none() | st.integers(),
    status=st.none() | st.integers(),
    status_text=st.none() | st.text(max_size=4),
    campaign_id=st.none() | st.text(max_size=4),
    credits=st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=2) | st.integers().map(Decimal),
    accepted=st.integers(0, 200),
    rejected=st.lists(st.builds(Rejection, *[st.text('a1"\\]é', max_size=2)] * 3), max_size=2).map(tuple),
    unaccounted=st.lists(st.text('a1"\\]é', max_size=2), max_size=2).map(tuple),
)

_PUT = [b"", b"[1]", b"{}", b".5", b'"', b"\\", b",", b"0", b"-", b"1.0", b"\xff", b"\n", b"null", b'"]']


@given(_events.map(body) | st.sampled_from([body(_SENT), body(_TAKEN), body(_REFUSING)]), st.data())
@example(body(_SENT), None)
@example(body(_TAKEN), None)
@example(body(_REFUSING).replace(b'"phone"', b'"fax"'), None)
@example(body(_REFUSING).replace(b"[{", b"[1,{"), None)
@example(body(_REFUSING).replace(b'"unaccounted":["', b'"unaccounted":[1,"'), None)
@example(body(_REFUSING).replace(b":1000.5", b":1000.50"), None)
@example(body(_REFUSING).replace(b"[{", b"[" * 100_000 + b"{"), None)
def test_what_is_read_plainly_is_what_json_reads(written, data):
    """Whatever is changed in a line: by a byte here and there, which no chain would pass."""
    if data is not None:
        for _ in range(data.draw(st.integers(0, 3))):
            place = data.draw(st.integers(0, len(written)))
            taken = data.draw(st.integers(0, 2))
            put = data.draw(st.sampled_from(_PUT))
            written = written[:place] + put + written[place + taken :]
    read = read_plainly(written)
    if read is not None:
        assert read == read_json(written)
        assert not hasattr(read, "recipients") or len(read.numbers) == read.recipients == len([*read.numbers])


def test_a_journal_says_what_was_written():
    events = [opened(), started(3), _SENT, _TAKEN, replace(_SENT, chunk="1-2", attempt=2, numbers=()), started(3)]
    digest, lines = START, b""
    for each in events:
        line, digest = encode_line(each, digest)
        lines += line
    assert list(read_lines(lines).events) == events
