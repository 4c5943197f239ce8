"""Tiny loopback servers that do exactly what a test's script says, and count what arrived."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

#: A step may give another socket to go on with.
Step = Callable[["Server", socket.socket], socket.socket | None]
#: A client without a deadline of its own shall fail its test, not hang it.
_PATIENCE = 8


class Server:
    """Serves each connection by the same script of steps; a connection closes at the script's end."""

    def __init__(self, steps: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.closed_by_client = 0
        self.ending = threading.Event()
        self._steps = steps
        self.tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._open: dict[int, socket.socket] = {}
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/amsmodule.php"

    def stop(self) -> None:
        self.ending.set()
        self.stop_accepting()
        for connection in list(self._open.values()):  # a client that keeps its connection must not hold the test up
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self.join_connections()

    def stop_accepting(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()

    def join_connections(self) -> None:
        """Wait until every connection's script has come to its end."""
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        steps = [start_tls(self.tls), *self._steps] if self.tls else self._steps
        with contextlib.suppress(OSError):
            for step in steps:
                self._open[threading.get_ident()] = connection
                connection = step(self, connection) or connection
        connection.close()


def read_request(server: Server, connection: socket.socket) -> None:
    """Read one request whole, and count it."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += _receive(connection)
    server.requests.append(head + b"\r\n\r\n" + body)


def read_head(server: Server, connection: socket.socket) -> None:
    """Read a little of the request only."""
    connection.recv(10)


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError
    return data


def send(data: bytes) -> Step:
    """Send these bytes."""
    return lambda server, connection: connection.sendall(data)


def answer(body: bytes, status: str = "200 OK", head: str = "") -> Step:
    """Send a whole HTTP answer."""
    lines = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    return send(lines.encode() + body)


def send_raw(data: bytes) -> Step:
    """Send these bytes beside TLS."""
    return lambda server, connection: socket.socket.sendall(connection, data)


def drip(data: bytes) -> Step:
    """Send these bytes again and again until the client or the test ends."""

    def run(server: Server, connection: socket.socket) -> None:
        until = time.monotonic() + _PATIENCE
        while not server.ending.wait(0.02) and time.monotonic() < until:
            connection.sendall(data)

    return run


def flood(data: bytes) -> Step:
    """Send these bytes again and again, as fast as they are taken, until the client or the test ends."""

    def run(server: Server, connection: socket.socket) -> None:
        connection.settimeout(0.05)  # a client that is gone with its window shut would never end a `sendall`
        rest = data
        until = time.monotonic() + _PATIENCE
        while not server.ending.is_set() and time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                rest = rest[connection.send(rest) :] or data

    return run


def read_to_end(server: Server, connection: socket.socket) -> None:
    """Read until the client closes, and count that."""
    connection.settimeout(3)
    while connection.recv(65536):
        pass
    server.closed_by_client += 1


def start_tls(context: ssl.SSLContext) -> Step:
    """Go on over TLS, as behind a proxy's tunnel."""
    return lambda server, connection: context.wrap_socket(connection, server_side=True)


def wait(server: Server, connection: socket.socket) -> None:
    """Do nothing until the test ends."""
    server.ending.wait()


def reset(server: Server, connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def serve_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """Give a port on which the kernel takes no connection more, and does not answer either."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with contextlib.suppress(TimeoutError):
            while True:
                filler = stack.enter_context(socket.socket())
                filler.settimeout(0.3)
                filler.connect(listener.getsockname())
        yield listener.getsockname()[1]


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
