"""What another run wrote into the record while this one did: may both stand, one after the other? Pure.

The branch puts all events into one order. Whoever comes later sees what came before, and gives way:
a number that a rival claimed is never claimed here as well.
"""

from collections.abc import Sequence

from mmsbatch.record.events import ChunkAnswered, ChunkSending, DoubtResolved, Event, JournalOpened, RunStarted
from mmsbatch.record.fold import Record
from mmsbatch.record.revision import is_same_input
from mmsbatch.record.states import NumberState


def why_not_both(ours: Sequence[Event], theirs: Sequence[Event], record: Record, last: RunStarted | None) -> str:
    """Say why what we are about to write cannot follow what others wrote meanwhile; empty where it can.

    `record` is all that is written without ours, `last` the last run that it has.
    """
    claimed = [event for event in ours if isinstance(event, ChunkSending) and event.attempt == 1]
    if reason := _why_not_claimed(claimed, theirs, record):
        return reason
    settled = {event.chunk for event in ours if isinstance(event, DoubtResolved)}
    if any(event.chunk in settled for event in theirs if isinstance(event, DoubtResolved | ChunkAnswered)):
        return "the chunk was settled, or answered"
    if any(isinstance(event, JournalOpened) for event in ours):
        return "another run began this record, or one beside it"
    beginning = next((event for event in ours if isinstance(event, RunStarted)), None)
    if beginning is None or (last is not None and is_same_input(beginning, last)):
        return ""
    # It counted the rows before what is written there now, and of another input than the run before it.
    return "the record went on" if theirs else ""


def _why_not_claimed(claimed: Sequence[ChunkSending], theirs: Sequence[Event], record: Record) -> str:
    ids, numbers = {each.chunk for each in claimed}, {number for each in claimed for number in each.numbers}
    for event in theirs:
        match event:
            case ChunkSending() if event.chunk in ids or not numbers.isdisjoint(event.numbers):
                return "another run claimed the same recipients"
            case ChunkAnswered() | DoubtResolved() if _has_got(record, event.chunk, numbers):
                return "the same recipients were reached after all"
            case RunStarted() if any(_is_raised(event, each) for each in claimed):
                return f"revision {event.revision} was begun"
            case _:
                pass
    return ""


def claiming_run(record: Record, shard: str | None = None) -> RunStarted | None:
    """Return a run that claims chunks of what a run of this shard would send, None where there is none."""
    runs = (chunk.run for chunk in record.claimed if chunk.run is not None)
    return next((run for run in runs if _overlap(run.shard, shard)), None)


def _overlap(one: str | None, other: str | None) -> bool:
    """Whether two shards may have recipients in common; None is all of them."""
    if one is None or other is None:
        return True
    return one == other or one.partition("/")[2] != other.partition("/")[2]


def _has_got(record: Record, chunk: str, numbers: set[str]) -> bool:
    """Whether a chunk holds one of these numbers, and not as one that is free to be sent to again."""
    found = record.chunk(chunk)
    return any(found.state_of(each) is not NumberState.RELEASED for each in numbers.intersection(found.numbers))


def _is_raised(theirs: RunStarted, claim: ChunkSending) -> bool:
    return theirs.revision > int(claim.chunk.partition("-")[0])
