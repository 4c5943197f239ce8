"""`mmsbatch plan`: who would receive what, at what cost. Sends nothing."""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.campaign.model import Campaign
from mmsbatch.cli.connection import connect
from mmsbatch.cli.console import Console
from mmsbatch.cli.loading import Loaded, load
from mmsbatch.cli.options import (
    Config,
    Format,
    Gateway,
    LateRows,
    NewCampaign,
    Output,
    Paths,
    Quiet,
    Recipients,
    check_format,
)
from mmsbatch.cli.reading_progress import following_rows
from mmsbatch.cli.records import RecordAccess
from mmsbatch.cli.sharding import ShardOption, check_shards, read_shard
from mmsbatch.cli.stores import open_store
from mmsbatch.diagnostics import Position
from mmsbatch.errors import UsageProblem
from mmsbatch.exitcodes import ExitCode
from mmsbatch.planning.plan import Plan
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.shards import Shard
from mmsbatch.planning.whole import PlanRequest, plan_all
from mmsbatch.record.fold import Record
from mmsbatch.record.identity import KeyMissing
from mmsbatch.reports.plans import FORMATS, plan_verdicts
from mmsbatch.reports.shards import github_matrix
from mmsbatch.rules import finding

#: The format that only a plan of all shards has.
GITHUB_MATRIX = "github-matrix"


def plan(
    specs: Paths,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no gateway: no credentials, no balance.")] = False,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE", help="Not built yet.", hidden=True)] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 10 where there is something to send.")
    ] = False,
    gateway: Gateway = None,
    config: Config = None,
    recipients: Recipients = None,
    late_rows: LateRows = False,
    new_campaign: NewCampaign = False,
    output_format: Format = "text",
    output: Output = None,
    quiet: Quiet = False,
    shard: ShardOption = None,
    shards: Annotated[
        int | None, typer.Option("--shards", metavar="N", help="Show the parts of so many shards.")
    ] = None,
) -> None:
    """Show what `apply` would do: recipients by outcome, requests, credits against the account's balance.

    Examples:

      mmsbatch plan campaigns/winter-sale.yaml

      mmsbatch plan campaigns/ --offline --format json

      mmsbatch plan campaigns/winter-sale.yaml --shards 8 --format github-matrix
    """
    is_matrix, console = output_format == GITHUB_MATRIX, Console(output)
    report = github_matrix if is_matrix else FORMATS[check_format(output_format)]
    if shard is not None and shards is not None:
        raise UsageProblem("--shard shows one part, --shards all of them: say one of the two")
    if is_matrix and shards is None:
        raise UsageProblem(f"--format {GITHUB_MATRIX} asks for --shards", "mmsbatch plan SPEC --shards 8")
    if save is not None:
        raise UsageProblem("--save is not built yet: this version applies campaign files, not saved plans")
    with following_rows(is_silent=quiet or output_format != "text") as on_rows:
        loaded = load(specs, config, gateway, recipients, on_rows)
    loaded.raise_if_invalid()
    wanted = PlanOptions(late_rows, new_campaign, read_shard(shard, loaded.workspace.settings), check_shards(shards))
    made = _plan_offline(loaded, wanted) if offline else make_plan(loaded, wanted)
    if is_matrix and (not quiet or made.is_refused):
        console.show(plan_verdicts(made))
    if not (is_matrix and made.is_refused):  # jobs for a plan that is refused help nobody
        console.report(plan_verdicts(made) if quiet and output_format == "text" else report(made))
    raise typer.Exit(_exit_code(made, detailed_exitcode))


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the user asked for."""

    late_rows: bool = False
    new_campaign: bool = False
    shard: Shard | None = None
    shards: int = 0


def _exit_code(made: Plan, detailed: bool) -> ExitCode:
    if made.is_refused:
        return ExitCode.REFUSED
    return ExitCode.SOMETHING_TO_SEND if detailed and made.has_something_to_send else ExitCode.DONE


def make_plan(loaded: Loaded, options: PlanOptions) -> Plan:
    """Plan with the account's balance, reading records without their locks."""
    settings = loaded.workspace.settings
    configuration = loaded.workspace.configuration
    with connect(settings, os.environ) as connection, open_store(loaded.workspace, os.environ) as store:
        account = connection.credentials.fingerprint
        access = RecordAccess(store, configuration, settings, account, os.environ, options.new_campaign)
        inputs = [_read_inputs(access, prepared.campaign, options) for prepared in loaded.prepared]
        loaded.diagnostics += [
            finding("plan-record-plain", each.campaign.file, Position(1), *refusal)
            for each, read in zip(loaded.prepared, inputs, strict=True)
            if (refusal := access.why_not_plain(each.campaign, read.record or Record()))
        ]
        available = connection.ask_account().credits
    return _make(loaded, inputs, PlanRequest(settings.name, settings.send_url, account, available))


def _plan_offline(loaded: Loaded, options: PlanOptions) -> Plan:
    settings = loaded.workspace.settings
    configuration, inputs = loaded.workspace.configuration, []
    if loaded.workspace.has_shared_records:
        why = f"it is on the branch {configuration.store.branch}, and --offline asks nobody"
        inputs = [_unknown_inputs(why, options) for _ in loaded.prepared]
        return _make(loaded, inputs, PlanRequest(settings.name, settings.send_url, "", None))
    with open_store(loaded.workspace, os.environ) as store:
        access = RecordAccess(store, configuration, settings, "", os.environ, options.new_campaign)
        for prepared in loaded.prepared:
            try:
                inputs.append(_read_inputs(access, prepared.campaign, options))
            except KeyMissing as refusal:
                inputs.append(_unknown_inputs(refusal.message, options))
    return _make(loaded, inputs, PlanRequest(settings.name, settings.send_url, "", None))


def _unknown_inputs(why: str, options: PlanOptions) -> PlanInputs:
    unknown = PlanInputs(None, None, datetime.now(UTC), record_unknown=why)
    return replace(unknown, shard=options.shard, shards=options.shards)


def _read_inputs(access: RecordAccess, campaign: Campaign, options: PlanOptions) -> PlanInputs:
    record, keeping = access.read(campaign)
    made = PlanInputs(record, None, datetime.now(UTC), keeping, options.late_rows)
    return replace(made, shard=options.shard, shards=options.shards)


def _make(loaded: Loaded, inputs: list[PlanInputs], request: PlanRequest) -> Plan:
    # A changed message is told in the verdict; whether it is meant is asked of `apply`.
    told = replace(request, warnings=loaded.diagnostics, allow_mixed=True)
    return plan_all(told, zip(loaded.prepared, inputs, strict=True))[0]
