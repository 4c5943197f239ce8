"""No test reaches beyond this machine, whatever it is about."""

import ipaddress
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest


class BeyondLoopbackError(Exception):
    """Not an OSError: code that handles a network's failures must not swallow it."""


def _ensure_loopback(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    try:
        allowed = ipaddress.ip_address(name).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise BeyondLoopbackError(f"a test wants to reach {name}")


@pytest.fixture(autouse=True, scope="session")
def hear_interrupts() -> None:
    """Let programs that tests start hear SIGINT, also where these tests run in a background that ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def stay_on_loopback() -> Iterator[None]:
    """Refuse, in the tests' own process, every connection and every name that is not of this machine."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            _ensure_loopback(address[0])
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if self.family != socket.AF_UNIX:
            _ensure_loopback(address[0])
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *arguments: Any, **named: Any) -> Any:
        _ensure_loopback(host)
        return look_up(host, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield
