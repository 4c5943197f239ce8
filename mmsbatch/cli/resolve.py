"""`mmsbatch resolve`: a person settles what nobody else can know."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from mmsbatch.cli.console import Console
from mmsbatch.cli.loading import open_workspace
from mmsbatch.cli.naming import named_files, one_file
from mmsbatch.cli.options import Config, Gateway, Spec
from mmsbatch.cli.records import this_process, who_decides, writing_record
from mmsbatch.errors import UsageProblem
from mmsbatch.exitcodes import ExitCode
from mmsbatch.masking import mask_digits
from mmsbatch.record.book import RecordBook, hold_record
from mmsbatch.record.chunks import ChunkRecord
from mmsbatch.record.events import DoubtResolved, RejectedReleased
from mmsbatch.record.identity import Identity, check_identity
from mmsbatch.record.paths import record_paths
from mmsbatch.record.states import NumberState
from mmsbatch.reports.findings import count
from mmsbatch.reports.records import evidence_text
from mmsbatch.sending.clock import Clock


class Finding(StrEnum):
    """What a person found out."""

    SENT = "sent"
    NOT_SENT = "not-sent"


def resolve(
    spec: Spec,
    chunk: Annotated[str | None, typer.Option("--chunk", metavar="ID", help="The chunk in doubt.")] = None,
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

      mmsbatch resolve campaigns/winter-sale.yaml --rejected --as not-sent --reason "account setting corrected"
    """
    _check_usage(chunk, rejected, found, reason)
    settings = open_workspace(named_files([one_file(spec)]), config, gateway).settings
    clock, console = Clock(), Console()
    holder = this_process(os.environ, clock.stamp())
    paths = record_paths(spec, settings.name)
    with writing_record(), hold_record(paths, holder) as content:
        if content.opened is None:
            raise UsageProblem(f"{spec} has no record for the gateway {settings.name}: nothing was sent")
        check_identity(content.record, Identity(spec, settings.name, ""), paths, new_campaign=False)
        book = RecordBook(paths, content, clock.monotonic)
        by, reason = who_decides(os.environ), mask_digits(reason)
        if rejected:
            told = _release(book, reason, by, clock)
        else:
            told = _settle(book, chunk or "", found is Finding.SENT, reason, by, clock=clock)
        try:
            book.show()
        except OSError as error:
            console.warn(f"{told}, but the manifest cannot be written: {error.strerror}; the next run writes it")
    console.report_done(told)
    raise typer.Exit(ExitCode.DONE)


def _check_usage(chunk: str | None, rejected: bool, found: Finding | None, reason: str) -> None:
    if (chunk is None) is not rejected:
        raise UsageProblem("say --chunk ID or --rejected, one of the two", "`mmsbatch status` lists chunks in doubt")
    if found is None:
        raise UsageProblem("say what you found out: --as sent or --as not-sent")
    if rejected and found is Finding.SENT:
        raise UsageProblem("--rejected goes with --as not-sent: rejected numbers surely got nothing")
    if not reason.strip():
        raise UsageProblem("say how you know: --reason TEXT")


def _settle(book: RecordBook, chunk_id: str, sent: bool, reason: str, by: str, *, clock: Clock) -> str:
    chunk = _find(book, chunk_id)
    evidence = evidence_text(chunk)
    book.append(DoubtResolved(at=clock.stamp(), chunk=chunk_id, sent=sent, reason=reason, by=by))
    return f"{evidence}\n{_told(chunk, sent)}"


def _find(book: RecordBook, chunk_id: str) -> ChunkRecord:
    doubtful = {chunk.id: chunk for revision in book.record.revisions.values() for chunk in revision.in_doubt}
    if chunk_id not in doubtful:
        raise UsageProblem(
            f"chunk {chunk_id} is not in doubt",
            f"in doubt: {', '.join(doubtful)}" if doubtful else "no chunk of this record is in doubt",
        )
    return doubtful[chunk_id]


def _told(chunk: ChunkRecord, sent: bool) -> str:
    recipients = count(len(chunk.numbers), "recipient")
    return f"recorded as sent: {recipients} accepted" if sent else f"recorded as not sent: {recipients} pending again"


def _release(book: RecordBook, reason: str, by: str, clock: Clock) -> str:
    revision = book.record.highest
    rejected = revision.count(NumberState.REJECTED) if revision else 0
    if revision is None or not rejected:
        raise UsageProblem("no number is rejected in the newest revision")
    book.append(RejectedReleased(at=clock.stamp(), revision=revision.number, reason=reason, by=by))
    return f"{count(rejected, 'rejected number')} pending again"
