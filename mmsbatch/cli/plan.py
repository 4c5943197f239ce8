"""`mmsbatch plan`: who would receive what, at what cost. Sends nothing."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.campaign.model import Campaign
from mmsbatch.cli.connection import connect
from mmsbatch.cli.console import Console
from mmsbatch.cli.loading import Loaded, load
from mmsbatch.cli.options import (
    Config,
    Gateway,
    LateRows,
    NewCampaign,
    Output,
    Paths,
    Quiet,
    Recipients,
    check_format,
    offering,
)
from mmsbatch.cli.reading_progress import following_reading
from mmsbatch.cli.records import RecordAccess
from mmsbatch.cli.saved_plans import PlanFile, tell_saved
from mmsbatch.cli.sharding import ShardOption, check_shards, read_shard
from mmsbatch.cli.step_summary import StepSummary
from mmsbatch.cli.stores import open_store
from mmsbatch.diagnostics import Position
from mmsbatch.errors import Refusal, UsageProblem
from mmsbatch.exitcodes import ExitCode
from mmsbatch.planning.plan import Plan
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.staleness import Candidate
from mmsbatch.planning.whole import PlanRequest, plan_all
from mmsbatch.record.fold import Record
from mmsbatch.record.identity import KeyMissing
from mmsbatch.record.shard import Shard
from mmsbatch.reports.plan_formats import FORMATS
from mmsbatch.reports.plan_markdown import plan_sections
from mmsbatch.reports.plans import plan_verdicts
from mmsbatch.reports.shards import github_matrix
from mmsbatch.rules import finding
from mmsbatch.sending.clock import Clock

#: The format that only a plan of all shards has.
GITHUB_MATRIX = "github-matrix"
PlanFormat = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text, json, markdown; github-matrix.",
        autocompletion=offering(("text", "json", "markdown", GITHUB_MATRIX)),
    ),
]


@dataclass(frozen=True, slots=True)
class Made:
    """A plan, and what saving it takes: each campaign with its record, the account's fingerprint."""

    plan: Plan
    candidates: Sequence[Candidate]
    account: str = ""


def plan(
    specs: Paths,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no gateway: no credentials, no balance.")] = False,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save the plan for `apply --plan FILE`.")
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 10 where there is something to send.")
    ] = False,
    gateway: Gateway = None,
    config: Config = None,
    recipients: Recipients = None,
    late_rows: LateRows = False,
    new_campaign: NewCampaign = False,
    output_format: PlanFormat = "text",
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

      mmsbatch plan campaigns/winter-sale.yaml --format markdown -o comment.md --save plan.json

      mmsbatch plan campaigns/winter-sale.yaml --shards 8 --format github-matrix
    """
    _check_usage(output_format, shard, shards, save)
    is_matrix, console = output_format == GITHUB_MATRIX, Console(output, quiet)
    report = github_matrix if is_matrix else FORMATS[check_format(output_format, FORMATS)]
    target = PlanFile(save, late_rows, new_campaign, config, recipients) if save else None
    if save and output and save.resolve() == output.resolve():
        raise UsageProblem(f"-o and --save name the same file, {save}", "the report is not the saved plan")
    summary = StepSummary(os.environ, console)
    with summary.telling("MMS plan"):
        with following_reading(is_silent=quiet or output_format != "text") as on_progress:
            loaded = load(specs, config, gateway, recipients, on_progress)
        loaded.raise_if_invalid()
        make = _plan_offline if offline else make_plan
        settings = loaded.workspace.settings
        made = make(loaded, Wanted(late_rows, new_campaign, read_shard(shard, settings), check_shards(shards)))
    if is_matrix and (not quiet or made.plan.is_refused):
        console.show(plan_verdicts(made.plan))
    if not (is_matrix and made.plan.is_refused):  # jobs for a plan that is refused help nobody
        console.report(plan_verdicts(made.plan) if quiet and output_format == "text" else report(made.plan))
    summary.add(plan_sections(made.plan))
    if target is not None:
        _save(target, loaded, made, console)
    raise typer.Exit(_exit_code(made.plan, detailed_exitcode))


def _check_usage(output_format: str, shard: str | None, shards: int | None, save: Path | None) -> None:
    if shard is not None and shards is not None:
        raise UsageProblem("--shard shows one part, --shards all of them: say one of the two")
    if shard is not None and save is not None:
        raise UsageProblem(
            "--save and --shard exclude each other: a saved plan is of the whole campaign",
            f"save it without --shard; each shard applies it: mmsbatch apply --plan {save} --shard {shard}",
        )
    if output_format == GITHUB_MATRIX and shards is None:
        raise UsageProblem(f"--format {GITHUB_MATRIX} asks for --shards", "mmsbatch plan SPEC --shards 8")


def _save(target: PlanFile, loaded: Loaded, made: Made, console: Console) -> None:
    """Save a plan that could be applied. Raises Refusal where the record is not known."""
    unknown = [each for each in made.plan.campaigns if each.to_send is None]
    if unknown:
        raise Refusal(
            f"{target.path}: not saved: nobody can tell what is left to send: {unknown[0].record_unknown}",
            "plan without --offline, and with the record's key, then it can be saved",
        )
    if made.plan.is_refused:
        console.warn(f"{target.path}: not saved: the plan is refused")
        return
    tell_saved(target.save(loaded, made.candidates, made.account, Clock().now()), target.path, console)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for."""

    late_rows: bool = False
    new_campaign: bool = False
    shard: Shard | None = None
    shards: int = 0


def _exit_code(made: Plan, detailed: bool) -> ExitCode:
    if made.is_refused:
        return ExitCode.REFUSED
    return ExitCode.SOMETHING_TO_SEND if detailed and made.has_something_to_send else ExitCode.DONE


def make_plan(loaded: Loaded, options: Wanted) -> Made:
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


def _plan_offline(loaded: Loaded, options: Wanted) -> Made:
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


def _unknown_inputs(why: str, options: Wanted) -> PlanInputs:
    unknown = PlanInputs(None, None, Clock().now(), record_unknown=why)
    return replace(unknown, shard=options.shard, shards=options.shards)


def _read_inputs(access: RecordAccess, campaign: Campaign, options: Wanted) -> PlanInputs:
    record, keeping = access.read(campaign)
    made = PlanInputs(record, None, Clock().now(), keeping, options.late_rows)
    return replace(made, shard=options.shard, shards=options.shards)


def _make(loaded: Loaded, inputs: list[PlanInputs], request: PlanRequest) -> Made:
    # A changed message is told in the verdict; whether it is meant is asked of `apply`.
    told = replace(request, warnings=loaded.diagnostics, allow_mixed=True)
    made, planned = plan_all(told, zip(loaded.prepared, inputs, strict=True))
    records = [each.record or Record() for each in inputs]
    return Made(made, list(map(Candidate, planned, records)), request.account)
