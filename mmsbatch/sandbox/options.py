"""How a sandbox behaves, and what it remembers of what it took."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmsbatch.sandbox.faults import Fault
from mmsbatch.sandbox.media import LIMITS_KB


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """What can be set.

    `credits` is the balance at the start, unless `credits_file` exists; `price` is per accepted recipient, `prices` by
    MSGCLASS where it differs.
    `reject` and `unaccounted` hold numbers as `336…`: answered in InvalidNums, or in no line at all.
    `media_sizes` gives bytes by URL; `fetch_media` has media fetched, from `media_origin` where it is set.
    `account_status` is what the account module answers about our own account: 300 (3.3), 100 (the sample in
    3.2), or a refusal. About others it answers 302 (`foreign_accounts`), 303 (`inactive_accounts`) or 301.
    """

    client_code: str = "sandbox"
    passcode: str = field(default="sandbox", repr=False)
    credits: int = 100_000
    credits_file: Path | None = None
    log_file: Path | None = None
    price: int = 1
    prices: Mapping[int, int] = field(default_factory=dict)
    charset: str = "utf-8"
    pro_account: bool = True
    fetch_media: bool = False
    media_origin: tuple[str, int] | None = None
    media_sizes: Mapping[str, int] = field(default_factory=dict)
    media_limits_kb: Mapping[str, int] = field(default_factory=lambda: dict(LIMITS_KB))
    reject: frozenset[str] = field(default=frozenset(), repr=False)
    unaccounted: frozenset[str] = field(default=frozenset(), repr=False)
    account_status: int = 300
    foreign_accounts: frozenset[str] = frozenset()
    inactive_accounts: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        if self.account_status not in (100, 300, 301, 302, 303):
            raise ValueError(f"account_status {self.account_status}: 100, 300, 301, 302 or 303")
        if min(self.price, *self.prices.values(), 0) < 0:
            raise ValueError("a price is 0 or more")
        codecs.lookup(self.charset)

    def price_of(self, msgclass: int) -> int:
        """Return the credits that one recipient of this class costs."""
        return self.prices.get(msgclass, self.price)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message taken: `number` as `336…`, `date` empty for at once, `request` the number of the send."""

    number: str = field(repr=False)
    text: str = field(repr=False)
    msgclass: int
    media: tuple[str, ...]
    date: str
    campaign: str
    request: int
