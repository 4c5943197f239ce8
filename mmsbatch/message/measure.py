"""How a rendered text is tidied and measured (manual 1.2, 1.3)."""

import re
import unicodedata
from dataclasses import dataclass

from mmsbatch.campaign.model import MessageType

EURO = "€"

#: Longest text in measured characters: the manual's 1000 for class 0, 100 for the others.
TEXT_LIMIT, CAPTION_LIMIT = 1000, 100

_LINE_BREAK = re.compile(r"\r\n?")
#: What XML 1.0 forbids (its production Char, negated). Two patterns: as one, it takes longer to compile
#: than a small campaign to be read.
_NOT_XML = (re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]"), re.compile("[\ud800-\udfff\ufffe\uffff]"))


@dataclass(frozen=True, slots=True)
class ForbiddenCharacter:
    """A character that cannot be sent; `position` counts from 1, `name` is its code point and Unicode name."""

    position: int
    name: str
    why: str


def tidy(text: str) -> str:
    """Return the text as it is measured and sent: line breaks as LF, blank space around dropped, NFC."""
    return unicodedata.normalize("NFC", _LINE_BREAK.sub("\n", text).strip())


def measured_length(text: str) -> int:
    """Count a tidy text as the gateway does: code points, a line break counting 2 (manual 1.3)."""
    return len(text) + text.count("\n")


def length_limit(message_type: MessageType) -> int:
    """Return the longest text of a type, in measured characters (manual 1.2)."""
    return TEXT_LIMIT if message_type is MessageType.TEXT else CAPTION_LIMIT


def forbidden_character(text: str, charset: str) -> ForbiddenCharacter | None:
    """Find the first character that XML 1.0 forbids or the gateway's charset lacks; None where all can be sent."""
    found = [match.start() for pattern in _NOT_XML if (match := pattern.search(text))]
    if found:
        return ForbiddenCharacter(min(found) + 1, name_character(text[min(found)]), "XML forbids it")
    try:
        text.encode(charset)
    except UnicodeEncodeError as error:
        return ForbiddenCharacter(
            error.start + 1, name_character(text[error.start]), f"the charset {charset} does not have it"
        )
    return None


def name_character(char: str) -> str:
    """Describe a character without showing it: `U+0007`, with its Unicode name where it has one."""
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} {name}".rstrip()
