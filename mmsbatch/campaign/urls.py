"""What a gateway's URL may be, and whether it leads to this machine."""

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

_VISIBLE_ASCII = re.compile(r"[!-~]+")
#: Only signs on which all URL parsers agree: the credentials go where the host leads.
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+")


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine: `localhost`, 127.0.0.0/8 or ::1. No name is looked up."""
    import ipaddress  # noqa: PLC0415 - few files name a gateway

    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def gateway_url_problems(url: str, *, https_only: bool) -> Iterator[str]:
    """Say what keeps a URL from being a gateway's, each as the end of a sentence."""
    if not _VISIBLE_ASCII.fullmatch(url) or "\\" in url:
        yield "has spaces, backslashes, accents or invisible characters"
        return
    try:
        parts = urlsplit(url)
        port_is_usable = parts.port != 0
    except ValueError:
        yield "is not well-formed"
        return
    if not port_is_usable:
        yield "has no usable port"
    yield from _part_problems(parts, https_only)


def _part_problems(parts: SplitResult, https_only: bool) -> Iterator[str]:
    if parts.scheme not in ("http", "https"):
        yield "must begin with http:// or https://"
    elif https_only and parts.scheme != "https":
        yield "must be https, since `require_https` is true"
    if not _HOST.fullmatch(parts.hostname or ""):
        yield "has no usable host"
    if parts.username is not None or parts.password is not None:
        yield "must not hold credentials; they come from the environment"
    if parts.query or parts.fragment:
        yield "must not have a query or a fragment: parameters go in the body"
