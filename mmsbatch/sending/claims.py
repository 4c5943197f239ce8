"""Which chunks a run may send now: on one machine each as it leaves, on a shared record those of a claim.

A claim is a window of chunks announced with one push. While it is being sent, the next one is
claimed, early enough that nobody waits for the push, and no earlier: what a runner that vanishes
had claimed is in doubt.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from mmsbatch.errors import MmsbatchError, Overtaken
from mmsbatch.record.book import RecordBook
from mmsbatch.record.events import ChunkSending
from mmsbatch.record.shared.book import SharedBook
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.context import RunContext
from mmsbatch.sending.job import ChunkJob
from mmsbatch.sending.window import Window

#: Nothing leaves on a look at the record that is older, without another one.
OLDEST_LOOK = timedelta(minutes=1)
#: The same for a further attempt.
LATEST_LOOK = timedelta(seconds=0.2)

Announce = Callable[[ChunkJob], ChunkSending]


class JobSource(Protocol):
    """Where a run takes its chunks from."""

    def begin(self) -> None:
        """Get ready to give the first one. Raises MmsbatchError where nothing may be sent."""

    def take(self) -> ChunkJob | None:
        """Return a chunk that may be sent, None where there is none now."""

    @property
    def is_exhausted(self) -> bool:
        """Whether there will be none any more."""

    def announce(self, events: Sequence[ChunkSending]) -> None:
        """Have it known that these requests leave. Raises OSError, and then none may."""

    def keep_up(self, *, is_stopping: bool, is_retrying: bool) -> None:
        """Look after what goes on in the background. Raises MmsbatchError where nothing more may be sent."""

    def is_settled(self, chunk: str) -> bool:
        """Whether somebody said meanwhile what became of a chunk: then it is not tried again."""

    def end(self) -> list[ChunkJob]:
        """Claim no more; return the chunks that were claimed, and are not taken."""


class LocalJobs:
    """Chunk after chunk, announced on disk as they leave: nobody else can be at them."""

    def __init__(self, jobs: Iterator[ChunkJob], book: RecordBook) -> None:
        self._jobs, self._book = jobs, book
        self.is_exhausted = False

    def begin(self) -> None:
        """Nothing has to be asked for."""

    def take(self) -> ChunkJob | None:
        """Return the next chunk."""
        job = next(self._jobs, None)
        self.is_exhausted = job is None
        return job

    def announce(self, events: Sequence[ChunkSending]) -> None:
        """Have it on disk. Raises OSError."""
        self._book.append(*events)

    def keep_up(self, *, is_stopping: bool, is_retrying: bool) -> None:
        """Nothing goes on in the background."""

    def is_settled(self, chunk: str) -> bool:
        """Nobody else writes this record."""
        return False

    def end(self) -> list[ChunkJob]:
        """Nothing is claimed that does not leave at once."""
        return []


class _Pace:
    """How many chunks are taken per second, the time left out in which there were none to take."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._taken = 0
        self._busy, self._busy_since = 0.0, 0.0
        self._is_busy = False

    def take(self) -> None:
        """Count one."""
        if not self._is_busy:
            self._is_busy, self._busy_since = True, self._monotonic()
        self._taken += 1

    def pause(self) -> None:
        """Take note that there is none."""
        if self._is_busy:
            self._is_busy = False
            self._busy += self._monotonic() - self._busy_since

    def rate(self) -> float | None:
        """Return the chunks per second, None where that cannot be said yet."""
        busy = self._busy + (self._monotonic() - self._busy_since if self._is_busy else 0.0)
        return self._taken / busy if busy > 0 else None


