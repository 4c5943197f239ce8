"""The two lines that a journal is full of, read by a pattern: a request announced, and its success.

A campaign of a million has ten thousand lines, and next to none of another kind. Only what may have any shape in a
success (its status text, rejected and unaccounted numbers) takes a JSON decoder. A line that stands otherwise than
this tool writes it is left to the JSON reader.
"""

import json
import re
from decimal import Decimal
from typing import Any

from mmsbatch.record import amounts
from mmsbatch.record.events import ChunkAnswered, ChunkSending, Event, read_numbers, read_rejections
from mmsbatch.record.quoted import QuotedNumbers, is_quoted_evenly
from mmsbatch.record.states import ChunkState

_TEXT, _NUMBER = r'([^"\\\x00-\x1f]*)', "(0|[1-9][0-9]{0,17})"
_ESCAPED, _LIST = r'"[^"\\]*(?:\\.[^"\\]*)*"', r"(\[[^\]]+\])"
_SENDING = re.compile(
    (
        rf'\{{"event":"sending","at":"{_TEXT}","chunk":"{_TEXT}","attempt":{_NUMBER},"recipients":{_NUMBER}'
        rf'(?:,"run":"{_TEXT}")?,"numbers":\["'
    ).encode()
)
#: What most answers have in common stands together, and is read once.
_ANSWERED = re.compile(
    (
        rf'\{{"event":"answered","at":"{_TEXT}","chunk":"{_TEXT}","state":"accepted","reason":"",'
        rf'("http_status":[0-9]+,"status":[0-9]+,"status_text":{_ESCAPED}),'
        rf'(?:"campaign_id":"{_TEXT}",)?(?:"credits":{_NUMBER}(\.[0-9]+)?,)?"accepted":{_NUMBER}'
        rf'(?:,"rejected":{_LIST})?(?:,"unaccounted":{_LIST})?'
    ).encode()
)
_NUMBERS_END = b'"]'
#: As in `chain.py`: `json.loads` would look for it anew each time.
_DECODE = json.JSONDecoder().decode


class PlainLines:
    """Reads such lines out of a journal's content."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._common: dict[bytes, tuple[int, int, str]] = {}

    def read(self, start: int, stop: int) -> Event | None:
        """Read the line that begins at `start`, its digest from `stop` on; None where it takes the JSON reader."""
        found = _SENDING.match(self.content, start, stop)
        try:
            return self._read_sending(found, stop) if found else self._read_answered(start, stop)
        except (ValueError, TypeError, RecursionError):
            return None  # no UTF-8, no JSON, or of another shape: the JSON reader says which

    def _read_sending(self, found: re.Match[bytes], stop: int) -> ChunkSending | None:
        at, chunk, attempt, recipients, run = found.groups()
        content, start, end, count = self.content, found.end(), stop - len(_NUMBERS_END), int(recipients)
        if not content.endswith(_NUMBERS_END, start, stop) or not is_quoted_evenly(content, start, end, count):
            return None
        return ChunkSending(
            at=at.decode(),
            chunk=chunk.decode(),
            attempt=int(attempt),
            recipients=count,
            run=None if run is None else run.decode(),
            numbers=QuotedNumbers(content, start, end, count),
        )

    def _read_answered(self, start: int, stop: int) -> ChunkAnswered | None:
        found = _ANSWERED.fullmatch(self.content, start, stop)
        if found is None:
            return None
        at, chunk, common, campaign_id, whole, fraction, accepted, rejected, unaccounted = found.groups()
        http_status, status, status_text = self._common.get(common) or self._read_common(common)
        return ChunkAnswered(
            at=at.decode(),
            chunk=chunk.decode(),
            state=ChunkState.ACCEPTED,
            http_status=http_status,
            status=status,
            status_text=status_text,
            campaign_id=None if campaign_id is None else campaign_id.decode(),
            credits=_read_credits(whole, fraction),
            accepted=int(accepted),
            rejected=read_rejections(_decode(rejected)) if rejected else (),
            unaccounted=read_numbers(_decode(unaccounted)) if unaccounted else (),
        )

    def _read_common(self, members: bytes) -> tuple[int, int, str]:
        """Read what stands in the middle of an answer's line. Raises ValueError where it is no JSON."""
        values = _decode(b"{%b}" % members)
        known = self._common[members] = values["http_status"], values["status"], values["status_text"]
        return known


def _decode(text: bytes) -> Any:
    """Read a piece of JSON. Raises ValueError where it is none."""
    return _DECODE(text.decode())


def _read_credits(whole: bytes | None, fraction: bytes | None) -> Decimal | None:
    """Read a balance as the JSON reader does, which takes a fraction for a float."""
    if whole is None:
        return None
    return amounts.from_json(float(whole + fraction)) if fraction else Decimal(whole.decode())
