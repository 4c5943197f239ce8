"""The journal's events: everything that is ever remembered of a campaign, one class each.

Numbers appear as the journal keeps them (plain `336…` or keyed tokens, see `tokens.py`), never
otherwise. Times are UTC texts. `schemas/journal.schema.json` describes the lines for others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, ClassVar, Self

from mmsbatch.record import amounts
from mmsbatch.record.shard import read_shard
from mmsbatch.record.states import ChunkState

JOURNAL_VERSION = 1
#: How a journal keeps numbers: as they are, or as keyed tokens (`tokens.py`).
PLAIN, TOKEN = "plain", "token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the journal. `at` is the time it was written, in UTC.

    `words` are the fields that are one word here, whatever other events have under that name.
    """

    name: ClassVar[str]
    words: ClassVar[frozenset[str]] = frozenset()
    at: str

    def to_json(self) -> dict[str, Any]:
        """Return the line's content, in the order of the fields; what is unset is left out."""
        written: dict[str, Any] = {"event": self.name}
        for name in _names_of(type(self)):
            value = getattr(self, name)
            if value is not None and (shown := _to_json(value)) is not None:
                written[name] = shown
        return written

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read the content back. Raises TypeError, KeyError or ValueError where it is of another shape."""
        known = dict(values)
        known.pop("event", None)
        for name in (known.keys() & _READERS.keys()) - cls.words:
            known[name] = _READERS[name](known[name])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Totals:
    """The rows of the input by outcome; `rows` is the sum of the others."""

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    unaccounted: int = 0
    in_doubt: int = 0
    pending: int = 0
    suppressed: int = 0
    late: int = 0
    duplicates: int = 0
    invalid: int = 0

    def to_json(self) -> dict[str, int]:
        """Return the counts by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A number that the gateway refused: as kept, masked for people, and the line of its row."""

    number: str = field(repr=False)
    phone: str
    source: str

    def to_json(self) -> dict[str, str]:
        """Return the three texts by name."""
        return {"number": self.number, "phone": self.phone, "source": self.source}


@dataclass(frozen=True, slots=True)
class Lease:
    """Who claims chunks in a record that runs on other machines write too; `pipeline` is a URL, empty outside of CI.

    `space` tells containers apart that have one host's name: where it is another, nobody sees whether a process lives.
    """

    host: str
    process: int
    pipeline: str = ""
    space: str = ""

    def to_json(self) -> dict[str, str | int]:
        """Return the values by name."""
        return {"host": self.host, "process": self.process, "pipeline": self.pipeline, "space": self.space}


@dataclass(frozen=True, slots=True)
class MergedSource:
    """A journal that was taken in: whose shards it is (`3/8`), how many lines it had, and the last one's digest."""

    shards: Sequence[str]
    lines: int
    digest: str

    def to_json(self) -> dict[str, Any]:
        """Return the three values by name."""
        return {"shards": list(self.shards), "lines": self.lines, "digest": self.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalOpened(Event):
    """The first line: whose record this is. `numbers` is PLAIN or TOKEN."""

    name: ClassVar[str] = "journal"
    words: ClassVar[frozenset[str]] = frozenset({"numbers"})
    version: int = JOURNAL_VERSION
    campaign: str
    gateway: str
    send_url: str
    account: str
    numbers: str
    key_check: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run is about to send. `digests` binds what it was made from; `totals` counts the input's rows before it.

    `outside` counts recorded numbers that the input no longer has; `outside_open` are those of them whose
    state may change yet (in doubt, rejected), so that later changes are not counted as rows.
    `exclusive` is whether nothing else spends from the account while the run lasts. `lease` stands where other
    runs may be under way in the same record, and `shard` where the run sends only a part: `3/8`. `plan` is the
    digest of the saved plan that it carries out, where it does; `settings` that of all the gateway's settings.
    """

    name: ClassVar[str] = "run-started"
    run: str
    tool: str
    holder: str
    campaign_name: str
    revision: int
    campaign_sha256: str
    digests: Mapping[str, str]
    totals: Totals
    outside: int = 0
    outside_open: Sequence[str] = field(default=(), repr=False)
    chunks: int = 0
    late_sent: bool = False
    scheduled_for: str | None = None
    credits_before: Decimal | None = None
    per_message: Decimal | None = None
    exclusive: bool = False
    lease: Lease | None = None
    shard: str | None = None
    plan: str | None = None
    settings: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSending(Event):
    """A request is about to leave. `numbers` stands with the first attempt only, `run` where several may be at it."""

    name: ClassVar[str] = "sending"
    chunk: str
    attempt: int
    recipients: int
    run: str | None = None
    numbers: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(Event):
    """A request that surely had no effect; it is tried again."""

    name: ClassVar[str] = "attempt-failed"
    chunk: str
    attempt: int
    reason: str
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkAnswered(Event):
    """A chunk's fate: the answer, or why there is none that can be believed."""

    name: ClassVar[str] = "answered"
    chunk: str
    state: ChunkState
    reason: str = ""
    http_status: int | None = None
    status: int | None = None
    status_text: str | None = None
    campaign_id: str | None = None
    credits: Decimal | None = None
    accepted: int = 0
    rejected: Sequence[Rejection] = ()
    unaccounted: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A run came to its end in good order."""

    name: ClassVar[str] = "run-ended"
    run: str
    exit_code: int
    reason: str
    credits_after: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtResolved(Event):
    """A chunk in doubt was settled by a person, or by the credit of an exclusive account (`presumed`).

    `sent` is the finding; `credits_after` the balance that it was read from.
    """

    name: ClassVar[str] = "resolved"
    chunk: str
    sent: bool
    reason: str
    by: str
    presumed: bool = False
    credits_after: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedReleased(Event):
    """A person made the rejected numbers of a revision pending again."""

    name: ClassVar[str] = "rejected-released"
    revision: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSending(Event):
    """A proof to test numbers is about to leave. It never counts as sent."""

    name: ClassVar[str] = "proof-sending"
    proof: str
    revision: int
    numbers: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofAnswered(Event):
    """What came of a proof."""

    name: ClassVar[str] = "proof-answered"
    proof: str
    state: ChunkState
    reason: str = ""
    status: int | None = None
    status_text: str | None = None
    credits: Decimal | None = None
    accepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardsMerged(Event):
    """Journals of shards were taken in; the lines before say what they said. It changes no number's state."""

    name: ClassVar[str] = "merged"
    sources: Sequence[MergedSource]


EVENTS: Mapping[str, type[Event]] = {
    event.name: event
    for event in (
        JournalOpened,
        RunStarted,
        ChunkSending,
        AttemptFailed,
        ChunkAnswered,
        RunEnded,
        DoubtResolved,
        RejectedReleased,
        ProofSending,
        ProofAnswered,
        ShardsMerged,
    )
}


def event_from_json(values: Mapping[str, Any]) -> Event:
    """Read any event. Raises TypeError, KeyError or ValueError where it is none of EVENTS."""
    return EVENTS[values["event"]].from_json(values)


_NAMES: dict[type[Event], Mapping[str, None]] = {}


def _names_of(event: type[Event]) -> Mapping[str, None]:
    """Return the names of an event's fields, in their order; looked up once for each class."""
    if event not in _NAMES:
        _NAMES[event] = {item.name: None for item in fields(event)}
    return _NAMES[event]


def _to_json(value: Any) -> Any:
    if isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return amounts.to_json(value)
    if isinstance(value, Totals | Rejection | Lease | MergedSource):
        return value.to_json()
    if isinstance(value, Sequence):
        # Two hundred numbers a chunk: what is text already is not looked at one by one.
        are_texts = bool(value) and isinstance(value[0], str)
        return list(value if are_texts else map(_to_json, value)) or None
    return value


def read_rejections(value: Iterable[Any]) -> tuple[Rejection, ...]:
    """Read the list of an answer. Raises TypeError where an item is no rejection."""
    found = tuple([Rejection(**item) for item in value])
    if not all(isinstance(text, str) for each in found for text in (each.number, each.phone, each.source)):
        raise TypeError("a rejection says all in texts")
    return found


def read_numbers(value: Any) -> tuple[str, ...]:
    """Read a list of numbers, or tokens. Raises TypeError where it is none of texts."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError("numbers are a list of texts")
    return tuple(value)


def _read_shard_text(value: str) -> str:
    return str(read_shard(value))


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "totals": lambda value: Totals(**value),
    "lease": lambda value: Lease(**value),
    "sources": lambda value: tuple(
        MergedSource(tuple(map(_read_shard_text, item["shards"])), item["lines"], item["digest"]) for item in value
    ),
    "shard": _read_shard_text,
    "rejected": read_rejections,
    "numbers": read_numbers,
    "unaccounted": read_numbers,
    "outside_open": read_numbers,
    "state": ChunkState,
    "credits": amounts.from_json,
    "credits_before": amounts.from_json,
    "credits_after": amounts.from_json,
    "per_message": amounts.from_json,
}
