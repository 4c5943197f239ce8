"""The sandbox as a server: real HTTP on loopback."""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from mmsbatch.sandbox.answer import render
from mmsbatch.sandbox.faultplan import FaultPlan, Struck
from mmsbatch.sandbox.faults import ACCOUNT, SEND, Fault
from mmsbatch.sandbox.form import FormError, check_content_type, cut_query, read_form
from mmsbatch.sandbox.options import Delivery, SandboxOptions
from mmsbatch.sandbox.reply import DRIP_BYTES, Reply, page, text_reply
from mmsbatch.sandbox.service import ACCOUNT_FIELDS, SEND_FIELDS, Service

SEND_PATH = "/amsmodule.sendmms.v2.php"
ACCOUNT_PATH = "/amsmodule.sendsms.v6.php"
MAX_BODY = 8 * 1024 * 1024
_ENDPOINTS = {SEND_PATH: SEND, ACCOUNT_PATH: ACCOUNT}
_FIELDS = {SEND: SEND_FIELDS, ACCOUNT: ACCOUNT_FIELDS}
#: SO_LINGER on, for no time: closing resets the connection.
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class _Dropped(Exception):
    """The connection ends without an answer."""

    reset: bool


class Sandbox:
    """An embedded gateway. Used as a context manager, or between `start` and `stop`."""

    def __init__(self, options: SandboxOptions | None = None, port: int = 0, host: str = "127.0.0.1") -> None:
        self._options = options or SandboxOptions()
        self._service = Service(self._options)
        self._address = (host, port)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.faults = FaultPlan(self._options.faults)
        self._lock = threading.Lock()
        self._requests = {SEND: 0, ACCOUNT: 0}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Raises OSError where the port cannot be had."""
        self._server = _Server(self._address, _Handler, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End at once, idle connections included."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    @property
    def send_url(self) -> str:
        """Where messages are sent; known once it listens."""
        return f"{self._base}{SEND_PATH}"

    @property
    def account_url(self) -> str:
        """Where the account is asked about."""
        return f"{self._base}{ACCOUNT_PATH}"

    @property
    def deliveries(self) -> list[Delivery]:
        """Every message taken so far, in order."""
        return self._service.deliveries

    @property
    def requests(self) -> dict[str, int]:
        """How many requests each endpoint (`send`, `account`) got."""
        with self._lock:
            return dict(self._requests)

    @property
    def credits(self) -> int:
        """The balance; set it to top the account up."""
        return self._service.ledger.balance

    @credits.setter  # noqa: A003 - the field's own name
    def credits(self, left: int) -> None:
        self._service.ledger.set_balance(left)

    def add_fault(self, fault: Fault) -> None:
        """Put one more fault in force while it runs."""
        self.faults.add(fault)

    def count(self, endpoint: str) -> int:
        """Count a request; return its number, from 1."""
        with self._lock:
            self._requests[endpoint] += 1
            return self._requests[endpoint]

    def process(self, endpoint: str, encoded: bytes, number: int, struck: Struck) -> Reply:
        """Do what the endpoint does with a form."""
        form = read_form(encoded, _FIELDS[endpoint])
        if endpoint == SEND:
            return text_reply(render(self._service.send(form, number, struck)), struck)
        return text_reply(render(self._service.tell_account(form)), struck)

    @property
    def _base(self) -> str:
        if self._server is None:
            raise RuntimeError("the sandbox is not started")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"


class _Server(ThreadingHTTPServer):
    """Knows its connections, so that it can end them."""

    request_queue_size = 256
    daemon_threads = True
    block_on_close = True
    stopping: threading.Event

    def __init__(self, address: tuple[str, int], handler: type["_Handler"], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(address, handler)
        # Threads are joined on close, although they would not keep the process alive.
        self.daemon_threads = False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection, then serve it on a thread."""
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Wake every thread that waits for a client or for time."""
        self.stopping.set()
        with self._connections_lock:
            open_ones = list(self._connections)
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is no event here."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        """Take a form from the body."""
        self._serve(self._read_body)

    def do_GET(self) -> None:
        """Take a form from the URL, as far as the manual's limit (1.1)."""
        self._serve(lambda: cut_query(urlsplit(self.path).query))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
        """Say nothing: the line would hold what a client sent."""

    def _serve(self, read_form_text: Any) -> None:
        try:
            self._write(*self._answer(read_form_text()))
        except FormError as error:
            self._write(page(error.http_status), Struck())
            self.close_connection = True
        except _Dropped as drop:
            self._drop(drop.reset)

    def _answer(self, encoded: bytes) -> tuple[Reply, Struck]:
        sandbox, endpoint = self.server.sandbox, _ENDPOINTS.get(urlsplit(self.path).path)
        if endpoint is None:
            raise FormError(404)
        number = sandbox.count(endpoint)
        struck = sandbox.faults.strike(endpoint, number)
        if (instead := self._before(struck)) is not None:
            return instead, struck
        reply = sandbox.process(endpoint, encoded, number, struck)
        return self._after(reply, struck), struck

    def _before(self, struck: Struck) -> Reply | None:
        """Do what happens instead of processing."""
        if fault := struck.find("drop-before"):
            raise _Dropped(fault.value == "reset")
        self._wait(struck.seconds("latency-before"))
        if (status := struck.number("status")) is not None:
            return page(status)
        if (status := struck.number("redirect")) is not None:
            return page(status, location=self.server.sandbox.send_url)
        return None

    def _after(self, reply: Reply, struck: Struck) -> Reply:
        """Do what happens between processing and answering."""
        self._wait(struck.seconds("latency"))
        if fault := struck.find("drop-after"):
            raise _Dropped(fault.value == "reset")
        status = struck.number("status-after")
        return reply if status is None else page(status)

    def _wait(self, seconds: float) -> None:
        if seconds:
            self.server.stopping.wait(seconds)

    def _read_body(self) -> bytes:
        check_content_type(self.headers.get("Content-Type"))
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise FormError(411)
        if int(length) > MAX_BODY:
            raise FormError(413)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _Dropped(reset=False)
        return body

    def _write(self, reply: Reply, struck: Struck) -> None:
        self.close_connection = self.close_connection or reply.closes
        head, payload = reply.head(), reply.payload()
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

    def _drop(self, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()
