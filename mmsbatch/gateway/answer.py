"""Reading the gateway's answer (manual 2 and 3.2): a pure function of its bytes.

The answer is hostile input: keys count only at the start of a line, and nothing in it is
ever given to an XML parser. The manual's own sample `extract_param` finds `Status` inside
other lines, loses a last line without an end, and cuts IDs at the first line end.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from mmsbatch.masking import mask_digits

_KEY = re.compile(r"(Status|StatusText|Credits|InvalidNums|CampaignID|IDs)[ \t]*=")
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_IDS_BEGIN = re.compile(r"\s*<")
_IDS_END = "</RECOVERIDS>"
_MOBILE = re.compile(r"<MOBILEPHONE>\s*(?:0|\+?33)([1-9][0-9]{8})\s*</MOBILEPHONE>")
_NUMBER = re.compile(r"(?:0|\+?33)([1-9][0-9]{8})")
_STATUS = re.compile(r"[0-9]{3}")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,6})?")
_NEEDED = re.compile(r"utiliser\s*:\s*([0-9]{1,15}(?:[.,][0-9]{1,6})?)", re.IGNORECASE)
_AVAILABLE = re.compile(r"disponibles?\s*:\s*([0-9]{1,15}(?:[.,][0-9]{1,6})?)", re.IGNORECASE)
_TEXT_LIMIT = 200
_ID_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer says; numbers are in wire form (`336…`), wherever they were recognisable.

    `status` is None where the answer cannot be read, and `problem` then says why; `has_status`
    is True where a Status line stands there nevertheless (cut off, contradicted, no number).
    `invalid_count` counts every entry of InvalidNums, `invalid` holds those that are numbers.
    `ids` is None where the answer has no IDs; `ids_complete` is False where some may be missing.
    `needed` and `available` are the figures in the text of status 104.
    """

    status: int | None = None
    has_status: bool = False
    status_text: str = ""
    credits: Decimal | None = None
    invalid: tuple[str, ...] = field(default=(), repr=False)
    invalid_count: int = 0
    campaign_id: str = ""
    ids: frozenset[str] | None = field(default=None, repr=False)
    ids_complete: bool = True
    needed: Decimal | None = None
    available: Decimal | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One `Key=Value` of an answer; `whole` is False where it may have been cut off."""

    key: str
    value: str
    whole: bool


def normalise_number(text: str) -> str | None:
    """Return a French number of any of the three formats (manual 1.4) in wire form, or None.

    >>> normalise_number("0639980012")
    '33639980012'
    """
    match = _NUMBER.fullmatch(text.strip())
    return f"33{match[1]}" if match else None


def read_answer(body: bytes, complete: bool, hide: Callable[[str], str] = str) -> Answer:
    """Read an answer's body; `complete` is False where bytes may be missing at its end.

    A line counts only if it surely arrived whole: ended by a line break, or the last of a complete body.
    Free texts are passed through `hide` before anything is cut from them: they may echo credentials.
    """
    entries = list(_read_entries(_decode(body, complete), complete))
    status, problem = _read_status(entries)
    text = _first(entries, "StatusText")
    ids = _read_ids(entries)
    invalid = _read_invalid(entries)
    return Answer(
        status=status,
        has_status=any(entry.key == "Status" for entry in entries),
        # Masked before it is cut: half a number would pass for a short one.
        status_text=mask_digits(hide(text)[: 10 * _TEXT_LIMIT])[:_TEXT_LIMIT],
        credits=_read_amount(_first(entries, "Credits")),
        invalid=tuple(number for number in map(normalise_number, invalid) if number),
        invalid_count=len(invalid),
        campaign_id=_read_campaign_id(hide(_first(entries, "CampaignID"))),
        ids=ids,
        ids_complete=_has_all_ids(entries, complete),
        needed=_read_figure(_NEEDED, text),
        available=_read_figure(_AVAILABLE, text),
        problem=problem,
    )


def _decode(body: bytes, complete: bool) -> str:
    """Decode UTF-8, or else Latin-1; a character cut off at the end of a part is no reason for Latin-1."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(body, final=complete)
    except UnicodeDecodeError:
        text = body.decode("latin-1").removeprefix("\xef\xbb\xbf")
    return text.removeprefix("\ufeff")


def _read_entries(text: str, complete: bool) -> Iterator[_Entry]:
    position = 0
    while position < len(text):
        line = _LINE.match(text, position)
        assert line is not None  # noqa: S101 - the pattern matches at every place
        key = _KEY.match(line[1])
        if key and key[1] == "IDs" and _IDS_BEGIN.match(text, position + key.end()):
            entry, position = _take_ids(text, position + key.end())
            yield entry
        else:
            position = line.end()
            if key:
                yield _Entry(key[1], line[1][key.end() :].strip(), complete or bool(line[2]))


def _take_ids(text: str, start: int) -> tuple[_Entry, int]:
    """Take what runs from IDs over lines up to its closing tag; without one, all that is left."""
    end = text.find(_IDS_END, start)
    if end < 0:
        return _Entry("IDs", text[start:], whole=False), len(text)
    end += len(_IDS_END)
    return _Entry("IDs", text[start:end], whole=True), end


def _read_status(entries: list[_Entry]) -> tuple[int | None, str]:
    values = {entry.value for entry in entries if entry.key == "Status" and entry.whole}
    if not values:
        return None, "the answer has no Status line"
    if len(values) > 1:
        return None, "the answer has Status lines that contradict each other"
    value = values.pop()
    if not _STATUS.fullmatch(value):
        return None, "the answer's Status is no number of three digits"
    return int(value), ""


def _first(entries: list[_Entry], key: str) -> str:
    return next((entry.value for entry in entries if entry.key == key and entry.whole), "")


def _read_invalid(entries: list[_Entry]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        if entry.key == "InvalidNums":
            items = entry.value.split("|")
            # The last of a cut line may be the beginning of another number.
            found += items if entry.whole else items[:-1]
    return [item for item in (item.strip() for item in found) if item]


def _read_ids(entries: list[_Entry]) -> frozenset[str] | None:
    values = [entry.value for entry in entries if entry.key == "IDs"]
    if not values:
        return None
    return frozenset(f"33{digits}" for value in values for digits in _MOBILE.findall(value))


def _has_all_ids(entries: list[_Entry], complete: bool) -> bool:
    ids = [entry for entry in entries if entry.key == "IDs"]
    return all(entry.whole for entry in ids) and (complete or bool(ids))


def _read_amount(text: str) -> Decimal | None:
    return Decimal(text.replace(",", ".")) if _AMOUNT.fullmatch(text) else None


def _read_figure(pattern: re.Pattern[str], text: str) -> Decimal | None:
    match = pattern.search(text)
    return Decimal(match[1].replace(",", ".")) if match else None


def _read_campaign_id(text: str) -> str:
    """Keep an id as it is, so that support can find it, unless a phone number hides in it."""
    printable = "".join(char for char in text[:_ID_LIMIT] if char.isprintable())
    return mask_digits(printable) if _NUMBER.search(printable) else printable
