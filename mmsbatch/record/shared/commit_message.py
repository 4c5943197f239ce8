"""What `git log` says of a record: who sent what when, without a number. Pure."""

from collections.abc import Iterator, Sequence

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
)
from mmsbatch.record.paths import JOURNAL_SUFFIX
from mmsbatch.record.states import ChunkState


def describe(journal: str, events: Sequence[Event]) -> str:
    """Return the message of a commit that adds events to a journal: one line, and below it who and how many."""
    name = journal.removesuffix(JOURNAL_SUFFIX)
    parts = list(_parts(events)) or ["the record as it was kept in the folder"]
    return "\n".join([f"{name}: {'; '.join(parts)}", "", *_details(events)]).rstrip() + "\n"


def _parts(events: Sequence[Event]) -> Iterator[str]:
    if any(isinstance(event, JournalOpened) for event in events):
        yield "record begun"
    yield from (_run(event) for event in events if isinstance(event, RunStarted))
    told = [event for event in events if isinstance(event, ChunkAnswered)]
    unsent = [each.chunk for each in told if each.state is ChunkState.FAILED]
    answered = [each.chunk for each in told if each.state is not ChunkState.FAILED]
    if answered:
        yield f"{_chunks(answered)} answered"
    if unsent:
        yield f"{_chunks(unsent)} not sent"
    claimed = [event.chunk for event in events if isinstance(event, ChunkSending) and event.attempt == 1]
    if claimed:
        yield f"{_chunks(claimed)} claimed"
    yield from _settled([event for event in events if isinstance(event, DoubtResolved)])
    for event in events:
        match event:
            case RejectedReleased():
                yield f"rejected numbers of revision {event.revision} pending again, by {event.by}"
            case ProofSending():
                yield f"{event.proof} to {_count(len(event.numbers), 'test number')}"
            case ProofAnswered():
                yield f"{event.proof} {event.state.value}"
            case RunEnded():
                yield f"run {event.run} ended with {event.exit_code}"
            case AttemptFailed() | _:
                pass


def _settled(events: Sequence[DoubtResolved]) -> Iterator[str]:
    together: dict[tuple[bool, str], list[str]] = {}
    for event in events:
        together.setdefault((event.sent, event.by), []).append(event.chunk)
    for (sent, by), chunks in together.items():
        yield f"{_chunks(chunks)} settled as {'sent' if sent else 'not sent'} by {by}"


def _run(event: RunStarted) -> str:
    shard = f", shard {event.shard}" if event.shard else ""
    return f"run {event.run} of revision {event.revision}{shard}"


def _chunks(ids: Sequence[str]) -> str:
    if len(ids) == 1:
        return f"chunk {ids[0]}"
    first, *_, last = sorted(ids, key=_place)  # answers come in any order
    return f"{len(ids)} chunks {first} to {last}"


def _place(chunk: str) -> tuple[int, ...]:
    return tuple(map(int, chunk.split("-")))


def _details(events: Sequence[Event]) -> Iterator[str]:
    yield from (f"By: {event.holder}" for event in events if isinstance(event, RunStarted))
    reasons = [event.reason for event in events if isinstance(event, DoubtResolved | RejectedReleased)]
    yield from (f"Reason: {reason}" for reason in dict.fromkeys(reasons))
    claimed = sum(event.recipients for event in events if isinstance(event, ChunkSending) and event.attempt == 1)
    if claimed:
        yield f"Claimed: {_count(claimed, 'recipient')}"
    answered = [event for event in events if isinstance(event, ChunkAnswered)]
    if answered:
        rejected = sum(len(event.rejected) for event in answered)
        told = f"Answered: {sum(event.accepted for event in answered):,} accepted, {rejected:,} rejected"
        others = len([event for event in answered if event.state.value != "accepted"])
        yield f"{told}; {_count(others, 'chunk')} not accepted" if others else told


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
