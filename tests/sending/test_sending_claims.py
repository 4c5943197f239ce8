"""Claims: nothing leaves that the branch does not have, the next window comes in time, and rivals keep theirs."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from mmsbatch.errors import Overtaken, RecordUnreachable
from mmsbatch.record.events import ChunkSending
from mmsbatch.sending.claims import ClaimedJobs
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.window import Window


class FakeBook:
    """A record on a branch whose pushes end when the test says so."""

    def __init__(self):
        self.events, self.published, self.flying, self.error = [], 0, None, None
        self.settled = set()
        self.record = self

    @property
    def appended(self):
        return len(self.events)

    @property
    def is_publishing(self):
        return self.flying is not None

    def chunk(self, name):
        return SimpleNamespace(resolved=name in self.settled)

    def append(self, *events):
        self.events += events

    def start_publishing(self, wake):
        self.flying = len(self.events)

    def land(self):
        """Let a push reach the branch; others see what is in it."""
        self.published, self.flying = self.flying, None

    def lose(self):
        """Let a rival be quicker: ours is to be written behind theirs."""
        self.flying = None

    def settle(self):
        if self.error:
            error, self.error, self.flying = self.error, None, None
            if isinstance(error, Overtaken):
                del self.events[self.published :]
            raise error

    def publish(self):
        self.settle()
        self.published, self.flying = len(self.events), None

    @property
    def on_the_branch(self):
        return [event.chunk for event in self.events[: self.published]]


START = datetime(2026, 12, 19, 9, 0, tzinfo=UTC)


class World:
    """So many chunks, claimed by threes; requests start at 10 a second, a push takes as long as the test says."""

    def __init__(self, chunks=20, least=3, push_seconds=0.0, may_claim=lambda: True):
        self.time, self.book = 0.0, FakeBook()
        jobs = (SimpleNamespace(id=f"1-{place}") for place in range(1, chunks + 1))
        self.window = Window(least, 20.0, 10.0)
        self.source = ClaimedJobs(
            jobs,
            self.book,
            lambda job, attempt=1: ChunkSending(at="", chunk=job.id, attempt=attempt, recipients=1),
            self.window,
            may_claim=may_claim,
            clock=Clock(now=lambda: START + timedelta(seconds=self.time), monotonic=lambda: self.time),
            wake=lambda: None,
        )
        publish = self.book.publish

        def take_time():
            self.time += push_seconds
            publish()

        self.book.publish = take_time

    def take(self):
        """Take all that may leave now, each a tenth of a second after the one before."""
        taken = []
        while (job := self.source.take()) is not None:
            self.time += 0.1
            taken.append(job.id)
            assert job.id in self.book.on_the_branch, "it left, and the branch does not have it"
        return taken


def test_the_first_window_is_on_the_branch_before_anything_leaves():
    world = World()
    assert world.take() == []
    world.source.begin()
    assert world.book.on_the_branch == ["1-1", "1-2", "1-3"]
    assert world.take() == ["1-1", "1-2", "1-3"]


def test_the_next_window_leaves_once_its_push_has_landed():
    world = World()
    world.source.begin()
    world.take()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert world.book.is_publishing
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert world.take() == []
    world.book.land()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert world.take() == ["1-4", "1-5", "1-6"]


def test_the_next_window_is_claimed_while_the_former_is_sent():
    """A push takes half a second: five chunks, and half as many more to be sure."""
    world = World(push_seconds=0.5)
    world.source.begin()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert world.book.is_publishing, "three chunks are left, and a push lasts longer than they do"
    assert len(world.book.events) == 3 + 8


def test_no_window_is_claimed_before_it_is_needed():
    """What is claimed by a runner that vanishes is in doubt."""
    world = World(least=10, push_seconds=0.2)
    world.source.begin()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert not world.book.is_publishing
    for _ in range(7):
        world.source.take()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert world.book.is_publishing, "three are left: what is sent during a push, and half as much"


def test_who_was_not_overtaken_but_late_pushes_again():
    world = World()
    world.source.begin()
    world.take()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    world.book.lose()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert world.book.is_publishing
    assert world.take() == []
    world.book.land()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert world.take() == ["1-4", "1-5", "1-6"]


def test_a_canary_is_claimed_alone():
    spread = []
    world = World(may_claim=lambda: bool(spread))
    world.source.begin()
    assert world.take() == ["1-1"]
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert not world.book.is_publishing
    spread.append(True)
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert len(world.book.events) == 4


def test_where_a_person_settled_the_canary_there_is_nothing_to_wait_for():
    world = World(may_claim=lambda: False)
    world.source.begin()
    assert not world.source.is_exhausted
    world.book.settled.add("1-1")
    assert world.take() == []
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert world.source.is_exhausted


def test_to_the_last_chunk():
    world = World(chunks=4)
    world.source.begin()
    assert world.take() == ["1-1", "1-2", "1-3"]
    assert not world.source.is_exhausted
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert not world.source.is_exhausted, "it is on its way"
    world.book.land()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert not world.source.is_exhausted
    assert world.take() == ["1-4"]
    assert world.source.is_exhausted


def test_a_run_without_chunks_tells_the_branch_all_the_same():
    world = World(chunks=0)
    world.book.append("the run begins")
    world.source.begin()
    assert world.book.published == 1
    assert world.source.is_exhausted


def test_of_a_first_attempt_the_branch_knows_already():
    world = World()
    world.source.begin()
    before = list(world.book.events)
    again = ChunkSending(at="", chunk="1-1", attempt=2, recipients=1)
    world.source.announce([ChunkSending(at="", chunk="1-2", attempt=1, recipients=1), again])
    assert world.book.events == [*before, again]


def test_what_a_person_settled_meanwhile_does_not_leave():
    world = World()
    world.source.begin()
    assert world.source.take().id == "1-1"
    world.book.settled |= {"1-2"}
    assert world.take() == ["1-3"]


# --- the end


def ids(jobs):
    return [job.id for job in jobs]


def test_at_the_end_what_is_claimed_and_not_taken_is_given_up():
    world = World()
    world.source.begin()
    world.source.take()
    world.book.settled |= {"1-3"}
    assert ids(world.source.end()) == ["1-2"]
    assert world.source.is_exhausted


def test_at_the_end_a_claim_under_way_is_waited_for():
    world = World()
    world.source.begin()
    world.take()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert ids(world.source.end()) == ["1-4", "1-5", "1-6"]
    assert world.book.published == 6


OVERTAKEN = Overtaken("another run claimed the same recipients")


def test_a_claim_that_was_overtaken_is_not_given_up_for_the_rival():
    """Their chunks have the same ids: to write that these failed would make a rival's recipients pending again."""
    world = World()
    world.source.begin()
    world.source.take()
    world.source.take()
    world.window.push_seconds = 1.0
    world.source.keep_up(is_stopping=False, is_retrying=False)
    world.book.error = OVERTAKEN
    with pytest.raises(Overtaken):
        world.source.keep_up(is_stopping=False, is_retrying=False)
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert not world.book.is_publishing, "it claims no more"
    assert ids(world.source.end()) == ["1-3"]


