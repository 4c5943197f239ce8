"""A gateway that takes its time, as a process of its own: python3 gateway.py SECONDS [RATE]

Answers as the manual's samples do, SECONDS after a request is there whole; connections are kept or closed as
the client wants. With a RATE it takes up so many requests a second, and the others wait in line.
Prints the port that it listens on. It shares no code with mmsbatch.
Whoever measures has more paths:

    GET /taken         what came since the last look, as JSON, see `Gateway.taken`
    GET /hold?posts=N  answered once N POSTs have come since; from then on all answers wait
    GET /release       ends that
"""

import asyncio
import json
import math
import re
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

SEND_PATH, ACCOUNT_PATH = "/amsmodule.sendmms.v2.php", "/amsmodule.sendsms.v6.php"
_CREDITS = 1_000_000_000
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
#: A number within a body as it is on the wire: to read the whole flow for the answer would be measured along.
_NUMBER = re.compile(rb"MOBILEPHONE%3E33([0-9]{9})%3C", re.IGNORECASE)

Answer = Callable[[str], None]


class Gateway:
    """What came, and what is answered; times are the monotonic clock's."""

    def __init__(self, latency: float, rate: float = math.inf) -> None:
        self._latency, self._rate = latency, rate
        self._free_at = 0.0
        self._credits = _CREDITS
        self._begin()

    def _begin(self) -> None:
        self._bodies: list[bytes] = []
        self._first: float | None = None
        self._last: float | None = None
        self._flying = self._most_at_once = 0
        self._awaited: tuple[int, Answer] | None = None
        self._held: list[Callable[[], None]] | None = None

    def send(self, body: bytes, answer: Answer) -> None:
        """Take a message, and answer in time."""
        self._first = self._first or time.monotonic()
        self._bodies.append(body)
        self._flying += 1
        self._most_at_once = max(self._most_at_once, self._flying)

        def end() -> None:
            self._flying -= 1
            answer(self._send(body))
            self._last = time.monotonic()

        if self._held is None:
            asyncio.get_running_loop().call_later(self._wait_in_line() + self._latency, end)
        else:
            self._held.append(end)
        self._hold_if_due()

    def _wait_in_line(self) -> float:
        """Return the seconds until a request that comes now is taken up."""
        now = time.monotonic()
        turn = max(now, self._free_at)
        self._free_at = turn + 1 / self._rate
        return turn - now

    def account(self, answer: Answer) -> None:
        """Tell the credit."""
        answer(f"Status=300\nStatusText=Compte actif\nCredits={self._credits}\n")

    def hold(self, posts: int, answer: Answer) -> None:
        """Answer once so many messages have come, and hold all later answers back."""
        self._awaited = posts, answer
        self._hold_if_due()

    def release(self, answer: Answer) -> None:
        """Answer what was held back, and hold no more."""
        held, self._held = self._held or [], None
        for end in held:
            end()
        answer("")

    def taken(self, answer: Answer) -> None:
        """Tell what came since the last look; bodies are read here as strictly as XML is."""
        seen = {
            "posts": len(self._bodies),
            "first_arrival": self._first,
            "last_answer": self._last,
            "most_at_once": self._most_at_once,
            "numbers": [number for body in self._bodies for number in _read_numbers(body)],
            "first_body": self._bodies[0].decode("ascii") if self._bodies else "",
        }
        self._begin()
        answer(json.dumps(seen))

    def _hold_if_due(self) -> None:
        if self._awaited and len(self._bodies) >= self._awaited[0]:
            self._held = self._held or []
            _, answer = self._awaited
            self._awaited = None
            answer("")

    def _send(self, body: bytes) -> str:
        numbers = _NUMBER.findall(body)
        if not numbers:
            return "Status=123\nStatusText=Aucun numéro de téléphone valide dans le flux.\n"
        self._credits -= len(numbers)
        customers = " <CUSTOMER>\n".join(
            f"<MOBILEPHONE>0{number.decode('ascii')}</MOBILEPHONE></CUSTOMER>" for number in numbers
        )
        return (
            f"Status=100\nStatusText=Le message a été envoyé\nCredits={self._credits}\nInvalidNums=\n"
            f"CampaignID=hbhvirbvc\nIDs=<RECOVERIDS><CUSTOMER>{customers}</RECOVERIDS>\n"
        )


class Connection(asyncio.Protocol):
    """One connection: requests one behind the other."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Serve each request that is there whole."""
        self._received += data
        while (request := _cut_request(self._received)) is not None:
            self._serve(*request)

    def _serve(self, target: str, body: bytes, closes: bool) -> None:
        def answer(text: str) -> None:
            self._write(200, text, closes)

        url = urlsplit(target)
        match url.path:
            case "/amsmodule.sendmms.v2.php":
                self._gateway.send(body, answer)
            case "/amsmodule.sendsms.v6.php":
                self._gateway.account(answer)
            case "/taken":
                self._gateway.taken(answer)
            case "/hold":
                self._gateway.hold(int(parse_qs(url.query)["posts"][0]), answer)
            case "/release":
                self._gateway.release(answer)
            case _:
                self._write(404, "", closes)

    def _write(self, status: int, text: str, closes: bool) -> None:
        content, kept = text.encode(), "close" if closes else "keep-alive"
        head = f"HTTP/1.1 {status} \r\nContent-Type: text/plain; charset=utf-8\r\n"
        length = f"Content-Length: {len(content)}\r\nConnection: {kept}\r\n\r\n"
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write((head + length).encode("ascii") + content)
        if closes:
            self._transport.close()


def _cut_request(received: bytearray) -> tuple[str, bytes, bool] | None:
    """Take a whole request away from what was received: its target, its body, whether the connection is to end."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end])
    length = _LENGTH.search(head)
    start, stop = end + 4, end + 4 + (int(length[1]) if length else 0)
    if len(received) < stop:
        return None
    body = bytes(received[start:stop])
    del received[:stop]
    return head.split(b" ", 2)[1].decode("ascii"), body, _CLOSE.search(head) is not None


@lru_cache(maxsize=8)  # the bare sender's are all the same
def _read_numbers(body: bytes) -> list[str]:
    flow = parse_qs(body.decode("ascii"), strict_parsing=True)["XMLFlow"][0]
    return [tag.text or "" for tag in ET.fromstring(flow).findall("MOBILEPHONE")]


async def main(latency: float, rate: float = math.inf) -> None:
    """Listen until the process is ended."""
    gateway = Gateway(latency, rate)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(gateway), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*map(float, sys.argv[1:])))
