"""The configuration file `mmsbatch.yaml`, read: gateways and where records are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from mmsbatch.campaign.model import MessageType

SANDBOX = "sandbox"
#: What records and plans call the embedded gateway's URL, whose port is another in each run.
EMBEDDED = "embedded"


class Newline(StrEnum):
    """How a line break in a text goes on the wire (manual 1.3)."""

    ESCAPED = "escaped"
    LF = "lf"


class Numbers(StrEnum):
    """How the journal keeps numbers where the configuration says so."""

    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Timeout:
    """Seconds to connect, between two bytes of the answer, and over the whole request."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 120.0


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Largest media in units of 1000 bytes; the lower of the manual's contradicting figures (1.2)."""

    image: int = 600
    video: int = 299
    sound: int = 99


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """One gateway of the configuration; what is not written there has the defaults here."""

    name: str = "production"
    send_url: str = "http://api.msinnovations.com/amsmodule.sendmms.v2.php"
    account_url: str = "http://api.msinnovations.com/amsmodule.sendsms.v6.php"
    chunk_size: int = 200
    concurrency: int = 4
    requests_per_second: float | None = None
    timeout: Timeout = field(default_factory=Timeout)
    retries: int = 5
    max_in_doubt: int = 1
    credits_per_message: Mapping[MessageType, Decimal] = field(default_factory=dict)
    mobile_prefixes: tuple[str, ...] = ("06",)
    accept_fiction: bool = False
    newline: Newline = Newline.ESCAPED
    charset: str = "utf-8"
    media_limits_kb: MediaLimits = field(default_factory=MediaLimits)
    media_url_prefixes: tuple[str, ...] = ("http://www.",)
    require_https: bool = False
    credentials: str = "MMSBATCH"
    exclusive_account: bool = False
    settle_seconds: float = 120.0

    @property
    def is_sandbox(self) -> bool:
        """Whether this is the embedded gateway, whose URLs are known only once it runs."""
        return self.name == SANDBOX

    @property
    def recorded_url(self) -> str:
        """The send URL as records and plans name it."""
        return EMBEDDED if self.is_sandbox else self.send_url


class StoreKind(StrEnum):
    """Where records are kept."""

    FOLDER = "folder"
    GIT = "git"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where records are kept, and how much a run claims with one push.

    `claim_chunks` is the first claim's size, and the least of a later one as far as `claim_seconds` of sending allow.
    """

    kind: StoreKind = StoreKind.FOLDER
    remote: str = "origin"
    branch: str = "mmsbatch-record"
    claim_chunks: int = 50
    claim_seconds: float = 20

    @property
    def is_shared(self) -> bool:
        """Whether runs on other machines write the same records."""
        return self.kind is StoreKind.GIT


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole file; `path` is None where there is none and all defaults hold.

    `gateways` always holds the sandbox, and `production` where nothing else is configured.
    `numbers` is None where the record's way with numbers was not written.
    """

    path: Path | None = None
    default_gateway: str = "production"
    gateways: Mapping[str, GatewaySettings] = field(default_factory=dict)
    store: StoreSettings = field(default_factory=StoreSettings)
    numbers: Numbers | None = None
    plan_max_age: timedelta = timedelta(hours=72)
