"""The journal folded: what is known now. Pure; the manifest, the plan and the run all read this."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.credit_trail import CreditTrail, Expectation
from mmsbatch.record.events import (
    AttemptFailed,
    ChunkAnswered,
    ChunkSending,
    DoubtResolved,
    Event,
    JournalOpened,
    ProofAnswered,
    ProofSending,
    RejectedReleased,
    RunEnded,
    RunStarted,
    Totals,
)
from mmsbatch.record.states import REACHED, ChunkState, NumberState, RevisionStatus

#: What becomes of a chunk's numbers with its state; a success has the answer's word on each.
_NUMBERS_OF: Mapping[ChunkState, NumberState] = {
    ChunkState.PENDING: NumberState.RELEASED,
    ChunkState.SENDING: NumberState.IN_DOUBT,
    ChunkState.REFUSED: NumberState.RELEASED,
    ChunkState.FAILED: NumberState.RELEASED,
    ChunkState.IN_DOUBT: NumberState.IN_DOUBT,
}
_REACHING = frozenset({ChunkState.ACCEPTED, ChunkState.SENDING, ChunkState.IN_DOUBT})
#: Where numbers of a state stand in the totals.
_TOTAL_OF: Mapping[NumberState, str] = {
    NumberState.ACCEPTED: "accepted",
    NumberState.REJECTED: "rejected",
    NumberState.UNACCOUNTED: "unaccounted",
    NumberState.IN_DOUBT: "in_doubt",
    NumberState.RELEASED: "pending",
}
LOST_WITH_RUN = "the run ended before the answer was written down"


@dataclass(slots=True)
class RunRecord:
    """One run as it stands; `ended` is None while it lasts, or where it was cut short.

    `credits_after` is the balance after it, or after its doubt was settled; `used` is what it cost, known
    only where the account was exclusive and its balance only fell, as the price would have it.
    """

    started: RunStarted
    ended: RunEnded | None = None
    credits_after: Decimal | None = None
    used: Decimal | None = None


@dataclass(slots=True)
class RevisionRecord:
    """All that happened to one revision. `closed` once every row had its outcome: rows that appear then are late.

    `outside` holds the numbers that the totals leave out, as far as their state can still change.
    """

    number: int
    numbers: dict[str, NumberState] = field(default_factory=dict)
    chunks: dict[str, ChunkRecord] = field(default_factory=dict)
    runs: list[RunRecord] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    outside: frozenset[str] = frozenset()
    closed: bool = False

    @property
    def in_doubt(self) -> list[ChunkRecord]:
        """The chunks whose fate is unknown, in order."""
        return [chunk for chunk in self.chunks.values() if chunk.state is ChunkState.IN_DOUBT]

    @property
    def last_reaching(self) -> RunStarted | None:
        """The last run that reached, or may have reached, anyone; None where none did."""
        chunks = (chunk for chunk in reversed(self.chunks.values()) if chunk.state in _REACHING)
        return next((chunk.run for chunk in chunks if self._reached(chunk)), None)

    def _reached(self, chunk: ChunkRecord) -> bool:
        return any(self.numbers[number] in REACHED for number in chunk.numbers)

    @property
    def status(self) -> RevisionStatus:
        """The verdict over the revision."""
        if not self.runs:
            return RevisionStatus.EMPTY
        if self.totals.in_doubt or self.in_doubt:
            return RevisionStatus.IN_DOUBT
        return RevisionStatus.INCOMPLETE if self.totals.pending else RevisionStatus.COMPLETE

    def states(self) -> Iterable[tuple[str, NumberState]]:
        """Give each number, as kept, with its state."""
        return self.numbers.items()

    def next_chunk(self) -> int:
        """Return the first chunk number never used."""
        return 1 + max((int(chunk.rpartition("-")[2]) for chunk in self.chunks), default=0)

    def count(self, state: NumberState) -> int:
        """Count the numbers of a state, those no longer in the input included."""
        return sum(1 for found in self.numbers.values() if found is state)


@dataclass(slots=True)
class ProofRecord:
    """One proof: sent to test numbers, counted nowhere."""

    sending: ProofSending
    answer: ProofAnswered | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody can tell what became of it."""
        return self.answer is None or self.answer.state is ChunkState.IN_DOUBT


