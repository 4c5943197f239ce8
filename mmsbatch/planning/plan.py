"""The plan: what would be sent, to how many, at what cost. Data only; it has no way to send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from mmsbatch.diagnostics import Diagnostic, has_errors
from mmsbatch.message.samples import Sample
from mmsbatch.record.shard import Shard


class PriceSource(StrEnum):
    """Where the price of a message is known from."""

    CONFIGURED = "configured"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CreditsPlan:
    """Credits of one campaign. `per_message` is None where the price is unknown; then `required` is a lower bound.

    `available` is what the campaigns before it in the plan leave, None where the account was not asked.
    """

    per_message: Decimal | None
    source: PriceSource
    required: Decimal | None
    available: Decimal | None

    @property
    def left(self) -> Decimal | None:
        """What remains after this campaign, at least as long as nothing else spends."""
        if self.available is None or self.required is None:
            return None
        return self.available - self.required


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """One shard's part of a campaign: `recipients` of the audience are its own, whatever became of them.

    `credit_cap` is its share of `limits.credits`, `canary` how small its first request is; both None without.
    Counts of what the record decides are None where it could not be read (offline).
    """

    shard: Shard
    recipients: int
    to_send: int | None
    chunks: int | None
    required: Decimal | None
    estimated_seconds: int | None = None
    credit_cap: Decimal | None = None
    canary: int | None = None
    in_doubt_chunks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastSend:
    """The last run that reached anyone: when, of which revision, and which of its inputs are others now."""

    at: str
    revision: int
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """One campaign's part. Counts of what the record decides are None where it could not be read (offline).

    They are of the whole campaign also where only a `shard` is to be sent; `shards` are all its parts where asked for.
    """

    file: str
    name: str
    revision: int
    type: str
    msgclass: int
    rows: int
    duplicates: int
    suppressed: int | None
    invalid: int
    to_send: int | None
    already_sent: int | None
    rejected: int | None
    unaccounted: int | None
    in_doubt: int | None
    late: int | None
    outside: int | None
    resend: Mapping[int, int]
    chunks: int | None
    messages: int
    longest: int
    longest_limit: int
    credits: CreditsPlan
    source: str
    encoding: str
    delimiter: str
    estimated_seconds: int | None
    scheduled_for: datetime | None = None
    mails: int = 0
    mixed: int = 0
    late_sent: bool = False
    in_doubt_chunks: tuple[str, ...] = ()
    first_lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    record_unknown: str = ""
    samples: tuple[Sample, ...] = ()
    last_send: LastSend | None = None
    shard: ShardPlan | None = None
    shards: tuple[ShardPlan, ...] = ()

    @property
    def part(self) -> "CampaignPlan | ShardPlan":
        """What one run sends: the shard where there is one, else the whole."""
        return self.shard or self

    @property
    def has_something_to_send(self) -> bool:
        """Whether applying would send anything, as far as is known."""
        return self.part.to_send is None or self.part.to_send > 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan over one gateway and one account. `account` is the fingerprint, empty where nobody asked."""

    gateway: str
    send_url: str
    account: str
    campaigns: tuple[CampaignPlan, ...]
    diagnostics: tuple[Diagnostic, ...]
    offline: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether an error stands against carrying it out."""
        return has_errors(self.diagnostics)

    @property
    def has_something_to_send(self) -> bool:
        """Whether applying would send anything."""
        return any(campaign.has_something_to_send for campaign in self.campaigns)
