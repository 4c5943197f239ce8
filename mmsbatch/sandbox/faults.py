"""Faults on request: one registry, and the small grammar that names them.

    NAME[=VALUE][@account][:WHICH]      WHICH: 3   2-4   5-   1,3,6-8   /3 (every third)   x2 (twice at most)

`drop-after:3` is the third send, `status=503:2-4` the second to the fourth, `latency=0.1` all,
`truncate=20:/2x5` every second one until it happened five times, `drop-before@account:1` the first
question about the account. Several faults may hit one request; of those that end it, the first does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mmsbatch.sandbox.statuses import SWITCHED

SEND, ACCOUNT, OTHER = "send", "account", "other"

_SECONDS, _COUNT, _ENDING = r"[0-9]{1,6}(?:\.[0-9]{1,6})?", r"[0-9]{1,9}", r"close|reset"
_HTTP_STATUS = r"[2-5][0-9]{2}"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault by name: what it does, the values it takes (a pattern), the one it has by itself."""

    description: str
    values: str = ""
    default: str = ""
    send_only: bool = False


KINDS: Final[Mapping[str, FaultKind]] = MappingProxyType(
    {
        "latency": FaultKind("=SECONDS: processed at once, answered that much later", _SECONDS, "1"),
        "latency-before": FaultKind("=SECONDS: processed, and answered, that much later", _SECONDS, "1"),
        "drop-before": FaultKind("[=reset]: the connection ends before anything is processed", _ENDING, "close"),
        "drop-after": FaultKind("[=reset]: processed, then the connection ends without an answer", _ENDING, "close"),
        "truncate": FaultKind("=BYTES: the body ends early, Content-Length names the whole", _COUNT, "40"),
        "truncate-headers": FaultKind("=BYTES: the answer ends within its headers", _COUNT, "30"),
        "status": FaultKind("=N: not processed, that HTTP status and an HTML page", _HTTP_STATUS, "503"),
        "status-after": FaultKind("=N: processed, then that HTTP status and an HTML page", _HTTP_STATUS, "503"),
        "redirect": FaultKind(
            "=302|307 (301, 303, 308): not processed, sent to the same address again", "30[12378]", "302"
        ),
        "switch": FaultKind(
            "=114|116|117|200: refused with that status", "|".join(map(str, sorted(SWITCHED))), "114", True
        ),
        "latin-1": FaultKind("the answer is in Latin-1 and names no charset"),
        "crlf": FaultKind("the answer's lines end in CRLF"),
        "no-ids": FaultKind("the answer has no IDs", send_only=True),
        "cut-ids": FaultKind("=N: the answer ends within the number after the Nth of its IDs", _COUNT, "1", True),
        "empty": FaultKind("processed, and an empty answer"),
        "garbage": FaultKind("[=TEXT]: processed, and a text that is no answer", r"(?s:.+)", "%PDF-1.4 ..."),
        "drip": FaultKind("=SECONDS: the body comes eight bytes at a time, that far apart", _SECONDS, "0.05"),
        "chunked": FaultKind("the answer is in HTTP chunks"),
        "no-length": FaultKind("the answer has no Content-Length and ends with the connection"),
    }
)

#: name -> what it does, with its value: for --help and the docs.
FAULTS: Final[Mapping[str, str]] = MappingProxyType({name: kind.description for name, kind in KINDS.items()})

Span = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and the requests it hits: all, those of `spans` (1-based, None: no end), or every nth.

    `limit` bounds how often it happens (0: no bound). An empty `value` means the kind's own.
    """

    name: str
    value: str = ""
    endpoint: str = SEND
    spans: tuple[Span, ...] = ()
    every: int = 1
    limit: int = 0

    def __post_init__(self) -> None:
        kind = KINDS.get(self.name)
        if kind is None:
            raise ValueError(f"no fault {self.name!r}; known: {', '.join(KINDS)}")
        object.__setattr__(self, "value", self.value or kind.default)
        if self.value and not re.fullmatch(kind.values, self.value):
            raise ValueError(f"fault {self.name}: value {self.value!r} does not fit; {kind.description}")
        if self.endpoint not in (SEND, ACCOUNT) or (kind.send_only and self.endpoint != SEND):
            raise ValueError(f"fault {self.name}: cannot be at {self.endpoint!r}")
        if self.every < 1 or self.limit < 0 or any(first < 1 for first, _ in self.spans):
            raise ValueError(f"fault {self.name}: requests are counted from 1")

    def hits(self, number: int) -> bool:
        """Whether the endpoint's nth request is among those chosen."""
        if self.spans:
            return any(first <= number and (last is None or number <= last) for first, last in self.spans)
        return number % self.every == 0


_SPAN = r"[0-9]{1,9}(?:-(?:[0-9]{1,9})?)?"
_WHICH = rf"(?P<spans>{_SPAN}(?:,{_SPAN})*)|/(?P<every>[0-9]{{1,9}})"
_FAULT = re.compile(
    r"(?P<name>[^=@:]+?)(?:=(?P<value>.+?))?(?:@(?P<endpoint>send|account))?"
    rf"(?::(?={_SPAN}|/[0-9]|x[0-9])(?:{_WHICH})?(?:x(?P<limit>[0-9]{{1,9}}))?)?",
    re.DOTALL,
)


def parse_fault(text: str) -> Fault:
    """Read a fault in the grammar above; ValueError says what is wrong and what is known."""
    match = _FAULT.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not NAME[=VALUE][@account][:WHICH], like drop-after:3, status=503:2-4 or "
            f"latency=0.1:/2x5; known: {', '.join(KINDS)}"
        )
    return Fault(
        match["name"],
        match["value"] or "",
        match["endpoint"] or SEND,
        tuple(_read_span(span) for span in (match["spans"] or "").split(",") if span),
        int(match["every"] or 1),
        _read_limit(match["limit"]),
    )


def _read_span(text: str) -> Span:
    first, dash, last = text.partition("-")
    span = int(first), int(last) if last else None if dash else int(first)
    if span[1] is not None and span[1] < span[0]:
        raise ValueError(f"{text!r}: the second number is below the first")
    return span


def _read_limit(text: str | None) -> int:
    if text is None:
        return 0
    if int(text) == 0:
        raise ValueError("x0: a fault that never happens")
    return int(text)
