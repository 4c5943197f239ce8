"""Why a run stops before its last chunk: each reason says what was measured, the limit, and how to go on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from errno import ESTALE
from pathlib import Path

from mmsbatch.campaign.model import Limits
from mmsbatch.errors import MmsbatchError
from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.statuses import Reaction
from mmsbatch.gateway.verdict import Fate, Verdict
from mmsbatch.planning.guards import REJECTED_FROM
from mmsbatch.planning.plan import ShardPlan

#: As many refused texts stop a run whose texts differ.
REFUSED_TEXTS = 3
ALL_REJECTED_IN_A_ROW = 2
_HINT_CHANGED = "another run, git or a person wrote it meanwhile: look at `mmsbatch status` before running again"
#: Statuses by which the gateway refuses the tool itself, not a chunk.
_TOOL_REFUSED = frozenset({102, 200})


@dataclass(frozen=True, slots=True)
class Stop:
    """Why no new chunk is started. `exit_code` is what it means once something was processed;
    `at_first` where nothing was.
    """

    message: str
    hint: str
    exit_code: ExitCode = ExitCode.INCOMPLETE
    at_first: ExitCode = ExitCode.INCOMPLETE


@dataclass(frozen=True, slots=True)
class Deadline:
    """When no new request starts any more: so many seconds after `started`, on the run's monotonic clock."""

    started: float
    seconds: float

    def left(self, now: float) -> float:
        """Return the seconds until then, 0 once it is over."""
        return max(0.0, self.started + self.seconds - now)


def stop_for_time(deadline: Deadline | None, now: float) -> Stop | None:
    """Say why a request that is due now does not leave: `--max-duration` is over."""
    if deadline is None or deadline.left(now) > 0:
        return None
    return Stop(
        f"{now - deadline.started:,.0f} s have passed, and `--max-duration` is {deadline.seconds:,.0f} s",
        "nothing is wrong: run again to go on",
    )


def stop_for_record(error: MmsbatchError, kept: Path | None = None) -> Stop:
    """Say why nothing more may leave: the shared record did not take it, or another run was there first.

    `kept` is where the lines are that others cannot see.
    """
    told = f"{error.message}; the answers that others cannot see are in {kept}" if kept else error.message
    return Stop(told, error.hint, ExitCode.INCOMPLETE, error.exit_code)


def stop_for_disk(error: OSError) -> Stop:
    """Say why nothing more may leave: the disk does not take its announcement."""
    return Stop(
        f"the record cannot be written: {error.strerror or type(error).__name__}",
        _HINT_CHANGED if error.errno == ESTALE else "make room, or the folder writable, then run again",
        at_first=ExitCode.REFUSED,
    )


def stop_for_answer(chunk: str, reason: str, error: OSError) -> Stop:
    """Say why a run ends with a chunk in doubt whose answer came: the disk does not take it."""
    return Stop(
        f"the answer to chunk {chunk} cannot be written: {error.strerror or type(error).__name__}",
        f"the record has it in doubt; make room, then settle it with `mmsbatch resolve`: {reason}",
        ExitCode.IN_DOUBT,
        ExitCode.IN_DOUBT,
    )


def stop_for_schedule(schedule: datetime | None, now: datetime) -> Stop | None:
    """Say why a request does not leave: its schedule would be in the past."""
    if schedule is None or schedule > now:
        return None
    return Stop(
        f"the schedule {schedule:%Y-%m-%d %H:%M:%S} (Europe/Paris) came while chunks were left: "
        f"it is {now.astimezone(schedule.tzinfo):%H:%M:%S}",
        "set a later date for the rest, then run again",
        at_first=ExitCode.REFUSED,
    )


def stop_for_credits(limit: Decimal | None, price: Decimal | None, recipients: int) -> Stop | None:
    """Say why a request does not leave: with it, so many recipients of the revision would cost more than the limit."""
    if limit is None or price is None or price * recipients <= limit:
        return None
    return Stop(
        f"this chunk would bring the revision to {price * recipients:,} credits, and `limits.credits` is {limit:,}",
        "raise `limits.credits` if so much is meant, then run again",
        at_first=ExitCode.REFUSED,
    )


def stop_for_share(plan: ShardPlan, limit: Decimal | None, price: Decimal | None, recipients: int) -> Stop | None:
    """Say why a request does not leave: with it, so many of a shard's recipients would cost more than its share."""
    cap = plan.credit_cap
    if cap is None or price is None or price * recipients <= cap:
        return None
    return Stop(
        f"this chunk would bring shard {plan.shard} to {price * recipients:,} credits, and its share of "
        f"`limits.credits` ({limit:,}) is {cap:,}",
        "raise `limits.credits` if so much is meant, or send the rest without --shard",
        at_first=ExitCode.REFUSED,
    )


