"""Carries `apply` out: plans under the locks, asks, has the campaigns sent, and tells what came of it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

import typer

from mmsbatch.campaign.model import Campaign
from mmsbatch.cli.apply_call import ApplyCall
from mmsbatch.cli.caller import this_process
from mmsbatch.cli.connection import Connection, connect
from mmsbatch.cli.console import Console, is_interactive, tell_error
from mmsbatch.cli.dispatching import Dispatcher, OpenCampaign
from mmsbatch.cli.holding import RecordHolder, hold_account
from mmsbatch.cli.loading import Loaded, load
from mmsbatch.cli.plan import Wanted, make_plan
from mmsbatch.cli.reading_progress import following_reading
from mmsbatch.cli.records import RecordAccess, is_lost_with_runner
from mmsbatch.cli.saved_plans import ReviewedPlan, read_reviewed
from mmsbatch.cli.sharding import read_shard
from mmsbatch.cli.step_summary import StepSummary
from mmsbatch.cli.stores import open_store
from mmsbatch.errors import InDoubt, Overtaken, PlanRefused, RecordUnreachable, Refusal, UsageProblem
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.planning.plan import Plan
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.staleness import Candidate
from mmsbatch.planning.whole import PlanRequest, plan_all
from mmsbatch.record.fold import Record
from mmsbatch.record.shard import Shard
from mmsbatch.reports.applied import FORMATS as APPLY_FORMATS
from mmsbatch.reports.applied_markdown import applied_sections
from mmsbatch.reports.plan_formats import FORMATS
from mmsbatch.reports.plan_markdown import plan_sections
from mmsbatch.reports.wording import count, list_chunks
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.interruption import (
    PATIENCE_SECONDS,
    SHARED_PATIENCE_SECONDS,
    Interruption,
    listening,
)
from mmsbatch.sending.stops import Deadline

#: How often a call plans, where others write the record between its look and its claim.
TRIES = 20
_SEE_ABOVE = "the plan is refused, see above; nothing was sent"


def carry_out_call(call: ApplyCall, console: Console, summary: StepSummary) -> ExitCode:
    """Read what a call names, and carry it out. Raises MmsbatchError where it is refused."""
    reviewed = read_reviewed(call.plan_file) if call.plan_file is not None else None
    if reviewed and not reviewed.plan.campaigns:
        console.report("nothing to send: the plan holds no campaign")
        return ExitCode.DONE
    with following_reading(is_silent=console.quiet) as on_progress:
        read = reviewed.load if reviewed else partial(load, call.specs)
        loaded = read(call.config, call.gateway, call.recipients, on_progress)
    if reviewed:
        reviewed.tell_invalid(loaded, console)
    loaded.raise_if_invalid()
    if reviewed:
        bound = reviewed.plan.options
        call = replace(call, late_rows=bound.late_rows, new_campaign=bound.new_campaign)
    shard = read_shard(call.shard, loaded.workspace.settings)
    return Application(loaded, call, shard, console, summary, reviewed).carry_out()


class Application:
    """One call of `apply`: its options, its campaigns, its gateway."""

    def __init__(
        self,
        loaded: Loaded,
        call: ApplyCall,
        shard: Shard | None,
        console: Console,
        summary: StepSummary,
        reviewed: ReviewedPlan | None = None,
    ) -> None:
        self._loaded, self._call, self._shard = loaded, call, shard
        self._console, self._summary, self._reviewed = console, summary, reviewed
        self._settings = loaded.workspace.settings
        self._clock = Clock()
        self._environ: Mapping[str, str] = os.environ
        self._deadline = Deadline(self._clock.monotonic(), call.max_seconds) if call.max_seconds else None

    def carry_out(self) -> ExitCode:
        """Plan, ask and send; return what the process says. Raises MmsbatchError where it is refused."""
        self._raise_if_unsafe_record()
        if self._reviewed:
            self._reviewed.check_inputs(self._loaded, self._clock.now())
        if not self._loaded.prepared:
            self._console.report("nothing to send: drafts are validated, never sent")
            return ExitCode.DONE
        with connect(self._settings, self._environ) as connection:
            if not self._may_be_confirmed():
                return self._refuse_unconfirmed()
            for tries_left in reversed(range(TRIES)):
                try:
                    return self._plan_and_send(connection)
                except Overtaken as overtaken:
                    if not tries_left:
                        raise
                    self._console.tell(f"{overtaken.message}: planning again")
            raise AssertionError("unreachable")

    def _plan_and_send(self, connection: Connection) -> ExitCode:
        """Plan under the locks, and send. Raises Overtaken where others wrote the record first: nothing was sent."""
        with self._dispatcher(connection) as dispatcher, ExitStack() as stack:
            plan, campaigns = self._plan(dispatcher, stack)
            return self._decide(plan, campaigns, dispatcher)

    @contextmanager
    def _dispatcher(self, connection: Connection) -> Iterator[Dispatcher]:
        """Have all that sending takes, the exclusive account included."""
        configuration, account = self._loaded.workspace.configuration, connection.credentials.fingerprint
        new_campaign = self._call.new_campaign
        holder = this_process(self._environ, self._clock.stamp())
        with (
            open_store(self._loaded.workspace, self._environ) as store,
            hold_account(self._loaded.workspace, account, holder, self._clock, self._console.warn) as exclusive,
        ):
            access = RecordAccess(
                store, configuration, self._settings, account, self._environ, new_campaign, writes=True
            )
            yield Dispatcher(
                connection,
                access,
                exclusive,
                self._console,
                self._clock,
                self._environ,
                Interruption(SHARED_PATIENCE_SECONDS if access.is_shared else PATIENCE_SECONDS),
                deadline=self._deadline,
                saved_plan=self._reviewed.plan.digest if self._reviewed else None,
            )

    def _may_be_confirmed(self) -> bool:
        return not self._will_ask() or is_interactive()

    def _refuse_unconfirmed(self) -> ExitCode:
        wanted = Wanted(self._call.late_rows, self._call.new_campaign, self._shard)
        made = make_plan(self._loaded, wanted).plan
        self._console.report(FORMATS[self._call.output_format](made))
        self._raise_if_in_doubt(made)
        if made.is_refused:
            raise Refusal(_SEE_ABOVE)
        if not made.has_something_to_send:
            return ExitCode.DONE
        raise UsageProblem("nothing was sent: sending asks for --yes", "look at the plan above, then add --yes")

    def _raise_if_unsafe_record(self) -> None:
        """A CI runner's folder is gone with it, and with the folder all memory of who was sent."""
        if is_lost_with_runner(self._loaded.workspace, self._environ, self._call.folder_record):
            raise Refusal(
                "in CI a record kept in the folder is lost with the runner, and a re-run would send again",
                "write `record: {store: git}` into mmsbatch.yaml; "
                "or say --folder-record where you carry the record to the next run yourself",
            )

    def _raise_if_lost(self, campaign: Campaign, record: Record) -> None:
        """A second attempt of a CI job that finds no record has lost that of the first, or the first never began."""
        is_again = self._environ.get("GITHUB_RUN_ATTEMPT", "1") not in ("", "1")
        has_run = bool(record.revision(campaign.revision).runs)
        if is_again and self._call.folder_record and not has_run and not self._call.new_campaign:
            raise Refusal(
                f"{campaign.file}: this job runs again, and the record of its first attempt is not here",
                "bring it back; or, where the first attempt surely sent nothing, say --new-campaign",
            )

    # --- planning, under the locks

    def _plan(self, dispatcher: Dispatcher, stack: ExitStack) -> tuple[Plan, list[OpenCampaign]]:
        settings, account = self._settings, dispatcher.access.account
        late_rows, shard = self._call.late_rows, self._shard
        part = str(shard) if shard else None
        holder = RecordHolder(dispatcher.access, self._console, self._clock, self._environ, part)
        opened = [stack.enter_context(holder.hold(prepared.campaign)) for prepared in self._loaded.prepared]
        books = [each.book for each in opened]
        for prepared, book in zip(self._loaded.prepared, books, strict=True):
            self._raise_if_lost(prepared.campaign, book.record)
        if all(dispatcher.account.was_last(book) for book in books if book.record.in_doubt):
            dispatcher.settler.settle(books)
        available = dispatcher.connection.ask_account().credits
        # Of a saved plan the changed message was reviewed.
        allow_mixed = self._call.mixed or self._reviewed is not None
        request = PlanRequest(
            settings.name, settings.send_url, account, available, self._loaded.diagnostics, allow_mixed
        )
        inputs = [
            PlanInputs(each.book.record, None, self._clock.now(), each.keeping, late_rows, shard=shard)
            for each in opened
        ]
        plan, planned = plan_all(request, zip(self._loaded.prepared, inputs, strict=True))
        if self._reviewed:
            candidates = [Candidate(each, held.book.record) for each, held in zip(planned, opened, strict=True)]
            for notice in self._reviewed.check(candidates, account, self._clock.now()):
                self._console.show(notice)
        return plan, [OpenCampaign(each, held.book, held.keeping) for each, held in zip(planned, opened, strict=True)]

    # --- deciding

    def _decide(self, plan: Plan, campaigns: list[OpenCampaign], dispatcher: Dispatcher) -> ExitCode:
        shown = plan.has_something_to_send and (not self._console.quiet or self._will_ask())
        if shown:
            self._console.show(FORMATS["text"](plan))
        self._raise_if_in_doubt(plan)
        if plan.is_refused and self._call.output_format == "json":
            self._console.report(FORMATS["json"](plan))
        if plan.is_refused:
            self._summary.add(plan_sections(plan))
            raise Refusal(_SEE_ABOVE) if shown else PlanRefused(list(plan.diagnostics))
        if plan.has_something_to_send and not self._is_confirmed(plan):
            raise UsageProblem("nothing was sent: not confirmed")
        interruption = dispatcher.interruption
        with listening(interruption, self._clock.monotonic):
            try:
                results = list(dispatcher.send_all(campaigns, plan.campaigns[0].credits.available))
            except RecordUnreachable as error:
                if not interruption.is_requested:
                    raise
                tell_error(error)
                return interruption.exit_code
        doubt = ExitCode.IN_DOUBT if any(each.in_doubt_chunks for each in plan.campaigns) else ExitCode.DONE
        code = gravest(doubt, interruption.exit_code, *(result.exit_code for result in results))
        self._console.report_done(APPLY_FORMATS[self._call.output_format](results, code))
        self._summary.add(applied_sections(results, code))
        self._tell_doubt(campaigns)
        return code

    def _tell_doubt(self, campaigns: list[OpenCampaign]) -> None:
        for each in campaigns:
            doubtful = [chunk.id for chunk in each.revision.in_doubt]
            if doubtful:
                self._console.warn(
                    f"{each.planned.plan.file}: in doubt: {list_chunks(doubtful)}; `mmsbatch status` shows the evidence"
                )

    def _raise_if_in_doubt(self, plan: Plan) -> None:
        doubtful = [
            f"{each.file} {list_chunks(each.in_doubt_chunks)}" for each in plan.campaigns if each.in_doubt_chunks
        ]
        if doubtful and not self._call.leave_in_doubt:
            raise InDoubt(
                f"in doubt: {'; '.join(doubtful)}; nothing was sent",
                "`mmsbatch status` shows the evidence, `mmsbatch resolve` settles it; "
                "--leave-in-doubt sends the others meanwhile",
            )

    def _will_ask(self) -> bool:
        return self._call.will_ask(self._settings)

    def _is_confirmed(self, plan: Plan) -> bool:
        if not self._will_ask():
            return True
        total = sum(each.part.to_send or 0 for each in plan.campaigns)
        return typer.confirm(f"Send to {count(total, 'recipient')} through {plan.gateway}?", err=True)
