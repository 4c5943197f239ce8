"""One revision of the record: its chunks, its runs, its numbers and rows by what became of them."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.events import RunEnded, RunStarted, Totals
from mmsbatch.record.states import REACHED, ChunkState, NumberState, RevisionStatus

#: Where numbers of a state stand in the totals.
_TOTAL_OF: Mapping[NumberState, str] = {
    NumberState.ACCEPTED: "accepted",
    NumberState.REJECTED: "rejected",
    NumberState.UNACCOUNTED: "unaccounted",
    NumberState.IN_DOUBT: "in_doubt",
    NumberState.RELEASED: "pending",
}

#: States of a chunk that a run announced, and has not told what became of it.
CLAIMED = frozenset({ChunkState.PENDING, ChunkState.SENDING})
#: How the digests of suppression lists are named: of what each run reads afresh, whatever others read.
READ_AFRESH = "suppress "
#: What a chunk's numbers are: the state that they share, and that of each exception.
_Fates = tuple[NumberState, Mapping[str, NumberState]]


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

    `outside` holds the numbers that the totals leave out, as far as their state can still change. The totals are an
    estimate (`is_estimate`) where runs beside each other did not count the same rows, until the next one counts.
    Numbers are looked up through their chunks: a million of them are moved chunk by chunk.
    """

    number: int
    chunks: dict[str, ChunkRecord] = field(default_factory=dict)
    runs: list[RunRecord] = field(default_factory=list)
    outside: frozenset[str] = field(default=frozenset(), repr=False)
    closed: bool = False
    is_estimate: bool = False
    _rows: dict[str, int] = field(default_factory=lambda: Totals().to_json())
    _counted: Counter[NumberState] | None = None

    @property
    def totals(self) -> Totals:
        """The rows of the input by outcome, as the last run counted them and its chunks moved them."""
        return Totals(**self._rows)

    @property
    def has_open_rows(self) -> bool:
        """Whether a row of the input still waits for its outcome, or may: nobody counted since the rows moved."""
        return bool(self._rows["pending"] or self._rows["in_doubt"]) or (self.is_estimate and not self.closed)

    @property
    def in_doubt(self) -> list[ChunkRecord]:
        """The chunks whose fate is unknown, in order."""
        return [chunk for chunk in self.chunks.values() if chunk.state is ChunkState.IN_DOUBT]

    @property
    def claimed(self) -> list[ChunkRecord]:
        """The chunks that a run announced, and has not told what became of them."""
        return [chunk for chunk in self.chunks.values() if chunk.state in CLAIMED]

    @property
    def last_reaching(self) -> RunStarted | None:
        """The last run that reached, or may have reached, anyone; None where none did."""
        return next((chunk.run for chunk in reversed(self.chunks.values()) if chunk.has_reached), None)

    @property
    def status(self) -> RevisionStatus:
        """The verdict over the revision."""
        if not self.runs:
            return RevisionStatus.EMPTY
        if self.totals.in_doubt or self.in_doubt:
            return RevisionStatus.IN_DOUBT
        return RevisionStatus.INCOMPLETE if self.has_open_rows else RevisionStatus.COMPLETE

    def next_chunk(self, first: int = 1, step: int = 1) -> int:
        """Return the first of the chunk numbers first, first + step, … that was never used, nor any behind it."""
        used = (int(chunk.rpartition("-")[2]) for chunk in self.chunks)
        return max((number + step for number in used if number % step == first % step), default=first)

    def count(self, state: NumberState) -> int:
        """Count the numbers of a state, those no longer in the input included.

        Not of RELEASED: a number may have been released by one chunk after another.
        """
        if self._counted is None:  # asked for again and again once all is read, and seldom before
            self._counted = self._count_numbers()
        return self._counted[state]

    def _count_numbers(self) -> Counter[NumberState]:
        if any(chunk.apart for chunk in self.chunks.values()):  # two chunks may have reached the same number
            return Counter(self.states().values())
        counted: Counter[NumberState] = Counter()
        for chunk in self.chunks.values():
            for state, count in chunk.count_states().items():
                counted[state] += count
        return counted

    def states(self) -> dict[str, NumberState]:
        """Return every number that was ever sent to, with what its last chunk made of it."""
        found: dict[str, NumberState] = {}
        for chunk in self.chunks.values():
            if chunk.shared_state is NumberState.RELEASED:  # whoever was reached stays so, whatever comes later
                found.update(pair for pair in chunk.states().items() if found.get(pair[0]) not in REACHED)
            else:
                found.update(chunk.states())
        return found

    def begin(self, run: RunStarted) -> RunRecord:
        """Take in a run, and its count of the rows where it counts them anew."""
        if self.is_counted_anew(run):
            self._rows = run.totals.to_json()
            self.outside = frozenset(run.outside_open)
            self.is_estimate = False
        self.runs.append(RunRecord(run))
        self.close_if_done()
        return self.runs[-1]

    def is_counted_anew(self, run: RunStarted) -> bool:
        """Whether a run's count of the rows holds from then on; beside others that counted them alike it is older."""
        is_alone = run.lease is None or not self.runs
        return is_alone or self.is_estimate or not is_same_input(run, self.runs[-1].started)

    def close_if_done(self) -> None:
        """Close it where no row waits any more."""
        if not self.closed:
            self.closed = not self.has_open_rows

    def add(self, chunk: ChunkRecord) -> None:
        """Take in a chunk that is being sent: from now on it decides over its numbers, which were pending."""
        self.chunks[chunk.id] = chunk
        self._move_rows_of(chunk, (NumberState.RELEASED, {}))

    def move(self, chunk: ChunkRecord, state: ChunkState, apart: AbstractSet[str] = frozenset()) -> None:
        """Give a chunk its state, and each of its numbers what follows for it; those `apart` count elsewhere."""
        before = chunk.shared_state, chunk.exceptions
        chunk.move(state)
        if apart:
            chunk.apart = apart
        self._move_rows_of(chunk, before)

    def sent_since(self, chunk: ChunkRecord) -> set[str]:
        """Return those of its numbers that a later chunk was announced for: its rows are counted there."""
        own, later = set(chunk.numbers), list(self.chunks.values())
        return {number for each in later[later.index(chunk) + 1 :] for number in own.intersection(each.numbers)}

    def release(self, state: NumberState) -> None:
        """Make the numbers of a state pending again."""
        for chunk in self.chunks.values():
            if state in chunk.exceptions.values():
                before = chunk.shared_state, chunk.exceptions
                chunk.release(state)
                self._move_rows_of(chunk, before)

    def _move_rows_of(self, chunk: ChunkRecord, before: _Fates) -> None:
        """Move what the chunk's change moves among the rows of the input.

        Who is pending for a chunk's run may be suppressed for the one that counted the rows: then it is an estimate.
        """
        self._counted = None
        shared, exceptions = before
        last = self.runs[-1].started if self.runs else None
        if chunk.run is not last and chunk.run and last and not is_same_input(chunk.run, last):
            fates = {shared, chunk.shared_state, *exceptions.values(), *chunk.exceptions.values()}
            self.is_estimate = self.is_estimate or NumberState.RELEASED in fates
        if exceptions or chunk.exceptions or chunk.apart or self.outside:
            apart = chunk.apart | self.outside.intersection(chunk.numbers) if self.outside else chunk.apart
            for (was, now), count in _count_moves(chunk, before, apart).items():
                self._move_rows(was, now, count)
        else:  # nearly always: all its numbers go together
            self._move_rows(shared, chunk.shared_state, len(chunk.numbers))

    def _move_rows(self, was: NumberState, now: NumberState, count: int) -> None:
        """Move rows between two counts; never more than are there, so that the sum always holds."""
        if was is now:
            return
        source = _TOTAL_OF[was]
        moved = min(count, self._rows[source])
        self.is_estimate = self.is_estimate or moved < count  # others were counted than those
        self._rows[source] -= moved
        self._rows[_TOTAL_OF[now]] += moved


