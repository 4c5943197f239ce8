"""Phone numbers: any way in which people and spreadsheets write them, brought to wire form (manual 1.4).

Wire form is `336…`: 11 digits, no `+`. Nothing here ever puts a number into a message.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mmsbatch.campaign.configuration import GatewaySettings

_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
#: Signs without width, which phones and web pages paste along: soft hyphen, joiners, directions, BOM.
_INVISIBLE = (
    "\xad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_DOTS = ".\xb7"
_SEPARATORS = str.maketrans("", "", _SPACES + _INVISIBLE + _DASHES + _DOTS)
#: For `str.translate`: deletes the separators, but not line feeds and decimal points.
SEPARATORS_WITHIN_LINE = {sign: None for sign in _SEPARATORS if sign not in map(ord, "\n.")}

#: What may stand before the national part of a French number, separators aside.
#: Nothing at all before 6 or 7 only: there a spreadsheet has eaten the zero.
FRENCH_PREFIX = r"(?:0|\(0\)|(?:\+|00)?33(?:\(0\))?|(?=[67]))"
#: The national part, without the leading zero.
NATIONAL = "[1-9][0-9]{8}"
_FRENCH = re.compile(f"{FRENCH_PREFIX}({NATIONAL})")
#: National parts that are no ordinary mobile, whatever the account takes.
SPECIAL_RANGE = "[1-589]|639|69[0-467]|70[08]"
_SPECIAL_RANGE = re.compile(SPECIAL_RANGE)

_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]*)?[eE]\+?[0-9]+")
_DECIMAL = re.compile(r"[1-9][0-9]{4,}\.00?")
_DOUBLE_ZERO = re.compile(r"(?:\+|00)?330[1-9][0-9]{8}")
_MACHINE = re.compile(r"(?:0|(?:\+|00)?33)700[0-9]{10}")
_OVERSEAS = re.compile(r"(?:\+|00)(?:262|508|59[046]|68[179])[0-9]{5,}")
_FOREIGN = re.compile(r"(?:\+|00)(?!33)[1-9][0-9]{6,}")
_KNOWN_SIGNS = re.compile(r"[0-9+()]*")
_DIGITS = re.compile(r"(?:\+(?!0))?[0-9]+")


@dataclass(frozen=True, slots=True)
class NumberPolicy:
    """Which ranges a gateway takes: `mobile_prefixes` as written nationally (`06`), and fiction or not."""

    mobile_prefixes: tuple[str, ...] = ("06",)
    accept_fiction: bool = False

    @classmethod
    def of_gateway(cls, settings: GatewaySettings) -> "NumberPolicy":
        """Take the policy from a gateway's settings."""
        return cls(settings.mobile_prefixes, settings.accept_fiction)


@dataclass(frozen=True, slots=True)
class NumberProblem:
    """Why a cell is no number to send to; `rule` is one of `number-*`."""

    rule: str
    message: str
    hint: str = ""


_AS_TEXT = "make the column text in the spreadsheet, restore the numbers, and export again"

_EMPTY = NumberProblem("number-empty", "the cell of the phone number is empty")
_SCIENTIFIC_PROBLEM = NumberProblem(
    "number-scientific", "the number is in scientific notation: a spreadsheet has dropped digits", _AS_TEXT
)
_SEVERAL = NumberProblem(
    "number-several", "the cell holds more digits than one number has", "give each number a row of its own"
)
_LETTERS = NumberProblem("number-letters", "the phone number holds letters")
_CHARACTERS = NumberProblem(
    "number-characters",
    "the phone number holds signs that do not belong there",
    "write it as 06…, 336… or +336…; spaces, dots, dashes and (0) may stand between the digits",
)
_DECIMAL_PROBLEM = NumberProblem("number-characters", "the number was exported as a decimal fraction", _AS_TEXT)
_OVERSEAS_PROBLEM = NumberProblem(
    "number-overseas", "the number belongs to an overseas territory with a country code of its own"
)
_FOREIGN_PROBLEM = NumberProblem(
    "number-foreign", "the number belongs to another country; the gateway serves France only"
)
_MACHINE_PROBLEM = NumberProblem("number-m2m", "the range 0700 belongs to machines, not to people")
_LANDLINE = NumberProblem("number-landline", "a landline or special-rate number cannot take an MMS")
_FICTION = NumberProblem(
    "number-fiction",
    "the number is in the range reserved for fiction; this gateway is real",
    "use it with the sandbox: --gateway sandbox",
)


