"""The chain: what was written is read back, and nothing else is taken for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_builders import ACCEPTED, answered, any_events, any_journals, ended, number, opened, sending, started

from mmsbatch.record.chain import START, Damage, encode_line, read_lines

NOT_FOLLOWING = "it does not follow from the line before it: edited, missing lines, or merged from two branches"


def write(events):
    lines, digest = [], START
    for event in events:
        line, digest = encode_line(event, digest)
        lines.append(line)
    return lines


EVENTS = [opened(), started(2), sending("1-1", number(1), number(2)), answered("1-1", ACCEPTED, 2), ended()]
LINES = write(EVENTS)
CONTENT = b"".join(LINES)


def damage_of(content):
    with pytest.raises(Damage) as caught:
        read_lines(content)
    return caught.value.line, caught.value.reason


@given(any_journals)
def test_any_events_are_read_back(events):
    lines = write(events)
    read = read_lines(b"".join(lines))
    tail = read.tail
    assert list(read.events) == events
    assert read.digests == tuple(line[-35:-3].decode() for line in lines)
    assert (tail.lines, tail.length, tail.torn) == (len(events), sum(map(len, lines)), 0)


@given(any_journals, any_events)
def test_a_journal_goes_on_from_its_tail(events, more):
    content = b"".join(write(events))
    line, _ = encode_line(more, read_lines(content).tail.digest)
    assert list(read_lines(content + line).events) == [*events, more]


def test_a_torn_tail_is_left_out_at_every_byte():
    for torn in range(1, len(LINES[-1]) - 1):
        read = read_lines(CONTENT[: len(CONTENT) - len(LINES[-1]) + torn])
        assert list(read.events) == EVENTS[:-1]
        assert (read.tail.torn, read.tail.unended) == (torn, False)
        line, _ = encode_line(EVENTS[-1], read.tail.digest)
        assert CONTENT[: read.tail.length] + line == CONTENT


@pytest.mark.parametrize("lines", range(1, len(LINES) + 1))
def test_a_last_line_that_lacks_but_its_break_is_whole(lines):
    """An editor or a script may strip it; a request that the line announces must not be forgotten."""
    whole = b"".join(LINES[:lines])
    read = read_lines(whole[:-1])
    assert list(read.events) == EVENTS[:lines]
    assert (read.tail.length, read.tail.lines, read.tail.torn, read.tail.unended) == (len(whole) - 1, lines, 0, True)
    assert read.tail.digest == read_lines(whole).tail.digest


@pytest.mark.parametrize("line", range(1, len(LINES) + 1))
def test_every_edit_of_a_byte_is_found_in_its_line(line):
    start = sum(map(len, LINES[: line - 1]))
    last_line_break = len(CONTENT) - 1
    for place in range(start, min(start + len(LINES[line - 1]), last_line_break)):
        for other in {CONTENT[place] ^ 1, CONTENT[place] ^ 32, *b'\n "}0'} - {CONTENT[place]}:
            assert damage_of(CONTENT[:place] + bytes([other]) + CONTENT[place + 1 :])[0] == line, place


def test_an_edit_of_the_last_line_break_leaves_a_torn_line():
    read = read_lines(CONTENT[:-1] + b" ")
    assert (list(read.events), read.tail.torn) == (EVENTS[:-1], len(LINES[-1]))


@pytest.mark.parametrize(
    ("order", "line"),
    [
        pytest.param([1, 2, 3, 4], 1, id="first line removed"),
        pytest.param([0, 1, 3, 4], 3, id="line removed"),
        pytest.param([0, 2, 1, 3, 4], 2, id="lines swapped"),
        pytest.param([0, 1, 1, 2, 3, 4], 3, id="line twice"),
        pytest.param([0, 1, 2, 3, 4, 4], 6, id="last line twice"),
        pytest.param([0, 0], 2, id="first line twice"),
    ],
)
def test_another_order_is_found(order, line):
    reason = "it is not as it was written" if line == 1 else NOT_FOLLOWING
    assert damage_of(b"".join(LINES[place] for place in order)) == (line, reason)


def test_line_ends_that_git_or_an_editor_changed_are_told():
    assert damage_of(CONTENT.replace(b"\n", b"\r\n")) == (
        1,
        "its line end was changed to CR LF, as git or an editor does",
    )


@pytest.mark.parametrize("shared", [1, 2, 3])
def test_two_branches_merged_are_found_where_the_second_begins(shared):
    ours, theirs = write(EVENTS), write([*EVENTS[:shared], ended("another")])
    merged = ours + theirs[shared:]
    assert damage_of(b"".join(merged)) == (len(ours) + 1, NOT_FOLLOWING)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"<<<<<<< HEAD\n", "it is not JSON"),
        (b"\n", "it is not JSON"),
        (b"[" * 100_000 + b"\n", "it is not JSON"),
        (b"[1]\n", "it is not a JSON object"),
        (b"{}\n", NOT_FOLLOWING),
        (LINES[1], NOT_FOLLOWING),
        (
            b'{"event":"journal","version":2}\n',
            "it is of the newer format 2, and this version knows 1",
        ),
    ],
)
def test_what_no_journal_writes_is_told(line, reason):
    assert damage_of(CONTENT + line) == (6, reason)


def forge(values):
    """Write a line whose digest fits, whatever it holds."""

    class Forged:
        def to_json(self):
            return values

    return encode_line(Forged(), read_lines(CONTENT).tail.digest)[0]


SENT = {"event": "sending", "at": "now", "chunk": "1-2", "attempt": 1, "recipients": 1}
PROVED = {"event": "proof-sending", "at": "now", "proof": "p", "revision": 1}
TAKEN = {"event": "answered", "at": "now", "chunk": "1-1", "state": "accepted"}
MERGED = {"shards": ["3/8"], "lines": 1, "digest": ""}
REJECTED = {"number": "33639980001", "phone": "+336••••••01", "source": "list.csv:2"}


@pytest.mark.parametrize(
    "values",
    [
        {"event": "levitated", "at": "now"},
        {"event": "run-ended", "at": "now", "run": "r"},
        {"event": "run-ended", "at": "now", "run": "r", "exit_code": 0, "reason": "", "mood": "fine"},
        {"event": "answered", "at": "now", "chunk": "1-1", "state": "eaten"},
        {"event": "answered", "at": "now", "chunk": "1-1", "state": "accepted", "credits": "much"},
        {"at": "now"},
        *(SENT | {"numbers": numbers} for numbers in ([3363998], [None], [1.5], [["a"]], {"a": 1}, "33639980000", 7)),
        *({**PROVED, "numbers": numbers} for numbers in ([3363998], "33639980000")),
        *(TAKEN | {"unaccounted": numbers} for numbers in ([1], [None], "33639980001", {"33639980001": 1})),
        *(TAKEN | {"rejected": [REJECTED | {name: 1}]} for name in REJECTED),
        TAKEN | {"rejected": [[]]},
        *({"event": "merged", "at": "now", "sources": [MERGED | {"shards": each}]} for each in (["a"], 7)),
        *(started().to_json() | {"shard": shard} for shard in ("abc", "9/8", "", 3)),
    ],
)
def test_what_follows_but_is_no_event_is_refused(values):
    line, reason = damage_of(CONTENT + forge(values))
    assert line == 6
    assert reason.startswith("it is no event that this version knows")


@pytest.mark.parametrize("events", [[ended()], [opened(), opened()]], ids=["begins otherwise", "opens twice"])
def test_only_the_first_line_opens(events):
    assert damage_of(b"".join(write(events)))[1] == "only the first line, and always the first line, opens a journal"


def test_a_name_that_is_no_text_does_not_fail_the_line():
    line, _ = encode_line(answered("1-1", ACCEPTED, reason="file \udce9"), START)
    assert json.loads(line)["reason"] == "file ?"


@given(st.binary(max_size=60))
def test_any_bytes_are_torn_or_damaged_never_a_fault(content):
    try:
        read = read_lines(content)
    except Damage as damage:
        assert damage.line >= 1
    else:
        assert (read.events, read.tail.torn) == ((), len(content))
