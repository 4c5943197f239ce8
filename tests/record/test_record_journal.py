"""The journal on disk: read, continued, repaired, refused."""

import pytest
from record_builders import ACCEPTED, answered, ended, number, opened, sending, started

from mmsbatch.errors import Refusal
from mmsbatch.record.chain import Tail
from mmsbatch.record.journal import JournalWriter, read_journal

EVENTS = (opened(), started(1), sending("1-1", number(1)), answered("1-1", ACCEPTED, 1), ended())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "winter-sale.journal.jsonl"


def append(path, *events):
    writer = JournalWriter(path, read_journal(path).tail)
    for event in events:
        writer.append(event)


def test_one_that_does_not_exist_is_empty(path):
    content = read_journal(path)
    assert (content.events, content.tail, content.opened) == ((), Tail(), None)


def test_what_is_appended_is_read_in_order_by_any_writer(path):
    for event in EVENTS:
        append(path, event)
    content = read_journal(path)
    assert (content.events, content.opened) == (EVENTS, EVENTS[0])


def test_the_next_append_repairs_a_tail_torn_at_any_byte(path):
    append(path, *EVENTS[:4])
    length = path.stat().st_size
    append(path, EVENTS[4])
    whole = path.read_bytes()
    for cut in range(length, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert read_journal(path).tail.torn == cut - length
        append(path, EVENTS[4])
        assert path.read_bytes() == whole


def test_the_next_append_ends_a_line_that_lacks_its_break(path):
    append(path, *EVENTS[:4])
    path.write_bytes(path.read_bytes()[:-1])
    append(path, EVENTS[4])
    assert read_journal(path).events == EVENTS


def test_what_follows_from_no_line_before_it_is_damage(path):
    append(path, *EVENTS[:2])
    writer = JournalWriter(path, read_journal(path).tail)
    writer.append(answered("1-7", ACCEPTED, 1))
    with pytest.raises(Refusal, match=r":3: the journal is damaged: it speaks of a revision, chunk or proof that no"):
        read_journal(path)


def test_damage_is_refused_with_its_line(path):
    append(path, *EVENTS)
    path.write_bytes(path.read_bytes().replace(number(1).encode(), number(2).encode()))
    with pytest.raises(
        Refusal, match=r"winter-sale\.journal\.jsonl:3: the journal is damaged: it does not follow"
    ) as e:
        read_journal(path)
    assert "restore the file from git or a backup" in e.value.hint


class OfANewerVersion:
    """An event that this version does not have."""

    def to_json(self):
        return {"event": "levitated", "at": "2026-12-19T09:00:00.000Z"}


def test_what_a_newer_version_wrote_is_not_to_be_replaced(path):
    """An older journal in its place would forget what was sent."""
    JournalWriter(path, Tail()).append(opened(), OfANewerVersion())
    with pytest.raises(Refusal) as refused:
        read_journal(path)
    assert refused.value.message == f"{path}:2: the journal cannot be read: it is no event that this version knows"
    assert refused.value.hint.startswith("update mmsbatch")
    assert "restore" not in refused.value.hint


def test_one_that_cannot_be_read_is_refused(path):
    path.mkdir()
    with pytest.raises(Refusal, match="the journal cannot be read: Is a directory"):
        read_journal(path)
