"""`mmsbatch apply`: sends what the plan shows, once it is confirmed."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.applying import Application, ApplyOptions
from mmsbatch.cli.console import Console
from mmsbatch.cli.loading import load
from mmsbatch.cli.options import (
    Config,
    Format,
    Gateway,
    LateRows,
    NewCampaign,
    Output,
    Quiet,
    Recipients,
    check_format,
    read_duration,
)
from mmsbatch.cli.reading_progress import following_rows
from mmsbatch.cli.sharding import ShardOption, read_shard
from mmsbatch.errors import UsageProblem

SPECS = typer.Argument(metavar="[SPECS]…", help="Campaign files, or folders of them.", show_default=False)


def apply(
    specs: Annotated[list[Path] | None, SPECS] = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="Not built yet.", hidden=True)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send without asking.")] = False,
    gateway: Gateway = None,
    config: Config = None,
    recipients: Recipients = None,
    late_rows: LateRows = False,
    mixed: Annotated[bool, typer.Option("--mixed", help="Go on although the message changed in between.")] = False,
    leave_in_doubt: Annotated[
        bool, typer.Option("--leave-in-doubt", help="Send the other chunks while some are in doubt.")
    ] = False,
    folder_record: Annotated[
        bool,
        typer.Option("--folder-record", help="In CI: keep the record in the folder; you carry it to the next run."),
    ] = False,
    max_duration: Annotated[
        str | None,
        typer.Option("--max-duration", metavar="TIME", help="Start no request after this time: 90s, 30m, 2h."),
    ] = None,
    new_campaign: NewCampaign = False,
    shard: ShardOption = None,
    output_format: Format = "text",
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Send campaigns: each recipient at most once, whatever happens.

    Sends only with --yes, after a confirmed question on a terminal, or to the sandbox.
    Run again, it continues where it stopped.

    Examples:

      mmsbatch apply campaigns/winter-sale.yaml --gateway sandbox

      mmsbatch apply campaigns/winter-sale.yaml --yes

      mmsbatch apply campaigns/winter-sale.yaml --yes --shard 3/8
    """
    if plan_file is not None:
        raise UsageProblem("--plan is not built yet: this version applies campaign files, not saved plans")
    if not specs:
        raise UsageProblem("no campaign is named", "mmsbatch apply campaigns/winter-sale.yaml")
    check_format(output_format)
    seconds = read_duration(max_duration)
    options = ApplyOptions(yes, late_rows, mixed, leave_in_doubt, folder_record, new_campaign, seconds)
    console = Console(output, quiet or output_format == "json")
    with following_rows(is_silent=console.quiet) as on_rows:
        loaded = load(specs, config, gateway, recipients, on_rows)
    loaded.raise_if_invalid()
    options = replace(options, shard=read_shard(shard, loaded.workspace.settings))
    raise typer.Exit(Application(loaded, options, console, output_format).carry_out())