def read_number(text: str, policy: NumberPolicy) -> str | NumberProblem:
    """Read a mobile number to send to: its wire form (`336…`, 11 digits), or what is wrong with it."""
    number = parse_number(text)
    if isinstance(number, NumberProblem):
        return number
    if _SPECIAL_RANGE.match(number, 2) is None and f"0{number[2:]}".startswith(policy.mobile_prefixes):
        return number
    return _judge_range(number, policy)


def parse_number(text: str) -> str | NumberProblem:
    """Read any French number, a landline too: `33` and nine digits, or what is wrong with it.

    Its range is not judged: that is `read_number`.
    """
    # Nearly all cells need no more than this; the table of all separators costs four times as much.
    match = _FRENCH.fullmatch(text.replace(" ", "").replace(".", "").replace("-", ""))
    compact = "" if match else text.translate(_SEPARATORS)
    match = match or _FRENCH.fullmatch(compact)
    if match is None:
        return _explain(text, compact)
    if "." in text and _DECIMAL.fullmatch(text.strip()):
        return _DECIMAL_PROBLEM
    return f"33{match[1]}"


#: A wire number, as an integer, is COUNTRY plus the national number; as a text it has WIRE_LENGTH digits.
COUNTRY, WIRE_LENGTH = 33_000_000_000, 11


def wire_number(national: int) -> str:
    """Return the wire form of a national number, which is nine digits without the leading zero."""
    return f"33{national}"


def was_zero_restored(text: str) -> bool:
    """Tell whether a cell that was read as a number lacked its leading zero (and any country code)."""
    return text.translate(_SEPARATORS).startswith(("6", "7"))


def _judge_range(number: str, policy: NumberPolicy) -> str | NumberProblem:
    """Judge a number in one of the special ranges, or outside the prefixes that the account takes."""
    national = f"0{number[2:]}"
    if national.startswith("063998"):
        return number if policy.accept_fiction else _FICTION
    if national[1] not in "67":
        return _LANDLINE
    if national.startswith("0700"):
        return _MACHINE_PROBLEM
    if _SPECIAL_RANGE.match(number, 2):
        return _OVERSEAS_PROBLEM
    return _unlisted_prefix(national[:2])


def _unlisted_prefix(prefix: str) -> NumberProblem:
    return NumberProblem(
        "number-prefix",
        f"numbers in {prefix} are not among the gateway's mobile_prefixes",
        f'add "{prefix}" to mobile_prefixes in mmsbatch.yaml if the account takes them',
    )


#: What a cell that is no French number may be; the first that applies is told. Each test is given
#: the cell as written and without separators.
_EXPLANATIONS: tuple[tuple[Callable[[str, str], object], NumberProblem], ...] = (
    (lambda _text, compact: not compact, _EMPTY),
    (lambda text, _compact: _SCIENTIFIC.fullmatch(text.strip()), _SCIENTIFIC_PROBLEM),
    (lambda _text, compact: _count_digits(compact) >= 18, _SEVERAL),
    (lambda _text, compact: any(char.isalpha() for char in compact), _LETTERS),
    (lambda text, _compact: _DECIMAL.fullmatch(text.strip()), _DECIMAL_PROBLEM),
    (lambda _text, compact: not _KNOWN_SIGNS.fullmatch(compact), _CHARACTERS),
    (lambda _text, compact: _OVERSEAS.fullmatch(compact), _OVERSEAS_PROBLEM),
    (lambda _text, compact: _FOREIGN.fullmatch(compact), _FOREIGN_PROBLEM),
    (lambda _text, compact: _MACHINE.fullmatch(compact), _MACHINE_PROBLEM),
    (lambda _text, compact: not _DIGITS.fullmatch(compact), _CHARACTERS),
)


def _explain(text: str, compact: str) -> NumberProblem:
    """Say why a cell is no French number; `compact` is the cell without separators."""
    for applies, problem in _EXPLANATIONS:
        if applies(text, compact):
            return problem
    hint = "after 33 the leading 0 is left out, or written (0)" if _DOUBLE_ZERO.fullmatch(compact) else ""
    count = _count_digits(compact)
    return NumberProblem("number-length", f"{count} digits are no French number: 06… has 10, 336… has 11", hint)


def _count_digits(compact: str) -> int:
    return sum(char.isdigit() for char in compact)
