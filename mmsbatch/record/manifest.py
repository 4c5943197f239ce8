"""The manifest: the folded journal for people and pipelines, described by `schemas/manifest.schema.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmsbatch.errors import Refusal
from mmsbatch.record.amounts import to_json
from mmsbatch.record.chain import Tail
from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.fold import ProofRecord, Record
from mmsbatch.record.journal import JournalContent
from mmsbatch.record.revision import RevisionRecord, RunRecord, credits_around, credits_used
from mmsbatch.record.states import NumberState

MANIFEST_VERSION = 1


def manifest(record: Record, tail: Tail) -> dict[str, Any]:
    """Return the manifest of a record that was opened, as of the journal's line `tail`; keys in a stable order."""
    chunks = (record.highest or RevisionRecord(1)).chunks.values()
    return _around_chunks(record, tail) | {"chunks": [_chunk(chunk) for chunk in chunks]}


def _around_chunks(record: Record, tail: Tail) -> dict[str, Any]:
    """Return the manifest as if it had no chunks."""
    revision = record.highest or RevisionRecord(1)
    return {
        "version": MANIFEST_VERSION,
        "campaign": _campaign(record, revision),
        "gateway": _gateway(record),
        "status": revision.status.value,
        "totals": revision.totals.to_json(),
        "outside": revision.runs[-1].started.outside if revision.runs else 0,
        "credits": _credits(revision),
        "chunks": [],
        "rejected": _rejected(revision),
        "revisions": [_earlier(each) for each in _before(record, revision)],
        "runs": [_run(run) for each in record.revisions.values() for run in each.runs],
        "proofs": [_proof(proof) for proof in record.proofs.values()],
        "made_from": {"lines": tail.lines, "digest": tail.digest},
    }


def manifest_text(record: Record, tail: Tail) -> str:
    """Return the manifest as the file's text."""
    return ManifestWriter().write(record, tail)


def manifest_bytes(record: Record, tail: Tail) -> bytes:
    """Return the manifest as the file's bytes; a name that is no UTF-8 must not keep it from being written."""
    return manifest_text(record, tail).encode(errors="replace")


class ManifestWriter:
    """Writes a manifest again and again: a chunk that did not change since is not written anew.

    A campaign of a million has five thousand chunks, of which a second changes a few hundred.
    """

    def __init__(self) -> None:
        self._written: dict[str, tuple[tuple[Any, ...], str]] = {}

    def write(self, record: Record, tail: Tail) -> str:
        """Return the text: to the letter what `json.dumps` with an indent of 2 makes of `manifest`."""
        chunks = (record.highest or RevisionRecord(1)).chunks.values()
        around = json.dumps(_around_chunks(record, tail), ensure_ascii=False, indent=2)
        if not chunks:
            return around + "\n"
        head, rest = around.split(_NO_CHUNKS, 1)
        return f"{head}{_CHUNKS_BEGIN}{','.join(map(self._write_chunk, chunks))}\n  ]{rest}\n"

    def _write_chunk(self, chunk: ChunkRecord) -> str:
        # All that can change of a chunk, by what it would cost to look closer.
        state = (chunk.state, chunk.attempts, chunk.answer, chunk.reason, chunk.resolved)
        known = self._written.get(chunk.id)
        if known is None or known[0] != state:
            known = self._written[chunk.id] = state, _chunk_text(chunk)
        return known[1]


def _chunk_text(chunk: ChunkRecord) -> str:
    """Write a chunk as `json.dumps` does, three times as quickly where it has nothing nested in it."""
    entry = _chunk(chunk)
    if chunk.resolved:
        return "\n    " + json.dumps(entry, ensure_ascii=False, indent=2).replace("\n", "\n    ")
    members = ",\n      ".join([f'"{name}": {_value_text(value)}' for name, value in entry.items()])
    return f"\n    {{\n      {members}\n    }}"


def _value_text(value: str | float | None) -> str:
    if value is None:
        return "null"
    return str(value) if type(value) is int else _ENCODE(value)