@dataclass(slots=True)
class Answers:
    """Numbers that were answered, and those rejected among them; `whose` names them in a message."""

    whose: str = ""
    answered: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Tally:
    """What the run counts to know when to stop; `answers` are over the revision, all runs together, and over the shard.

    `canary` is whether the next chunk is one: on anything but a good answer, the rest does not go.
    """

    limits: Limits
    max_in_doubt: int
    texts_differ: bool
    answers: Sequence[Answers] = field(default_factory=lambda: [Answers()])
    in_doubt: int = 0
    refused: int = 0
    all_rejected: int = 0
    canary: bool = False

    def take(self, verdict: Verdict) -> Stop | None:
        """Count a chunk's last verdict; return why to stop, if so."""
        canary, self.canary = self.canary, False
        if verdict.fate is Fate.ACCEPTED:
            return self._take_success(verdict, canary)
        if verdict.fate is Fate.IN_DOUBT:
            return self._take_doubt(verdict, canary)
        return self._take_refusal(verdict, canary)

    def _take_success(self, verdict: Verdict, canary: bool) -> Stop | None:
        answered, rejected = verdict.accepted + len(verdict.rejected) + len(verdict.unaccounted), len(verdict.rejected)
        for each in self.answers:
            each.answered += answered
            each.rejected += rejected
        self.all_rejected = self.all_rejected + 1 if verdict.reaction is Reaction.ALL_REJECTED else 0
        if self.all_rejected >= ALL_REJECTED_IN_A_ROW:
            return Stop(
                f"status 123 (no valid number) {self.all_rejected} times in a row",
                "check the recipients file; run again to go on",
            )
        if canary and rejected > self.limits.max_rejected * answered:
            return self._stop_for_rejected("the canary's ", answered, rejected)
        for each in self.answers:
            if each.answered >= REJECTED_FROM and each.rejected > self.limits.max_rejected * each.answered:
                return self._stop_for_rejected(each.whose, each.answered, each.rejected)
        return None

    def _stop_for_rejected(self, whose: str, answered: int, rejected: int) -> Stop:
        return Stop(
            f"{rejected:,} of {whose}{answered:,} numbers were rejected "
            f"({rejected / answered:.0%}), and `limits.max_rejected` is {self.limits.max_rejected:.0%}",
            "check the recipients file; raise `limits.max_rejected` to go on",
        )

    def _take_doubt(self, verdict: Verdict, canary: bool) -> Stop | None:
        self.in_doubt += 1
        if self.in_doubt < self.max_in_doubt and not canary:
            return None
        chunks = "1 chunk" if self.in_doubt == 1 else f"{self.in_doubt} chunks"
        return Stop(
            f"{chunks} in doubt, and `max_in_doubt` is {self.max_in_doubt}: {verdict.reason}",
            "`mmsbatch status` shows the evidence, `mmsbatch resolve` takes your finding",
            ExitCode.IN_DOUBT,
            ExitCode.IN_DOUBT,
        )

    def _take_refusal(self, verdict: Verdict, canary: bool) -> Stop | None:
        self.refused += 1
        others_may_pass = verdict.reaction is Reaction.STOP_UNLESS_TEXTS_DIFFER and self.texts_differ and not canary
        if others_may_pass and self.refused < REFUSED_TEXTS:
            return None
        return Stop(_describe_refusal(verdict), _HINTS.get(verdict.reaction, _HINT), at_first=refusal_code(verdict))


_HINT = "its numbers are pending again: put the cause right, then run again to go on"
_HINTS = {
    Reaction.STOP_FOR_CREDIT: "top the account up, then run again to go on",
    Reaction.RETRY_THEN_FAILED: "nothing of this request arrived: run again once the gateway can be reached",
    Reaction.RETRY_THEN_REFUSED: "check that the gateway can fetch the medium, then run again to go on",
}


def _describe_refusal(verdict: Verdict) -> str:
    answer = verdict.answer
    told = f" ({answer.status_text})" if answer and answer.status_text else ""
    return f"{verdict.reason}{told}"


def refusal_code(verdict: Verdict) -> ExitCode:
    """Tell a refusal of the tool itself from one of a chunk: the former has had no chunk processed."""
    status = verdict.answer.status if verdict.answer else None
    if verdict.fate is Fate.RETRY_NOT_SENT or status in _TOOL_REFUSED or status is None:
        return ExitCode.GATEWAY
    return ExitCode.INCOMPLETE
