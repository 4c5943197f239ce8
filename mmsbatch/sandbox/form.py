"""Form bodies and query strings, read as strictly as the manual's section 1.1 writes them."""

import re
from collections.abc import Collection
from urllib.parse import unquote_to_bytes

#: Section 1.1: a GET is cut at 1024 characters.
GET_LIMIT = 1024
CONTENT_TYPE = "application/x-www-form-urlencoded"

# PHP's urlencode() leaves letters, digits and `-_.` as they are; `&` and `=` join the parameters.
_NOT_ENCODED = re.compile(rb"[^A-Za-z0-9\-_.+&=%]|%(?![0-9A-Fa-f]{2})")
_HALF_ESCAPE = re.compile(rb"%[0-9A-Fa-f]?\Z")


class FormError(Exception):
    """The request is no form of this module: answered with an HTTP status and no Status line."""

    def __init__(self, http_status: int) -> None:
        super().__init__(http_status)
        self.http_status = http_status


def cut_query(query: str) -> bytes:
    """Cut a GET's query where section 1.1 says, and drop the escape that the cut may have halved."""
    return _HALF_ESCAPE.sub(b"", query[:GET_LIMIT].encode("latin-1"))


def check_content_type(value: str | None) -> None:
    """Refuse a body that does not call itself a form (415)."""
    if (value or "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise FormError(415)


def read_form(encoded: bytes, names: Collection[str]) -> dict[str, bytes]:
    """Return exactly the parameters `names`, decoded to bytes; anything else is refused (400)."""
    if _NOT_ENCODED.search(encoded):
        raise FormError(400)
    pairs = [part.split(b"=") for part in encoded.split(b"&")]
    if sorted(pair[0].decode("ascii") for pair in pairs) != sorted(names):
        raise FormError(400)
    return {_name(pair): _value(pair) for pair in pairs}


def _name(pair: list[bytes]) -> str:
    return pair[0].decode("ascii")


def _value(pair: list[bytes]) -> bytes:
    # A second `=` means that the value was not encoded.
    if len(pair) != 2:
        raise FormError(400)
    return unquote_to_bytes(pair[1].replace(b"+", b" "))
