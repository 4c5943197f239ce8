"""Carries `apply` out: plans under the locks, asks, sends one campaign after the other."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from uuid import uuid4

import typer

from mmsbatch.cli.connection import Connection, connect
from mmsbatch.cli.console import Console, is_interactive, shown_path
from mmsbatch.cli.holding import RecordHolder
from mmsbatch.cli.loading import Loaded
from mmsbatch.cli.plan import make_plan
from mmsbatch.cli.progress import watching
from mmsbatch.cli.records import RecordAccess, this_process, writing_record
from mmsbatch.cli.settling import CreditSettler
from mmsbatch.errors import GatewayRefusal, InDoubt, PlanRefused, Refusal, UsageProblem
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.planning.plan import Plan
from mmsbatch.planning.planned import PlanInputs, PlannedCampaign
from mmsbatch.planning.whole import PlanRequest, plan_all
from mmsbatch.record.book import RecordBook
from mmsbatch.record.fold import RevisionRecord
from mmsbatch.record.tokens import NumberKeeping
from mmsbatch.reports.applied import FORMATS as APPLY_FORMATS
from mmsbatch.reports.applied import ApplyResult
from mmsbatch.reports.findings import count
from mmsbatch.reports.plans import FORMATS, verdict_line
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.context import RunContext, RunOutcome
from mmsbatch.sending.courier import Courier
from mmsbatch.sending.interruption import Interruption, listening
from mmsbatch.sending.opening import ensure_opened
from mmsbatch.sending.run import CampaignRun
from mmsbatch.sending.settling import settled_outcome
from mmsbatch.sending.stops import Deadline

_SEE_ABOVE = "the plan is refused, see above; nothing was sent"


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """What the user asked for."""

    yes: bool
    late_rows: bool
    mixed: bool
    leave_in_doubt: bool
    folder_record: bool
    new_campaign: bool
    max_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """A planned campaign and its record, open for writing."""

    planned: PlannedCampaign
    book: RecordBook
    keeping: NumberKeeping

    @property
    def revision(self) -> RevisionRecord:
        """What is recorded of the planned revision."""
        return self.book.record.revision(self.planned.plan.revision)

    @property
    def is_recount(self) -> bool:
        """Whether the input's rows changed since they were last counted: a run of no chunks writes that down."""
        revision, rows = self.revision, self.planned.sorted_rows
        if not revision.runs:
            return False
        return (revision.totals, revision.runs[-1].started.outside) != (rows.totals, rows.outside)


