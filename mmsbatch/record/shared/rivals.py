"""What another run wrote into the record while this one did: may both stand, one after the other? Pure.

The branch puts all events into one order. Whoever comes later sees what came before, and gives way:
a number that a rival claimed is never claimed here as well.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from mmsbatch.record.events import (
    ChunkAnswered,
    ChunkSending,
    DoubtResolved,
    Event,
    JournalOpened,
    ProofSending,
    RejectedReleased,
    RunStarted,
)
from mmsbatch.record.fold import Record
from mmsbatch.record.revision import is_same_rows
from mmsbatch.record.shard import read_shard
from mmsbatch.record.states import NumberState


def why_not_both(
    ours: Sequence[Event], theirs: Sequence[Event], record: Record, taken: AbstractSet[str] = frozenset()
) -> str:
    """Say why what we are about to write cannot follow what others wrote meanwhile; empty where it can.

    `record` is all that is written without ours, `taken` are the numbers that others claimed before.
    """
    settled = {event.chunk for event in ours if isinstance(event, DoubtResolved)}
    if any(isinstance(event, JournalOpened) for event in ours):
        return "another run began this record, or one beside it"
    if any(event.chunk in settled for event in theirs if isinstance(event, DoubtResolved | ChunkAnswered)):
        return "the chunk was settled, or answered"
    claimed = [event for event in ours if isinstance(event, ChunkSending) and event.attempt == 1]
    taken = taken | claimed_numbers(theirs)
    return (
        why_not_claim(ours, record, taken)
        or _why_not_claimed(claimed, theirs, record)
        or _why_not_begin(ours, theirs, record)
    )


def _why_not_begin(ours: Sequence[Event], theirs: Sequence[Event], record: Record) -> str:
    beginning = next((event for event in ours if isinstance(event, RunStarted)), None)
    if beginning is None or not record.revision(beginning.revision).is_counted_anew(beginning):
        return ""
    # It counted the rows before what is written there now, and these counts are to hold.
    return "the record went on" if theirs else ""


def _why_not_claimed(claimed: Sequence[ChunkSending], theirs: Sequence[Event], record: Record) -> str:
    numbers = claimed_numbers(claimed)
    for event in theirs:
        match event:
            case ChunkAnswered() | DoubtResolved() if _has_got(record, event.chunk, numbers):
                return "the same recipients were reached after all"
            case RunStarted() if any(_is_raised(event, each) for each in claimed):
                return f"revision {event.revision} was begun"
            case _:
                pass
    return ""


def why_not_claim(events: Iterable[Event], record: Record, taken: AbstractSet[str]) -> str:
    """Say why the claims among events cannot be: of an id that is used, of who was `taken` by others, of other rows.

    Empty where they can.
    """
    claims = [event for event in events if isinstance(event, ChunkSending) and event.attempt == 1]
    if any(record.has_chunk(each.chunk) or not taken.isdisjoint(each.numbers) for each in claims):
        return "another run claimed the same recipients"
    return "a run of other rows was begun" if any(_is_of_other_rows(each, record) for each in claims) else ""


def claimed_numbers(events: Iterable[Event]) -> set[str]:
    """Return the numbers that events claim; a proof claims nobody."""
    return {number for event in events if isinstance(event, ChunkSending) for number in event.numbers}


def _is_of_other_rows(claim: ChunkSending, record: Record) -> bool:
    """Whether a claim's run counted other rows than the last one: nobody could tell which of those it moves."""
    runs = record.revision(int(claim.chunk.partition("-")[0])).runs
    own = next((run.started for run in runs if run.started.run == claim.run), None)
    return own is not None and not is_same_rows(own, runs[-1].started)


def what_stands(events: Iterable[Event]) -> list[Event]:
    """Return what is true all the same of events that gave way: what became of requests that were announced before.

    Claims, findings and beginnings were not acted on, and are as if they had never been.
    """
    found = list(events)
    if any(isinstance(event, RunStarted | JournalOpened) for event in found):
        return []
    claimed = {event.chunk for event in found if isinstance(event, ChunkSending) and event.attempt == 1}
    of_requests = (event for event in found if not isinstance(event, DoubtResolved | RejectedReleased | ProofSending))
    return [event for event in of_requests if getattr(event, "chunk", None) not in claimed]


def claiming_run(record: Record, shard: str | None = None) -> RunStarted | None:
    """Return a run that claims chunks of what a run of this shard would send, None where there is none."""
    runs = (chunk.run for chunk in record.claimed if chunk.run is not None)
    return next((run for run in runs if _overlap(run.shard, shard)), None)


def _overlap(one: str | None, other: str | None) -> bool:
    """Whether two shards may have recipients in common; None is all of them."""
    if one is None or other is None:
        return True
    return one == other or read_shard(one).total != read_shard(other).total


def _has_got(record: Record, chunk: str, numbers: set[str]) -> bool:
    """Whether a chunk holds one of these numbers, and not as one that is free to be sent to again."""
    found = record.chunk(chunk)
    return any(found.state_of(each) is not NumberState.RELEASED for each in numbers.intersection(found.numbers))


def _is_raised(theirs: RunStarted, claim: ChunkSending) -> bool:
    return theirs.revision > int(claim.chunk.partition("-")[0])