class ClaimedJobs:
    """Chunks that the branch has as claimed by this run; the next window is claimed while this one is sent.

    `may_claim` is whether more than the very first chunk may leave: a canary is claimed alone.
    """

    def __init__(
        self,
        jobs: Iterator[ChunkJob],
        book: SharedBook,
        announce: Announce,
        window: Window,
        *,
        may_claim: Callable[[], bool],
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._jobs, self._book, self._announce, self._window = jobs, book, announce, window
        self._may_claim, self._clock, self._monotonic, self._wake = may_claim, clock, clock.monotonic, wake
        self._claimed: deque[ChunkJob] = deque()
        self._claiming: list[ChunkJob] = []
        self._claim_ends = 0
        self._began = 0.0
        self._next: ChunkJob | None = next(jobs, None)
        self._looked_at = self._asked_at = clock.now()
        self._pace = _Pace(clock.monotonic)

    @property
    def is_exhausted(self) -> bool:
        """Whether every chunk was claimed and taken, or none may be any more: a person settled the canary."""
        is_last = self._next is None or not self._may_claim()
        return is_last and not self._claimed and not self._claiming

    def begin(self) -> None:
        """Claim the first window, and wait for it: with it, the branch learns that the run begins.

        Raises Overtaken, Refusal, RecordUnreachable: nothing was sent then.
        """
        began, self._asked_at = self._monotonic(), self._clock.now()
        self._claim()
        self._book.publish()
        self._window.note_push(self._monotonic() - began)
        self._open_claim()

    def take(self) -> ChunkJob | None:
        """Return the next chunk of what is claimed, those left out that a person settled in the meantime."""
        while self._claimed and self.is_settled(self._claimed[0].id):
            self._claimed.popleft()
        if not self._claimed:
            self._pace.pause()
            return None
        self._pace.take()
        return self._claimed.popleft()

    def announce(self, events: Sequence[ChunkSending]) -> None:
        """Write down further attempts; of the first the branch knows already."""
        self._book.append(*(event for event in events if event.attempt > 1))

    def keep_up(self, *, is_stopping: bool, is_retrying: bool) -> None:
        """Take in a push that ended, and begin the next claim where it is due; none where the run is stopping.

        What was looked at so long ago that somebody may have given this run up, on a machine that slept, is looked
        at again; and always before a chunk is tried again, which waited for that.
        """
        try:
            self._book.settle()
            self._look_again(LATEST_LOOK if is_retrying else OLDEST_LOOK)
            if not self._book.is_publishing:
                self._go_on(is_stopping)
        except Overtaken:
            self._give_way()
            raise

    def _go_on(self, is_stopping: bool) -> None:
        if self._claiming and self._book.published >= self._claim_ends:
            self._window.note_push(self._monotonic() - self._began)
            self._open_claim()
        if is_stopping:
            return
        if self._claiming:  # others were quicker: once more, behind them
            self._start()
        elif self._next is not None and self._may_claim() and self._window.is_due(len(self._claimed)):
            self._window.rate = self._pace.rate() or self._window.rate
            self._began = self._monotonic()
            self._claim()
            self._start()

    def is_settled(self, chunk: str) -> bool:
        """Whether a person, who took this run for dead, said what became of a chunk."""
        return bool(self._book.record.chunk(chunk).resolved)

    def _start(self) -> None:
        self._asked_at = self._clock.now()
        self._book.start_publishing(self._wake)

    def _look_again(self, oldest: timedelta) -> None:
        now = self._clock.now()
        if now - self._looked_at > oldest:
            self._book.confirm()
            self._looked_at = now

    def end(self) -> list[ChunkJob]:
        """Return what the branch has as claimed, and nobody sends any more.

        A claim that is under way is waited for: where others were quicker, its chunks are theirs. Where the branch
        cannot be written, what becomes of them is to be written behind that claim: it gets there with it or not at all.
        """
        self._next = None
        if self._claiming and self._book.is_publishing:
            try:
                self._book.publish()
            except Overtaken:
                self._give_way()
            except MmsbatchError:
                pass  # it is tried once more at the end, and told then
        record = self._book.record
        left = [*(job for job in self._claimed if not record.chunk(job.id).resolved), *self._claiming]
        self._claimed.clear()
        self._claiming = []
        return left

    def _give_way(self) -> None:
        """Forget a claim that others overtook."""
        self._claiming, self._next = [], None

    def _claim(self) -> None:
        size = self._window.size() if self._may_claim() else 1
        while self._next is not None and len(self._claiming) < size:
            self._claiming.append(self._next)
            self._next = next(self._jobs, None)
        self._book.append(*map(self._announce, self._claiming))
        self._claim_ends = self._book.appended

    def _open_claim(self) -> None:
        self._claimed += self._claiming
        self._claiming = []
        # What the branch took was true when it was asked: this machine may have slept before it heard so.
        self._looked_at = self._asked_at


def make_source(
    jobs: Iterator[ChunkJob], context: RunContext, announce: Announce, may_claim: Callable[[], bool]
) -> JobSource:
    """Return where a run takes its chunks from: as its record is this machine's alone, or shared."""
    book = context.book
    if not isinstance(book, SharedBook) or context.window is None:
        return LocalJobs(jobs, book)
    wake = context.courier.wake
    return ClaimedJobs(jobs, book, announce, context.window, may_claim=may_claim, clock=context.clock, wake=wake)
