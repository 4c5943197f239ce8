"""Media: their sizes from a table, or fetched as the gateway does (manual, sections 1.2 and 2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from types import MappingProxyType
from urllib.parse import urlsplit

from mmsbatch.sandbox.statuses import RefusalError

#: Ko of 1000 bytes. Section 1.2 contradicts itself: these are the lower figures, by tag.
LIMITS_KB: Mapping[str, int] = MappingProxyType({"IMAGE": 600, "VIDEO": 299, "SON": 99})
FETCH_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Medium:
    """An IMAGE, VIDEO or SON tag; `duration` in seconds, None for an image."""

    kind: str
    url: str
    duration: int | None = None


@dataclass(frozen=True, slots=True)
class MediaShelf:
    """What the gateway knows of media. `origin` (host, port) stands in for every host's address."""

    sizes: Mapping[str, int]
    limits_kb: Mapping[str, int]
    fetch: bool
    origin: tuple[str, int] | None

    def check(self, medium: Medium) -> None:
        """Refuse a medium that is too large (115) or, where media are fetched, not to be had."""
        limit = self.limits_kb[medium.kind] * 1000
        size = self.sizes.get(medium.url)
        if size is None:
            size = _fetch_size(medium, limit, self.origin) if self.fetch else 0
        if size > limit:
            raise RefusalError(115)


def _fetch_size(medium: Medium, limit: int, origin: tuple[str, int] | None) -> int:
    """Return the size in bytes, or anything over `limit` as limit + 1."""
    parts = urlsplit(medium.url)
    # The statuses 116 and 117 speak of images only (2.2); for video and sound there is 114.
    unreachable, broken = (116, 117) if medium.kind == "IMAGE" else (114, 114)
    try:
        host, port = origin or (parts.hostname or "", parts.port or 80)
        connection = HTTPConnection(host, port, timeout=FETCH_TIMEOUT)
        connection.connect()
    except (OSError, ValueError):
        raise RefusalError(unreachable) from None
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers={"Host": parts.netloc})
        return _count_bytes(connection.getresponse(), limit, broken)
    except (OSError, HTTPException):
        raise RefusalError(broken) from None
    finally:
        connection.close()


def _count_bytes(response: HTTPResponse, limit: int, broken: int) -> int:
    if response.status != 200:
        raise RefusalError(broken)
    announced, read = response.length, len(response.read(limit + 1))
    if announced is not None and read < min(announced, limit + 1):
        raise RefusalError(broken)
    return read
