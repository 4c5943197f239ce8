"""The one place of network I/O: one POST, sent once, and what became of it.

No retry, no redirect, no `.netrc`; proxies and CA bundles of the environment are honoured. What may
be retried is decided above, from the exchange.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mmsbatch import __version__
from mmsbatch.campaign.configuration import Timeout
from mmsbatch.errors import GatewayRefusal
from mmsbatch.gateway.exchange import Answered, Exchange
from mmsbatch.gateway.hosts import ensure_allowed, is_loopback, read_host

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

    from mmsbatch.gateway.transport import Attempt, WatchedAdapter

#: The longest answer that is read; a chunk's answer is about 20 KB.
MAX_BODY = 1024 * 1024
_PIECE = 64 * 1024
_USER_AGENT = f"mmsbatch/{__version__}"
_FORM = "application/x-www-form-urlencoded"
#: What these headers may say; anything else leaves open what the body says, or where it ends.
_READABLE = {
    "Content-Encoding": re.compile("identity", re.IGNORECASE),
    "Transfer-Encoding": re.compile("chunked", re.IGNORECASE),
    "Content-Length": re.compile("[0-9]+(?:, *[0-9]+)*"),  # one that is repeated comes as a list
}


@dataclass(frozen=True, slots=True)
class _Route:
    """How an URL is reached: proxies by scheme, what certificates are checked against, the request but for its body."""

    proxies: Mapping[str, str] = field(repr=False)  # a proxy's URL may hold a password
    verify: str | bool
    request: "PreparedRequest" = field(repr=False)


class Poster:
    """Sends POST requests, from any number of threads; `environ` says which hosts are allowed.

    Proxies are read from the process's own environment, as the libraries do.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._routes: dict[str, _Route] = {}
        self._adapter: WatchedAdapter | None = None
        self._lock = threading.Lock()

    def post(self, url: str, body: bytes, timeout: Timeout) -> Exchange:
        """Send one form, once, and read what comes back, within `timeout.total` seconds.

        Raises GatewayRefusal, before anything is sent, where the host may not see the credentials.
        """
        from mmsbatch.gateway import failures, transport  # noqa: PLC0415 - requests is slow to import

        route = self._find_route(url)
        with transport.Attempt(timeout.total) as attempt:
            try:
                response = self._send(transport.with_body(route.request, body), route, timeout)
                with response:
                    return _read_answer(response, attempt, timeout)
            except Exception as error:  # a library's own fault after the send is doubt too, never a crash
                return failures.classify(error, attempt, timeout)

    def _find_route(self, url: str) -> _Route:
        """Look the environment up once for each URL: it is a quarter of what a request costs."""
        from mmsbatch.gateway import transport  # noqa: PLC0415

        with self._lock:
            route = self._routes.get(url)
            if route is None:
                ensure_allowed(url, self._environ)
                request = transport.prepare(url, _USER_AGENT, _FORM)
                route = self._routes[url] = _Route(_find_proxies(url), _find_certificates(self._environ), request)
                self._adapter = self._adapter or transport.WatchedAdapter()
            return route

    def _send(self, request: "PreparedRequest", route: _Route, timeout: Timeout) -> "Response":
        assert self._adapter is not None  # noqa: S101 - whoever has a route has one
        return self._adapter.send(
            request,
            stream=True,
            timeout=(min(timeout.connect, timeout.total), min(timeout.read, timeout.total)),
            verify=route.verify,
            proxies=dict(route.proxies),
        )


def _find_proxies(url: str) -> Mapping[str, str]:
    from requests.utils import get_environ_proxies  # noqa: PLC0415

    if is_loopback(read_host(url) or ""):
        return {}  # a proxy's loopback is another machine
    return get_environ_proxies(url)


def _find_certificates(environ: Mapping[str, str]) -> str | bool:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = environ.get(name)
        if path:
            if not Path(path).exists():
                raise GatewayRefusal(f"the certificates that {name} names do not exist")
            return path
    return True


def _read_answer(response: "Response", attempt: "Attempt", timeout: Timeout) -> Answered:
    """Read the body as far as it comes: a Status line decides even where the rest is missing."""
    from mmsbatch.gateway import failures  # noqa: PLC0415

    body = bytearray()
    reason = _find_unreadable(response)
    try:
        while len(body) <= MAX_BODY and (piece := response.raw.read1(_PIECE, decode_content=False)):
            body += piece
    except Exception as error:  # as in `post`: what came before counts
        reason = failures.describe(error, attempt, timeout)
    if attempt.expired:
        # Shutting the socket down looks like the body's end where no length was announced.
        reason = f"not done within {timeout.total:g} s"
    elif len(body) > MAX_BODY:
        reason = "longer than an answer can be"
    kept = bytes(body[:MAX_BODY])
    return Answered(response.status_code, kept, complete=not reason, reason=reason, early=attempt.broke_off)


def _find_unreadable(response: "Response") -> str:
    for name, readable in _READABLE.items():
        value = response.headers.get(name, "").strip()
        if value and not readable.fullmatch(value):
            return f"its {name} cannot be read"
    return ""
