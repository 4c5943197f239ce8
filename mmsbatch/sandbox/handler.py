"""One connection: requests are read as strictly as the manual's section 1.1, replies written as bytes."""

import contextlib
import socket
import struct
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from mmsbatch.sandbox.faultplan import Struck
from mmsbatch.sandbox.faults import ACCOUNT, OTHER, SEND
from mmsbatch.sandbox.form import FormError, check_content_type, cut_query
from mmsbatch.sandbox.reply import DRIP_BYTES, Reply, page

if TYPE_CHECKING:
    from mmsbatch.sandbox.listener import Listener

SEND_PATH = "/amsmodule.sendmms.v2.php"
ACCOUNT_PATH = "/amsmodule.sendsms.v6.php"
#: Far above 200 numbers and 1000 characters, all of it percent-encoded.
MAX_BODY = 8 * 1024 * 1024

_ENDPOINTS = {SEND_PATH: SEND, ACCOUNT_PATH: ACCOUNT}
#: SO_LINGER on, for no time: closing resets the connection.
_RESET = struct.pack("ii", 1, 0)


class _Dropped(Exception):
    """The connection ends without an answer."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__(reset)
        self.reset = reset


class Handler(BaseHTTPRequestHandler):
    """Serves the requests of one connection. A body is read whole before any fault strikes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Listener"

    def do_POST(self) -> None:
        """Take a form from the body."""
        self._serve(self._read_body)

    def do_GET(self) -> None:
        """Take a form from the URL, as far as the manual's limit (1.1)."""
        self._serve(lambda: cut_query(self.path.partition("?")[2]))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what cannot be read as a request, and with 405 a method that the manual does not name."""
        self.close_connection = True
        self._write(page(405 if code == 501 else code), Struck())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
        """Say nothing: the line would hold what a client sent."""

    def _serve(self, read_encoded: Callable[[], bytes]) -> None:
        try:
            reply, struck = self._answer(read_encoded)
        except _Dropped as drop:
            self._drop(reset=drop.reset)
            return
        # Whoever no longer listens is no event here.
        with contextlib.suppress(ConnectionError):
            self._write(reply, struck)

    def _answer(self, read_encoded: Callable[[], bytes]) -> tuple[Reply, Struck]:
        try:
            return self._process(read_encoded)
        except FormError as error:
            # What is left of a body that was not read would be taken for the next request.
            self.close_connection = True
            return page(error.http_status), Struck()
        except (_Dropped, ConnectionError):
            raise
        except Exception as error:
            # A fault of the sandbox must not pass for a lost answer.
            self.server.sandbox.note_error(error)
            return page(500), Struck()

    def _process(self, read_encoded: Callable[[], bytes]) -> tuple[Reply, Struck]:
        sandbox, endpoint = self.server.sandbox, _ENDPOINTS.get(self.path.partition("?")[0], OTHER)
        try:
            encoded = read_encoded()
        except FormError:
            sandbox.count(endpoint)
            raise
        number = sandbox.count(endpoint)
        if endpoint == OTHER:
            raise FormError(404)
        struck = sandbox.faults.strike(endpoint, number)
        instead = self._before(struck)
        if instead is not None:
            return instead, struck
        reply = sandbox.process(endpoint, encoded, number, struck)
        return self._after(reply, struck), struck

    def _before(self, struck: Struck) -> Reply | None:
        """Do what happens instead of processing."""
        self._wait(struck.seconds("latency-before"))
        fault = struck.find("drop-before", "status", "redirect")
        if fault is None:
            return None
        if fault.name == "drop-before":
            raise _Dropped(reset=fault.value == "reset")
        # A redirect leads back here: a client that follows it shows as one request more.
        return page(int(fault.value), self.path.partition("?")[0] if fault.name == "redirect" else "")

    def _after(self, reply: Reply, struck: Struck) -> Reply:
        """Do what happens between processing and answering."""
        self._wait(struck.seconds("latency"))
        fault = struck.find("drop-after", "status-after")
        if fault is None:
            return reply
        if fault.name == "drop-after":
            raise _Dropped(reset=fault.value == "reset")
        return page(int(fault.value))

    def _wait(self, seconds: float) -> None:
        """Let the time pass; a sandbox that stops meanwhile ends the connection, like a crash."""
        if seconds and self.server.stopping.wait(seconds):
            raise _Dropped

    def _read_body(self) -> bytes:
        body = self.rfile.read(self._read_length())
        if len(body) < self._read_length():
            raise _Dropped
        check_content_type(self.headers.get("Content-Type"))
        # Parameters go in the body: a passcode in a URL ends up in every proxy's log.
        if "?" in self.path:
            raise FormError(400)
        return body

    def _read_length(self) -> int:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            raise FormError(411)
        if len(length) > 9 or int(length) > MAX_BODY:
            raise FormError(413)
        return int(length)

    def _write(self, reply: Reply, struck: Struck) -> None:
        self.close_connection = self.close_connection or reply.closes
        head, payload = reply.head(close=self.close_connection), reply.payload()
        if self.command == "HEAD":
            payload = b""
        if reply.cut_headers is not None:
            self.wfile.write(head[: reply.cut_headers])
        elif drip := struck.seconds("drip"):
            self.wfile.write(head)
            self._drip(payload, drip)
        else:
            self.wfile.write(head + payload)

    def _drip(self, payload: bytes, seconds: float) -> None:
        for at in range(0, len(payload), DRIP_BYTES):
            self.wfile.write(payload[at : at + DRIP_BYTES])
            if self.server.stopping.wait(seconds):
                return

    def _drop(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()
