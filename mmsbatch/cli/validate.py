"""`mmsbatch validate`: are the campaign files right? Needs no network, no credentials, no clock."""

import typer

from mmsbatch.cli.console import Console
from mmsbatch.cli.loading import load
from mmsbatch.cli.options import Config, Format, Gateway, Output, Paths, Quiet, Recipients, check_format
from mmsbatch.cli.reading_progress import following_rows
from mmsbatch.diagnostics import has_errors, in_order
from mmsbatch.errors import InvalidInput
from mmsbatch.exitcodes import ExitCode
from mmsbatch.reports.findings import FORMATS


def validate(
    paths: Paths,
    gateway: Gateway = None,
    config: Config = None,
    recipients: Recipients = None,
    output_format: Format = "text",
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Check campaign files, their recipients and every rendered text.

    Every finding of every file is shown at once, with its file, line and rule.

    Examples:

      mmsbatch validate campaigns/

      mmsbatch validate campaigns/winter-sale.yaml --format json
    """
    report, console = FORMATS[check_format(output_format)], Console(output)
    try:
        with following_rows(is_silent=quiet or output_format != "text") as on_rows:
            loaded = load(paths, config, gateway, recipients, on_rows, keep_prepared=False)
    except InvalidInput as error:
        console.report(report(error.diagnostics, 1))
        raise typer.Exit(ExitCode.REFUSED) from None
    found = [each for each in in_order(loaded.diagnostics) if each.is_error or not quiet]
    if found or not quiet:
        console.report(report(found, loaded.files))
    raise typer.Exit(ExitCode.REFUSED if has_errors(found) else ExitCode.DONE)
