"""The attempts at one request: when each is due, and what it came to."""

from dataclasses import dataclass, field

from mmsbatch.gateway.verdict import Fate, Verdict
from mmsbatch.sending.job import ChunkJob

_RETRIED = frozenset({Fate.RETRY_NOT_SENT, Fate.RETRY_MEDIA})
#: Backoff before attempt n + 1: this times 2^(n-1), capped, times 0.5 to 1 at random.
BACKOFF_SECONDS, BACKOFF_CAP = 1.0, 30.0


@dataclass(order=True, slots=True)
class Attempt:
    """A request that is due; ordered by time."""

    due: float
    order: int
    job: ChunkJob = field(compare=False)
    number: int = field(compare=False, default=1)

    def backoff(self, jitter: float) -> float:
        """Return the seconds to wait before the next one; `jitter` is between 0 and 1."""
        return min(BACKOFF_SECONDS * float(2 ** (self.number - 1)), BACKOFF_CAP) * (0.5 + jitter / 2)


@dataclass(frozen=True, slots=True)
class Landed:
    """A request that is under way no more, and what it came to."""

    attempt: Attempt
    verdict: Verdict

    def is_tried_again(self, retries: int) -> bool:
        """Whether another attempt follows: the request surely had no effect, and not all attempts are used."""
        return self.verdict.fate in _RETRIED and self.attempt.number <= retries
