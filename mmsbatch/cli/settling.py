"""Lets the credit of an exclusive account settle doubt: waits, asks, and says what came of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.cli.console import Console
from mmsbatch.record.book import RecordBook
from mmsbatch.sending.asking import ask_until
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.settling import Settlement, find_doubt, settle_doubt

_LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class CreditSettler:
    """Settles the one chunk in doubt where the account is exclusive, and its balance tells."""

    settings: GatewaySettings
    ask_credits: Callable[[], Decimal | None]
    console: Console
    clock: Clock

    def settle(self, books: Sequence[RecordBook], is_enough: Callable[[], bool] = lambda: False) -> Settlement | None:
        """Settle, and return how; None where it stays in doubt, or `is_enough` said that nobody waits any more."""
        doubt = find_doubt(books) if self.settings.exclusive_account else None
        if doubt is None:
            return None
        seconds = self.settings.settle_seconds
        self.console.tell(
            f"chunk {doubt.chunk.id} is in doubt: asking the account's credit in {seconds:g} s (`settle_seconds`)"
        )
        self._wait(seconds, is_enough)
        balance = None if is_enough() else ask_until(self.ask_credits, is_enough)
        if balance is None:
            return None
        try:
            settlement = settle_doubt(doubt, balance, self.clock)
        except OSError as error:
            self.console.warn(f"chunk {doubt.chunk.id} stays in doubt: that cannot be written: {error.strerror}")
            return None
        expected = f"neither {doubt.expected.sent:,} (sent) nor {doubt.expected.unsent:,} (not sent)"
        self.console.warn(
            str(settlement or f"chunk {doubt.chunk.id} stays in doubt: the balance is {balance:,}, {expected}")
        )
        return settlement

    def _wait(self, seconds: float, is_enough: Callable[[], bool]) -> None:
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > 0 and not is_enough():
            time.sleep(min(left, _LOOK_EVERY))
