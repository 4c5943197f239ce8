"""How findings show what stands in a file: never a phone number, never more than a few words."""

import re

from mmsbatch.campaign.model import DocumentPath
from mmsbatch.masking import mask_digits

_LONGEST = 40
_WORD = re.compile(r"[A-Za-z][A-Za-z+_-]{0,19}")


def show_word(word: str) -> str:
    """Show a name that the user chose: digits masked, unprintable characters out, cut where long."""
    printable = "".join(char if char.isprintable() else "�" for char in word)
    masked = mask_digits(printable)
    return masked if len(masked) <= _LONGEST else masked[: _LONGEST - 1] + "…"


def show_path(path: DocumentPath) -> str:
    """Show the way to a value; the line says which entry of a list it is.

    >>> show_path(("recipients", "list", 3, "phone"))
    '`recipients.list[].phone`'
    """
    if not path:
        return "the file"
    steps = ("[]" if isinstance(step, int) else f".{show_word(step)}" for step in path)
    return f"`{''.join(steps).removeprefix('.')}`"


def quote_if_harmless(value: object) -> str:
    """Quote a value only where it is one short word of letters: it cannot be a number or a sentence."""
    return f"`{value}`" if isinstance(value, str) and _WORD.fullmatch(value) else ""
