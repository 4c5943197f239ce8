"""The XML flow of a send, read strictly: tags, case and order of the manual's section 1.2.

What is wrong is answered by where it stands: before CLIENT 106, between CLIENT and the first
MOBILEPHONE 107, after it 122; then each value by its own status, in the order of the flow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mmsbatch.sandbox import values
from mmsbatch.sandbox.media import Medium
from mmsbatch.sandbox.statuses import RefusalError
from mmsbatch.sandbox.tree import Element, leaf_text, read_tree

#: Class 4 is missing from the tree of section 1.2: the text's "image+son" is read as IMAGE, then SON.
MEDIA_TAGS = {0: (), 1: ("IMAGE",), 2: ("VIDEO",), 3: ("SON",), 4: ("IMAGE", "SON")}
_OPTIONAL = ("CAMPAIGN_NAME", "DATE", "MAIL_NOTIF")


@dataclass(frozen=True, slots=True)
class Flow:
    """One send as it was received: numbers as written, text unchanged, `date` "" for at once."""

    campaign: str
    date: str
    numbers: tuple[str, ...]
    msgclass: int
    text: str
    media: tuple[Medium, ...]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The children of DATA, split around the numbers."""

    client: Element
    options: Sequence[Element]
    numbers: Sequence[Element]
    content: Sequence[Element]


def read_flow(data: bytes, charset: str, client: str) -> Flow:
    """Read a flow for the account `client` (in capitals), or raise the status that refuses it."""
    parts = _split(read_tree(_decode(data, charset)))
    if leaf_text(parts.client, 107) != client:
        raise RefusalError(107)
    options = _read_options(parts.options)
    numbers = tuple(leaf_text(element, 122) for element in parts.numbers)
    msgclass = _read_class(parts.content)
    _check_tags(parts.content, ("MSGCLASS", "MESSAGE", *MEDIA_TAGS[msgclass]))
    text = values.check_message(leaf_text(parts.content[1], 122), msgclass)
    media = tuple(_read_medium(element) for element in parts.content[2:])
    return Flow(options.get("CAMPAIGN_NAME", ""), options.get("DATE", ""), numbers, msgclass, text, media)


def _decode(data: bytes, charset: str) -> str:
    if not data.strip():
        raise RefusalError(105)
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        raise RefusalError(106) from None


def _split(root: Element) -> _Parts:
    children = list(root)
    tags = [child.tag for child in children]
    if _stray(root.text) or not children or tags[0] != "CLIENT":
        raise RefusalError(106)
    # No number at all leaves the flow incomplete after CLIENT.
    if "MOBILEPHONE" not in tags:
        raise RefusalError(107)
    first = tags.index("MOBILEPHONE")
    end = next((i for i in range(first, len(tags)) if tags[i] != "MOBILEPHONE"), len(tags))
    _refuse_stray(children[:first], 107)
    _refuse_stray(children[first:], 122)
    return _Parts(children[0], children[1:first], children[first:end], children[end:])


def _read_options(elements: Sequence[Element]) -> dict[str, str]:
    tags = [element.tag for element in elements]
    if tags != [tag for tag in _OPTIONAL if tag in tags]:
        raise RefusalError(107)
    options = {element.tag: leaf_text(element, 107) for element in elements}
    if "DATE" in options:
        values.check_date(options["DATE"])
    if options.get("MAIL_NOTIF", "0") not in ("0", "1"):
        raise RefusalError(107)
    return options


def _read_class(content: Sequence[Element]) -> int:
    if not content or content[0].tag != "MSGCLASS":
        raise RefusalError(122)
    return values.check_class(leaf_text(content[0], 122))


def _check_tags(elements: Sequence[Element], expected: Sequence[str]) -> None:
    if [element.tag for element in elements] != list(expected):
        raise RefusalError(122)


def _read_medium(element: Element) -> Medium:
    if element.tag == "IMAGE":
        url = values.check_url(leaf_text(element, 122), "IMAGE", empty=110)
        return Medium("IMAGE", url)
    if not len(element) and not _stray(element.text):
        raise RefusalError(110)
    if _stray(element.text):
        raise RefusalError(122)
    _check_tags(list(element), ("URL", "DUREE"))
    _refuse_stray(list(element), 122)
    url = values.check_url(leaf_text(element[0], 122), element.tag, empty=118)
    return Medium(element.tag, url, values.check_duration(leaf_text(element[1], 122)))


def _refuse_stray(elements: Sequence[Element], status: int) -> None:
    """Refuse text between the tags."""
    if any(_stray(element.tail) for element in elements):
        raise RefusalError(status)


def _stray(text: str | None) -> bool:
    return bool(text and text.strip())
