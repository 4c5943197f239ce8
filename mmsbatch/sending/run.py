"""Carries a planned campaign out: announce, send, write the answer down, decide, and only then go on."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial

from mmsbatch.errors import MmsbatchError, Overtaken
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.gateway.verdict import Fate, Verdict, judge
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.record.events import ChunkAnswered, ChunkSending, Event, RunEnded
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.states import ChunkState
from mmsbatch.sending.asking import ask_until
from mmsbatch.sending.attempts import Attempt, Landed
from mmsbatch.sending.claims import make_source
from mmsbatch.sending.context import RunContext, RunOutcome
from mmsbatch.sending.counting import RunCounts
from mmsbatch.sending.courier import Delivery
from mmsbatch.sending.entries import attempt_failed, chunk_answered, chunk_given_up, chunk_sending, run_started
from mmsbatch.sending.job import BodyWriter, ChunkJob, chunk_jobs
from mmsbatch.sending.stops import (
    Stop,
    stop_for_answer,
    stop_for_disk,
    stop_for_record,
    stop_for_schedule,
    stop_for_time,
)

_IDLE_SECONDS = 3600.0


class CampaignRun:
    """One run over one campaign. The record is written by this thread alone."""

    def __init__(self, planned: PlannedCampaign, context: RunContext) -> None:
        self._planned, self._context = planned, context
        self._campaign, self._settings = planned.prepared.campaign, planned.prepared.settings
        self._jobs = make_source(chunk_jobs(planned), context, self._sending, self._may_spread)
        self._bodies = BodyWriter(planned.prepared, context.credentials)
        self._waiting: list[Attempt] = []
        self._flying: dict[str, Attempt] = {}
        self._started = 0
        self._next_slot = 0.0
        self._has_nothing = False
        self._is_open = False
        self._stop: Stop | None = None
        self._unwritten: list[Landed] = []
        self._counts = RunCounts(planned, self._revision(), context.credits_before)

    def begin(self) -> None:
        """Write down that the run begins, and the manifest: both exist before the first request.

        Raises MmsbatchError where a shared record does not take it.
        """
        try:
            self._open()
        except OSError as error:
            self._stop_unwritable(error)
        else:
            self._jobs.begin()

    def carry_out(self) -> RunOutcome:
        """Send everything that may be sent, once the run was begun."""
        if self._stop is None:
            self._loop()
        return self._close()

    # --- the loop

    def _loop(self) -> None:
        while True:
            self._keep_up()
            self._send_all_due()
            if self._is_over():
                return
            first = self._context.courier.wait(self._seconds_to_wait())
            self._land([*([first] if first else []), *self._context.courier.arrived()])
            self._quietly(self._context.book.show_now_and_then)

    def _is_over(self) -> bool:
        if self._flying:
            return self._context.interruption.is_patience_over(self._context.clock.monotonic())
        return self._is_stopped() or (not self._waiting and self._jobs.is_exhausted)

    def _is_stopped(self) -> bool:
        return self._stop is not None or self._context.interruption.is_requested

    def _seconds_to_wait(self) -> float:
        now = self._context.clock.monotonic()
        if self._is_stopped():
            return self._context.interruption.patience_left(now, _IDLE_SECONDS)
        if not self._has_room() or (self._has_nothing and not self._waiting):
            return _IDLE_SECONDS
        due = self._waiting[0].due if self._waiting else now
        return min(max(due, self._next_slot) - now, self._time_left(now))

    def _next_attempt(self) -> Attempt | None:
        """Return what may be sent now, or None."""
        now = self._context.clock.monotonic()
        is_paced = now < self._next_slot and self._time_left(now) > 0
        if self._is_stopped() or not self._has_room() or is_paced:
            return None
        self._waiting = sorted(each for each in self._waiting if not self._jobs.is_settled(each.job.id))
        if self._waiting:
            is_due = self._waiting[0].due <= now or self._time_left(now) <= 0
            return heapq.heappop(self._waiting) if is_due else None
        job = self._jobs.take()
        self._has_nothing = job is None
        if job is None:
            return None
        self._started += 1
        return Attempt(now, self._started, job)

    def _time_left(self, now: float) -> float:
        """Return the seconds in which requests may start."""
        deadline = self._context.deadline
        return deadline.left(now) if deadline else _IDLE_SECONDS

    def _has_room(self) -> bool:
        """Whether a request more may be in flight; a canary flies alone."""
        return len(self._flying) < (self._settings.concurrency if self._may_spread() else 1)

    def _may_spread(self) -> bool:
        return self._planned.canary is None or self._counts.processed > 0

    def _keep_up(self) -> None:
        """Look after the claims; what keeps them from the record keeps requests from starting."""
        try:
            is_due = bool(self._waiting) and self._waiting[0].due <= self._context.clock.monotonic()
            self._jobs.keep_up(is_stopping=self._is_stopped(), is_retrying=is_due and self._has_room())
        except MmsbatchError as error:
            self._stop = self._stop or stop_for_record(error)

    # --- requests

    def _send_all_due(self) -> None:
        """Let all leave that may leave now: announced together, with one flush, and only then sent."""
        attempts = list(self._take_due())
        if not attempts:
            return
        bodies = [self._bodies.write(attempt.job.numbers, attempt.job.text) for attempt in attempts]
        try:
            self._announce(attempts)
        except OSError as error:
            self._stop_unwritable(error)
            self._withdraw(attempts)
            return
        if self._context.interruption.is_requested:  # it came while they were announced
            self._withdraw(attempts)
            return
        for attempt, body in zip(attempts, bodies, strict=True):
            self._context.courier.send(attempt.job.id, body)
        self._keep_pace()

    def _take_due(self) -> Iterator[Attempt]:
        """Give the attempts that may leave now, as under way; one that a limit stops stays behind."""
        while (attempt := self._next_attempt()) is not None:
            self._stop = self._stop_before(attempt.job)
            if self._stop is not None:
                self._waiting += [attempt] if attempt.number > 1 else []
                return
            self._flying[attempt.job.id] = attempt
            self._keep_pace()
            yield attempt

    def _keep_pace(self) -> None:
        """Let no request start before the next slot: counted from when one is taken, and again from when it leaves."""
        if self._settings.requests_per_second:
            self._next_slot = self._context.clock.monotonic() + 1 / self._settings.requests_per_second

    def _announce(self, attempts: Sequence[Attempt]) -> None:
        """Have it on disk that these requests leave, before they do."""
        self._jobs.announce([self._sending(attempt.job, attempt.number) for attempt in attempts])
        self._context.book.show_now_and_then()

    def _sending(self, job: ChunkJob, attempt: int = 1) -> ChunkSending:
        context = self._context
        run = context.run_id if context.lease else None
        return chunk_sending(job, attempt, context.clock.stamp(), context.keeping.keep, run)

    def _withdraw(self, attempts: Sequence[Attempt]) -> None:
        """Have attempts that surely did not leave end as failed, where the record knows them, rather than in doubt."""
        known = self._revision().chunks
        for attempt in attempts:
            del self._flying[attempt.job.id]
            self._waiting += [attempt] if attempt.job.id in known else []

    def _stop_before(self, job: ChunkJob) -> Stop | None:
        """Compare the time, the schedule and the credit limit before every POST."""
        clock = self._context.clock
        flying = sum(len(attempt.job.numbers) for attempt in self._flying.values())
        return (
            stop_for_time(self._context.deadline, clock.monotonic())
            or stop_for_schedule(self._campaign.schedule, clock.now())
            or self._counts.stop_before(len(job.numbers), flying)
        )

    # --- answers

    def _land(self, deliveries: Sequence[Delivery]) -> None:
        """Write the answers down that came together, with one flush, and only then act on them."""
        landed = [
            Landed(attempt, self._judge(delivery, attempt))
            for delivery in deliveries
            if (attempt := self._flying.pop(delivery.chunk, None)) is not None
        ]
        if not landed:
            return
        try:
            self._append(*map(self._entry_of, landed))
        except OSError as error:
            for each in landed:
                self._stop_unanswered(each, error)
            return
        for each in landed:
            if each.is_tried_again(self._settings.retries):
                self._try_again(each)
            else:
                self._settle(each)
        self._context.watcher.on_progress(self._counts.progress)

    def _judge(self, delivery: Delivery, attempt: Attempt) -> Verdict:
        scheduled, hide = self._campaign.schedule is not None, self._context.credentials.hide
        return judge(delivery.exchange, attempt.job.numbers, scheduled, hide)

    def _entry_of(self, landed: Landed) -> Event:
        if landed.is_tried_again(self._settings.retries):
            return attempt_failed(landed, self._context.clock.stamp())
        return self._answered(landed)

    def _answered(self, landed: Landed) -> ChunkAnswered:
        at, keep, source = self._context.clock.stamp(), self._context.keeping.keep, self._planned.prepared.source_name
        return chunk_answered(landed.attempt.job, landed.verdict, at, keep=keep, source=source)

    def _try_again(self, landed: Landed) -> None:
        clock, attempt = self._context.clock, landed.attempt
        wait = attempt.backoff(clock.jitter())
        heapq.heappush(self._waiting, Attempt(clock.monotonic() + wait, attempt.order, attempt.job, attempt.number + 1))
        self._context.watcher.on_notice(
            f"chunk {attempt.job.id}: {landed.verdict.reason}; trying again in {wait:.1f} s"
        )

    def _settle(self, landed: Landed) -> None:
        job, verdict = landed.attempt.job, landed.verdict
        stop = self._counts.take(verdict, len(job.numbers))
        self._stop = self._stop or stop
        if verdict.warning:
            self._context.watcher.on_notice(f"chunk {job.id}: {verdict.warning}")
        if verdict.fate is Fate.REFUSED and stop is None:
            self._context.watcher.on_notice(f"chunk {job.id}: refused, {verdict.reason}; others have another text")

    # --- beginning and end

    def _open(self) -> None:
        context = self._context
        at, before = context.clock.stamp(), context.credits_before
        self._append(
            run_started(
                self._planned,
                at,
                run_id=context.run_id,
                holder=context.holder,
                credits_before=before,
                exclusive=context.exclusive,
                saved_plan=context.saved_plan,
                lease=context.lease,
            )
        )
        self._is_open = True
        context.book.show()

    def _close(self) -> RunOutcome:
        self._land(list(self._context.courier.arrived()))
        self._write_the_unwritten()
        self._give_up_claims()
        for attempt in sorted(self._waiting):
            self._quietly(partial(self._give_up, attempt.job, ChunkState.FAILED))
        for attempt in sorted(self._flying.values()):
            self._quietly(partial(self._give_up, attempt.job, ChunkState.IN_DOUBT))
        self._stop = self._stop or self._interrupted()
        self._ask_credits()
        code = self._exit_code()
        ended = not self._is_open or self._quietly(lambda: self._append(self._ended(code)))
        shown = self._quietly(self._context.book.show)
        if code is ExitCode.DONE and not (ended and shown):
            code = ExitCode.INCOMPLETE
        return RunOutcome(self._publish(code), self._counts.progress, self._stop)

    def _give_up_claims(self) -> None:
        for job in self._jobs.end():
            self._quietly(partial(self._give_up, job, ChunkState.FAILED))

    def _publish(self, code: ExitCode) -> ExitCode:
        """Have others see how it ended; answers that they cannot see are in doubt for them."""
        try:
            with suppress(Overtaken):  # a claim gave way; what was learnt is still to be told
                self._context.book.publish()
            self._context.book.publish()
        except MmsbatchError as error:
            self._stop = stop_for_record(error, self._context.book.rescue())
            return gravest(code, ExitCode.IN_DOUBT if self._counts.processed else ExitCode.INCOMPLETE)
        return code

    def _write_the_unwritten(self) -> None:
        """Try once more to write answers down that the disk refused: what is known need not be doubt."""
        for landed in self._unwritten:
            if self._quietly(partial(self._append, self._answered(landed))):
                self._counts.take(landed.verdict, len(landed.attempt.job.numbers))
            else:
                self._counts.give_up(len(landed.attempt.job.numbers))
        known = self._revision().chunks
        told = [known[each.attempt.job.id].answer for each in self._unwritten]
        if told and all(answer and answer.state is not ChunkState.IN_DOUBT for answer in told):
            self._stop = Stop(
                "the record could not be written for a while; all answers are in it now",
                "make room, or the folder writable, then run again to go on",
            )

    def _interrupted(self) -> Stop | None:
        interruption = self._context.interruption
        if not interruption.is_requested or not (self._counts.left(self._revision()) or self._flying):
            return None
        return Stop(interruption.reason, "run again to go on")

    def _give_up(self, job: ChunkJob, state: ChunkState) -> None:
        self._append(chunk_given_up(job, state, self._context.clock.stamp()))
        if state is ChunkState.IN_DOUBT:
            self._counts.give_up(len(job.numbers))

    def _ask_credits(self) -> None:
        """Ask what is left: of answers that came side by side, nobody can tell which was the last.

        An exclusive account is asked however the run ends: what the run cost is known only from it.
        """
        exclusive = self._context.exclusive
        if self._counts.processed and (exclusive or self._stop is None):
            left = self._ask()
            if exclusive or left is not None:
                self._counts.set_balance(left)

    def _ask(self) -> Decimal | None:
        ask, interruption = self._context.ask_credits, self._context.interruption
        return ask_until(ask, lambda: interruption.is_requested) if ask else None

    def _ended(self, code: ExitCode) -> RunEnded:
        left = self._counts.tell_left(self._revision())
        shard = self._planned.plan.shard
        reason = self._stop.message if self._stop else f"{left} in shard {shard.shard}" if shard else left
        return RunEnded(
            at=self._context.clock.stamp(),
            run=self._context.run_id,
            exit_code=code,
            reason=reason,
            credits_after=self._counts.credits,
        )

    def _exit_code(self) -> ExitCode:
        revision = self._revision()
        codes = [self._context.interruption.exit_code]
        if self._counts.is_in_doubt(revision):
            codes.append(ExitCode.IN_DOUBT)
        elif self._counts.left(revision) or not self._is_open:
            codes.append(self._code_of_rest())
        return gravest(*codes)

    def _code_of_rest(self) -> ExitCode:
        """Return what it means that something was not sent; without a stop, `tell_left` says it."""
        if self._stop is None:
            return ExitCode.INCOMPLETE
        return self._stop.exit_code if self._counts.processed else self._stop.at_first

    def _stop_unwritable(self, error: OSError) -> None:
        """Stop for a disk that refuses: what cannot be written down must not be sent."""
        self._stop = self._stop or stop_for_disk(error)

    def _stop_unanswered(self, landed: Landed, error: OSError) -> None:
        """Stop with an answer that cannot be written down: what it said is evidence for whoever settles it."""
        job, reason = landed.attempt.job, landed.verdict.reason
        self._unwritten.append(landed)
        self._context.watcher.on_notice(f"chunk {job.id}: {reason}; this could not be written down")
        self._stop = self._stop or stop_for_answer(job.id, reason, error)

    def _quietly(self, write: Callable[[], None]) -> bool:
        """Write, and return whether that went well."""
        try:
            write()
        except OSError as error:
            self._stop_unwritable(error)
            return False
        return True

    def _append(self, *events: Event) -> None:
        self._context.book.append(*events)

    def _revision(self) -> RevisionRecord:
        return self._context.book.record.revision(self._campaign.revision)
