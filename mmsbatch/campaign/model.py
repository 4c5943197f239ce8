"""A campaign file, read: what a user wrote, typed, and where each part stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from mmsbatch.campaign.places import Reach
from mmsbatch.diagnostics import Position

#: The way to a value from the top of a document: ("recipients", "list", 3, "phone").
DocumentPath = tuple[str | int, ...]


class State(StrEnum):
    """Whether the campaign may be planned and sent."""

    READY = "ready"
    DRAFT = "draft"


class Kind(StrEnum):
    """Which policies apply."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class MessageType(StrEnum):
    """What an MMS carries (manual 1.2)."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    SOUND = "sound"
    IMAGE_AND_SOUND = "image+sound"


class OnInvalid(StrEnum):
    """What an invalid row does: refuse the campaign, or be counted and left out."""

    REFUSE = "refuse"
    SKIP = "skip"


class LateRows(StrEnum):
    """What happens to rows that appear after the revision was complete."""

    HOLD = "hold"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Medium:
    """An image, video or sound; `duration` in seconds, None for an image."""

    url: str
    duration: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """The message as written; `text` is a Jinja template."""

    type: MessageType
    text: str
    image: Medium | None = None
    video: Medium | None = None
    sound: Medium | None = None


@dataclass(frozen=True, slots=True)
class InlineRecipient:
    """An entry of `recipients.list`: its number as written, its columns under their written names."""

    line: int
    phone: str = field(repr=False)
    cells: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RecipientsSource:
    """Where the recipients are: `file` as written in the campaign, or `entries`; at most one of the two is not None.

    `phone` is the column with the number, `delimiter` None where it is read off the header.
    """

    file: str | None
    entries: tuple[InlineRecipient, ...] | None
    phone: str = "phone"
    delimiter: str | None = None
    on_invalid: OnInvalid = OnInvalid.REFUSE
    late_rows: LateRows = LateRows.HOLD

    @property
    def is_named(self) -> bool:
        """Whether the campaign says where its recipients are."""
        return self.file is not None or self.entries is not None


@dataclass(frozen=True, slots=True)
class SuppressionSource:
    """A list of numbers never to send to; `file` as written in the campaign."""

    file: str
    phone: str = "phone"
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Counted over the revision, all runs together; None: no limit."""

    recipients: int | None = None
    credits: Decimal | None = None
    max_rejected: float = 0.5
    canary: int | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A valid campaign file.

    `file` is the path as the user would type it, `sha256` that of the file's bytes,
    `schedule` an aware time in Europe/Paris, `positions` the place of each key's value
    (and of `text_line`, the line on which the message's text begins). `reach` is what it may name: it
    follows from `path`, and so is none of what two campaigns are compared by.
    """

    path: Path
    file: str
    sha256: str
    name: str
    message: Message
    recipients: RecipientsSource
    reach: Reach = field(repr=False, compare=False)
    state: State = State.READY
    revision: int = 1
    kind: Kind = Kind.MARKETING
    variables: Mapping[str, str] = field(default_factory=dict)
    suppress: tuple[SuppressionSource, ...] = ()
    schedule: datetime | None = None
    mail_notification: bool | None = None
    limits: Limits = field(default_factory=Limits)
    positions: Mapping[DocumentPath, Position] = field(default_factory=dict)
    text_line: int = 1

    def position(self, *path: str | int) -> Position:
        """Return where a value stands; where it is not written, where its nearest parent stands."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, Position(1))
