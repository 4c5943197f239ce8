"""The flow's XML: hostile input is refused from its text, before any parser sees it."""

import re
from xml.etree import ElementTree

from mmsbatch.sandbox.statuses import RefusalError

Element = ElementTree.Element

#: DATA > VIDEO > URL is as deep as section 1.2 goes; a little more is left to the rules on order.
MAX_DEPTH = 8

# Only plain tags, as in section 1.2: no DOCTYPE, CDATA, comment, prolog or attribute.
_TAG = re.compile(r"<(/?)[A-Za-z_][A-Za-z0-9_.-]*[ \t\r\n]*(/?)>")
_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")


def read_tree(text: str) -> Element:
    """Return the DATA element; status 106 where the text is not well-formed or not plain."""
    _refuse_hostile(text)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (what could harm was refused above)
    except ElementTree.ParseError:
        raise RefusalError(106) from None
    if root.tag != "DATA":
        raise RefusalError(106)
    return root


def leaf_text(element: Element, status: int) -> str:
    """Return the text of an element that may hold no other; `status` where it does."""
    if len(element):
        raise RefusalError(status)
    return element.text or ""


def _refuse_hostile(text: str) -> None:
    tags = _TAG.findall(text)
    if len(tags) != text.count("<") or _NAMED_ENTITY.search(text):
        raise RefusalError(106)
    depth = 0
    for closing, empty in tags:
        depth += -1 if closing else 0 if empty else 1
        if depth > MAX_DEPTH:
            raise RefusalError(106)
