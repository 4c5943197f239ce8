"""Credits as JSON numbers: whole ones as integers, the others through a float, which holds 15 digits."""

from decimal import Decimal
from typing import Any


def to_json(amount: Decimal | None) -> int | float | None:
    """Return the number that JSON shows."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def from_json(value: Any) -> Decimal | None:
    """Read a JSON number back; raises ValueError where it is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    return Decimal(str(value))
