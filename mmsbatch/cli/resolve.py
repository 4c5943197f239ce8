"""`mmsbatch resolve`: a person settles what nobody else can know."""

import os
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from mmsbatch.cli.caller import this_process, who_decides
from mmsbatch.cli.console import Console
from mmsbatch.cli.naming import named_files, one_file
from mmsbatch.cli.options import Config, Gateway, Spec
from mmsbatch.cli.records import writing_record
from mmsbatch.cli.stores import open_store
from mmsbatch.cli.workspace import open_workspace
from mmsbatch.errors import Locked, UsageProblem
from mmsbatch.exitcodes import ExitCode
from mmsbatch.masking import mask_digits
from mmsbatch.record.book import RecordBook
from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.events import DoubtResolved, RejectedReleased
from mmsbatch.record.identity import Identity, check_identity
from mmsbatch.record.lock import process_space
from mmsbatch.record.states import ChunkState, NumberState
from mmsbatch.reports.records import evidence_text
from mmsbatch.reports.wording import count
from mmsbatch.sending.clock import Clock

#: Of more chunks that are settled together, the evidence is counted only.
SHOWN = 5


class Finding(StrEnum):
    """What a person found out."""

    SENT = "sent"
    NOT_SENT = "not-sent"


def resolve(
    spec: Spec,
    chunk: Annotated[
        list[str] | None,
        typer.Option("--chunk", metavar="ID", help="The chunk in doubt; again for each, or FIRST..LAST."),
    ] = None,
    rejected: Annotated[bool, typer.Option("--rejected", help="Make all rejected numbers pending again.")] = False,
    found: Annotated[
        Finding | None, typer.Option("--as", help="What you found out: was it sent?", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="How you know.")] = "",
    gateway: Gateway = None,
    config: Config = None,
) -> None:
    """Settle a chunk in doubt, after asking the gateway's support or looking at its statistics.

    As sent, its recipients count as accepted; as not-sent, they are pending again. Who decided,
    when and why is recorded.

    Examples:

      mmsbatch resolve campaigns/winter-sale.yaml --chunk 1-7 --as sent --reason "seen in the statistics"

      mmsbatch resolve campaigns/winter-sale.yaml --chunk 1-51..1-100 --as not-sent --reason "runner gone, none seen"

      mmsbatch resolve campaigns/winter-sale.yaml --rejected --as not-sent --reason "account setting corrected"
    """
    _check_usage(chunk, rejected, found, reason)
    workspace = open_workspace(named_files([one_file(spec)]), config, gateway)
    settings = workspace.settings
    clock, console = Clock(), Console()
    holder = this_process(os.environ, clock.stamp())
    with (
        writing_record(),
        open_store(workspace, os.environ) as store,
        store.hold(paths := store.shelf.paths(spec, settings.name), holder) as content,
    ):
        if content.opened is None:
            raise UsageProblem(f"{spec} has no record for the gateway {settings.name}: nothing was sent")
        check_identity(content.record, Identity(spec, settings.name, "", shelf=store.shelf), paths, new_campaign=False)
        book = store.open_book(paths, content, clock.monotonic)
        by, reason = who_decides(os.environ), mask_digits(reason)
        if rejected:
            told = _release(book, reason, by, clock)
        else:
            told = _settle(book, _doubtful(book, chunk or []), found is Finding.SENT, reason, by, clock=clock)
        book.publish()
        try:
            book.show()
        except OSError as error:
            console.warn(f"{told}, but the manifest cannot be written: {error.strerror}; the next run writes it")
    console.report_done(told)
    raise typer.Exit(ExitCode.DONE)


def _check_usage(chunk: list[str] | None, rejected: bool, found: Finding | None, reason: str) -> None:
    if (not chunk) is not rejected:
        raise UsageProblem("say --chunk ID or --rejected, one of the two", "`mmsbatch status` lists chunks in doubt")
    if found is None:
        raise UsageProblem("say what you found out: --as sent or --as not-sent")
    if rejected and found is Finding.SENT:
        raise UsageProblem("--rejected goes with --as not-sent: rejected numbers surely got nothing")
    if not reason.strip():
        raise UsageProblem("say how you know: --reason TEXT")


def _settle(book: RecordBook, chunks: Sequence[ChunkRecord], sent: bool, reason: str, by: str, *, clock: Clock) -> str:
    evidence = [evidence_text(chunk) for chunk in chunks[:SHOWN]]
    more = [f"… and {len(chunks) - SHOWN:,} chunks more"] if len(chunks) > SHOWN else []
    at = clock.stamp()
    book.append(*(DoubtResolved(at=at, chunk=each.id, sent=sent, reason=reason, by=by) for each in chunks))
    return "\n".join([*evidence, *more, _told(sum(len(chunk.numbers) for chunk in chunks), sent)])


def _doubtful(book: RecordBook, named: Sequence[str]) -> list[ChunkRecord]:
    """Return the chunks that are named, one by one or as `first..last`. Raises UsageProblem, Locked."""
    open_chunks = {chunk.id: chunk for chunk in (*book.record.in_doubt, *book.record.claimed)}
    known = [chunk for revision in book.record.revisions.values() for chunk in revision.chunks]
    found: dict[str, ChunkRecord] = {}
    for name in named:
        first, between, last = name.partition("..")
        ids = _between(known, first, last) if between else [name]
        if not set(ids) & open_chunks.keys():
            raise UsageProblem(
                f"chunk {name} is not in doubt",
                f"in doubt: {', '.join(open_chunks)}" if open_chunks else "no chunk of this record is in doubt",
            )
        found |= {each: open_chunks[each] for each in ids if each in open_chunks}
    for chunk in found.values():
        _raise_if_sending(chunk)
    return list(found.values())


def _between(ids: list[str], first: str, last: str) -> list[str]:
    if first not in ids or last not in ids:
        raise UsageProblem(f"{first}..{last} names a chunk that is not there", "`mmsbatch status` lists them")
    return ids[ids.index(first) : ids.index(last) + 1]


def _raise_if_sending(chunk: ChunkRecord) -> None:
    """Refuse to settle what a process that is still here may be sending at this moment."""
    lease = chunk.run.lease if chunk.run and chunk.state in (ChunkState.SENDING, ChunkState.PENDING) else None
    if lease and (lease.host, lease.space) == (os.uname().nodename, process_space()):
        raise Locked(f"chunk {chunk.id} is being sent: by process {lease.process} on this machine", "wait for its end")


def _told(numbers: int, sent: bool) -> str:
    recipients = count(numbers, "recipient")
    return f"recorded as sent: {recipients} accepted" if sent else f"recorded as not sent: {recipients} pending again"


def _release(book: RecordBook, reason: str, by: str, clock: Clock) -> str:
    revision = book.record.highest
    rejected = revision.count(NumberState.REJECTED) if revision else 0
    if revision is None or not rejected:
        raise UsageProblem("no number is rejected in the newest revision")
    book.append(RejectedReleased(at=clock.stamp(), revision=revision.number, reason=reason, by=by))
    return f"{count(rejected, 'rejected number')} pending again"
