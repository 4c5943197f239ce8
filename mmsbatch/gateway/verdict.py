"""What an exchange means for its chunk (manual 2.2): a pure function, and the only place that decides it.

The rule behind the table: what provably did not arrive may be sent again, what was answered
is what the answer says, and everything else is doubt. Doubt never sends twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from mmsbatch.gateway.answer import Answer, read_answer
from mmsbatch.gateway.exchange import Answered, Exchange, Lost, NotSent
from mmsbatch.gateway.statuses import SCHEDULED, SEND_STATUSES, SENT, SUCCESSES, Reaction


class Fate(Enum):
    """What became of one request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY_NOT_SENT = "not sent"
    RETRY_MEDIA = "media not fetched"
    IN_DOUBT = "in doubt"


#: HTTP statuses of a server that did not hand the request to the gateway's program.
REFUSING_HTTP = frozenset({*range(300, 400), 401, 403, 404, 405, 407, 411, 413, 414, 431})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a chunk's request, and what the run does then.

    `accepted` counts numbers; `rejected` and `unaccounted` hold numbers of the chunk, in its order.
    `reason` and `warning` are for people, free of numbers and secrets. `answer` is None without one.
    """

    fate: Fate
    reaction: Reaction
    reason: str
    answer: Answer | None = None
    http_status: int | None = None
    accepted: int = 0
    rejected: tuple[str, ...] = field(default=(), repr=False)
    unaccounted: tuple[str, ...] = field(default=(), repr=False)
    warning: str = ""


_FATES = {
    Reaction.GO_ON: Fate.ACCEPTED,
    Reaction.ALL_REJECTED: Fate.ACCEPTED,
    Reaction.RETRY_THEN_REFUSED: Fate.RETRY_MEDIA,
}


def judge(exchange: Exchange, numbers: Sequence[str], scheduled: bool, hide: Callable[[str], str] = str) -> Verdict:
    """Judge the exchange of a chunk with these numbers (`336…`); `scheduled`: the flow had a DATE.

    `hide` masks credentials in what the gateway said.
    """
    match exchange:
        case NotSent(reason):
            return Verdict(Fate.RETRY_NOT_SENT, Reaction.RETRY_THEN_FAILED, reason)
        case Lost(reason):
            return Verdict(Fate.IN_DOUBT, Reaction.HOLD, reason)
        case Answered():
            return _judge_answer(exchange, read_answer(exchange.body, exchange.complete, hide), numbers, scheduled)


def _judge_answer(exchange: Answered, answer: Answer, numbers: Sequence[str], scheduled: bool) -> Verdict:
    # A success of a request that did not leave whole cannot be one of all its numbers.
    if answer.status in SUCCESSES and not exchange.early:
        return _judge_success(exchange, answer, numbers, scheduled)
    if exchange.http_status in REFUSING_HTTP and exchange.complete and not answer.has_status:
        reason = f"HTTP {exchange.http_status} without an answer of the gateway"
        return Verdict(Fate.REFUSED, Reaction.STOP, reason, answer, exchange.http_status)
    status = SEND_STATUSES.get(answer.status or 0)
    # Only a success decides where the rest is cut off: a refusal that cannot be read whole stays in doubt.
    unsure = exchange.http_status >= 500 or exchange.early or not exchange.complete
    if status is None or status.reaction is None or unsure:
        return Verdict(Fate.IN_DOUBT, Reaction.HOLD, _describe_doubt(exchange, answer), answer, exchange.http_status)
    return Verdict(
        fate=_FATES.get(status.reaction, Fate.REFUSED),
        reaction=status.reaction,
        reason=f"status {status.code}: {status.meaning}",
        answer=answer,
        http_status=exchange.http_status,
        rejected=tuple(numbers) if status.reaction is Reaction.ALL_REJECTED else (),
    )


def _judge_success(exchange: Answered, answer: Answer, numbers: Sequence[str], scheduled: bool) -> Verdict:
    invalid = frozenset(answer.invalid)
    ids = answer.ids or frozenset()
    rejected = tuple(number for number in numbers if number in invalid)
    # Without IDs in a whole answer the account has none; in a cut one, a number may stand in the missing part.
    all_told = answer.ids is None and answer.ids_complete
    unaccounted = () if all_told else tuple(n for n in numbers if n not in invalid and n not in ids)
    status = SEND_STATUSES[answer.status or SENT]
    return Verdict(
        fate=Fate.ACCEPTED,
        reaction=Reaction.GO_ON,
        reason=f"status {status.code}: {status.meaning}",
        answer=answer,
        http_status=exchange.http_status,
        accepted=len(numbers) - len(rejected) - len(unaccounted),
        rejected=rejected,
        unaccounted=unaccounted,
        warning=_warn_of_date(answer, scheduled) or _warn_of_invalid(answer),
    )


def _warn_of_invalid(answer: Answer) -> str:
    unread = answer.invalid_count - len(answer.invalid)
    if not unread:
        return ""
    told = "they count as accepted" if answer.ids is None else "those that IDs does not name are unaccounted for"
    return f"{unread} of the numbers that the gateway refused cannot be read; {told}"


def _warn_of_date(answer: Answer, scheduled: bool) -> str:
    if scheduled and answer.status == SENT:
        return "status 100 where 101 was due: the message may have been sent at once instead of being scheduled"
    if not scheduled and answer.status == SCHEDULED:
        return "status 101 where 100 was due: the message was scheduled although no date was given"
    return ""


def _describe_doubt(exchange: Answered, answer: Answer) -> str:
    told = f"status {answer.status}" if answer.status is not None else answer.problem
    if not exchange.body:
        told = "the answer is empty"
    if not exchange.complete:
        told += f", and is not whole ({exchange.reason})" if exchange.reason else ", and was cut off"
    if answer.status is not None and answer.status not in SEND_STATUSES:
        told += ", which the manual does not list"
    if exchange.early:
        told += ", before the request was sent whole"
    return f"HTTP {exchange.http_status}: {told}"
