"""`mmsbatch status`: what the record says of campaigns. Needs no credentials, and a network only where it is shared."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.console import Console
from mmsbatch.cli.naming import named_files
from mmsbatch.cli.options import AnyGateway, Format, Output, Paths, Quiet, ShowNumbers, check_format
from mmsbatch.cli.stores import open_stores
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.record.states import RevisionStatus
from mmsbatch.record.store import RecordStore
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
    files = named_files(paths)
    with open_stores(files, os.environ) as stores:
        if verify:
            raise typer.Exit(_verify(stores, files, gateway, output_format, console))
        views = [view for file in files for store in stores for view in _records(store, file, gateway, show_numbers)]
    if output_format == "json":
        console.report(records_json(views))
    else:
        texts = [view.verdict if quiet else record_text(view) for view in views]
        console.report(("\n" if quiet else "\n\n").join(texts) or "no record: nothing was sent yet")
    newest = [view.record.highest for view in views]
    codes = [_CODES.get(revision.status, ExitCode.DONE) for revision in newest if revision]
    raise typer.Exit(gravest(*codes) if exit_code else ExitCode.DONE)


def _records(store: RecordStore, file: Path, gateway: str | None, show_numbers: bool) -> Iterator[RecordView]:
    """Read the records of a campaign: one gateway's, or all that the store has."""
    for name in [gateway] if gateway else store.gateways_of(file):
        paths = store.shelf.paths(file, name)
        content = store.read(paths)
        if content.opened is None:
            continue
        record = content.record
        held = store.close_interrupted(paths, record)
        yield RecordView(record, store.show(paths.journal), str(file), content.tail, held, show_numbers)


def _verify(
    stores: list[RecordStore], files: list[Path], gateway: str | None, output_format: str, console: Console
) -> ExitCode:
    from mmsbatch.cli.verifying import verify, verify_folders  # noqa: PLC0415
    from mmsbatch.reports.verified import FORMATS  # noqa: PLC0415

    found = [each for file in files for store in stores for each in verify(store, file, gateway, os.environ)]
    found += [each for store in stores for each in verify_folders(store, files)]
    console.report(FORMATS[output_format](found))
    return ExitCode.REFUSED if any(each.problems for each in found) else ExitCode.DONE
