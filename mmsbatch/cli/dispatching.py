"""Sends planned campaigns one after the other: what `apply` does once it may."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import uuid4

from mmsbatch.cli.caller import this_process
from mmsbatch.cli.connection import Connection
from mmsbatch.cli.console import Console
from mmsbatch.cli.holding import ExclusiveAccount, hold_opening
from mmsbatch.cli.progress import watching
from mmsbatch.cli.records import RecordAccess, writing_record
from mmsbatch.cli.settling import CreditSettler
from mmsbatch.errors import GatewayRefusal, MmsbatchError
from mmsbatch.exitcodes import ExitCode
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.record.book import RecordBook
from mmsbatch.record.events import Lease
from mmsbatch.record.lock import process_space
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.tokens import NumberKeeping
from mmsbatch.reports.applied import ApplyResult
from mmsbatch.reports.plans import verdict_line
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.context import RunContext, RunOutcome
from mmsbatch.sending.courier import Courier
from mmsbatch.sending.interruption import Interruption
from mmsbatch.sending.opening import ensure_opened
from mmsbatch.sending.run import CampaignRun
from mmsbatch.sending.settling import close_again, settled_outcome
from mmsbatch.sending.stops import Deadline
from mmsbatch.sending.window import FIRST_GUESS, Window


@dataclass(frozen=True, slots=True)
class OpenCampaign:
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
        """Whether rows are others than were last counted, or were only estimated: a run of no chunks counts them."""
        revision, rows = self.revision, self.planned.sorted_rows
        if not revision.runs:
            return False
        differs = (revision.totals, revision.runs[-1].started.outside) != (rows.totals, rows.outside)
        return differs or revision.is_estimate


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What sending takes; `saved_plan` is the digest of the plan that is carried out, None without one."""

    connection: Connection
    access: RecordAccess
    account: ExclusiveAccount
    console: Console
    clock: Clock
    environ: Mapping[str, str]
    interruption: Interruption = field(default_factory=Interruption)
    deadline: Deadline | None = None
    saved_plan: str | None = None

    @property
    def settler(self) -> CreditSettler:
        """What settles doubt by credit."""
        return CreditSettler(self.access.settings, self._ask_credits, self.console, self.clock)

    def send_all(self, campaigns: Sequence[OpenCampaign], balance: Decimal | None) -> Iterator[ApplyResult]:
        """Send one campaign after the other; a stop in one leaves the later ones untouched."""
        why_not, has_begun = "", False
        for each in campaigns:
            why_not = why_not or self.interruption.reason
            if why_not:
                yield self._result(each, f"not begun: {why_not}")
            elif each.planned.plan.has_something_to_send or each.is_recount:
                self._tell_closing(each)
                result = self._send(each, campaigns, balance, has_begun)
                has_begun = True
                yield result
                balance = self._balance_after(result, balance)
                why_not = "the campaign before it stopped" if result.is_stopped else ""
            else:
                yield self._result(each, verdict_line(each.planned.plan))

    def _result(self, each: OpenCampaign, verdict: str, outcome: RunOutcome | None = None) -> ApplyResult:
        manifest = self.access.store.show(each.book.paths.manifest) if each.book.record.opened else None
        plan, revision = each.planned.plan, each.revision
        if plan.shard is None:
            return ApplyResult(plan.file, verdict, manifest, outcome)
        others_left = revision.has_open_rows or not revision.runs
        return ApplyResult(plan.file, verdict, manifest, outcome, shard=plan.shard.shard, others_left=others_left)

    def _balance_after(self, result: ApplyResult, before: Decimal | None) -> Decimal | None:
        """Return the balance for the next campaign: of an exclusive account only one that was asked since."""
        if result.outcome is None:
            return before
        after = result.outcome.progress.credits
        return after if self.access.settings.exclusive_account or after is not None else before

    def _tell_closing(self, each: OpenCampaign) -> None:
        """Say that what was still to be sent is not any more: it is late once it comes back."""
        left = each.revision.totals.pending
        if left and not each.planned.plan.to_send and not each.planned.sorted_rows.totals.in_doubt:
            self.console.warn(
                f"{each.planned.plan.file}: {left:,} rows that were still to be sent are no longer in the input, or "
                "suppressed; the revision is complete without them, and they are late if they come back"
            )

    def _send(
        self, each: OpenCampaign, campaigns: Sequence[OpenCampaign], balance: Decimal | None, has_begun: bool
    ) -> ApplyResult:
        """Send one campaign. What keeps it from beginning hides nothing of those before it, if one `has_begun`.

        Raises MmsbatchError where none has.
        """
        verdict = verdict_line(each.planned.plan)
        try:
            outcome = self._run(each, balance, self.account.is_at_rest)
        except MmsbatchError as error:
            if not has_begun:
                raise
            return ApplyResult(each.planned.plan.file, verdict, None, refused_by=error)
        outcome = self._settle(each, campaigns, outcome)
        self.account.end(each.book, is_in_doubt=bool(each.book.record.in_doubt))
        shown = outcome if each.planned.plan.has_something_to_send or outcome.exit_code is not ExitCode.DONE else None
        return self._result(each, verdict, shown)

    def _settle(self, each: OpenCampaign, campaigns: Sequence[OpenCampaign], outcome: RunOutcome) -> RunOutcome:
        """Let the credit of an exclusive account settle the doubt that a run ended with, where it can."""
        if outcome.exit_code is not ExitCode.IN_DOUBT or not self._may_believe_balance():
            return outcome
        books = [campaign.book for campaign in campaigns]
        settlement = self.settler.settle(books, lambda: self.interruption.is_requested)
        if settlement is None:
            return outcome
        settled = settled_outcome(outcome, settlement, each.revision)
        with suppress(OSError):  # what was settled is written down already
            close_again(each.book, each.revision, settled, self.clock)
        try:
            each.book.publish()
        except MmsbatchError as error:
            self.console.warn(f"{each.planned.plan.file}: what was settled is not seen by others: {error.message}")
            return outcome
        return settled

    def _may_believe_balance(self) -> bool:
        """Whether the account was this run's alone all the time, as far as the remote can tell now."""
        try:
            return not self.access.settings.exclusive_account or self.account.is_held()
        except MmsbatchError:
            return False

    def _run(self, each: OpenCampaign, balance: Decimal | None, is_at_rest: bool) -> RunOutcome:
        with _courier(self.connection) as courier, watching(self.console) as watcher:
            self.interruption.wake = courier.wake
            context = RunContext(
                book=each.book,
                courier=courier,
                credentials=self.connection.credentials,
                keeping=each.keeping,
                clock=self.clock,
                interruption=self.interruption,
                watcher=watcher,
                run_id=uuid4().hex[:12],
                holder=str(this_process(self.environ, self.clock.stamp())),
                credits_before=balance,
                ask_credits=self._ask_credits,
                deadline=self.deadline,
                exclusive=is_at_rest,
                saved_plan=self.saved_plan,
                lease=self._lease(),
                window=self._window(),
            )
            each.book.heed(lambda: self.interruption.is_time_up(self.clock.monotonic()))
            run = CampaignRun(each.planned, context)
            self._begin(each, run)
            return run.carry_out()

    def _lease(self) -> Lease | None:
        if not self.access.is_shared:
            return None
        us = this_process(self.environ, "")
        return Lease(us.host, us.process, us.pipeline, process_space())

    def _window(self) -> Window:
        kept, settings = self.access.configuration.store, self.access.settings
        rate = settings.concurrency / FIRST_GUESS
        return Window(kept.claim_chunks, kept.claim_seconds, min(rate, settings.requests_per_second or rate))

    def _begin(self, each: OpenCampaign, run: CampaignRun) -> None:
        """Write the first lines. A record that is new is looked for once more: another run may have begun one since."""
        campaign, account = each.planned.prepared.campaign, self.access.account
        is_new = each.book.record.opened is None
        holder = this_process(self.environ, self.clock.stamp())
        with hold_opening(account, holder) if is_new else nullcontext():
            if is_new:
                self.access.check(campaign, each.book.record)
            self.account.begin(each.book)
            with writing_record():
                ensure_opened(
                    each.book,
                    campaign.path.resolve().name,
                    settings=self.access.settings,
                    account=account,
                    keeping=each.keeping,
                    clock=self.clock,
                )
            run.begin()

    def _ask_credits(self) -> Decimal | None:
        try:
            return self.connection.ask_account().credits
        except GatewayRefusal:
            return None


@contextmanager
def _courier(connection: Connection) -> Iterator[Courier]:
    courier = Courier(connection.post, connection.settings.concurrency)
    try:
        yield courier
    finally:
        courier.close()
