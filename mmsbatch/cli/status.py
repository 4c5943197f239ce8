"""`mmsbatch status`: what the record says of campaigns. Needs no network and no credentials."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.console import Console
from mmsbatch.cli.loading import named_files
from mmsbatch.cli.options import Format, Gateway, Output, Paths, check_format
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import read_journal
from mmsbatch.record.lock import is_held
from mmsbatch.record.paths import JOURNAL_SUFFIX, RecordPaths, record_paths
from mmsbatch.record.states import RevisionStatus
from mmsbatch.reports.records import record_text, records_json

_CODES = {RevisionStatus.IN_DOUBT: ExitCode.IN_DOUBT, RevisionStatus.INCOMPLETE: ExitCode.INCOMPLETE}


def status(
    paths: Paths,
    gateway: Gateway = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 4 where a chunk is in doubt, 3 where some were not sent.")
    ] = False,
    output_format: Format = "text",
    output: Output = None,
) -> None:
    """Show what was sent, what was not, and what is in doubt, with the evidence.

    The whole journal is checked: a damaged one is named with the line and the reason.

    Examples:

      mmsbatch status campaigns/

      mmsbatch status campaigns/winter-sale.yaml --format json
    """
    console = Console(output)
    found = [each for file in named_files(paths) for each in _records(file, gateway)]
    if check_format(output_format) == "json":
        console.report(records_json([(str(path.journal), record) for path, record in found]))
    else:
        console.report("\n\n".join(_texts(found)) or "no record: nothing was sent yet")
    codes = [_CODES.get(record.highest.status, ExitCode.DONE) for _, record in found if record.highest]
    raise typer.Exit(gravest(*codes) if exit_code else ExitCode.DONE)


def _records(file: Path, gateway: str | None) -> Iterator[tuple[RecordPaths, Record]]:
    """Read the records of a campaign: one gateway's, or all that are there."""
    for name in [gateway] if gateway else _gateways(file):
        paths = record_paths(file, name)
        content = read_journal(paths.journal)
        if content.opened is None:
            continue
        record = Record(content.events)
        if not is_held(paths.lock):
            record.close_interrupted()
        yield paths, record


def _gateways(file: Path) -> Iterator[str]:
    real = file.resolve()
    journals = {real.with_name(f"{real.stem}{JOURNAL_SUFFIX}"), *real.parent.glob(f"{real.stem}.*{JOURNAL_SUFFIX}")}
    for journal in sorted(journals):
        opened = read_journal(journal).opened
        if opened is not None:
            yield opened.gateway


def _texts(found: list[tuple[RecordPaths, Record]]) -> Iterator[str]:
    for paths, record in found:
        yield record_text(record, str(paths.journal.name), is_held(paths.lock))
