"""Checks that a record says nothing impossible, beyond its chain: what `status --verify` adds. Pure.

A chain proves that lines are as they were written. This proves that what was written keeps the promises.
"""

from collections.abc import Iterator

from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.events import Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.states import REACHED, ChunkState


def audit(record: Record) -> Iterator[str]:
    """Say what a record cannot be, one sentence each; nothing of a sound one. Free of numbers."""
    for revision in record.revisions.values():
        yield from _audit_totals(revision)
        yield from _audit_numbers(revision)
        for chunk in revision.chunks.values():
            yield from _audit_chunk(chunk)


def _audit_totals(revision: RevisionRecord) -> Iterator[str]:
    counts = revision.totals.to_json()
    rows = counts.pop("rows")
    if rows != sum(counts.values()):
        yield f"revision {revision.number}: {rows:,} rows, and their outcomes add up to {sum(counts.values()):,}"
    recorded = {state.value: revision.count(state) for state in REACHED}
    for outcome, here in recorded.items():
        if here < _shown(revision.totals, outcome):
            yield (
                f"revision {revision.number}: {_shown(revision.totals, outcome):,} rows {outcome.replace('_', ' ')}, "
                f"and {here:,} numbers are recorded so"
            )


def _shown(totals: Totals, outcome: str) -> int:
    return int(getattr(totals, outcome))


def _audit_numbers(revision: RevisionRecord) -> Iterator[str]:
    """Hold that at most one chunk reached, or may have reached, a number."""
    reached_by: dict[str, str] = {}
    for chunk in revision.chunks.values():
        for number in _reached(chunk):
            if number in reached_by:
                yield f"chunks {reached_by[number]} and {chunk.id} reached the same number"
            reached_by[number] = chunk.id


def _reached(chunk: ChunkRecord) -> Iterator[str]:
    if chunk.state in (ChunkState.REFUSED, ChunkState.FAILED, ChunkState.PENDING):
        return
    rejected = set() if chunk.resolved else {each.number for each in chunk.rejected}
    yield from (number for number in chunk.numbers if number not in rejected)


def _audit_chunk(chunk: ChunkRecord) -> Iterator[str]:
    if len(set(chunk.numbers)) != len(chunk.numbers):
        yield f"chunk {chunk.id} holds a number twice"
    answer = chunk.answer
    if answer is None or answer.state is not ChunkState.ACCEPTED:
        return
    told = {each.number for each in answer.rejected} | set(answer.unaccounted)
    if not told <= set(chunk.numbers) or answer.accepted + len(told) != len(chunk.numbers):
        yield f"chunk {chunk.id}: the outcomes of its answer do not add up to its {len(chunk.numbers):,} recipients"
