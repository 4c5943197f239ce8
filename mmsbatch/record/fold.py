"""The journal folded: what is known now. Pure; the manifest, the plan and the run all read this."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
    ShardsMerged,
)
from mmsbatch.record.revision import CLAIMED, RevisionRecord, RunRecord
from mmsbatch.record.states import ChunkState, NumberState

LOST_WITH_RUN = "the run ended before the answer was written down"


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
        self._runs: dict[str, RunRecord] = {}
        self._last_run: RunRecord | None = None
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

    def has_chunk(self, name: str) -> bool:
        """Whether a chunk of this id was ever announced."""
        revision = self.revisions.get(int(name.partition("-")[0]))
        return revision is not None and name in revision.chunks

    def chunk(self, name: str) -> ChunkRecord:
        """Return a chunk. Raises LookupError where there is none of that id."""
        return self._chunk(name)[1]

    def revision(self, number: int) -> RevisionRecord:
        """Return what is known of a revision, an empty record where nothing is."""
        return self.revisions.get(number) or RevisionRecord(number)

    @property
    def claimed(self) -> list[ChunkRecord]:
        """The chunks that a run announced, and has not told what became of them."""
        return [chunk for revision in self.revisions.values() for chunk in revision.claimed]

    def close_interrupted(self, is_alive: Callable[[RunStarted], bool] = lambda _: False) -> list[ChunkRecord]:
        """Put in doubt what no living run is sending any more; return those chunks.

        A chunk that was waiting for its next attempt has surely not left: it failed. Not so of a run that shares
        its record: others see its further attempts later than the gateway does, or never.
        """
        lost = []
        for chunk in [each for each in self.claimed if each.run is None or not is_alive(each.run)]:
            if chunk.state is ChunkState.PENDING and (chunk.run is None or chunk.run.lease is None):
                chunk.state = ChunkState.FAILED
                continue
            self._lose(chunk)
            lost.append(chunk)
        return lost

    def _lose(self, chunk: ChunkRecord) -> None:
        self._revision_of(chunk.id).move(chunk, ChunkState.IN_DOUBT)
        chunk.reason = LOST_WITH_RUN
        self._awaiting_credits.append(chunk)

    def apply(self, event: Event) -> None:
        """Take one event in. Raises LookupError or ValueError where it speaks of what was never there."""
        _FOLDS[type(event)](self, event)

    def _open(self, event: JournalOpened) -> None:
        self.opened = event

    def _start_run(self, event: RunStarted) -> None:
        if event.lease is None:  # otherwise those before it may go on beside it
            self.close_interrupted()
        revision = self.revisions.setdefault(event.revision, RevisionRecord(event.revision))
        self._last_run = self._runs[event.run] = revision.begin(event)
        self._trail.begin(event, any_doubt=bool(self.in_doubt or self.claimed))
        self._note_credits(event.credits_before)

    def _send(self, event: ChunkSending) -> None:
        revision = self._revision_of(event.chunk)
        chunk = revision.chunks.get(event.chunk)
        if chunk is None:
            chunk = ChunkRecord(event.chunk, event.numbers, ChunkState.SENDING, event.attempt, event.at)
            chunk.run, chunk.credits_before = self._run_of(event, revision), self._credits
            revision.add(chunk)
        elif event.attempt == 1:
            raise ValueError(f"chunk {chunk.id} is announced twice")
        else:
            chunk.attempts = event.attempt
            revision.move(chunk, ChunkState.SENDING)
        self._trail.note_sending(chunk)

    def _fail_attempt(self, event: AttemptFailed) -> None:
        revision, chunk = self._chunk(event.chunk)
        if chunk.resolved:
            return  # a person said what became of it, and it is not tried again
        chunk.reason = event.reason
        revision.move(chunk, ChunkState.PENDING)

    def _answer(self, event: ChunkAnswered) -> None:
        revision, chunk = self._chunk(event.chunk)
        if chunk.resolved and event.state is ChunkState.IN_DOUBT:
            return  # a person found out more than the run that gave it up
        # A person took its run for dead, and others may have sent to the same numbers since.
        apart = revision.sent_since(chunk) if chunk.resolved else frozenset()
        chunk.answer, chunk.reason, chunk.finished_at = event, event.reason, event.at
        chunk.resolved = None
        revision.move(chunk, event.state, apart)
        self._note_credits(event.credits)
        self._trail.note_answer(chunk, event.credits)
        if event.state is ChunkState.IN_DOUBT:
            self._awaiting_credits.append(chunk)
        revision.close_if_done()

    def _end_run(self, event: RunEnded) -> None:
        run = self._runs.get(event.run, self._last_run)
        if run is None:
            return
        run.ended, run.credits_after = event, event.credits_after
        if run.started.exclusive:  # otherwise it may be the last answer's, from before a doubt
            self._take_balance(run, event.credits_after)

    def _resolve(self, event: DoubtResolved) -> None:
        if self._last_run is None or self._last_run.started.lease is None:
            self.close_interrupted()
        revision, chunk = self._chunk(event.chunk)
        if chunk.state in CLAIMED:  # whoever settles it takes its run for dead: what is read says so too
            self._lose(chunk)
        chunk.resolved = event
        revision.move(chunk, ChunkState.ACCEPTED if event.sent else ChunkState.FAILED)
        if event.presumed:
            self._take_balance(revision.runs[-1], event.credits_after)
        revision.close_if_done()

    def _release(self, event: RejectedReleased) -> None:
        self.revisions[event.revision].release(NumberState.REJECTED)

    def _send_proof(self, event: ProofSending) -> None:
        self.proofs[event.proof] = ProofRecord(event)
        self._trail.end()

    def _answer_proof(self, event: ProofAnswered) -> None:
        self.proofs[event.proof].answer = event

    def _note_merged(self, event: ShardsMerged) -> None:
        """Nothing changes: the merged lines said it all."""

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

    def _run_of(self, event: ChunkSending, revision: RevisionRecord) -> RunStarted | None:
        if event.run is not None:
            return self._runs[event.run].started
        return revision.runs[-1].started if revision.runs else None

    def _revision_of(self, chunk: str) -> RevisionRecord:
        return self.revisions[int(chunk.partition("-")[0])]

    def _chunk(self, chunk: str) -> tuple[RevisionRecord, ChunkRecord]:
        revision = self._revision_of(chunk)
        return revision, revision.chunks[chunk]


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
    ShardsMerged: Record._note_merged,
}
