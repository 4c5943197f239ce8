"""What stands between requests and the socket: it knows how far a request got, and ends it on time.

Neither requests nor urllib3 has a deadline for a whole request: a server that drips a byte
now and then outlives every timeout. Nor do they tell whether a request's bytes may have left.
An `Attempt` is told of the connection as it is used; a watchdog shuts the socket down at the deadline.
http.client in turn takes an answer that is cut in its head for a whole one, and a 103 for the answer itself.

Imports requests; imported only when something is sent.
"""

import contextlib
import io
import socket
import ssl
import threading
import time
from enum import IntEnum
from http.client import HTTPResponse, IncompleteRead
from types import TracebackType
from typing import Any

from requests import PreparedRequest, Request
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

#: How often the watchdog looks, in seconds. A shutdown can meet a socket that is just being wrapped for TLS:
#: it is tried again at each look, until the attempt ends.
_LOOK_EVERY = 0.02


class Stage(IntEnum):
    """How far a request got; from CONNECTED on, its bytes may have left."""

    UNTOUCHED = 0
    CONNECTING = 1
    CONNECTED = 2


class Attempt:
    """One request under way in this thread, within a deadline (seconds from its start).

    `broke_off` is True where the request could not be sent to its end; an answer may have come nevertheless.
    """

    _of_thread = threading.local()

    def __init__(self, total: float) -> None:
        self.stage = Stage.UNTOUCHED
        self.expired = False
        self.broke_off = False
        self._deadline = time.monotonic() + total
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._ended = False
        self._lock = threading.Lock()

    @classmethod
    def current(cls) -> "Attempt":
        """Return the attempt that is under way in this thread; raises RuntimeError where there is none."""
        attempt: Attempt | None = getattr(cls._of_thread, "attempt", None)
        if attempt is None:
            raise RuntimeError("a connection is used outside of an attempt")
        return attempt

    def __enter__(self) -> "Attempt":
        Attempt._of_thread.attempt = self
        _WATCHDOG.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Under the lock: a shutdown that comes late would hit whatever has the socket's number next.
        with self._lock:
            self._ended = True
        _WATCHDOG.forget(self)
        Attempt._of_thread.attempt = None

    def follow(self, connection: HTTPConnection, stage: Stage) -> None:
        """Note that a connection is used, and how far the request is with it."""
        self._connection = connection
        self.stage = max(self.stage, stage)
        if stage is Stage.CONNECTED:
            # Kept here: a connection lets go of its socket while an answer that ends with it is still read.
            self._socket = connection.sock

    def look(self, now: float) -> None:
        """Once the deadline is over, wake whoever waits on the socket: they see the stream's end, or an error."""
        if now < self._deadline:
            return
        with self._lock:
            if self._ended:
                return
            self.expired = True
            sock = self._socket or (self._connection.sock if self._connection else None)
            if sock is not None:
                # The plain socket's method: the TLS one would take its state away from under the reader.
                # TLS within TLS, through a proxy, is no socket, and has one.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)


class _Watchdog:
    """Looks at all attempts under way, on one thread that is there as long as there are any."""

    def __init__(self) -> None:
        self._attempts: set[Attempt] = set()
        self._lock = threading.Lock()
        self._pause = threading.Event()  # never set
        self._is_running = False

    def watch(self, attempt: Attempt) -> None:
        """Look after an attempt."""
        with self._lock:
            self._attempts.add(attempt)
            if not self._is_running:
                threading.Thread(target=self._run, name="request deadlines", daemon=True).start()
                self._is_running = True

    def forget(self, attempt: Attempt) -> None:
        """Let it be: it has ended."""
        with self._lock:
            self._attempts.discard(attempt)

    def _run(self) -> None:
        while attempts := self._under_way():
            now = time.monotonic()
            for attempt in attempts:
                with contextlib.suppress(Exception):  # one attempt's trouble must not leave the others without end
                    attempt.look(now)
            self._pause.wait(_LOOK_EVERY)

    def _under_way(self) -> list[Attempt]:
        with self._lock:
            self._is_running = bool(self._attempts)
            return list(self._attempts)


_WATCHDOG = _Watchdog()


