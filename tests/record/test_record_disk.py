"""What happens when the disk stops: at every operation, before, in the middle of and after it."""

import json
import os
from pathlib import Path

import pytest
from record_builders import ACCEPTED, AT, answered, ended, failed, number, opened, released, sending, started

from mmsbatch.errors import Locked, Refusal
from mmsbatch.record.book import RecordBook, hold_record
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.journal import read_journal
from mmsbatch.record.lock import Holder
from mmsbatch.record.paths import BESIDE

EVENTS = (
    opened(),
    started(2),
    sending("1-1", number(1)),
    failed("1-1"),
    sending("1-1", attempt=2),
    answered("1-1", ACCEPTED, 1),
    ended(),
)
OPERATIONS = 2 * len(EVENTS)
DESCRIPTORS = Path("/proc/self/fd")
needs_names = pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="descriptors have no names here")


class FailingDisk(LocalDisk):
    """Fails its n-th operation, and from then on all; `how` says what it had done of the n-th by then."""

    def __init__(self, stop_at, how):
        super().__init__()
        self._left, self._how = stop_at, how

    def append(self, path, data, at, torn=0):
        self._do(lambda part: super(FailingDisk, self).append(path, part, at, torn), data)

    def replace(self, path, data):
        self._do(lambda part: super(FailingDisk, self).replace(path, part), data, whole=True)

    def _do(self, write, data, whole=False):
        self._left -= 1
        if self._left > 0:
            write(data)
            return
        if self._left == 0 and self._how == "after":
            write(data)
        if self._left == 0 and self._how == "amid" and not whole:
            write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")


@pytest.fixture
def paths(tmp_path):
    return BESIDE.paths(tmp_path / "winter-sale.yaml", "production")


def book_of(paths, disk=None):
    return RecordBook(paths, read_journal(paths.journal), lambda: 0.0, disk)


def write_until_it_fails(book):
    """Append and show event by event; return those that were said to be on disk."""
    written = []
    try:
        for event in EVENTS:
            book.append(event)
            written.append(event)
            book.show()
    except OSError:
        pass
    return tuple(written)


@pytest.mark.parametrize("how", ["before", "amid", "after"])
@pytest.mark.parametrize("stop_at", range(1, OPERATIONS + 1))
def test_a_disk_that_stops_leaves_a_record_to_go_on_from(paths, stop_at, how):
    written = write_until_it_fails(book_of(paths, FailingDisk(stop_at, how)))
    found = read_journal(paths.journal)
    assert found.events in (written, EVENTS[: len(written) + 1])
    if paths.manifest.exists():
        assert json.loads(paths.manifest.read_text())["version"] == 1
    book = book_of(paths)
    for event in EVENTS[len(found.events) :]:
        book.append(event)
    book.show()
    assert read_journal(paths.journal).events == EVENTS
    assert json.loads(paths.manifest.read_text())["totals"]["accepted"] == 1


@pytest.mark.parametrize("how", ["before", "amid", "after"])
@pytest.mark.parametrize("stop_at", range(1, len(EVENTS)))
def test_what_a_disk_refused_is_not_taken_in_and_the_next_line_takes_its_place(paths, stop_at, how):
    class Once(FailingDisk):
        def append(self, path, data, at, torn=0):
            if self._left <= 0:
                LocalDisk.append(self, path, data, at, torn)
            else:
                super().append(path, data, at, torn)

    book = book_of(paths, Once(stop_at, how))
    for event in EVENTS[: stop_at - 1]:
        book.append(event)
    before = book.record.revision(1).totals
    with pytest.raises(OSError, match="No space left"):
        book.append(EVENTS[stop_at - 1])
    assert book.record.revision(1).totals == before
    for event in EVENTS[stop_at - 1 :]:
        book.append(event)
    assert read_journal(paths.journal).events == EVENTS


def test_a_book_tells_what_was_torn_and_what_was_lost(paths):
    book = book_of(paths)
    for event in EVENTS[:3]:
        book.append(event)
    with paths.journal.open("ab") as journal:
        journal.write(b'{"event":"answ')
    again = book_of(paths)
    assert again.torn == 14
    assert [chunk.id for chunk in again.lost] == ["1-1"]


def test_the_manifest_is_shown_at_most_once_a_second(paths):
    now = [0.0]
    book = RecordBook(paths, read_journal(paths.journal), lambda: now[0])
    book.append(EVENTS[0])
    book.append(EVENTS[1])
    shown = []
    for now[0] in (0.0, 0.5, 0.999, 1.0, 1.5, 2.25):
        book.append(released())
        paths.manifest.unlink(missing_ok=True)
        book.show_now_and_then()
        shown.append(paths.manifest.exists())
    assert shown == [True, False, False, True, False, True]


