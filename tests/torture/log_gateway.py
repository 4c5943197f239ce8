"""A gateway that shares nothing with the program: it keeps a log of every number that it took, and when."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from urllib.request import urlopen

#: What becomes of a request: taken and answered; taken, and the connection cut; cut before it is taken; no credit;
#: no medium, which is tried again.
TAKE, CUT_AFTER, CUT_BEFORE, REFUSE, AGAIN = "take", "cut after", "cut before", "refuse", "again"
_REFUSALS = {REFUSE: "Status=103\nStatusText=Plus de credit\n", AGAIN: "Status=114\nStatusText=Pas d'image\n"}
Fate = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Taken:
    """A number that was taken, by the monotonic clock."""

    number: str
    at: float


class LogGateway:
    """Answers as the manual says; `fate` says what becomes of the nth send request, counted from 1.

    `on_arrival` sees the numbers of each send request before anything else happens.
    """

    def __init__(self, latency: float = 0.0, fate: Fate = lambda _: TAKE) -> None:
        self.latency, self.fate = latency, fate
        self.on_arrival: Callable[[Sequence[str]], None] = lambda _: None
        self.log: list[Taken] = []
        self.problems: list[str] = []
        self.sends = 0
        self._working = 0
        self._hurry = threading.Event()
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gateway = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> "LogGateway":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def counts(self) -> Counter[str]:
        """How often each number was taken."""
        return Counter(each.number for each in self.log)

    def check(self) -> None:
        """Hold that nobody was sent twice, and that each request was announced where it had to be."""
        assert not [number for number, count in self.counts.items() if count > 1], "sent twice"
        assert not self.problems, self.problems

    def wait_for_sends(self, count: int, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.sends >= count, timeout)

    def come_to_rest(self) -> None:
        """Return once every request that reached this machine was dealt with: its sender may be dead by now."""
        urlopen(f"{self.url}/rest").close()  # accepted in order: those before it are at work, or done
        with self._changed:
            assert self._changed.wait_for(lambda: self._working == 0, 30.0)

    def let_go(self) -> None:
        """Answer at once whatever is waited for."""
        self._hurry.set()

    # --- what the handlers call

    def note_work(self, change: int) -> None:
        with self._changed:
            self._working += change
            self._changed.notify_all()

    def send(self, numbers: Sequence[str]) -> str | None:
        """Take a send request; return the answer, None where the connection is cut."""
        try:
            self.on_arrival(numbers)
        except AssertionError as error:
            self.problems.append(str(error))
        with self._changed:
            self.sends += 1
            fate = self.fate(self.sends)
            if fate in (TAKE, CUT_AFTER):
                self.log += [Taken(number, time.monotonic()) for number in numbers]
            left = 100_000 - len(self.log)
            self._changed.notify_all()
        self._hurry.wait(self.latency)
        if fate in _REFUSALS:
            return _REFUSALS[fate]
        if fate != TAKE:
            return None
        return f"Status=100\nStatusText=Le message a ete envoye\nCredits={left}\nInvalidNums=\nCampaignID=abcdefghi\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    gateway: LogGateway

    def process_request(self, request, client_address) -> None:
        self.gateway.note_work(1)
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.gateway.note_work(-1)

    def handle_error(self, request, client_address) -> None:
        """Whoever is killed hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("Status=100\n")

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return  # its sender died on the way
        fields = parse_qs(body.decode(), keep_blank_values=True)
        if "info" in fields:
            left = 100_000 - len(self.server.gateway.log)
            self._answer(f"Status=300\nStatusText=Compte actif\nCredits={left}\n")
            return
        flow = next(value[0] for value in fields.values() if value[0].startswith("<DATA>"))
        answer = self.server.gateway.send(re.findall("<MOBILEPHONE>([0-9]+)</MOBILEPHONE>", flow))
        if answer is None:
            self.close_connection = True
        else:
            self._answer(answer)

    def _answer(self, text: str) -> None:
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
