"""One chunk of the record, as the journal's events leave it."""

from dataclasses import dataclass
from decimal import Decimal

from mmsbatch.record.events import ChunkAnswered, DoubtResolved, Rejection, RunStarted
from mmsbatch.record.states import ChunkState


@dataclass(slots=True)
class ChunkRecord:
    """One chunk as it stands; `numbers` as the journal keeps them.

    `credits_before` is the last balance known when it was sent, `credits_after` the next one after a doubt.
    """

    id: str
    numbers: tuple[str, ...]
    state: ChunkState
    attempts: int
    started_at: str
    finished_at: str | None = None
    answer: ChunkAnswered | None = None
    reason: str = ""
    resolved: DoubtResolved | None = None
    run: RunStarted | None = None
    credits_before: Decimal | None = None
    credits_after: Decimal | None = None

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """The numbers that the gateway refused."""
        return tuple(self.answer.rejected) if self.answer else ()
