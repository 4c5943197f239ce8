"""When a campaign is to be sent: a wall time in France, read without a clock."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))?"
)


@cache
def paris() -> "ZoneInfo":
    """Return the zone of all schedules: the manual's DATE has none (1.2), and the gateway serves France only."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - most campaigns have no schedule

    return ZoneInfo("Europe/Paris")


class ScheduleProblem(ValueError):
    """Why a schedule cannot be: the message, and in `hint` the way out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def read_schedule(text: str) -> datetime:
    """Read `YYYY-MM-DD HH:MM:SS` (Paris wall time), or ISO 8601 with `T` and an offset.

    Returns an aware time in Europe/Paris. Raises ScheduleProblem where there is no such
    date, or where the wall time that the gateway would be given is none or two times.
    """
    try:
        written = _read(text)
        local = written.astimezone(paris()) if written.tzinfo else written.replace(tzinfo=paris())
        _raise_if_unclear(local)
    except ScheduleProblem:
        raise
    except (ValueError, OverflowError) as error:
        raise ScheduleProblem("There is no such date or time.", "Check the month's days and the hours.") from error
    return local


def _read(text: str) -> datetime:
    match = _FORM.fullmatch(text)
    if not match:
        raise ScheduleProblem("It is neither `YYYY-MM-DD HH:MM:SS` nor ISO 8601 with an offset.")
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    return datetime(year, month, day, hour, minute, int(match[6] or 0), tzinfo=_zone(text, match))


def _zone(text: str, match: re.Match[str]) -> tzinfo | None:
    if text.endswith("Z"):
        return UTC
    if not match[7]:
        return None
    if int(match[9]) > 59:
        raise ScheduleProblem("The offset has more than 59 minutes.")
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    return timezone(-offset if match[7] == "-" else offset)


def _raise_if_unclear(local: datetime) -> None:
    """Refuse the hours of the clock changes: DATE has no offset, so the gateway could not tell them apart."""
    wall = local.replace(tzinfo=None)
    if local.astimezone(UTC).astimezone(paris()).replace(tzinfo=None) != wall:
        message = "This local time does not exist in France: the clocks go forward over it."
        raise ScheduleProblem(message, "Choose a time before 02:00 or from 03:00 on.")
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        message = "This local time exists twice in France: the clocks go back over it."
        raise ScheduleProblem(message, "Choose a time before 02:00 or from 03:00 on; the gateway takes no offset.")
