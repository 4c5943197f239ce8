"""What a plain scalar means to YAML tools: the core forms of YAML 1.2 (10.3.2), and older readings."""

import math
import re
from decimal import Decimal
from typing import TypeAlias

Plain: TypeAlias = str | int | float | bool | None

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
#: YAML 1.1, which most tools still read: dates, `22:30` as 1350, `1_000`.
_OLD_FORMS = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?[0-9][0-9_]*_[0-9_]*"
)
_FIRST_OF_NUMBERS = frozenset("0123456789+-.")
_MOST_DIGITS = 300  # a larger integer is no setting of ours, and Python refuses to read 4,301 digits


def resolve_plain(text: str) -> Plain:
    """Return what an unquoted scalar is: None, a truth value, a number, or the text itself.

    Infinity and not-a-number stay text: JSON Schema has no word on them.
    """
    if text in _NULLS:
        return None
    if text[0] in _FIRST_OF_NUMBERS:
        return _resolve_number(text)
    return _BOOLEANS.get(text, text)


def _resolve_number(text: str) -> Plain:
    if len(text) > _MOST_DIGITS:
        return text
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else text
    return text


def exact(number: int | float) -> Decimal:
    """Return a number as it was written; `1.0` is 1, so that equal settings have equal digests.

    >>> exact(1.0), exact(0.1)
    (Decimal('1'), Decimal('0.1'))
    """
    return Decimal(int(number)) if number == int(number) else Decimal(str(number))


def is_misread(text: str) -> bool:
    """Whether other YAML tools would not give an unquoted scalar back as it was written.

    >>> [is_misread(text) for text in ("06000", "1.50", "22:30", "2026-12-20", "42", "Nice")]
    [True, True, True, True, False, False]
    """
    if not text or text[0] not in _FIRST_OF_NUMBERS:
        return False
    value = _resolve_number(text)
    return bool(_OLD_FORMS.fullmatch(text)) if isinstance(value, str) else str(value) != text