def is_same_input(one: RunStarted, other: RunStarted) -> bool:
    """Whether two runs counted the same rows alike, so that what the record moved since holds for both."""
    return is_same_rows(one, other) and _counting(one) == _counting(other)


def _counting(run: RunStarted) -> tuple[object, ...]:
    """Return what decides over the outcome of rows, beside the record."""
    return run.digests, run.late_sent, run.settings, run.tool


def is_same_rows(one: RunStarted, other: RunStarted) -> bool:
    """Whether two runs had the same rows before them, whoever of these was suppressed or late by then."""
    return rows_of(one) == rows_of(other)


def rows_of(run: RunStarted) -> tuple[object, ...]:
    """Return what the rows of a run are made of: all but the suppression lists."""
    digests = {part: digest for part, digest in run.digests.items() if not part.startswith(READ_AFRESH)}
    return run.campaign_sha256, digests, run.totals.rows


def _count_moves(
    chunk: ChunkRecord, before: _Fates, apart: AbstractSet[str]
) -> Mapping[tuple[NumberState, NumberState], int]:
    """Count the chunk's numbers by their state before and after, those not that stand `apart`."""
    (shared, exceptions), after = before, chunk.shared_state
    special = exceptions.keys() | chunk.exceptions.keys()
    moves = {(shared, after): len(chunk.numbers) - len(special | apart)}
    for each in special - apart:
        move = exceptions.get(each, shared), chunk.exceptions.get(each, after)
        moves[move] = moves.get(move, 0) + 1
    return moves


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