class _WholeLines(io.BufferedReader):
    """Reads an answer; a line without its end is the end of a cut answer, and so is no line.

    http.client takes the stream's end for the head's, and the `0` of a cut chunk size `0f` for the last chunk's.
    """

    _begun = False

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line; raises IncompleteRead where it breaks off. No answer at all is http.client's affair."""
        line = super().readline(size)
        if not line.endswith(b"\n") and len(line) != size and (line or self._begun):
            raise IncompleteRead(line)
        self._begun = True
        return line


class _FinalResponse(HTTPResponse):
    """An answer that arrived whole, at least in its head, behind interim answers of any number."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp = _WholeLines(self.fp.detach())

    def begin(self) -> None:
        """Read the head. http.client passes over 100 alone; 101 is final: it ends HTTP on the connection."""
        super().begin()
        while 101 < self.status < 200:
            self.headers = None  # type: ignore[assignment]  # it reads a head only while it has none
            super().begin()


class _WatchedConnection(HTTPConnection):
    """Tells the attempt when it connects, and when a request may begin to leave, or could not leave whole."""

    response_class = _FinalResponse

    def connect(self) -> None:
        attempt = Attempt.current()
        attempt.follow(self, Stage.CONNECTING)
        super().connect()
        if attempt.expired:
            raise ConnectTimeoutError(self, "connected only after the deadline")
        attempt.follow(self, Stage.CONNECTED)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            Attempt.current().follow(self, Stage.CONNECTED)
        try:
            super().request(*args, **kwargs)
        except OSError:
            # Not the end of it: urllib3 still reads what the server may have answered.
            Attempt.current().broke_off = True
            raise


class _WatchedTLSConnection(_WatchedConnection, HTTPSConnection):
    """The same over TLS; connected once the handshake, and a proxy's CONNECT before it, are done."""


class _SpendingPool(HTTPConnectionPool):
    """Gives each request a connection of its own, and takes none back.

    On a kept connection, what a server sends late (an answer behind another, one to a request given up) would
    pass for the next request's answer, and no check before the reuse can see it coming. Nor is there a
    moment in which the server closes what the client is just using again.
    """

    ConnectionCls = _WatchedConnection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.close()


class _SpendingTLSPool(_SpendingPool, HTTPSConnectionPool):
    """The same over TLS. The first connection loads the certificates, for all: that takes ten times a request."""

    ConnectionCls = _WatchedTLSConnection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        # A proxy that speaks TLS is checked against the connection's own `ca_certs`: there they must stay.
        if (self.ca_certs or self.ca_cert_dir) and (self.proxy is None or self.proxy.scheme != "https"):
            connection.ssl_context = self._load_certificates()
            connection.ca_certs = connection.ca_cert_dir = None
        return connection

    def _load_certificates(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                context = create_urllib3_context(cert_reqs=resolve_cert_reqs(self.cert_reqs))
                context.load_verify_locations(self.ca_certs, self.ca_cert_dir)
                self._context = context
            return self._context


def _watch(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _SpendingPool, "https": _SpendingTLSPool}


class WatchedAdapter(HTTPAdapter):
    """The default adapter, never with retries, whose connections are watched, and used once.

    It is used without a session, which would follow redirects and keep cookies.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools' manager."""
        super().init_poolmanager(*args, **kwargs)
        _watch(self.poolmanager)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Have the certificate checked of whoever speaks TLS to us: a proxy, too, whose target is plain HTTP.

        requests looks at the target alone, and would show credentials to any proxy.
        """
        super().cert_verify(conn, f"{conn.scheme}://", verify, cert)  # type: ignore[no-untyped-call]

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Make, or find again, the manager of a proxy's pools; raises InvalidSchema for SOCKS."""
        if not proxy.lower().startswith("http"):
            # Its connections are of classes of its own: they could not be watched.
            raise InvalidSchema("only http and https proxies can be used")
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        _watch(manager)
        return manager


def prepare(url: str, user_agent: str, content_type: str) -> PreparedRequest:
    """Make a POST without its body. It takes nothing from the environment and carries no cookies."""
    headers = {
        "User-Agent": user_agent,
        "Accept-Encoding": "identity",
        "Accept": "*/*",
        "Connection": "close",
        "Content-Type": content_type,
    }
    return Request("POST", url, headers=headers).prepare()


def with_body(request: PreparedRequest, body: bytes) -> PreparedRequest:
    """Return a copy of a prepared request with its body."""
    whole = request.copy()
    whole.body = body
    whole.headers["Content-Length"] = str(len(body))
    return whole
