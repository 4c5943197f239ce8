"""`mmsbatch validate`: are the campaign files right? Needs no network, no credentials, no clock."""

import os
from collections.abc import Sequence

import typer

from mmsbatch.cli.console import Console
from mmsbatch.cli.loading import load
from mmsbatch.cli.options import (
    Config,
    FindingsFormat,
    Gateway,
    Output,
    Paths,
    Quiet,
    Recipients,
    pick_findings_format,
)
from mmsbatch.cli.reading_progress import following_reading
from mmsbatch.cli.sources import from_checkout, source_lines
from mmsbatch.diagnostics import Diagnostic, has_errors, in_order
from mmsbatch.errors import InvalidInput
from mmsbatch.exitcodes import ExitCode
from mmsbatch.reports.findings import Findings
from mmsbatch.reports.formats import FOR_PEOPLE, load_format


def validate(
    paths: Paths,
    gateway: Gateway = None,
    config: Config = None,
    recipients: Recipients = None,
    output_format: FindingsFormat = None,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Check campaign files, their recipients and every rendered text.

    Every finding of every file is shown at once, with its file, line and rule.

    Examples:

      mmsbatch validate campaigns/

      mmsbatch validate campaigns/ --format junit -o validate.xml
    """
    named = pick_findings_format(output_format, os.environ)
    report, console = load_format(named), Console(output)

    def findings(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> Findings:
        return Findings(diagnostics, files, from_checkout(os.environ), source_lines, console.paint)

    try:
        with following_reading(is_silent=quiet or named != "text") as on_progress:
            loaded = load(paths, config, gateway, recipients, on_progress, keep_prepared=False)
    except InvalidInput as error:
        console.report(report(findings(error.diagnostics, [error.diagnostics[0].file])))
        raise typer.Exit(ExitCode.REFUSED) from None
    found = [each for each in in_order(loaded.diagnostics) if each.is_error or not quiet]
    if found or not quiet or named not in FOR_PEOPLE:
        console.report(report(findings(found, loaded.files)))
    raise typer.Exit(ExitCode.REFUSED if has_errors(found) else ExitCode.DONE)
