"""The body of a request: PHP's `urlencode()` in the gateway's charset (manual 1.1, 1.3)."""

from collections.abc import Mapping
from urllib.parse import quote_plus


def encode_form(fields: Mapping[str, str], charset: str) -> bytes:
    """Encode the fields, in their order, as `application/x-www-form-urlencoded`.

    Letters, digits and `-_.` stay, a space becomes `+`, every other byte `%XX`.
    Raises UnicodeEncodeError where the charset lacks a character (rule `message-character` finds it before).
    """
    return "&".join(f"{_encode(name, charset)}={_encode(value, charset)}" for name, value in fields.items()).encode(
        "ascii"
    )


def _encode(text: str, charset: str) -> str:
    # Python leaves `~` as it is, PHP did so only from 5.3 on; the manual's list has no `~`.
    return quote_plus(text, encoding=charset, errors="strict").replace("~", "%7E")
