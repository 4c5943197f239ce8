"""A record opened for writing: what was read is safe before it is gone on from, and whole, or refused."""

import os
from contextlib import nullcontext
from pathlib import Path

import pytest
from record_builders import ACCEPTED, answered, failed, number, opened, proof, resolved, sending, started

from mmsbatch.errors import Refusal
from mmsbatch.record.book import RecordBook
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.journal import read_journal
from mmsbatch.record.paths import BESIDE

BEGUN = (opened(), started(2))
SENT = (*BEGUN, sending("1-1", number(1), number(2)))


class NotingSystem:
    """The real one; notes by name what is flushed."""

    def __init__(self):
        self.flushed = []
        self._names = {}

    def open(self, path, flags, mode=0o777):
        descriptor = os.open(path, flags, mode)
        self._names[descriptor] = Path(path).name
        return descriptor

    def fsync(self, fd):
        self.flushed.append(self._names[fd])
        os.fsync(fd)

    def __getattr__(self, name):
        return getattr(os, name)


@pytest.fixture
def paths(tmp_path):
    return BESIDE.paths(tmp_path / "winter-sale.yaml", "production")


def open_book(paths, system=os):
    return RecordBook(paths, read_journal(paths.journal), lambda: 0.0, LocalDisk(system))


def write(paths, *events):
    book = open_book(paths)
    for event in events:
        book.append(event)
    book.show()


@pytest.mark.parametrize("torn", [b"", b'{"event":"answ'], ids=["whole", "torn"])
def test_what_was_read_is_flushed_before_a_book_goes_on_from_it(paths, torn):
    """Whoever wrote it may have been killed before it was on disk, and what follows from it must not outlive it."""
    write(paths, *SENT)
    paths.journal.write_bytes(paths.journal.read_bytes() + torn)
    system = NotingSystem()
    open_book(paths, system)
    assert system.flushed == [paths.journal.name, paths.journal.parent.name]


def test_where_nothing_was_read_nothing_is_flushed(paths):
    system = NotingSystem()
    open_book(paths, system)
    assert system.flushed == []


#: What the journal held, its last line torn since; whether the manifest knows of something that may have left by it.
TORN = {
    "a run": (BEGUN, "knows of run-1"),
    "a request": (SENT, "knows of 1-1"),
    "a second attempt": ((*SENT, failed("1-1"), sending("1-1", attempt=2)), "knows of 1-1, .* not of all its attempts"),
    "a proof": ((*BEGUN, proof(number(9))), "knows of proof-1"),
    "a failed attempt": ((*SENT, failed("1-1")), None),
    "an answer": ((*SENT, answered("1-1", ACCEPTED, 2)), None),
}


@pytest.mark.parametrize(("events", "told"), TORN.values(), ids=TORN)
def test_a_torn_line_that_the_manifest_knows_as_a_request_is_refused(paths, events, told):
    """Without its announcement, a request that left would be forgotten, and sent again; an answer is only in doubt."""
    write(paths, *events)
    paths.journal.write_bytes(paths.journal.read_bytes()[:-20])
    with pytest.raises(Refusal, match=told) if told else nullcontext():
        open_book(paths)


def test_who_was_overtaken_leaves_the_manifest_alone(paths):
    """As where the lock was removed, and another run went on with the record."""
    write(paths, *SENT)
    ours = open_book(paths)
    write(paths, answered("1-1", ACCEPTED, 2))
    theirs = paths.manifest.read_bytes()
    with pytest.raises(OSError, match="changed by something else"):
        ours.append(resolved("1-1", False))
    ours.show()
    assert paths.manifest.read_bytes() == theirs