def test_a_claim_that_is_overtaken_at_the_end_is_not_given_up_for_the_rival():
    world = World()
    world.source.begin()
    world.source.take()
    world.source.take()
    world.window.push_seconds = 1.0
    world.source.keep_up(is_stopping=False, is_retrying=False)
    world.book.error = OVERTAKEN
    assert ids(world.source.end()) == ["1-3"]


def test_a_claim_of_which_nobody_knows_whether_it_arrived_is_given_up_behind_itself():
    world = World()
    world.source.begin()
    world.take()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    world.book.error = RecordUnreachable("no answer")
    assert ids(world.source.end()) == ["1-4", "1-5", "1-6"]
    assert [event.chunk for event in world.book.events][3:] == ["1-4", "1-5", "1-6"]


def test_an_old_claim_is_looked_at_again_before_its_chunks_leave():
    """A machine that slept: its monotonic clock stood still, and somebody may have taken the run for dead."""
    world = World(chunks=3)
    looks = []
    world.book.confirm = lambda: looks.append(world.time)
    world.source.begin()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    world.time += 50
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert looks == []
    world.time += 20
    world.source.keep_up(is_stopping=False, is_retrying=False)
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert len(looks) == 1
    world.source.take()


def test_what_waited_to_be_tried_again_is_looked_at_first():
    world = World(chunks=3)
    looks = []
    world.book.confirm = lambda: looks.append(world.time)
    world.source.begin()
    world.take()
    world.time += 1
    world.source.keep_up(is_stopping=False, is_retrying=True)
    world.source.keep_up(is_stopping=False, is_retrying=True)
    assert len(looks) == 1
    world.book.settled.add("1-2")
    assert [world.source.is_settled(f"1-{place}") for place in (1, 2, 3)] == [False, True, False]


def test_a_claim_is_as_old_as_its_push():
    """The branch took it, and this machine slept before it heard so."""
    world = World(chunks=3, push_seconds=100)
    looks = []
    world.book.confirm = lambda: looks.append(world.time)
    world.source.begin()
    world.source.keep_up(is_stopping=False, is_retrying=False)
    assert len(looks) == 1


def test_a_run_that_stops_claims_no_more():
    world = World()
    world.source.begin()
    world.take()
    world.source.keep_up(is_stopping=True, is_retrying=False)
    assert not world.book.is_publishing
    assert len(world.book.events) == 3