class Application:
    """One call of `apply`: its options, its campaigns, its gateway."""

    def __init__(self, loaded: Loaded, options: ApplyOptions, console: Console, output_format: str) -> None:
        self._loaded, self._options, self._console = loaded, options, console
        self._format = output_format
        self._settings = loaded.workspace.settings
        self._clock = Clock()
        self._environ: Mapping[str, str] = os.environ
        self._interruption = Interruption()
        self._balance: Decimal | None = None
        self._deadline = Deadline(self._clock.monotonic(), options.max_seconds) if options.max_seconds else None

    def carry_out(self) -> ExitCode:
        """Plan, ask and send; return what the process says. Raises MmsbatchError where it is refused."""
        self._raise_if_unsafe_record()
        if not self._loaded.prepared:
            self._console.report("nothing to send: drafts are validated, never sent")
            return ExitCode.DONE
        with connect(self._settings, self._environ) as connection:
            if not self._may_be_confirmed():
                return self._refuse_unconfirmed()
            with ExitStack() as stack:
                plan, campaigns = self._plan(connection, stack)
                return self._decide(plan, campaigns, connection)

    def _may_be_confirmed(self) -> bool:
        return self._options.yes or self._settings.is_sandbox or is_interactive()

    def _refuse_unconfirmed(self) -> ExitCode:
        made = make_plan(self._loaded, self._options.late_rows, self._options.new_campaign)
        self._console.report(FORMATS[self._format](made))
        self._raise_if_in_doubt(made)
        if made.is_refused:
            raise Refusal(_SEE_ABOVE)
        if not made.has_something_to_send:
            return ExitCode.DONE
        raise UsageProblem("nothing was sent: sending asks for --yes", "look at the plan above, then add --yes")

    def _raise_if_unsafe_record(self) -> None:
        """A CI runner's folder is gone with it, and with the folder all memory of who was sent."""
        in_ci = self._environ.get("CI", "").lower() not in ("", "0", "false")
        if in_ci and not self._settings.is_sandbox and not self._options.folder_record:
            raise Refusal(
                "in CI a record kept in the folder is lost with the runner, and a re-run would send again",
                "say --folder-record where you carry the record to the next run yourself (there is no git store yet)",
            )

    # --- planning, under the locks

    def _plan(self, connection: Connection, stack: ExitStack) -> tuple[Plan, list[_Open]]:
        settings, account = self._settings, connection.credentials.fingerprint
        access = RecordAccess(
            self._loaded.workspace.configuration,
            settings,
            account,
            self._environ,
            self._options.new_campaign,
            writes=True,
        )
        holder = RecordHolder(access, self._console, self._clock, stack)
        opened = holder.hold([prepared.campaign for prepared in self._loaded.prepared], self._environ)
        if all(each.held_last for each in opened if each.book.record.in_doubt):
            self._settler(connection).settle([each.book for each in opened])
        available = self._balance = connection.ask_account().credits
        request = PlanRequest(
            settings.name, settings.send_url, account, available, self._loaded.diagnostics, self._options.mixed
        )
        inputs = [
            PlanInputs(each.book.record, None, self._clock.now(), each.keeping, self._options.late_rows)
            for each in opened
        ]
        plan, planned = plan_all(request, zip(self._loaded.prepared, inputs, strict=True))
        return plan, [_Open(each, held.book, held.keeping) for each, held in zip(planned, opened, strict=True)]

    def _settler(self, connection: Connection) -> CreditSettler:
        return CreditSettler(self._settings, partial(_ask_credits, connection), self._console, self._clock)

    # --- deciding

    def _decide(self, plan: Plan, campaigns: list[_Open], connection: Connection) -> ExitCode:
        shown = plan.has_something_to_send and (not self._console.quiet or self._will_ask())
        if shown:
            self._console.show(FORMATS["text"](plan))
        self._raise_if_in_doubt(plan)
        if plan.is_refused and self._format == "json":
            self._console.report(FORMATS["json"](plan))
        if plan.is_refused:
            raise Refusal(_SEE_ABOVE) if shown else PlanRefused(list(plan.diagnostics))
        if plan.has_something_to_send and not self._is_confirmed(plan):
            raise UsageProblem("nothing was sent: not confirmed")
        with listening(self._interruption, self._clock.monotonic):
            results = list(self._send_all(campaigns, connection))
        doubt = ExitCode.IN_DOUBT if any(each.in_doubt_chunks for each in plan.campaigns) else ExitCode.DONE
        code = gravest(doubt, self._interruption.exit_code, *(result.exit_code for result in results))
        self._console.report_done(APPLY_FORMATS[self._format](results, code))
        self._tell_doubt(campaigns)
        return code

    def _tell_doubt(self, campaigns: list[_Open]) -> None:
        for each in campaigns:
            doubtful = [chunk.id for chunk in each.revision.in_doubt]
            if doubtful:
                self._console.warn(
                    f"{each.planned.plan.file}: in doubt: {', '.join(doubtful)}; `mmsbatch status` shows the evidence"
                )

    def _raise_if_in_doubt(self, plan: Plan) -> None:
        doubtful = [f"{each.file} {', '.join(each.in_doubt_chunks)}" for each in plan.campaigns if each.in_doubt_chunks]
        if doubtful and not self._options.leave_in_doubt:
            raise InDoubt(
                f"in doubt: {'; '.join(doubtful)}; nothing was sent",
                "`mmsbatch status` shows the evidence, `mmsbatch resolve` settles it; "
                "--leave-in-doubt sends the others meanwhile",
            )

    def _send_all(self, campaigns: list[_Open], connection: Connection) -> Iterator[ApplyResult]:
        """Send one campaign after the other; a stop in one leaves the later ones untouched."""
        why_not = ""
        for each in campaigns:
            plan, manifest = each.planned.plan, shown_path(each.book.paths.manifest)
            why_not = why_not or self._interruption.reason
            if why_not or not plan.has_something_to_send:
                verdict = f"not begun: {why_not}" if why_not else verdict_line(plan)
                if not why_not and each.is_recount:
                    self._send(each, connection)
                yield ApplyResult(plan.file, verdict, manifest if each.book.record.opened else None)
                continue
            outcome = self._settle(campaigns, each, self._send(each, connection), connection)
            if outcome.progress.credits is not None:
                self._balance = outcome.progress.credits
            why_not = "the campaign before it stopped" if outcome.is_stopped else ""
            yield ApplyResult(plan.file, verdict_line(plan), manifest, outcome)

    def _settle(self, campaigns: list[_Open], each: _Open, outcome: RunOutcome, connection: Connection) -> RunOutcome:
        """Let the credit of an exclusive account settle the doubt that a run ended with, where it can."""
        if outcome.exit_code is not ExitCode.IN_DOUBT:
            return outcome
        books = [campaign.book for campaign in campaigns]
        settlement = self._settler(connection).settle(books, lambda: self._interruption.is_requested)
        return settled_outcome(outcome, settlement, each.revision) if settlement else outcome

    def _will_ask(self) -> bool:
        return not self._options.yes and not self._settings.is_sandbox

    def _is_confirmed(self, plan: Plan) -> bool:
        if not self._will_ask():
            return True
        total = sum(each.to_send or 0 for each in plan.campaigns)
        return typer.confirm(f"Send to {count(total, 'recipient')} through {plan.gateway}?", err=True)

    # --- sending

    def _send(self, each: _Open, connection: Connection) -> RunOutcome:
        with _courier(connection) as courier, watching(self._console) as watcher:
            self._interruption.wake = courier.wake
            context = RunContext(
                book=each.book,
                courier=courier,
                credentials=connection.credentials,
                keeping=each.keeping,
                clock=self._clock,
                interruption=self._interruption,
                watcher=watcher,
                run_id=uuid4().hex[:12],
                holder=str(this_process(self._environ, self._clock.stamp())),
                credits_before=self._balance,
                ask_credits=partial(_ask_credits, connection),
                deadline=self._deadline,
            )
            return self._run(each, context, connection)

    def _run(self, each: _Open, context: RunContext, connection: Connection) -> RunOutcome:
        with writing_record():
            ensure_opened(
                each.book,
                each.planned.prepared.campaign.path.resolve().name,
                settings=self._settings,
                account=connection.credentials.fingerprint,
                keeping=each.keeping,
                clock=self._clock,
            )
        return CampaignRun(each.planned, context).carry_out()


def _ask_credits(connection: Connection) -> Decimal | None:
    try:
        return connection.ask_account().credits
    except GatewayRefusal:
        return None


@contextmanager
def _courier(connection: Connection) -> Iterator[Courier]:
    courier = Courier(connection.post, connection.settings.concurrency)
    try:
        yield courier
    finally:
        courier.close()
