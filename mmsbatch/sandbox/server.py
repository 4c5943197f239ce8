"""The sandbox as a server: real HTTP on loopback."""

import ipaddress
import threading
from typing import Self

from mmsbatch.sandbox.answer import render
from mmsbatch.sandbox.faultplan import FaultPlan, Struck
from mmsbatch.sandbox.faults import ACCOUNT, OTHER, SEND, Fault
from mmsbatch.sandbox.form import read_form
from mmsbatch.sandbox.handler import ACCOUNT_PATH, SEND_PATH
from mmsbatch.sandbox.listener import Listener
from mmsbatch.sandbox.options import Delivery, SandboxOptions
from mmsbatch.sandbox.reply import Reply, text_reply
from mmsbatch.sandbox.service import ACCOUNT_FIELDS, SEND_FIELDS, Service

_FIELDS = {SEND: SEND_FIELDS, ACCOUNT: ACCOUNT_FIELDS}
_POLL_SECONDS = 0.05


class Sandbox:
    """An embedded gateway. Used as a context manager, or between `start` and `stop`.

    What it remembers outlives `stop`; started again, it listens on the same port. Only loopback
    addresses are listened on: it takes phone numbers from anybody who can reach it.
    """

    def __init__(self, options: SandboxOptions | None = None, port: int = 0, host: str = "127.0.0.1") -> None:
        if not _is_loopback(host):
            raise ValueError(f"{host!r} is no loopback address (127.0.0.1)")
        self._options = options or SandboxOptions()
        self._service = Service(self._options)
        self._address = (host, port)
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self.faults = FaultPlan(self._options.faults)
        self._changed = threading.Condition()
        self._requests = {SEND: 0, ACCOUNT: 0, OTHER: 0}
        self._errors: list[BaseException] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Raises OSError where the port cannot be had."""
        if self._listener is not None:
            raise RuntimeError("the sandbox is started already")
        self._listener = Listener(self._address, self)
        self._address = (self._address[0], self._listener.server_port)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End at once, idle connections included; requests that are being processed are awaited."""
        if self._listener is None or self._thread is None:
            return
        self._listener.stop_accepting()
        self._thread.join()
        self._listener.end_connections()
        self._listener.server_close()
        self._listener = self._thread = None

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
        """How many requests each endpoint (`send`, `account`) got; `other` counts all other paths."""
        with self._changed:
            return dict(self._requests)

    @property
    def errors(self) -> list[BaseException]:
        """Faults of the sandbox itself, each answered with a 500; empty where all is well."""
        with self._changed:
            return list(self._errors)

    @property
    def credits(self) -> int:
        """The balance; set it to top the account up."""
        return self._service.ledger.balance

    @credits.setter  # noqa: A003 - the annotations meant no builtin
    def credits(self, left: int) -> None:
        self._service.ledger.set_balance(left)

    def add_fault(self, fault: Fault) -> None:
        """Put one more fault in force while it runs."""
        self.faults.add(fault)

    def clear_faults(self) -> None:
        """End all faults; those that already struck a request keep it."""
        self.faults.clear()

    def wait_for_requests(self, count: int, endpoint: str = SEND, timeout: float = 10.0) -> bool:
        """Wait until an endpoint got that many requests, whole; False where the time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: self._requests[endpoint] >= count, timeout)

    def count(self, endpoint: str) -> int:
        """Count a request; return its number, from 1."""
        with self._changed:
            self._requests[endpoint] += 1
            self._changed.notify_all()
            return self._requests[endpoint]

    def note_error(self, error: BaseException) -> None:
        """Keep a fault of the sandbox itself."""
        with self._changed:
            self._errors.append(error)

    def process(self, endpoint: str, encoded: bytes, number: int, struck: Struck) -> Reply:
        """Do what the endpoint does with a form."""
        form = read_form(encoded, _FIELDS[endpoint])
        if endpoint == SEND:
            return text_reply(render(self._service.send(form, number, struck)), struck)
        return text_reply(render(self._service.tell_account(form)), struck)

    @property
    def _base(self) -> str:
        if self._listener is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{self._address[0]}:{self._address[1]}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.version == 4 and address.is_loopback