_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


#: How an empty list of chunks stands in the text, and a filled one begins. No value before it can hold a line break.
_NO_CHUNKS, _CHUNKS_BEGIN = '\n  "chunks": []', '\n  "chunks": ['


#: How the verdict over a finished revision stands in the text, and within so many bytes.
_COMPLETE, _HEAD = b'\n  "status": "complete",\n', 8192


def looks_complete(path: Path) -> bool:
    """Whether a manifest's first lines say that nothing is left to send: then the journal is worth reading.

    False also of one that is not there, or that people wrote anew in another form.
    """
    try:
        with path.open("rb") as file:
            return _COMPLETE in file.read(_HEAD)
    except OSError:
        return False


def is_up_to_date(path: Path, record: Record, tail: Tail) -> bool:
    """Whether a manifest is what would be written now, to the letter. Raises OSError."""
    return path.read_bytes() == manifest_bytes(record, tail)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a manifest says that it was made from: so many lines, the last one's digest, requests and their attempts."""

    lines: int
    digest: str
    attempts: Mapping[str, int]


def read_manifest(path: Path) -> Shown | None:
    """Read what a manifest was made from; None where there is none. Without a lock, read it before the journal.

    Raises Refusal where it cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made_from = content["made_from"]
        attempts = {str(each["id"]): int(each.get("attempts", 1)) for part in _PARTS for each in content[part]}
        return Shown(int(made_from["lines"]), str(made_from["digest"]), attempts)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refusal(
            f"{path.name} cannot be read ({type(error).__name__}): nobody can tell that the journal is whole",
            "restore it from git or a backup; with a whole journal it may be removed, the next run writes it anew",
        ) from error


def runs_shown_lost(text: str, record: Record) -> frozenset[str]:
    """Name the runs that a manifest's text takes for dead, and the journal does not know to be: their claims say so.

    Whoever wrote it knew more than the journal: that no process was there any more. Empty where it is no manifest.
    """
    if not record.claimed:
        return frozenset()
    try:
        shown = {each["id"]: each["state"] for each in json.loads(text)["chunks"]}
    except (ValueError, TypeError, KeyError, RecursionError):
        return frozenset()
    lost = (each for each in record.claimed if shown.get(each.id, each.state.value) != each.state.value)
    return frozenset(each.run.run for each in lost if each.run is not None)


#: The parts of a manifest that stand for runs and requests.
_PARTS = ("chunks", "proofs", "runs")


def raise_if_ahead(name: str, shown: Shown | None, content: JournalContent) -> None:
    """Raise Refusal where a manifest was made from lines that the journal does not hold: it went back in time.

    The journal is written first, always; a manifest ahead of it means that lines, or the file, were lost.
    One torn line the manifest may have known, as long as no request is forgotten with it.
    """
    if shown is None:
        return
    known = _attempts(content.record)
    forgotten = [each for each, attempts in shown.attempts.items() if attempts > known.get(each, 0)]
    here, torn = content.tail.lines, content.tail.torn > 0
    if forgotten:
        told = f"knows of {forgotten[0]}, and the journal beside it does not, or not of all its attempts"
    elif shown.lines > here + torn:
        told = f"was made from {shown.lines:,} lines, and the journal beside it has {here:,}"
    elif shown.lines <= here and content.lines.digests[shown.lines - 1 : shown.lines] != (shown.digest,):
        told = f"was made from a journal with another line {shown.lines:,}"
    else:
        return
    raise Refusal(
        f"{name} {told}: the journal lost lines, or is another one",
        "restore the journal from git or a backup: without it everybody would be sent to again",
    )


def _attempts(record: Record) -> dict[str, int]:
    """Return how often each run and request of a record began."""
    found = {run.started.run: 1 for revision in record.revisions.values() for run in revision.runs}
    found |= {chunk.id: chunk.attempts for revision in record.revisions.values() for chunk in revision.chunks.values()}
    return found | dict.fromkeys(record.proofs, 1)


def _campaign(record: Record, revision: RevisionRecord) -> dict[str, Any]:
    started = revision.runs[-1].started if revision.runs else None
    return {
        "name": started.campaign_name if started else None,
        "file": record.opened.campaign if record.opened else None,
        "revision": revision.number,
        "sha256": started.campaign_sha256 if started else None,
        "scheduled_for": started.scheduled_for if started else None,
    }


def _gateway(record: Record) -> dict[str, Any]:
    opened = record.opened
    return {"name": opened.gateway, "send_url": opened.send_url, "account": opened.account} if opened else {}


def _credits(revision: RevisionRecord) -> dict[str, Any]:
    before, after = credits_around(revision)
    per_message = revision.runs[-1].started.per_message if revision.runs else None
    # Unless the account is exclusive, the difference of two balances is nobody's cost: others may spend from it.
    used = credits_used(revision)
    return {
        "before": to_json(before),
        "after": to_json(after),
        "used": to_json(used),
        "per_message": to_json(per_message),
    }


def _chunk(chunk: ChunkRecord) -> dict[str, Any]:
    answer = chunk.answer
    rejected = len(chunk.rejected)
    accepted = answer.accepted if answer else 0
    if chunk.resolved and chunk.resolved.sent:
        accepted, rejected = len(chunk.numbers), 0
    entry: dict[str, Any] = {
        "id": chunk.id,
        "recipients": len(chunk.numbers),
        "state": chunk.state.value,
        "status": answer.status if answer else None,
        "status_text": answer.status_text if answer else None,
        "campaign_id": answer.campaign_id if answer else None,
        "credits": to_json(answer.credits) if answer else None,
        "attempts": chunk.attempts,
        "accepted": accepted,
        "rejected": rejected,
        "started_at": chunk.started_at,
        "finished_at": chunk.finished_at,
    }
    return entry | _said(chunk)


def _said(chunk: ChunkRecord) -> dict[str, Any]:
    """Return why a chunk is as it is, where there is something to say."""
    said: dict[str, Any] = {"reason": chunk.reason} if chunk.reason else {}
    if chunk.resolved:
        said["resolved"] = {
            "as": "sent" if chunk.resolved.sent else "not-sent",
            "reason": chunk.resolved.reason,
            "by": chunk.resolved.by,
            "at": chunk.resolved.at,
        }
        said |= {"presumed": True} if chunk.resolved.presumed else {}
    return said


def _rejected(revision: RevisionRecord) -> list[dict[str, Any]]:
    """List each number that still counts as rejected, with the last chunk that said so."""
    return [
        {"phone": each.phone, "source": each.source, "chunk": chunk.id}
        for chunk in revision.chunks.values()
        for each in chunk.rejected
        if chunk.state_of(each.number) is NumberState.REJECTED
    ]


def _before(record: Record, newest: RevisionRecord) -> list[RevisionRecord]:
    return [record.revisions[number] for number in sorted(record.revisions) if number < newest.number]


def _earlier(revision: RevisionRecord) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "status": revision.status.value,
        "totals": revision.totals.to_json(),
        "credits": _credits(revision),
    }


def _run(run: RunRecord) -> dict[str, Any]:
    started, ended = run.started, run.ended
    return {
        "id": started.run,
        "revision": started.revision,
        **({"shard": started.shard} if started.shard else {}),
        "tool": started.tool,
        "by": started.holder,
        "started_at": started.at,
        "finished_at": ended.at if ended else None,
        "exit_code": ended.exit_code if ended else None,
        "reason": ended.reason if ended else None,
    }


def _proof(proof: ProofRecord) -> dict[str, Any]:
    answer = proof.answer
    return {
        "id": proof.sending.proof,
        "recipients": len(proof.sending.numbers),
        "state": answer.state.value if answer else "in-doubt",
        "status": answer.status if answer else None,
        "sent_at": proof.sending.at,
    }
