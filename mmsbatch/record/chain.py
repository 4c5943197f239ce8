"""Journal lines and the chain that holds them together.

Each line ends with a digest over the line before it and its own content, so that an edit, a
missing line, or two histories merged into one are seen, and where.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from mmsbatch.record.events import JOURNAL_VERSION, ChunkSending, Event, JournalOpened, event_from_json
from mmsbatch.record.plain_lines import PlainLines

START = "0" * 32
_MARK, _END = b',"digest":"', b'"}'
#: `json.loads` and `json.dumps` with these would look for both anew at each line.
_DECODE, _ENCODE = json.JSONDecoder().decode, json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_TAIL = len(_MARK) + 32 + len(_END)


class Damage(ValueError):
    """A line that is not what was written; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class NewerVersion(Damage):
    """A journal that nothing is wrong with, but for the age of whoever reads it."""


class UnknownEvent(Damage):
    """A line as it was written that means nothing here: whoever wrote it knows more, or made it by hand."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the next line goes. `length` is in bytes up to the end of the last whole line, `torn` in bytes behind it.

    `unended` is whether the last whole line lacks its line break.
    """

    digest: str = START
    length: int = 0
    lines: int = 0
    torn: int = 0
    unended: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """The whole lines of a journal: their events and digests, in order, and where the next goes."""

    events: tuple[Event, ...] = ()
    digests: tuple[str, ...] = ()
    tail: Tail = field(default_factory=Tail)


def encode_line(event: Event, before: str) -> tuple[bytes, str]:
    """Return the event's line, newline included, and its digest."""
    text = _ENCODE(event.to_json())
    # A file name that is no UTF-8 must not fail the line that says what became of a request.
    body = text.encode(errors="replace")[:-1]
    digest = _digest(before, body)
    return body + _MARK + digest.encode() + _END + b"\n", digest


def read_lines(content: bytes) -> Lines:
    """Read a whole journal; a torn last line is left out and counted in `Tail.torn`.

    Raises Damage at the first line that is not what was written.
    """
    events: list[Event] = []
    digests: list[str] = []
    plain, digest, start = PlainLines(content), START, 0
    while (end := content.find(b"\n", start)) >= 0:
        event, digest = _read_line(plain, start, end, len(digests) + 1, digest)
        events.append(event)
        digests.append(digest)
        start = end + 1
    if unended := _read_unended(plain, start, len(digests) + 1, digest):
        events.append(unended[0])
        digests.append(unended[1])
        start = len(content)
    tail = Tail(digests[-1] if digests else START, start, len(digests), len(content) - start, unended is not None)
    return Lines(tuple(events), tuple(digests), tail)


def _read_unended(plain: PlainLines, start: int, number: int, before: str) -> tuple[Event, str] | None:
    """Read a last line that lacks but its line break, or return None of a torn one, or of none.

    What it says was written whole. Were it dropped, a request that it announced would be forgotten, and sent again.
    """
    end = len(plain.content)
    try:
        return _read_line(plain, start, end, number, before) if start < end else None
    except Damage:
        return None


def _read_line(plain: PlainLines, start: int, end: int, number: int, before: str) -> tuple[Event, str]:
    """Read the line between two places of the content; `before` is the digest of the one before it. Raises Damage."""
    content, stop = plain.content, max(start, end - _TAIL)
    plainly = plain.read(start, stop) if number > 1 else None
    values = {} if plainly else _values(number, content[start:end])
    digest = _digest(before, content[start:stop])
    if content[stop:end] != _MARK + digest.encode() + _END:
        raise Damage(number, _describe_break(number, content[start:end]))
    return plainly or _event(number, values), digest


def _event(number: int, values: dict[str, Any]) -> Event:
    del values["digest"]
    try:
        event = event_from_json(values)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise UnknownEvent(number, "it is no event that this version knows") from error
    if isinstance(event, ChunkSending) and event.numbers and len(event.numbers) != event.recipients:
        raise Damage(number, "it counts its numbers otherwise than it lists them")
    if (number == 1) is not isinstance(event, JournalOpened):
        raise Damage(number, "only the first line, and always the first line, opens a journal")
    return event


def _describe_break(number: int, line: bytes) -> str:
    if line.endswith(b"\r"):
        return "its line end was changed to CR LF, as git or an editor does"
    if number == 1:
        return "it is not as it was written"
    return "it does not follow from the line before it: edited, missing lines, or merged from two branches"


def _values(number: int, line: bytes) -> dict[str, Any]:
    try:
        values = _DECODE(line.decode())
    except (ValueError, RecursionError) as error:
        raise Damage(number, "it is not JSON") from error
    if not isinstance(values, dict):
        raise Damage(number, "it is not a JSON object")
    _raise_if_newer(number, values)
    return values


def _raise_if_newer(number: int, values: dict[str, Any]) -> None:
    version = values.get("version")
    if values.get("event") == JournalOpened.name and isinstance(version, int) and version > JOURNAL_VERSION:
        raise NewerVersion(number, f"it is of the newer format {version}, and this version knows {JOURNAL_VERSION}")


def _digest(before: str, body: bytes) -> str:
    return hashlib.sha256(before.encode() + body).hexdigest()[:32]
