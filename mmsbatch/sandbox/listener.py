"""The listening socket and its connections, which it can end at once."""

import contextlib
import socket
import sys
import threading
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

from mmsbatch.sandbox.handler import Handler

if TYPE_CHECKING:
    from mmsbatch.sandbox.server import Sandbox


class Listener(ThreadingHTTPServer):
    """Serves each connection on a thread of its own; all of them are joined when it closes."""

    request_queue_size = 256
    # A port in use is an error; some versions of Python would share it.
    allow_reuse_port = False
    # Python joins on close only the threads that are no daemons.
    daemon_threads = False

    def __init__(self, address: tuple[str, int], sandbox: "Sandbox") -> None:
        self.sandbox = sandbox
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for the host's name, which may take long where there is no network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

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

    def stop_accepting(self) -> None:
        """Stop listening; where the system allows it, without waiting for the next poll."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.shutdown()

    def end_connections(self) -> None:
        """Wake every thread that waits for a client or for time."""
        self.stopping.set()
        with self._connections_lock:
            open_ones = list(self._connections)
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep a fault of the sandbox for whoever asks; a client that goes away is no event here."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.sandbox.note_error(error)
