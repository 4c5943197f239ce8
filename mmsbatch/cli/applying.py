"""Carries `apply` out: plans under the locks, asks, sends one campaign after the other."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from uuid import uuid4

import typer

from mmsbatch.cli.connection import Connection, connect
from mmsbatch.cli.console import Console, is_interactive, shown_path
from mmsbatch.cli.loading import Loaded
from mmsbatch.cli.plan import make_plan
from mmsbatch.cli.progress import watching
from mmsbatch.cli.records import RecordAccess, this_process, writing_record
from mmsbatch.errors import GatewayRefusal, InDoubt, PlanRefused, Refusal, UsageProblem
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.planning.plan import Plan
from mmsbatch.planning.planned import PlanInputs, PlannedCampaign
from mmsbatch.planning.whole import PlanRequest, plan_all
from mmsbatch.record.book import RecordBook, open_book
from mmsbatch.record.lock import Holder
from mmsbatch.record.paths import record_paths
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


@dataclass(frozen=True, slots=True)
class _Open:
    """A planned campaign and its record, open for writing."""

    planned: PlannedCampaign
    book: RecordBook
    keeping: NumberKeeping

    @property
    def is_recount(self) -> bool:
        """Whether the input's rows changed since they were last counted: a run of no chunks writes that down."""
        revision, rows = self.book.record.revision(self.planned.plan.revision), self.planned.sorted_rows
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
        self._balance: Decimal | None = None

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
        opened = [self._open_book(prepared.campaign.path, access, stack) for prepared in self._loaded.prepared]
        available = self._balance = connection.ask_account().credits
        request = PlanRequest(
            settings.name, settings.send_url, account, available, self._loaded.diagnostics, self._options.mixed
        )
        inputs = [
            PlanInputs(book.record, None, self._clock.now(), keeping, self._options.late_rows)
            for book, keeping in opened
        ]
        plan, planned = plan_all(request, zip(self._loaded.prepared, inputs, strict=True))
        return plan, [_Open(each, *record) for each, record in zip(planned, opened, strict=True)]

    def _open_book(self, campaign: Path, access: RecordAccess, stack: ExitStack) -> tuple[RecordBook, NumberKeeping]:
        paths = record_paths(campaign, self._settings.name)
        book = stack.enter_context(open_book(paths, self._holder(), self._clock.monotonic))
        keeping = access.check(campaign, book.record.opened)
        if book.torn:
            self._console.warn(
                f"{shown_path(paths.journal)}: its last line was cut short, as by a crash: {book.torn} bytes dropped"
            )
        with writing_record():
            book.catch_up()
        for chunk in book.lost:
            self._console.warn(f"{campaign}: chunk {chunk.id} is in doubt: {chunk.reason}")
        return book, keeping

    def _holder(self) -> Holder:
        return this_process(self._environ, self._clock.stamp())

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
        results = list(self._send_all(campaigns, connection))
        doubt = ExitCode.IN_DOUBT if any(each.in_doubt_chunks for each in plan.campaigns) else ExitCode.DONE
        code = gravest(doubt, *(result.exit_code for result in results))
        self._console.report(APPLY_FORMATS[self._format](results, code))
        self._tell_doubt(campaigns)
        return code

    def _tell_doubt(self, campaigns: list[_Open]) -> None:
        for each in campaigns:
            doubtful = [chunk.id for chunk in each.book.record.revision(each.planned.plan.revision).in_doubt]
            if doubtful:
                self._console.warn(
                    f"{each.planned.plan.file}: in doubt: {', '.join(doubtful)}; `mmsbatch status` shows the evidence"
                )

    def _raise_if_in_doubt(self, plan: Plan) -> None:
        doubtful = [f"{each.file} {chunk}" for each in plan.campaigns for chunk in each.in_doubt_chunks]
        if doubtful and not self._options.leave_in_doubt:
            raise InDoubt(
                f"in doubt: {', '.join(doubtful)}; nothing was sent",
                "`mmsbatch status` shows the evidence, `mmsbatch resolve` settles it; "
                "--leave-in-doubt sends the others meanwhile",
            )

    def _send_all(self, campaigns: list[_Open], connection: Connection) -> Iterator[ApplyResult]:
        """Send one campaign after the other; a stop in one leaves the later ones untouched."""
        stopped = False
        for each in campaigns:
            plan, manifest = each.planned.plan, shown_path(each.book.paths.manifest)
            if stopped or not plan.has_something_to_send:
                verdict = "not begun: the campaign before it stopped" if stopped else verdict_line(plan)
                if not stopped and each.is_recount:
                    self._send(each, connection)
                yield ApplyResult(plan.file, verdict, manifest if each.book.record.opened else None)
                continue
            outcome = self._send(each, connection)
            if outcome.progress.credits is not None:
                self._balance = outcome.progress.credits
            stopped = outcome.is_stopped
            yield ApplyResult(plan.file, verdict_line(plan), manifest, outcome)

    def _will_ask(self) -> bool:
        return not self._options.yes and not self._settings.is_sandbox

    def _is_confirmed(self, plan: Plan) -> bool:
        if not self._will_ask():
            return True
        total = sum(each.to_send or 0 for each in plan.campaigns)
        return typer.confirm(f"Send to {count(total, 'recipient')} through {plan.gateway}?", err=True)

    # --- sending

    def _send(self, each: _Open, connection: Connection) -> RunOutcome:
        interruption = Interruption()
        with _courier(connection) as courier, watching(self._console) as watcher:
            context = RunContext(
                book=each.book,
                courier=courier,
                credentials=connection.credentials,
                keeping=each.keeping,
                clock=self._clock,
                interruption=interruption,
                watcher=watcher,
                run_id=uuid4().hex[:12],
                holder=str(self._holder()),
                credits_before=self._balance,
                ask_credits=partial(_ask_credits, connection),
            )
            with listening(interruption, self._clock.monotonic, courier.wake):
                outcome = self._run(each, context, connection)
        return outcome

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
