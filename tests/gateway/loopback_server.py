"""Tiny loopback servers that do exactly what a test's script says, and count what arrived."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

Step = Callable[["Server", socket.socket], None]


class Server:
    """Serves each connection by the same script of steps; a connection closes at the script's end."""

    def __init__(self, steps: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.ending = threading.Event()
        self._steps = steps
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/amsmodule.php"

    def stop(self) -> None:
        self.ending.set()
        self.stop_accepting()
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
        with contextlib.suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            for step in self._steps:
                step(self, connection)
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
        while not server.ending.wait(0.02):
            connection.sendall(data)

    return run


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