class Record:
    """The folded journal. `apply` takes events in the journal's order.

    A chunk being sent when its run was cut short is in doubt: nobody can tell any more.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.opened: JournalOpened | None = None
        self.revisions: dict[int, RevisionRecord] = {}
        self.proofs: dict[str, ProofRecord] = {}
        self._current: RevisionRecord | None = None
        self._trail = CreditTrail()
        self._credits: Decimal | None = None
        self._awaiting_credits: list[ChunkRecord] = []
        for event in events:
            self.apply(event)

    @property
    def highest(self) -> RevisionRecord | None:
        """The newest revision that a run was started for."""
        return self.revisions[max(self.revisions)] if self.revisions else None

    @property
    def in_doubt(self) -> list[ChunkRecord]:
        """The chunks of all revisions whose fate is unknown."""
        return [chunk for revision in self.revisions.values() for chunk in revision.in_doubt]

    def expect_balance(self, chunk: ChunkRecord) -> Expectation | None:
        """Say which balances of an exclusive account settle the only chunk in doubt; None where no balance can."""
        return self._trail.expect(chunk) if self.in_doubt == [chunk] else None

    def revision(self, number: int) -> RevisionRecord:
        """Return what is known of a revision, an empty record where nothing is."""
        return self.revisions.get(number) or RevisionRecord(number)

    def close_interrupted(self) -> list[ChunkRecord]:
        """Put in doubt what no living run is sending any more; return those chunks.

        A chunk that was waiting for its next attempt has surely not left: it failed.
        """
        chunks = [chunk for revision in self.revisions.values() for chunk in revision.chunks.values()]
        for chunk in chunks:
            if chunk.state is ChunkState.PENDING:
                chunk.state = ChunkState.FAILED
        lost = [chunk for chunk in chunks if chunk.state is ChunkState.SENDING]
        for chunk in lost:
            chunk.state, chunk.reason = ChunkState.IN_DOUBT, LOST_WITH_RUN
        self._awaiting_credits += lost
        return lost

    def apply(self, event: Event) -> None:
        """Take one event in. Raises LookupError or ValueError where it speaks of what was never there."""
        _FOLDS[type(event)](self, event)

    def _open(self, event: JournalOpened) -> None:
        self.opened = event

    def _start_run(self, event: RunStarted) -> None:
        self.close_interrupted()
        revision = self.revisions.setdefault(event.revision, RevisionRecord(event.revision))
        revision.runs.append(RunRecord(event))
        revision.totals = event.totals
        revision.outside = frozenset(event.outside_open)
        revision.closed = revision.closed or not (event.totals.pending or event.totals.in_doubt)
        self._current = revision
        self._trail.begin(event, any_doubt=bool(self.in_doubt))
        self._note_credits(event.credits_before)

    def _send(self, event: ChunkSending) -> None:
        revision = self._revision_of(event.chunk)
        chunk = revision.chunks.get(event.chunk)
        if chunk is None:
            chunk = ChunkRecord(event.chunk, tuple(event.numbers), ChunkState.PENDING, 0, event.at)
            chunk.credits_before = self._credits
            chunk.run = revision.runs[-1].started if revision.runs else None
            revision.chunks[chunk.id] = chunk
            revision.numbers.update(dict.fromkeys(chunk.numbers, NumberState.RELEASED))
        self._trail.note_sending(chunk)
        chunk.attempts = event.attempt
        self._move(revision, chunk, ChunkState.SENDING)

    def _fail_attempt(self, event: AttemptFailed) -> None:
        revision, chunk = self._chunk(event.chunk)
        chunk.reason = event.reason
        self._move(revision, chunk, ChunkState.PENDING)

    def _answer(self, event: ChunkAnswered) -> None:
        revision, chunk = self._chunk(event.chunk)
        chunk.answer, chunk.reason, chunk.finished_at = event, event.reason, event.at
        self._move(revision, chunk, event.state)
        self._note_credits(event.credits)
        self._trail.note_answer(chunk, event.credits)
        if event.state is ChunkState.IN_DOUBT:
            self._awaiting_credits.append(chunk)
        if not revision.totals.pending and not revision.totals.in_doubt:
            revision.closed = True

    def _end_run(self, event: RunEnded) -> None:
        if self._current is None:
            return
        run = self._current.runs[-1]
        run.ended, run.credits_after = event, event.credits_after
        if run.started.exclusive:  # otherwise it may be the last answer's, from before a doubt
            self._take_balance(run, event.credits_after)

    def _resolve(self, event: DoubtResolved) -> None:
        self.close_interrupted()
        revision, chunk = self._chunk(event.chunk)
        chunk.resolved = event
        self._move(revision, chunk, ChunkState.ACCEPTED if event.sent else ChunkState.FAILED)
        if event.presumed:
            self._take_balance(revision.runs[-1], event.credits_after)
        if not revision.totals.pending and not revision.totals.in_doubt:
            revision.closed = True

    def _release(self, event: RejectedReleased) -> None:
        revision = self.revisions[event.revision]
        released = [number for number, state in revision.numbers.items() if state is NumberState.REJECTED]
        revision.numbers.update(dict.fromkeys(released, NumberState.RELEASED))
        inside = sum(1 for number in released if number not in revision.outside)
        revision.totals = _moved(revision.totals, "rejected", "pending", inside)

    def _send_proof(self, event: ProofSending) -> None:
        self.proofs[event.proof] = ProofRecord(event)
        self._trail.end()

    def _answer_proof(self, event: ProofAnswered) -> None:
        self.proofs[event.proof].answer = event

    def _take_balance(self, run: RunRecord, balance: Decimal | None) -> None:
        """Take in what an exclusive account told once a run had ended, or its doubt was settled."""
        self._note_credits(balance)
        self._trail.note_asked(balance)
        run.credits_after = balance
        before, trail = run.started.credits_before, self._trail
        is_known = trail.explained and not trail.since and before is not None and trail.quiet is not None
        run.used = before - trail.quiet if is_known and before is not None and trail.quiet is not None else None

    def _note_credits(self, balance: Decimal | None) -> None:
        """Keep the balance: for the next chunk, and as evidence for those in doubt that have none yet."""
        if balance is None:
            return
        self._credits = balance
        for chunk in self._awaiting_credits:
            chunk.credits_after = balance
        self._awaiting_credits.clear()

    def _revision_of(self, chunk: str) -> RevisionRecord:
        return self.revisions[int(chunk.partition("-")[0])]

    def _chunk(self, chunk: str) -> tuple[RevisionRecord, ChunkRecord]:
        revision = self._revision_of(chunk)
        return revision, revision.chunks[chunk]

    def _move(self, revision: RevisionRecord, chunk: ChunkRecord, state: ChunkState) -> None:
        """Give the chunk its state, and each of its numbers what follows for it."""
        chunk.state = state
        after, outside = _numbers_after(chunk), revision.outside
        counted = {key: found for key, found in after.items() if key not in outside} if outside else after
        moves = _count_moves([revision.numbers[key] for key in counted], list(counted.values()))
        revision.numbers.update(after)
        for (before, found), count in moves.items():
            if before is found:
                continue
            revision.totals = _moved(revision.totals, _TOTAL_OF[before], _TOTAL_OF[found], count)


_FOLDS: Mapping[type[Event], Callable[[Record, Any], None]] = {
    JournalOpened: Record._open,
    RunStarted: Record._start_run,
    ChunkSending: Record._send,
    AttemptFailed: Record._fail_attempt,
    ChunkAnswered: Record._answer,
    RunEnded: Record._end_run,
    DoubtResolved: Record._resolve,
    RejectedReleased: Record._release,
    ProofSending: Record._send_proof,
    ProofAnswered: Record._answer_proof,
}


def credits_around(revision: RevisionRecord) -> tuple[Decimal | None, Decimal | None]:
    """Return the account's credits before the revision's first run and after its last answer."""
    before = next((run.started.credits_before for run in revision.runs), None)
    after = next((run.credits_after for run in reversed(revision.runs) if run.ended), None)
    return before, after


def credits_used(revision: RevisionRecord) -> Decimal | None:
    """Return what the revision cost; None where that is not known of each of its runs."""
    used = [run.used for run in revision.runs if run.started.chunks]
    known = [each for each in used if each is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(used) else None


def _numbers_after(chunk: ChunkRecord) -> dict[str, NumberState]:
    if chunk.state is not ChunkState.ACCEPTED:
        return dict.fromkeys(chunk.numbers, _NUMBERS_OF[chunk.state])
    found = dict.fromkeys(chunk.numbers, NumberState.ACCEPTED)
    if chunk.answer and not chunk.resolved:
        found |= dict.fromkeys(chunk.answer.unaccounted, NumberState.UNACCOUNTED)
        found |= {rejection.number: NumberState.REJECTED for rejection in chunk.answer.rejected}
    return found


def _count_moves(before: list[NumberState], after: list[NumberState]) -> Mapping[tuple[NumberState, NumberState], int]:
    """Count the numbers by their state before and after; mostly all of a chunk go the same way."""
    if after and before.count(before[0]) == after.count(after[0]) == len(after):
        return {(before[0], after[0]): len(after)}
    return Counter(zip(before, after, strict=True))


def _moved(totals: Totals, source: str, target: str, count: int) -> Totals:
    """Move rows between two counts; never more than are there, so that the sum always holds."""
    moved = min(count, getattr(totals, source))
    return replace(totals, **{source: getattr(totals, source) - moved, target: getattr(totals, target) + moved})
