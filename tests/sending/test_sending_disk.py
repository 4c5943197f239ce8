"""A disk that refuses, a process that dies: at any operation nobody is sent to twice, and nobody is lost."""

import os
import re
from collections import Counter

import pytest
from sending_builders import OK, REFUSED_CONNECTION, answer, number

from mmsbatch.errors import Refusal
from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.events import DoubtResolved
from mmsbatch.record.journal import JournalWriter, read_journal

SCRIPT = (OK, REFUSED_CONNECTION, OK, answer(invalid=[4]))
EVERYBODY = [number(place) for place in range(6)]


class Killed(BaseException):
    """The process is no more."""


class FailingDisk(LocalDisk):
    """Raises at the n-th operation, before or after carrying it out; once it is `full`, at all that follow."""

    def __init__(self, stop_at=0, error=None, when="before", full=False):
        super().__init__()
        self._stop_at, self._error, self._when, self._full = stop_at, error, when, full
        self.operations = 0

    def append(self, path, data, at, torn=0):
        self._do(lambda: LocalDisk.append(self, path, data, at))

    def replace(self, path, data):
        self._do(lambda: LocalDisk.replace(self, path, data))

    def _do(self, write):
        self.operations += 1
        here = self.operations == self._stop_at
        if here and self._when == "after":
            write()
        if here or (self._full and self.operations > self._stop_at):
            raise self._error
        write()


OPENING, OPERATIONS = 1, 14
each_moment = pytest.mark.parametrize("when", ["before", "after"])


def no_space():
    return OSError(28, "No space left on device")


def test_the_operations_are_as_many_as_the_tables_say(world):
    disk = FailingDisk()
    world.run(*SCRIPT, disk=disk)
    assert disk.operations == OPERATIONS


def taken(world):
    """The requests that arrived at the gateway."""
    return [post for post in world.posts if post.step is not REFUSED_CONNECTION]


def settle(world):
    """Settle all doubt as the gateway knows it."""
    content = read_journal(world.paths.journal)
    record, writer = content.record, JournalWriter(world.paths.journal, content.tail)
    record.close_interrupted()
    arrived = {post.chunk for post in taken(world)}
    for chunk in record.revision(1).in_doubt:
        at, sent = "2026-12-19T09:00:00.000Z", chunk.id in arrived
        writer.append(DoubtResolved(at=at, chunk=chunk.id, sent=sent, reason="asked", by="Zoé"))


def assert_each_was_announced(world):
    for post in world.posts:
        assert (post.events[-1].name, post.events[-1].chunk) == ("sending", post.chunk)


def assert_everybody_once(world):
    counts = Counter(each for post in taken(world) for each in post.numbers)
    assert sorted(counts) == EVERYBODY
    assert set(counts.values()) == {1}
    assert sum(world.totals.values()) == 6
    assert world.manifest["status"] == "complete"


@each_moment
@pytest.mark.parametrize("stop_at", range(1, OPERATIONS + 1))
def test_a_process_that_dies_anywhere_sends_to_nobody_twice(world, stop_at, when):
    with pytest.raises(Killed):
        world.run(*SCRIPT, disk=FailingDisk(stop_at, Killed(), when))
    assert_each_was_announced(world)
    settle(world)
    assert world.run().exit_code is ExitCode.DONE
    assert_everybody_once(world)


@each_moment
@pytest.mark.parametrize("full", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("stop_at", range(OPENING + 1, OPERATIONS + 1))
def test_a_disk_that_refuses_stops_the_run_and_nobody_is_sent_to_twice(world, stop_at, full, when):
    outcome = world.run(*SCRIPT, disk=FailingDisk(stop_at, no_space(), when, full))
    assert_each_was_announced(world)
    told = outcome.stop.message
    assert re.fullmatch(
        r"the (record|answer to chunk 1-.) cannot be written: No space left on device"
        r"|the record could not be written for a while; all answers are in it now",
        told,
    )
    if "for a while" in told:
        assert not world.totals.get("in_doubt"), "an answer that was heard is no doubt"
    if not world.posts:
        assert outcome.exit_code is ExitCode.REFUSED
    elif outcome.exit_code is ExitCode.DONE:
        assert "for a while" in told
        assert_everybody_once(world)
    else:
        assert outcome.exit_code in {ExitCode.INCOMPLETE, ExitCode.IN_DOUBT}
    settle(world)
    assert world.run().exit_code is ExitCode.DONE
    assert_everybody_once(world)


@pytest.mark.parametrize(("stop_at", "posts"), [(2, 0), (3, 0), (4, 0), (6, 1), (8, 2), (11, 3)])
def test_what_cannot_be_announced_does_not_leave(world, stop_at, posts):
    world.run(*SCRIPT, disk=FailingDisk(stop_at, no_space(), full=True))
    assert len(world.posts) == posts


def test_what_is_announced_and_cannot_be_shown_does_not_leave_and_is_no_doubt(world):
    """The ninth operation replaces the manifest, between an announcement and its request."""
    outcome = world.run(*SCRIPT, disk=FailingDisk(9, no_space()))
    assert len(world.posts) == 2
    assert world.states == {"1-1": "accepted", "1-2": "failed"}
    assert outcome.exit_code is ExitCode.INCOMPLETE


def test_an_answer_that_cannot_be_written_down_leaves_doubt(world):
    """The fifth operation is the first answer."""
    outcome = world.run(*SCRIPT, disk=FailingDisk(5, no_space(), full=True))
    assert outcome.exit_code is ExitCode.IN_DOUBT
    record = read_journal(world.paths.journal).record
    record.close_interrupted()
    assert [chunk.id for chunk in record.in_doubt] == ["1-1"]


def test_an_answer_that_the_disk_refused_for_a_while_is_written_after_all(world):
    outcome = world.run(*SCRIPT, disk=FailingDisk(5, no_space()))
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert world.states == {"1-1": "accepted"}


@each_moment
def test_a_record_that_cannot_be_opened_is_refused(world, when):
    with pytest.raises(Refusal, match="the record cannot be written: No space left on device"):
        world.run(disk=FailingDisk(OPENING, no_space(), when))
    assert world.posts == []


def test_nothing_is_done_where_late_rows_cannot_even_be_begun(world):
    world.run(people=2)
    outcome = world.run(people=4, late_rows=True, disk=FailingDisk(1, no_space(), full=True))
    assert outcome.exit_code is ExitCode.REFUSED
    assert len(world.posts) == 1
    assert world.events[-1].name == "run-ended"


class FullAt:
    """A system whose disk takes no more once a text was written, and from then on nothing at all."""

    def __init__(self, text):
        self._text, self._full = text, False

    def __getattr__(self, name):
        return getattr(os, name)

    def pwrite(self, fd, data, offset):
        if self._full:
            raise no_space()
        place = data.find(self._text)
        self._full = place >= 0
        return os.pwrite(fd, data if place < 0 else data[: data.index(b"\n", place) + 1], offset)


def test_what_a_full_disk_took_of_an_announcement_is_no_doubt(world):
    """Three requests are announced together, and the disk is full behind the second: none of them leaves."""
    full = FullAt(b'"sending","at":"2026-12-19T09:00:00.000Z","chunk":"1-2"')
    outcome = world.run(gateway={"concurrency": 3}, disk=LocalDisk(full))
    assert (outcome.exit_code, world.posts) == (ExitCode.REFUSED, [])
    book = world.open_book()
    assert book.record.in_doubt == []
    assert world.run().exit_code is ExitCode.DONE
    assert_everybody_once(world)
