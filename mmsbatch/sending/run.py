"""Carries a planned campaign out: announce, send, write the answer down, decide, and only then go on."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from errno import ESTALE
from functools import partial

from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.gateway.verdict import Fate, Verdict, judge
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.record.events import AttemptFailed, ChunkAnswered, Event, RunEnded
from mmsbatch.record.fold import RevisionRecord
from mmsbatch.record.states import ChunkState
from mmsbatch.sending.asking import ask_until
from mmsbatch.sending.context import RunContext, RunOutcome
from mmsbatch.sending.counting import RunCounts
from mmsbatch.sending.courier import Delivery
from mmsbatch.sending.entries import chunk_answered, chunk_given_up, chunk_sending, run_started
from mmsbatch.sending.job import BodyWriter, ChunkJob, chunk_jobs
from mmsbatch.sending.stops import Stop, stop_for_credits, stop_for_schedule, stop_for_time

_RETRIED = frozenset({Fate.RETRY_NOT_SENT, Fate.RETRY_MEDIA})
#: Backoff before attempt n + 1: this times 2^(n-1), capped, times 0.5 to 1 at random.
BACKOFF_SECONDS, BACKOFF_CAP = 1.0, 30.0
_IDLE_SECONDS = 3600.0
_HINT_CHANGED = "another run, git or a person wrote it meanwhile: look at `mmsbatch status` before running again"


@dataclass(order=True, slots=True)
class _Attempt:
    """A request that is due; ordered by time."""

    due: float
    order: int
    job: ChunkJob = field(compare=False)
    number: int = field(compare=False, default=1)


class CampaignRun:
    """One run over one campaign. The record is written by this thread alone."""

    def __init__(self, planned: PlannedCampaign, context: RunContext) -> None:
        self._planned, self._context = planned, context
        self._campaign, self._settings = planned.prepared.campaign, planned.prepared.settings
        self._jobs: Iterator[ChunkJob] = chunk_jobs(planned)
        self._bodies = BodyWriter(planned.prepared, context.credentials)
        self._waiting: list[_Attempt] = []
        self._flying: dict[str, _Attempt] = {}
        self._started = 0
        self._next_slot = 0.0
        self._exhausted = False
        self._is_open = False
        self._stop: Stop | None = None
        self._unwritten: list[tuple[ChunkJob, Verdict, ChunkAnswered]] = []
        self._counts = RunCounts(planned, self._revision(), context.credits_before)

    def begin(self) -> None:
        """Write down that the run begins, and the manifest: both exist before the first request."""
        try:
            self._open()
        except OSError as error:
            self._stop_unwritable(error)

    def carry_out(self) -> RunOutcome:
        """Send everything that may be sent, once the run was begun."""
        if self._stop is None:
            self._loop()
        return self._close()

    # --- the loop

    def _loop(self) -> None:
        while True:
            while (attempt := self._next_attempt()) is not None:
                self._send(attempt)
            if self._is_over():
                return
            delivery = self._context.courier.wait(self._seconds_to_wait())
            if delivery is not None:
                self._land(delivery)

    def _is_over(self) -> bool:
        if self._flying:
            return self._context.interruption.is_patience_over(self._context.clock.monotonic())
        return self._is_stopped() or (not self._waiting and self._exhausted)

    def _is_stopped(self) -> bool:
        return self._stop is not None or self._context.interruption.is_requested

    def _seconds_to_wait(self) -> float:
        now = self._context.clock.monotonic()
        if self._is_stopped():
            return self._context.interruption.patience_left(now, _IDLE_SECONDS)
        if not self._has_room() or (self._exhausted and not self._waiting):
            return _IDLE_SECONDS
        due = self._waiting[0].due if self._waiting else now
        return min(max(due, self._next_slot) - now, self._time_left(now))

    def _next_attempt(self) -> _Attempt | None:
        """Return what may be sent now, or None."""
        now = self._context.clock.monotonic()
        if self._is_stopped() or not self._has_room() or now < self._next_slot:
            return None
        if self._waiting:
            is_due = self._waiting[0].due <= now or self._time_left(now) <= 0
            return heapq.heappop(self._waiting) if is_due else None
        job = next(self._jobs, None)
        if job is None:
            self._exhausted = True
            return None
        self._started += 1
        return _Attempt(now, self._started, job)

    def _time_left(self, now: float) -> float:
        """Return the seconds in which requests may start."""
        deadline = self._context.deadline
        return deadline.left(now) if deadline else _IDLE_SECONDS

    def _has_room(self) -> bool:
        """Whether a request more may be in flight; a canary flies alone."""
        alone = self._planned.canary is not None and not self._counts.processed
        return len(self._flying) < (1 if alone else self._settings.concurrency)

    # --- one request

    def _send(self, attempt: _Attempt) -> None:
        self._stop = self._stop_before(attempt.job)
        if self._stop is not None:
            self._waiting += [attempt] if attempt.number > 1 else []
            return
        body = self._bodies.write(attempt.job.numbers, attempt.job.text)
        try:
            self._announce(attempt)
        except OSError as error:
            self._stop_unwritable(error)
            self._withdraw(attempt)
            return
        self._flying[attempt.job.id] = attempt
        self._context.courier.send(attempt.job.id, body)
        if self._settings.requests_per_second:
            self._next_slot = self._context.clock.monotonic() + 1 / self._settings.requests_per_second

    def _announce(self, attempt: _Attempt) -> None:
        """Have it on disk that this request leaves, before it does."""
        at, keep = self._context.clock.stamp(), self._context.keeping.keep
        self._append(chunk_sending(attempt.job, attempt.number, at, keep))
        self._context.book.show_now_and_then()

    def _withdraw(self, attempt: _Attempt) -> None:
        """Have an attempt that the record knows, and that surely did not leave, end as failed rather than in doubt."""
        if attempt.job.id in self._revision().chunks:
            self._waiting.append(attempt)

    def _stop_before(self, job: ChunkJob) -> Stop | None:
        """Compare the time, the schedule and the credit limit before every POST."""
        clock, price = self._context.clock, self._planned.plan.credits.per_message
        flying = sum(len(attempt.job.numbers) for attempt in self._flying.values())
        recipients = self._counts.handed_over(flying) + len(job.numbers)
        return (
            stop_for_time(self._context.deadline, clock.monotonic())
            or stop_for_schedule(self._campaign.schedule, clock.now())
            or stop_for_credits(self._campaign.limits.credits, price, recipients)
        )

    # --- one answer

    def _land(self, delivery: Delivery) -> None:
        attempt = self._flying.pop(delivery.chunk, None)
        if attempt is not None:
            self._take(delivery, attempt)

    def _take(self, delivery: Delivery, attempt: _Attempt) -> None:
        judged = judge(delivery.exchange, attempt.job.numbers, self._campaign.schedule is not None)
        verdict = judged.without(self._context.credentials.hide)
        try:
            if verdict.fate in _RETRIED and attempt.number <= self._settings.retries:
                self._try_again(attempt, verdict)
                return
        except OSError as error:
            self._stop_unwritable(error)
        self._settle(attempt.job, verdict)

    def _try_again(self, attempt: _Attempt, verdict: Verdict) -> None:
        clock = self._context.clock
        status = verdict.answer.status if verdict.answer else None
        self._append(
            AttemptFailed(
                at=clock.stamp(), chunk=attempt.job.id, attempt=attempt.number, reason=verdict.reason, status=status
            )
        )
        wait = min(BACKOFF_SECONDS * 2 ** (attempt.number - 1), BACKOFF_CAP) * (0.5 + clock.jitter() / 2)
        due = clock.monotonic() + wait
        heapq.heappush(self._waiting, _Attempt(due, attempt.order, attempt.job, attempt.number + 1))
        self._context.watcher.on_notice(f"chunk {attempt.job.id}: {verdict.reason}; trying again in {wait:.1f} s")

    def _settle(self, job: ChunkJob, verdict: Verdict) -> None:
        at, keep, source = self._context.clock.stamp(), self._context.keeping.keep, self._planned.prepared.source_name
        answered = chunk_answered(job, verdict, at, keep=keep, source=source)
        try:
            self._append(answered)
        except OSError as error:
            self._unwritten.append((job, verdict, answered))
            self._stop_unanswered(job, verdict, error)
            return
        stop = self._counts.take(verdict, len(job.numbers))
        self._stop = self._stop or stop
        self._quietly(self._context.book.show_now_and_then)
        if verdict.warning:
            self._context.watcher.on_notice(f"chunk {job.id}: {verdict.warning}")
        if verdict.fate is Fate.REFUSED and stop is None:
            self._context.watcher.on_notice(f"chunk {job.id}: refused, {verdict.reason}; others have another text")
        self._context.watcher.on_progress(self._counts.progress)

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
            )
        )
        self._is_open = True
        context.book.show()

    def _close(self) -> RunOutcome:
        for delivery in self._context.courier.arrived():
            self._land(delivery)
        self._write_the_unwritten()
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
        return RunOutcome(code, self._counts.progress, self._stop)

    def _write_the_unwritten(self) -> None:
        """Try once more to write answers down that the disk refused: what is known need not be doubt."""
        refused = [each for each in self._unwritten if not self._quietly(partial(self._append, each[2]))]
        for job, verdict, _ in self._unwritten:
            if any(job is each[0] for each in refused):
                self._counts.give_up(len(job.numbers))
            else:
                self._counts.take(verdict, len(job.numbers))
        if self._unwritten and not refused:
            self._stop = Stop(
                "the record could not be written for a while; all answers are in it now",
                "make room, or the folder writable, then run again to go on",
            )

    def _interrupted(self) -> Stop | None:
        interruption = self._context.interruption
        if not interruption.is_requested or not (self._revision().totals.pending or self._flying):
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
        left = "some chunks were refused" if self._revision().totals.pending else "nothing left to send"
        reason = self._stop.message if self._stop else left
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
        if revision.in_doubt or revision.totals.in_doubt:
            codes.append(ExitCode.IN_DOUBT)
        elif revision.totals.pending or not self._is_open:
            codes.append(self._code_of_rest())
        return gravest(*codes)

    def _code_of_rest(self) -> ExitCode:
        """Return what it means that something was not sent; without a stop, single chunks were refused."""
        if self._stop is None:
            return ExitCode.INCOMPLETE
        return self._stop.exit_code if self._counts.processed else self._stop.at_first

    def _stop_unwritable(self, error: OSError) -> None:
        """Stop for a disk that refuses: what cannot be written down must not be sent."""
        self._stop = self._stop or Stop(
            f"the record cannot be written: {error.strerror or type(error).__name__}",
            _HINT_CHANGED if error.errno == ESTALE else "make room, or the folder writable, then run again",
            at_first=ExitCode.REFUSED,
        )

    def _stop_unanswered(self, job: ChunkJob, verdict: Verdict, error: OSError) -> None:
        """Stop with an answer that cannot be written down: what it said is evidence for whoever settles it."""
        self._context.watcher.on_notice(f"chunk {job.id}: {verdict.reason}; this could not be written down")
        self._stop = self._stop or Stop(
            f"the answer to chunk {job.id} cannot be written: {error.strerror or type(error).__name__}",
            f"the record has it in doubt; make room, then settle it with `mmsbatch resolve`: {verdict.reason}",
            ExitCode.IN_DOUBT,
            ExitCode.IN_DOUBT,
        )

    def _quietly(self, write: Callable[[], None]) -> bool:
        """Write, and return whether that went well."""
        try:
            write()
        except OSError as error:
            self._stop_unwritable(error)
            return False
        return True

    def _append(self, event: Event) -> None:
        self._context.book.append(event)

    def _revision(self) -> RevisionRecord:
        return self._context.book.record.revision(self._campaign.revision)
