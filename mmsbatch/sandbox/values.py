"""What each tag of the flow may hold (manual, sections 1.2 and 1.3). Nothing is stripped first."""

import re
from datetime import datetime
from urllib.parse import urlsplit

from mmsbatch.sandbox.statuses import RefusalError

#: Section 1.2 and the glossary (5): a MIDI file "always" ends in .mid.
EXTENSIONS = {"IMAGE": (".gif", ".jpg", ".jpeg"), "VIDEO": (".3gp",), "SON": (".mid", ".amr")}

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
# Visible ASCII but `&`, and but what no URL holds.
_URL = re.compile(r"http://www\.[!#-%'-;=?-Z_a-z~]+")
_DURATION = re.compile(r"[0-9]{1,4}")


def check_date(text: str) -> None:
    """Refuse a DATE that is not `YYYY-MM-JJ HH:MM:SS`, or that no calendar holds (121)."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise RefusalError(121)
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  (the manual names no zone)
    except ValueError:
        raise RefusalError(121) from None


def check_class(text: str) -> int:
    """Return the MSGCLASS, 0 to 4; empty is 108, anything else 109."""
    if not text.strip():
        raise RefusalError(108)
    if text not in ("0", "1", "2", "3", "4"):
        raise RefusalError(109)
    return int(text)


def check_message(text: str, msgclass: int) -> str:
    """Return the text; empty is 110, over 1000 characters (class 0) or 100 (the others) is 111."""
    if not text.strip():
        raise RefusalError(110)
    if measure(text) > (1000 if msgclass == 0 else 100):
        raise RefusalError(111)
    return text


def measure(text: str) -> int:
    r"""Return the length of a message: a line break, `\n` or a line feed, counts double (1.3)."""
    # The two characters `\n` are two code points already.
    return len(text) + text.count("\n")


def check_url(url: str, kind: str, empty: int) -> str:
    """Return the URL of a medium; `empty`, 113 (its form) or 112 (its extension) where it is wrong."""
    if not url.strip():
        raise RefusalError(empty)
    if not _URL.fullmatch(url):
        raise RefusalError(113)
    if not urlsplit(url).path.lower().endswith(EXTENSIONS[kind]):
        raise RefusalError(112)
    return url


def check_duration(text: str) -> int:
    """Return a DUREE in seconds; empty is 119, no integer between 0 and 1000 is 120."""
    if not text.strip():
        raise RefusalError(119)
    if not _DURATION.fullmatch(text) or int(text) > 1000:
        raise RefusalError(120)
    return int(text)
