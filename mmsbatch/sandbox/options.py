"""How a sandbox behaves, and what it remembers of what it took."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmsbatch.sandbox.faults import Fault
from mmsbatch.sandbox.media import LIMITS_KB


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """What can be set.

    `credits` is the balance at the start, unless `credits_file` exists; `price` is per accepted recipient.
    `reject` and `unaccounted` hold numbers as `336…`: answered in InvalidNums, or in no line at all.
    `media_sizes` gives bytes by URL; `fetch_media` has media fetched, from `media_origin` where it is set.
    `account_status` is what the account module answers: 300, 100, or a refusal.
    """

    client_code: str = "sandbox"
    passcode: str = field(default="sandbox", repr=False)
    credits: int = 100_000
    credits_file: Path | None = None
    log_file: Path | None = None
    price: int = 1
    charset: str = "utf-8"
    pro_account: bool = True
    fetch_media: bool = False
    media_origin: tuple[str, int] | None = None
    media_sizes: Mapping[str, int] = field(default_factory=dict)
    media_limits_kb: Mapping[str, int] = field(default_factory=lambda: dict(LIMITS_KB))
    reject: frozenset[str] = field(default=frozenset(), repr=False)
    unaccounted: frozenset[str] = field(default=frozenset(), repr=False)
    account_status: int = 300
    faults: tuple[Fault, ...] = ()


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
