"""A record open for writing that lies on a branch: written here first, and durable once the branch has it.

The branch puts the events of all runs into one order. Where others were quicker, what is not yet on
the branch is written anew behind what they wrote, if both may stand; where not, it gives way.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path

from mmsbatch.errors import Overtaken, RecordUnreachable, Refusal
from mmsbatch.record.book import RecordBook
from mmsbatch.record.chain import Damage, read_lines
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.events import Event, RunStarted
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import JournalContent, JournalWriter
from mmsbatch.record.manifest import ManifestWriter
from mmsbatch.record.paths import JOURNAL_SUFFIX, RecordPaths
from mmsbatch.record.shared.branch import PUT_BACK
from mmsbatch.record.shared.commit_message import describe
from mmsbatch.record.shared.journal import SharedJournal
from mmsbatch.record.shared.rivals import claimed_numbers, what_stands, why_not_both, why_not_claim

#: How often, in seconds, it is asked whether a push may still be waited for.
LOOK_EVERY = 0.1
UNPUBLISHED_SUFFIX = ".unpublished.jsonl"


@dataclass(frozen=True, slots=True)
class _Flight:
    """A push under way: how many of our events it carries, and up to which length of the journal."""

    done: Future[bool]
    events: int
    length: int


class SharedBook(RecordBook):
    """The one way to write a record on a branch. `appended` and `published` count this process's events.

    What `append` takes is written in this process's own folder; `publish` has it on the branch when it returns.
    """

    def __init__(
        self,
        paths: RecordPaths,
        content: JournalContent,
        monotonic: Callable[[], float],
        shared: SharedJournal,
        is_alive: Callable[[RunStarted], bool],
    ) -> None:
        super().__init__(paths, content, monotonic, is_alive=is_alive)
        self._shared, self._is_alive = shared, is_alive
        self._known, self._known_length = content.events, content.tail.length
        self._ours: list[Event] = []
        self._flight: _Flight | None = None
        self._taken_by_others: set[str] = set()
        self._is_time_up: Callable[[], bool] = lambda: False
        self.published = 0

    @property
    def name(self) -> str:
        """Its path on the branch, the same on all machines."""
        return f"git:{self._shared.path}"

    @property
    def appended(self) -> int:
        """How many events were appended here, those that gave way left out."""
        return self.published + len(self._ours)

    @property
    def is_publishing(self) -> bool:
        """Whether a push is under way."""
        return self._flight is not None

    @property
    def has_unpublished(self) -> bool:
        """Whether the branch lacks something that is written here."""
        return bool(self._ours) or self._length() > self._shared.length

    def append(self, *events: Event) -> None:
        """Write events here, and take them in; others see them once they are published.

        Raises Overtaken of a claim on somebody, or under an id, that others claimed since this record was opened.
        """
        if reason := why_not_claim(events, self.record, self._taken_by_others):
            raise self._overtaken(reason)
        self._write(*events)

    def _write(self, *events: Event) -> None:
        """Write what may stand."""
        super().append(*events)
        self._ours += events

    def show(self) -> None:
        """Nothing is shown here: the manifest goes to the branch with each push."""

    def show_now_and_then(self) -> None:
        """Nothing is shown here."""

    def catch_up(self) -> None:
        """Nothing is shown here."""

    def start_publishing(self, on_done: Callable[[], None] = lambda: None) -> None:
        """Have all that was appended so far put on the branch, on another thread; `settle` tells what became of it."""
        content = self.paths.journal.read_bytes()
        message = describe(self._shared.path, self._ours)
        done = self._shared.put(content, self._text(), message)
        self._flight = _Flight(done, len(self._ours), len(content))
        done.add_done_callback(lambda _: on_done())

    def settle(self) -> None:
        """Take in what became of a push that has ended; where others were quicker, write ours anew behind theirs.

        Raises Overtaken where both cannot stand, Refusal and RecordUnreachable where the branch does not take it.
        """
        if self._flight is None or not self._flight.done.done():
            return
        flight, self._flight = self._flight, None
        if flight.done.result():
            self._shared.note_put(flight.length)
            self._know(flight.events)
            self._known_length = flight.length
        else:
            self._rebase()

    def publish(self) -> None:
        """Have all that was appended on the branch when this returns. Raises as `settle` does."""
        while self.has_unpublished or self._flight is not None:
            if self._flight is None:
                self.start_publishing()
            else:
                self._wait_for(self._flight.done)
            self.settle()

    def heed(self, is_time_up: Callable[[], bool]) -> None:
        """Wait for no push any more once this says so: a pipeline that cancelled a job kills it soon."""
        self._is_time_up = is_time_up

    def _wait_for(self, push: Future[bool]) -> None:
        while not push.done():
            if self._is_time_up():
                raise RecordUnreachable(
                    "there was no time left to wait for the remote: a push may arrive yet",
                    "`mmsbatch status` shows what the branch has; run again to go on",
                )
            wait([push], LOOK_EVERY)

    def confirm(self) -> None:
        """Ask the remote whether the record is still what this run believes. Raises as `settle` does."""
        self.publish()
        if not self._shared.is_unchanged():
            self._rebase()

    def rescue(self) -> Path | None:
        """Keep the lines that the branch lacks in git's own folder: evidence for whoever settles what they tell."""
        lines = self.paths.journal.read_bytes()[self._known_length :]
        if not lines:
            return None
        # By another ending than a journal's: it is a part of one, and must not be taken for a record.
        name = self.paths.journal.name.removesuffix(JOURNAL_SUFFIX)
        kept = self._shared.kept_beside(f"{name}.{self._writer.tail.digest[:12]}{UNPUBLISHED_SUFFIX}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(lines)
        return kept

    def _know(self, count: int) -> None:
        self._known += tuple(self._ours[:count])
        del self._ours[:count]
        self.published += count

    def _rebase(self) -> None:
        """Write ours anew behind what others wrote; what is there already, of a push that nobody answered, is not."""
        before, there = self.paths.journal.read_bytes()[: self._known_length], self._shared.take_in()
        if not there.startswith(before):
            raise Refusal(
                f"{self.paths.journal.name} on the branch is not what it was: lines were changed or taken away",
                f"{PUT_BACK}; what was sent since is in the output of this run",
            )
        try:
            lines = read_lines(there)
            record = Record(lines.events)
        except (Damage, LookupError, ValueError) as error:
            raise Refusal(f"{self.paths.journal.name} on the branch is damaged: {error}") from error
        self._know(_count_arrived(self._ours, lines.events[len(self._known) :]))
        ours, theirs = self._ours, lines.events[len(self._known) :]
        reason = why_not_both(ours, theirs, record, self._taken_by_others)
        self._taken_by_others |= claimed_numbers(theirs)
        self.paths.journal.write_bytes(there)
        self._writer = JournalWriter(self.paths.journal, lines.tail, LocalDisk())
        self._manifest = ManifestWriter()
        self._known, self._known_length = lines.events, lines.tail.length
        self._ours, self.record = [], record
        self.record.close_interrupted(self._is_alive)
        self._write(*(what_stands(ours) if reason else ours))
        if reason:
            raise self._overtaken(reason)

    def _overtaken(self, reason: str) -> Overtaken:
        return Overtaken(
            f"{self.paths.journal.name}: {reason} in the meantime",
            "look at `mmsbatch status`; run again, and it goes on from what the record says then",
        )

    def _length(self) -> int:
        return self._writer.tail.length


def _count_arrived(ours: Sequence[Event], theirs: Sequence[Event]) -> int:
    """Count the events that both begin with: no two runs write the same one, each names its chunk, run or time."""
    pairs = zip(ours, theirs, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(ours), len(theirs)))
