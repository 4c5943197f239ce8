"""Journal lines and the chain that holds them together.

Each line ends with a digest over the line before it and its own content, so that an edit, a
missing line, or two histories merged into one are seen, and where.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from mmsbatch.record.events import JOURNAL_VERSION, Event, JournalOpened, event_from_json
from mmsbatch.record.quoted import QuotedNumbers

START = "0" * 32
_MARK = b',"digest":"'
#: How a request's line begins, and what stands around its numbers, which come last.
_SENDING, _NUMBERS, _NUMBERS_END = b'{"event":"sending",', b',"numbers":["', b'"]'
#: `json.loads` and `json.dumps` with these would look for both anew at each line.
_DECODE, _ENCODE = json.JSONDecoder().decode, json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_TAIL = len(_MARK) + 32 + len(b'"}')


class Damage(ValueError):
    """A line that is not what was written; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class NewerVersion(Damage):
    """A journal that nothing is wrong with, but for the age of whoever reads it."""


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
    return body + _MARK + digest.encode() + b'"}\n', digest


def read_lines(content: bytes) -> Lines:
    """Read a whole journal; a torn last line is left out and counted in `Tail.torn`.

    Raises Damage at the first line that is not what was written.
    """
    *lines, rest = content.split(b"\n")
    digest, events, digests = START, [], []
    for number, line in enumerate(lines, start=1):
        event, digest = _read_line(number, line, digest)
        events.append(event)
        digests.append(digest)
    last = _read_unended(len(lines) + 1, rest, digest)
    if last is not None:
        events.append(last[0])
        digests.append(last[1])
    torn = 0 if last else len(rest)
    length = len(content) - torn
    return Lines(
        tuple(events), tuple(digests), Tail(digests[-1] if digests else START, length, len(events), torn, bool(last))
    )


def _read_unended(number: int, rest: bytes, before: str) -> tuple[Event, str] | None:
    """Read a last line that lacks but its line break, or return None of a torn one.

    What it says was written whole. Were it dropped, a request that it announced would be forgotten, and sent again.
    """
    try:
        return _read_line(number, rest, before) if rest else None
    except Damage:
        return None


def _read_line(number: int, line: bytes, before: str) -> tuple[Event, str]:
    body, mark, tail = line[:-_TAIL], line[-_TAIL : -_TAIL + len(_MARK)], line[-34:-2]
    values = _values(number, line)
    _raise_if_newer(number, values)
    digest = _digest(before, body)
    if mark != _MARK or digest.encode() != tail:
        raise Damage(number, _describe_break(number, line))
    del values["digest"]
    try:
        event = event_from_json(values)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Damage(number, "it is no event that this version knows: of a newer one, or made by hand") from error
    if (number == 1) is not isinstance(event, JournalOpened):
        raise Damage(number, "only the first line, and always the first line, opens a journal")
    return event, digest


def _describe_break(number: int, line: bytes) -> str:
    if line.endswith(b"\r"):
        return "its line end was changed to CR LF, as git or an editor does"
    if number == 1:
        return "it is not as it was written"
    return "it does not follow from the line before it: edited, missing lines, or merged from two branches"


def _values(number: int, line: bytes) -> dict[str, Any]:
    try:
        values = _sending(line) or _DECODE(line.decode())
    except (ValueError, RecursionError) as error:
        raise Damage(number, "it is not JSON") from error
    if not isinstance(values, dict):
        raise Damage(number, "it is not a JSON object")
    return values


def _sending(line: bytes) -> dict[str, Any] | None:
    """Read a line that announces a request, its numbers left as they stand; None of any other line."""
    start = line.find(_NUMBERS) if line.startswith(_SENDING) else -1
    listed = line[start + len(_NUMBERS) : -_TAIL - len(_NUMBERS_END)]
    if start < 0 or line[-_TAIL - len(_NUMBERS_END) : -_TAIL] != _NUMBERS_END:
        return None
    numbers = QuotedNumbers.read(listed)
    return {**_DECODE((line[:start] + line[-_TAIL:]).decode()), "numbers": numbers} if numbers else None


def _raise_if_newer(number: int, values: dict[str, Any]) -> None:
    version = values.get("version")
    if values.get("event") == JournalOpened.name and isinstance(version, int) and version > JOURNAL_VERSION:
        raise NewerVersion(number, f"it is of the newer format {version}, and this version knows {JOURNAL_VERSION}")


def _digest(before: str, body: bytes) -> str:
    return hashlib.sha256(before.encode() + body).hexdigest()[:32]