def test_one_book_at_a_time(paths):
    holder = Holder(1, "here", "zoé", AT)
    with (
        hold_record(paths, holder),
        pytest.raises(Locked, match="process 1 of zoé on here"),
        hold_record(paths, holder),
    ):
        pass


@pytest.fixture
def flushed(monkeypatch):
    """Record what is flushed, by name: the file, or its folder, and its size then."""
    told = []
    fsync = os.fsync

    def spy(descriptor):
        target = (DESCRIPTORS / str(descriptor)).readlink()
        told.append((target.name, target.stat().st_size if target.is_file() else None))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    return told


@needs_names
def test_an_append_is_flushed_and_a_new_file_with_its_folder(tmp_path, flushed):
    path = tmp_path / "journal"
    LocalDisk().append(path, b"one\n", 0)
    assert flushed == [("journal", 4), (tmp_path.name, None)]
    flushed.clear()
    LocalDisk().append(path, b"two\n", 4)
    assert flushed == [("journal", 8)]
    assert path.read_bytes() == b"one\ntwo\n"


@needs_names
def test_a_replacement_is_flushed_before_it_takes_the_place(tmp_path, flushed):
    path = tmp_path / "manifest"
    path.write_text("former")
    LocalDisk().replace(path, b"new")
    assert flushed == [(".manifest.tmp", 3), (tmp_path.name, None)]
    assert [file.name for file in tmp_path.iterdir()] == ["manifest"]
    assert path.read_bytes() == b"new"


def test_an_append_drops_what_stands_behind_its_place(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b"whole\ntorn and long")
    LocalDisk().append(path, b"next\n", 6, torn=13)
    assert path.read_bytes() == b"whole\nnext\n"


@pytest.mark.parametrize("content", [b"", b"whole", b"whole\nsomebody else's\n"])
def test_an_append_to_a_file_that_something_else_changed_is_refused(tmp_path, content):
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(OSError, match="changed by something else"):
        LocalDisk().append(path, b"next\n", 6)
    assert path.read_bytes() == content


def test_two_writers_without_a_lock_do_not_drop_each_others_lines(paths):
    mine = book_of(paths)
    mine.append(EVENTS[0])
    rival = book_of(paths)
    rival.append(EVENTS[1])
    with pytest.raises(OSError, match="changed by something else"):
        mine.append(EVENTS[1])
    assert read_journal(paths.journal).events == EVENTS[:2]


def test_a_writer_who_was_overtaken_never_cuts_anothers_lines(paths):
    """Its own write was longer than what the other wrote: what it could have left behind must not be looked for."""
    mine = book_of(paths)
    for event in EVENTS[:2]:
        mine.append(event)
    rival = book_of(paths)
    rival.append(sending("1-1", number(1)))
    written = paths.journal.read_bytes()
    for events in ([sending(f"1-{place}", *map(number, range(50))) for place in range(2, 6)], [ended()]):
        with pytest.raises(OSError, match="changed by something else"):
            mine.append(*events)
    mine.show()
    assert paths.journal.read_bytes() == written


def test_a_manifest_that_is_up_to_date_is_not_written_again(paths):
    now = [0.0]
    book = RecordBook(paths, read_journal(paths.journal), lambda: now[0])
    book.append(EVENTS[0])
    book.show()
    paths.manifest.unlink()
    now[0] = 10.0
    book.show_now_and_then()
    assert not paths.manifest.exists()


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_journal_behind_its_manifest_is_refused(paths, left):
    book = book_of(paths)
    for event in EVENTS:
        book.append(event)
    book.show()
    lines = paths.journal.read_bytes().splitlines(keepends=True)
    paths.journal.write_bytes(b"".join(lines[:left]))
    with pytest.raises(Refusal, match="the journal lost lines, or is another one"):
        book_of(paths)


def test_a_manifest_that_cannot_be_read_is_refused(paths):
    paths.manifest.write_text("<<<<<<< ours")
    with pytest.raises(Refusal, match="cannot be read"):
        book_of(paths)


def test_a_disk_that_writes_little_by_little_writes_all(tmp_path, monkeypatch):
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, at: pwrite(descriptor, data[:3], at))
    LocalDisk().append(tmp_path / "journal", b"0123456789", 0)
    assert (tmp_path / "journal").read_bytes() == b"0123456789"
