"""`mmsbatch status`: what the record says of campaigns. Needs no network and no credentials."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.console import Console, shown_path
from mmsbatch.cli.naming import named_files
from mmsbatch.cli.options import AnyGateway, Format, Output, Paths, Quiet, ShowNumbers, check_format
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.record.journal import read_journal
from mmsbatch.record.lock import is_held
from mmsbatch.record.paths import gateways_of, record_paths
from mmsbatch.record.states import RevisionStatus
from mmsbatch.reports.records import RecordView, record_text, records_json

_CODES = {RevisionStatus.IN_DOUBT: ExitCode.IN_DOUBT, RevisionStatus.INCOMPLETE: ExitCode.INCOMPLETE}


def status(
    paths: Paths,
    gateway: AnyGateway = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 4 where a chunk is in doubt, 3 where some were not sent.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check each record: chain, owner, manifest, promises. Exit 1 at a problem.")
    ] = False,
    show_numbers: ShowNumbers = False,
    output_format: Format = "text",
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Show what was sent, what was not, and what is in doubt, with the evidence.

    The whole journal is checked: a damaged one is named with the line and the reason.
    --verify checks all records and what they say, and names everything that is wrong.

    Examples:

      mmsbatch status campaigns/

      mmsbatch status campaigns/ --verify

      mmsbatch status campaigns/winter-sale.yaml --format json
    """
    console = Console(output)
    check_format(output_format)
    if verify:
        raise typer.Exit(_verify(named_files(paths), gateway, output_format, console))
    views = [view for file in named_files(paths) for view in _records(file, gateway, show_numbers)]
    if output_format == "json":
        console.report(records_json(views))
    else:
        texts = [view.verdict if quiet else record_text(view) for view in views]
        console.report(("\n" if quiet else "\n\n").join(texts) or "no record: nothing was sent yet")
    newest = [view.record.highest for view in views]
    codes = [_CODES.get(revision.status, ExitCode.DONE) for revision in newest if revision]
    raise typer.Exit(gravest(*codes) if exit_code else ExitCode.DONE)


def _records(file: Path, gateway: str | None, show_numbers: bool) -> Iterator[RecordView]:
    """Read the records of a campaign: one gateway's, or all that are there."""
    for name in _gateways(file, gateway):
        paths = record_paths(file, name)
        content = read_journal(paths.journal)
        if content.opened is None:
            continue
        record, held = content.record, is_held(paths.lock)
        if not held:
            record.close_interrupted()
        yield RecordView(record, shown_path(paths.journal), str(file), content.tail, held, show_numbers)


def _verify(files: list[Path], gateway: str | None, output_format: str, console: Console) -> ExitCode:
    from mmsbatch.cli.verifying import verify, verify_folders  # noqa: PLC0415
    from mmsbatch.reports.verified import FORMATS  # noqa: PLC0415

    found = [each for file in files for each in verify(file, _gateways(file, gateway), os.environ)]
    found += verify_folders(files)
    console.report(FORMATS[output_format](found))
    return ExitCode.REFUSED if any(each.problems for each in found) else ExitCode.DONE


def _gateways(file: Path, gateway: str | None) -> list[str]:
    return [gateway] if gateway else gateways_of(file)
