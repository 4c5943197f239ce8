"""The manifest: the folded journal for people and pipelines, described by `schemas/manifest.schema.json`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmsbatch.errors import Refusal
from mmsbatch.record.amounts import to_json
from mmsbatch.record.chain import Tail
from mmsbatch.record.fold import (
    ChunkRecord,
    ProofRecord,
    Record,
    RevisionRecord,
    RunRecord,
    credits_around,
    credits_used,
)
from mmsbatch.record.journal import JournalContent
from mmsbatch.record.states import NumberState

MANIFEST_VERSION = 1


def manifest(record: Record, tail: Tail) -> dict[str, Any]:
    """Return the manifest of a record that was opened, as of the journal's line `tail`; keys in a stable order."""
    revision = record.highest or RevisionRecord(1)
    return {
        "version": MANIFEST_VERSION,
        "campaign": _campaign(record, revision),
        "gateway": _gateway(record),
        "status": revision.status.value,
        "totals": revision.totals.to_json(),
        "outside": revision.runs[-1].started.outside if revision.runs else 0,
        "credits": _credits(revision),
        "chunks": [_chunk(chunk) for chunk in revision.chunks.values()],
        "rejected": _rejected(revision),
        "revisions": [_earlier(each) for each in _before(record, revision)],
        "runs": [_run(run) for each in record.revisions.values() for run in each.runs],
        "proofs": [_proof(proof) for proof in record.proofs.values()],
        "made_from": {"lines": tail.lines, "digest": tail.digest},
    }


def manifest_text(record: Record, tail: Tail) -> str:
    """Return the manifest as the file's text."""
    return json.dumps(manifest(record, tail), ensure_ascii=False, indent=2) + "\n"


def raise_if_ahead(path: Path, content: JournalContent) -> None:
    """Raise Refusal where a manifest was made from lines that the journal does not hold: it went back in time.

    The journal is written first, always; a manifest ahead of it means that lines, or the file, were lost.
    """
    shown = _read(path)
    if shown is None:
        return
    lines, digest, requests = shown
    missing = sorted(requests - set(_requests_of(content.record)))
    here, torn = content.tail.lines, content.tail.torn > 0
    if missing:
        told = f"knows of {_describe(*missing[0])}, and the journal beside it does not"
    elif lines > here + torn:
        told = f"was made from {lines:,} lines, and the journal beside it has {here:,}"
    elif lines <= here and content.lines.digests[lines - 1 : lines] != (digest,):
        told = f"was made from a journal with another line {lines:,}"
    else:
        return
    raise Refusal(
        f"{path.name} {told}: the journal lost lines, or is another one",
        "restore the journal from git or a backup: without it everybody would be sent to again",
    )


#: The parts of a manifest that stand for requests and runs, and what counts how often each was tried.
_PARTS = {"runs": "", "chunks": "attempts", "proofs": ""}


def _read(path: Path) -> tuple[int, str, set[tuple[str, int]]] | None:
    """Return what a manifest says that it was made from, None where there is none. Raises Refusal for another file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made_from = content["made_from"]
        return int(made_from["lines"]), str(made_from["digest"]), _requests(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refusal(
            f"{path.name} cannot be read ({type(error).__name__}): nobody can tell that the journal is whole",
            "restore it from git or a backup; with a whole journal it may be removed, the next run writes it anew",
        ) from error


def _requests(content: dict[str, Any]) -> set[tuple[str, int]]:
    """Name everything that may have left, each attempt of a chunk by itself."""
    return {
        (str(each["id"]), attempt)
        for part, attempts in _PARTS.items()
        for each in content.get(part, [])
        for attempt in range(1, 1 + int(each.get(attempts, 1)))
    }


def _requests_of(record: Record) -> Iterator[tuple[str, int]]:
    """Name the same of a record."""
    for revision in record.revisions.values():
        yield from ((run.started.run, 1) for run in revision.runs)
        for chunk in revision.chunks.values():
            yield from ((chunk.id, attempt) for attempt in range(1, 1 + chunk.attempts))
    yield from ((proof, 1) for proof in record.proofs)


def _describe(name: str, attempt: int) -> str:
    return name if attempt == 1 else f"attempt {attempt} of {name}"


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
    last = {each.number: (chunk.id, each) for chunk in revision.chunks.values() for each in chunk.rejected}
    return [
        {"phone": each.phone, "source": each.source, "chunk": chunk}
        for chunk, each in last.values()
        if revision.numbers[each.number] is NumberState.REJECTED
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
