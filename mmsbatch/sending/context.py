"""What a run is given, what it tells while it lasts, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.credentials import Credentials
from mmsbatch.record.book import RecordBook
from mmsbatch.record.events import Lease
from mmsbatch.record.tokens import NumberKeeping
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.courier import Courier
from mmsbatch.sending.interruption import Interruption
from mmsbatch.sending.stops import Deadline, Stop
from mmsbatch.sending.window import Window


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: recipients by outcome of this run, chunks, the last known credit."""

    total: int
    accepted: int = 0
    rejected: int = 0
    unaccounted: int = 0
    in_doubt: int = 0
    chunks: int = 0
    chunks_done: int = 0
    credits: Decimal | None = None

    @property
    def answered(self) -> int:
        """The recipients whose chunk is over."""
        return self.accepted + self.rejected + self.unaccounted + self.in_doubt


class Watcher(Protocol):
    """Who is told how a run goes."""

    def on_progress(self, progress: Progress) -> None:
        """Take note of the counts, after every answer."""

    def on_notice(self, text: str) -> None:
        """Take note of something to tell at once; free of numbers and secrets."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended. `stop` is None where nothing was left to do."""

    exit_code: ExitCode
    progress: Progress
    stop: Stop | None

    @property
    def is_stopped(self) -> bool:
        """Whether it ended before its last chunk, so that no other campaign may be begun."""
        interrupted = self.exit_code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED)
        return interrupted or (self.stop is not None and self.exit_code is not ExitCode.DONE)


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run needs of the world around it.

    `ask_credits` tells the balance once all is sent, None where it cannot be had; after `deadline` no
    request starts. `exclusive` is whether nothing but this run can change the balance. `lease` stands where other
    runs may write the record, too, and `window` is then how much is claimed at a time. `saved_plan` is the digest
    of the plan that it carries out, None where the campaign files alone were named.
    """

    book: RecordBook
    courier: Courier
    credentials: Credentials
    keeping: NumberKeeping
    clock: Clock
    interruption: Interruption
    watcher: Watcher
    run_id: str
    holder: str
    credits_before: Decimal | None = None
    ask_credits: Callable[[], Decimal | None] | None = None
    deadline: Deadline | None = None
    exclusive: bool = False
    lease: Lease | None = None
    window: Window | None = None
    saved_plan: str | None = None
