"""`mmsbatch status`: what the record says of campaigns. Needs no network and no credentials."""

from collections.abc import Iterator
from glob import escape
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.console import Console, shown_path
from mmsbatch.cli.loading import named_files
from mmsbatch.cli.options import AnyGateway, Format, Output, Paths, Quiet, ShowNumbers, check_format
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import read_journal
from mmsbatch.record.lock import is_held
from mmsbatch.record.paths import JOURNAL_SUFFIX, record_paths
from mmsbatch.record.states import RevisionStatus
from mmsbatch.reports.records import RecordView, record_text, records_json

_CODES = {RevisionStatus.IN_DOUBT: ExitCode.IN_DOUBT, RevisionStatus.INCOMPLETE: ExitCode.INCOMPLETE}


def status(
    paths: Paths,
    gateway: AnyGateway = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 4 where a chunk is in doubt, 3 where some were not sent.")
    ] = False,
    show_numbers: ShowNumbers = False,
    output_format: Format = "text",
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Show what was sent, what was not, and what is in doubt, with the evidence.

    The whole journal is checked: a damaged one is named with the line and the reason.

    Examples:

      mmsbatch status campaigns/

      mmsbatch status campaigns/winter-sale.yaml --format json
    """
    console = Console(output)
    views = [view for file in named_files(paths) for view in _records(file, gateway, show_numbers)]
    if check_format(output_format) == "json":
        console.report(records_json(views))
    else:
        texts = [view.verdict if quiet else record_text(view) for view in views]
        console.report(("\n" if quiet else "\n\n").join(texts) or "no record: nothing was sent yet")
    newest = [view.record.highest for view in views]
    codes = [_CODES.get(revision.status, ExitCode.DONE) for revision in newest if revision]
    raise typer.Exit(gravest(*codes) if exit_code else ExitCode.DONE)


def _records(file: Path, gateway: str | None, show_numbers: bool) -> Iterator[RecordView]:
    """Read the records of a campaign: one gateway's, or all that are there."""
    for name in [gateway] if gateway else _gateways(file):
        paths = record_paths(file, name)
        content = read_journal(paths.journal)
        if content.opened is None:
            continue
        record, held = Record(content.events), is_held(paths.lock)
        if not held:
            record.close_interrupted()
        yield RecordView(record, shown_path(paths.journal), str(file), content.tail.torn, held, show_numbers)


def _gateways(file: Path) -> Iterator[str]:
    real = file.resolve()
    journals = {
        real.with_name(f"{real.stem}{JOURNAL_SUFFIX}"),
        *real.parent.glob(f"{escape(real.stem)}.*{JOURNAL_SUFFIX}"),
    }
    for journal in sorted(journals):
        opened = read_journal(journal).opened
        if opened is not None:
            yield opened.gateway
