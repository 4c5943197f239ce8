"""The line that a finding is about, with a mark below its column: only what may be seen in a public log.

Recipients' cells are personal data, and a passcode may stand where somebody put it by mistake. So a value is
shown only where its way from the top of the file is listed here; of everything else the key is shown, and of
what lies below a key that is not listed, nothing. Runs of digits are masked in what is left.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmsbatch.masking import DOT, mask_digits

_TIMED = frozenset({"url", "duration"})
_TABLE = frozenset({"file", "delimiter"})
#: The values that may be seen, by the mapping that they stand in; `*` is any name.
SHOWN_VALUES: Mapping[str, frozenset[str]] = {
    "": frozenset(
        {"version", "name", "state", "revision", "kind", "schedule", "mail_notification"}
        | {"default_gateway", "plan_max_age"}
    ),
    "message": frozenset({"type", "text"}),
    "message.image": frozenset({"url"}),
    "message.video": _TIMED,
    "message.sound": _TIMED,
    "recipients": _TABLE | {"on_invalid", "late_rows"},
    "suppress": _TABLE,
    "limits": frozenset({"recipients", "credits", "max_rejected", "canary"}),
    "gateways": frozenset(),
    "gateways.*": frozenset(
        {"chunk_size", "concurrency", "requests_per_second", "retries", "max_in_doubt", "settle_seconds"}
        | {"mobile_prefixes", "fiction_numbers", "newline", "charset", "media_url_prefixes"}
        | {"require_https", "exclusive_account"}
    ),
    "gateways.*.timeout": frozenset({"connect", "read", "total"}),
    "gateways.*.credits_per_message": frozenset({"text", "image", "video", "sound", "image+sound"}),
    "gateways.*.media_limits_kb": frozenset({"image", "video", "sound"}),
    "record": frozenset({"store", "branch", "numbers"}),
    "record.claim": frozenset({"chunks", "seconds"}),
}
#: Mappings that may stand in a list; values that may go on over several lines; where names are free.
_LISTED = frozenset({"suppress"})
_TEMPLATE = "message.text"
_LONG = frozenset({_TEMPLATE, "gateways.*.mobile_prefixes", "gateways.*.media_url_prefixes"})
_ANY_NAME = "gateways"

#: Columns that are shown of a longer line.
WIDTH = 100
_CUT = "…"
#: A longer value in braces is not looked into.
_LONGEST_FLOW = 1_000
_KEYED = re.compile(
    r"""\ *(?P<item>-\ +)?(?P<key>[^\s:#'"{}\[\],&*!|>@%`?-][^:#]{0,80}?|"[^"]{0,80}"|'[^']{0,80}')\ {0,8}:(?=\s|$)"""
)
_DATED = re.compile(r"""\s*["']?20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}[0-9:+Z]*["']?\s*""")
_COMMENT = re.compile(r"(?<=\s)#.*")
_USERINFO = re.compile(r"(?<=//)[^/\s]*@")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line as it is shown, and how many columns of a terminal stand before the place that is meant."""

    text: str
    caret: int


def source_line(lines: Sequence[str], line: int, column: int) -> SourceLine | None:
    """Return a line of a campaign or configuration (line and column from 1); None where it must not be seen."""
    if not 1 <= line <= len(lines) or not _is_block_style(lines[: line - 1]):
        return None
    shown = _what_may_be_seen(lines, line - 1)
    if shown is None:
        return None
    return _fit(shown, min(max(column - 1, _indent(shown)), len(shown) - shown.endswith(_CUT)))


def _is_block_style(before: Sequence[str]) -> bool:
    """Whether no bracket and no quote is open: within one, indentation says nothing about where a value belongs."""
    text = "\n".join(before)
    return text.count("{") == text.count("}") and text.count("[") == text.count("]") and text.count('"') % 2 == 0


def _what_may_be_seen(lines: Sequence[str], index: int) -> str | None:
    line, place = lines[index], ""
    if not line.strip():
        return None
    for above in reversed(list(_lines_above(lines, index))):
        match = _KEYED.match(above)
        if match is None or (match["item"] and place not in _LISTED):
            return None
        if match["item"]:
            continue  # the key after a dash is a neighbour, not what the line lies below
        place = _below(place, _name(match))
        if place in _LONG:
            return _masked(line)
        if place not in SHOWN_VALUES:
            return None
    return _of_one_key(line, place)


def _lines_above(lines: Sequence[str], index: int) -> Iterator[str]:
    """Give the lines that a line lies below, the nearest first."""
    indent = _indent(lines[index])
    for above in reversed(lines[:index]):
        if above.strip() and not above.lstrip().startswith("#") and _indent(above) < indent:
            indent = _indent(above)
            yield above
            if not indent:
                return


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _name(match: re.Match[str]) -> str:
    return match["key"].strip("\"'")


def _below(place: str, name: str) -> str:
    return f"{place}.{'*' if place == _ANY_NAME else name}".lstrip(".")


def _of_one_key(line: str, place: str) -> str | None:
    match = _KEYED.match(line)
    if match is None or (match["item"] and place not in _LISTED):
        return None
    name = _name(match)
    if _below(place, name) == _TEMPLATE:
        return _masked(line)
    line = _COMMENT.sub(_CUT, line)
    value = line[match.end() :].strip()
    if place == "" and name == "schedule" and _DATED.fullmatch(value):
        return line.rstrip()  # masked as a number, a date says nothing
    is_flow = value.startswith(("{", "["))
    may_be_seen = _flow_may_be_seen(value, place, name) if is_flow else name in SHOWN_VALUES[place]
    return _masked(line if may_be_seen or not value else f"{line[: match.end()]} {_CUT}")


def _flow_may_be_seen(value: str, place: str, name: str) -> bool:
    """Whether all values in braces may be seen; False where they cannot be told apart."""
    import yaml  # noqa: PLC0415 - only where something is wrong

    if len(value) > _LONGEST_FLOW:
        return False
    try:
        read = yaml.load(value.removesuffix(_CUT), yaml.BaseLoader)  # noqa: S506 - makes texts, lists and mappings only
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    is_plain_list = isinstance(read, list) and all(isinstance(each, str) for each in read)
    return (is_plain_list and name in SHOWN_VALUES[place]) or _all_may_be_seen(read, _below(place, name))


def _all_may_be_seen(value: Any, place: str) -> bool:
    if isinstance(value, list) and place in _LISTED:
        return all(isinstance(each, dict) and _all_may_be_seen(each, place) for each in value)
    if not isinstance(value, dict) or place not in SHOWN_VALUES:
        return False
    return all(
        name in SHOWN_VALUES[place] if isinstance(below, str) else _all_may_be_seen(below, _below(place, name))
        for name, below in value.items()
    )


# --- fitting it into a line of a terminal


def _masked(line: str) -> str:
    return mask_digits(_USERINFO.sub(lambda found: DOT * len(found[0]), line)).rstrip()


def _fit(line: str, column: int) -> SourceLine:
    """Cut a line to what stands around a column (from 0)."""
    start, end = max(0, column - WIDTH), min(len(line), column + WIDTH)
    chars = {place: _printable(line[place]) for place in range(start, end)}
    if start or end < len(line) or _columns(chars.values()) > WIDTH:
        while _columns(chars[place] for place in range(start, column)) > WIDTH // 2:
            start += 1
        while _columns(chars[place] for place in range(start, end)) > WIDTH - 2:
            end -= 1
    head, tail = _CUT if start else "", _CUT if end < len(line) else ""
    before, shown = ([chars[place] for place in range(start, last)] for last in (column, end))
    return SourceLine(head + "".join(shown) + tail, len(head) + _columns(before))


def _columns(chars: Iterable[str]) -> int:
    return sum(map(_width, chars))


def _printable(char: str) -> str:
    """Replace what would move a terminal's cursor, or do worse to it."""
    if char.isprintable():
        return char
    return " " if char.isspace() else "\ufffd"


def _width(char: str) -> int:
    """Return how many columns a terminal gives a sign."""
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
