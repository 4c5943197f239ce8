"""A proof: the message to a few test numbers, recorded, and never counted as sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmsbatch.errors import InDoubt, MmsbatchError
from mmsbatch.gateway.credentials import Credentials
from mmsbatch.gateway.verdict import Fate, Verdict, judge
from mmsbatch.planning.preparation import Prepared
from mmsbatch.record.book import RecordBook
from mmsbatch.record.events import ProofAnswered, ProofSending
from mmsbatch.record.states import ChunkState
from mmsbatch.record.tokens import NumberKeeping
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.courier import Post
from mmsbatch.sending.job import request_body

MOST_NUMBERS = 10
_STATES = {
    Fate.ACCEPTED: ChunkState.ACCEPTED,
    Fate.IN_DOUBT: ChunkState.IN_DOUBT,
    Fate.RETRY_NOT_SENT: ChunkState.FAILED,
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What to send, to whom: wire numbers and the rendered text."""

    prepared: Prepared
    numbers: Sequence[str] = field(repr=False)
    text: str


def send_proof(
    proof: Proof, book: RecordBook, credentials: Credentials, *, keeping: NumberKeeping, post: Post, clock: Clock
) -> Verdict:
    """Send one proof, once and at once: whatever fails is not tried again by itself.

    Raises OSError where the record cannot be written, before anything is sent.
    """
    name = f"proof-{len(book.record.proofs) + 1}"
    revision = proof.prepared.campaign.revision
    kept = tuple(map(keeping.keep, proof.numbers))
    book.append(ProofSending(at=clock.stamp(), proof=name, revision=revision, numbers=kept))
    book.publish()
    book.show()
    exchange = post(request_body(proof.prepared, credentials, proof.numbers, proof.text, at_once=True))
    verdict = judge(exchange, proof.numbers, scheduled=False, hide=credentials.hide)
    try:
        book.append(_answered(name, verdict, clock.stamp()))
        book.publish()
        book.show()
    except (OSError, MmsbatchError) as error:
        why = error.message if isinstance(error, MmsbatchError) else error.strerror
        raise InDoubt(
            f"the proof was sent ({verdict.reason}), and that cannot be written: {why}",
            "the record has the proof in doubt; make room before the next one",
        ) from error
    return verdict


def _answered(name: str, verdict: Verdict, at: str) -> ProofAnswered:
    answer = verdict.answer
    return ProofAnswered(
        at=at,
        proof=name,
        state=_STATES.get(verdict.fate, ChunkState.REFUSED),
        reason=verdict.reason,
        status=answer.status if answer else None,
        status_text=answer.status_text if answer else None,
        credits=answer.credits if answer else None,
        accepted=verdict.accepted,
    )
