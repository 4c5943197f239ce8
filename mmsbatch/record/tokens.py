"""How numbers stand in the journal: plain, or as keyed tokens that still recognise who was sent."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from mmsbatch.record.events import PLAIN, TOKEN

_CHECKED_TEXT = b"mmsbatch pseudonym key check"


@dataclass(frozen=True, slots=True)
class NumberKeeping:
    """A way of keeping numbers: `keep` turns a wire number (`336…`) into what the journal holds."""

    numbers: str
    keep: Callable[[str], str]
    key_check: str | None = None


def keep_plain() -> NumberKeeping:
    """Return the way that keeps numbers as they are."""
    return NumberKeeping(PLAIN, str)


def keep_as_tokens(key: str) -> NumberKeeping:
    """Return the way that keeps HMAC-SHA256 tokens, cut to 16 bytes, base64url (contract: section 9)."""
    keyed = hmac.new(key.encode(), digestmod=hashlib.sha256)  # once: there may be a million numbers
    return NumberKeeping(TOKEN, lambda number: _token(keyed, number.encode()), _token(keyed, _CHECKED_TEXT))


def _token(keyed: hmac.HMAC, data: bytes) -> str:
    code = keyed.copy()
    code.update(data)
    return base64.urlsafe_b64encode(code.digest()[:16]).rstrip(b"=").decode()
