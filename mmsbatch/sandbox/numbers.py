"""Phone numbers as the manual's section 1.4 takes them: 06 (10), 336 (11), +336 (12 characters)."""

import re

_MOBILE = re.compile(r"(?:0|33|\+33)(6[0-9]{8})")


def to_wire(number: str) -> str | None:
    """Return the number as `336…`, or None where section 1.4 does not take it."""
    match = _MOBILE.fullmatch(number)
    return f"33{match[1]}" if match else None


def to_national(wire: str) -> str:
    """Return a `336…` number as `06…`, as the sample answer has it (section 2)."""
    return f"0{wire[2:]}"
