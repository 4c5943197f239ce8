"""A record as text and JSON: what `status` shows."""

import json
from collections.abc import Iterator
from typing import Any

from mmsbatch.record.fold import ChunkRecord, Record, RevisionRecord
from mmsbatch.record.manifest import manifest
from mmsbatch.record.states import ChunkState
from mmsbatch.reports.findings import count


def record_text(record: Record, where: str, held_by_run: bool) -> str:
    """Show one record: its status, totals, and the chunks that want a person."""
    return "\n".join(_lines(record, where, held_by_run))


def records_json(records: list[tuple[str, Record]]) -> str:
    """Return `{"version": 1, "records": […]}`, each the manifest with the journal that it is folded from."""
    content: dict[str, Any] = {
        "version": 1,
        "records": [{"journal": where} | manifest(record) for where, record in records],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def evidence_text(chunk: ChunkRecord) -> str:
    """Show all that is known of a chunk in doubt: for the person who settles it."""
    answer = chunk.answer
    lines = [
        f"chunk {chunk.id}: {count(len(chunk.numbers), 'recipient')}, {chunk.state.value}",
        f"  sent at       {chunk.started_at}, attempt {chunk.attempts}",
        f"  given up at   {chunk.finished_at or 'never: the run was cut short'}",
        f"  what happened {chunk.reason or 'nothing is known'}",
    ]
    if answer and answer.credits is not None:
        lines.append(f"  credit after  {answer.credits:,}")
    return "\n".join(lines)


def _lines(record: Record, where: str, held_by_run: bool) -> Iterator[str]:
    revision = record.highest or RevisionRecord(1)
    opened = record.opened
    gateway = f", gateway {opened.gateway}, account {opened.account}" if opened else ""
    yield f"{where}: revision {revision.number}, {revision.status.value}{gateway}"
    if held_by_run:
        yield "  a run is under way"
    totals = {name: number for name, number in revision.totals.to_json().items() if number}
    for name, number in totals.items():
        yield f"  {name.replace('_', ' '):<14}{number:>10,}"
    yield from _chunks(revision)
    if record.proofs:
        yield f"  {count(len(record.proofs), 'proof')} sent to test numbers, counted nowhere"


def _chunks(revision: RevisionRecord) -> Iterator[str]:
    states = {state: [chunk for chunk in revision.chunks.values() if chunk.state is state] for state in ChunkState}
    told = ", ".join(f"{len(chunks):,} {state.value}" for state, chunks in states.items() if chunks)
    if told:
        yield f"  chunks        {told}"
    for chunk in (*states[ChunkState.REFUSED], *states[ChunkState.FAILED]):
        yield f"  chunk {chunk.id}: {chunk.state.value}, {chunk.reason}"
    for chunk in states[ChunkState.IN_DOUBT]:
        yield "  " + evidence_text(chunk).replace("\n", "\n  ")
        yield "    settle it: mmsbatch resolve SPEC --chunk " + chunk.id + " --as sent|not-sent --reason TEXT"
