"""`mmsbatch apply`: sends what the plan shows, once it is confirmed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli import completing
from mmsbatch.cli.apply_call import ApplyCall
from mmsbatch.cli.console import Console
from mmsbatch.cli.finished import apply_finished
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
from mmsbatch.cli.sharding import ShardOption
from mmsbatch.cli.step_summary import StepSummary
from mmsbatch.errors import UsageProblem

SPECS = typer.Argument(
    metavar="[SPECS]…",
    help="Campaign files, or folders of them.",
    show_default=False,
    autocompletion=completing.campaigns,
)


def apply(
    specs: Annotated[list[Path] | None, SPECS] = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="Carry out what `plan --save FILE` saved.")
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

    Sends only with --yes, with --plan, after a confirmed question on a terminal, or to the sandbox.
    Run again, it continues where it stopped.

    Examples:

      mmsbatch apply campaigns/winter-sale.yaml --gateway sandbox

      mmsbatch apply campaigns/winter-sale.yaml --yes

      mmsbatch apply campaigns/winter-sale.yaml --yes --shard 3/8

      mmsbatch apply --plan plan.json
    """
    if not specs and plan_file is None:
        raise UsageProblem("no campaign is named", "mmsbatch apply campaigns/winter-sale.yaml")
    if plan_file is not None:
        _raise_if_both(specs, {"--late-rows": late_rows, "--new-campaign": new_campaign, "--mixed": mixed})
    check_format(output_format)
    console = Console(output, quiet or output_format == "json")
    summary = StepSummary(os.environ, console)
    with summary.telling("MMS apply"):
        call = ApplyCall(
            specs=tuple(specs or ()),
            plan_file=plan_file,
            yes=yes,
            gateway=gateway,
            config=config,
            recipients=recipients,
            late_rows=late_rows,
            mixed=mixed,
            leave_in_doubt=leave_in_doubt,
            folder_record=folder_record,
            max_seconds=read_duration(max_duration),
            new_campaign=new_campaign,
            shard=shard,
            output_format=output_format,
        )
        code = apply_finished(call, console, summary, os.environ)
        if code is None:
            from mmsbatch.cli.applying import carry_out_call  # noqa: PLC0415 - what is finished needs none of it

            code = carry_out_call(call, console, summary)
    raise typer.Exit(code)


def _raise_if_both(specs: list[Path] | None, given: Mapping[str, bool]) -> None:
    """A saved plan names its campaigns, and holds what it was planned with."""
    if specs:
        raise UsageProblem("--plan and campaign files exclude each other: the saved plan names its own")
    for option, is_given in given.items():
        if is_given:
            raise UsageProblem(
                f"--plan and {option} exclude each other: a saved plan is sent as it was reviewed",
                "plan again with the option, if `plan` has it, and save that plan",
            )
