"""The contract's table of what happened and what a chunk becomes, row by row, over real connections."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import loopback_server as loop
import pytest
from posting import BODY, HASTY, NUMBERS, OFTEN, SHORT, Serve

from mmsbatch.campaign.configuration import Timeout
from mmsbatch.gateway.exchange import Exchange
from mmsbatch.gateway.http import Poster
from mmsbatch.gateway.statuses import SEND_STATUSES, Reaction
from mmsbatch.gateway.verdict import REFUSING_HTTP, Fate, judge


@dataclass(frozen=True)
class Bench:
    """What a row may use to make something happen."""

    poster: Poster
    serve: Serve
    certify: Callable[..., Path]
    patch: pytest.MonkeyPatch


Happening = Callable[[Bench], tuple[Exchange, loop.Server | None]]


@dataclass(frozen=True)
class Row:
    """One line of the table; `accepted` and `rejected` count the chunk's two numbers."""

    name: str
    happening: Happening
    fate: Fate
    reaction: Reaction
    accepted: int = 0
    rejected: int = 0


# --- what happens


def served(*steps: loop.Step, timeout: Timeout = OFTEN) -> Happening:
    def happen(bench: Bench) -> tuple[Exchange, loop.Server]:
        server = bench.serve(*steps)
        return bench.poster.post(server.url, BODY, timeout), server

    return happen


def answered(body: str, status: str = "200 OK") -> Happening:
    return served(loop.read_request, loop.answer(body.encode(), status), loop.read_request)


def cut(body: str, status: str = "200 OK") -> Happening:
    head = f"HTTP/1.1 {status}\r\nContent-Length: 999\r\n\r\n"
    return served(loop.read_request, loop.send((head + body).encode()))


def over_tls(name: str, trusted: bool, *steps: loop.Step, expired: bool = False) -> Happening:
    def happen(bench: Bench) -> tuple[Exchange, loop.Server]:
        certificate = bench.certify(name, expired=expired)
        server = bench.serve(*steps, tls=loop.serve_tls(certificate))
        poster = Poster({"REQUESTS_CA_BUNDLE": str(certificate)}) if trusted else bench.poster
        return poster.post(server.url, BODY, OFTEN), server

    return happen


def nobody_listens(bench: Bench) -> tuple[Exchange, None]:
    return bench.poster.post(f"http://127.0.0.1:{loop.closed_port()}/", BODY, OFTEN), None


def nobody_accepts(bench: Bench) -> tuple[Exchange, None]:
    with loop.full_backlog() as port:
        return bench.poster.post(f"http://127.0.0.1:{port}/", BODY, SHORT), None


def name_unknown(bench: Bench) -> tuple[Exchange, None]:
    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    bench.patch.setattr(socket, "getaddrinfo", fail)
    return bench.poster.post("http://gateway.test/", BODY, OFTEN), None


def no_tls(bench: Bench) -> tuple[Exchange, loop.Server]:
    server = bench.serve(loop.read_head, loop.answer(b"", "400 Bad Request"))
    return bench.poster.post(server.url.replace("http:", "https:"), BODY, OFTEN), server


# --- the table


def accepted_rows() -> Iterator[Row]:
    accepted = (Fate.ACCEPTED, Reaction.GO_ON, 2)
    for status in (100, 101):
        yield Row(f"{status}", answered(f"Status={status}\n"), *accepted)
        yield Row(f"{status}-http-500", answered(f"Status={status}\n", "500 Oops"), *accepted)
        yield Row(f"{status}-http-403", answered(f"Status={status}\n", "403 Forbidden"), *accepted)
        # Whether the numbers themselves were taken stands in the missing part: unaccounted, and not sent again.
        yield Row(f"{status}-cut", cut(f"Status={status}\nStatus"), Fate.ACCEPTED, Reaction.GO_ON)
    one_rejected = answered("Status=100\nInvalidNums=0639980013\n")
    yield Row("100-one-rejected", one_rejected, Fate.ACCEPTED, Reaction.GO_ON, accepted=1, rejected=1)
    yield Row("123", answered("Status=123\n"), Fate.ACCEPTED, Reaction.ALL_REJECTED, rejected=2)


def unsent_rows() -> Iterator[Row]:
    unsent = (Fate.RETRY_NOT_SENT, Reaction.RETRY_THEN_FAILED)
    yield Row("name-unknown", name_unknown, *unsent)
    yield Row("connection-refused", nobody_listens, *unsent)
    yield Row("connect-timeout", nobody_accepts, *unsent)
    yield Row("certificate-not-trusted", over_tls("IP:127.0.0.1", False, loop.read_request), *unsent)
    yield Row("certificate-of-another", over_tls("DNS:other.test", True, loop.read_request), *unsent)
    yield Row("certificate-expired", over_tls("IP:127.0.0.1", True, loop.read_request, expired=True), *unsent)


def refused_rows() -> Iterator[Row]:
    reactions = {
        Reaction.STOP_FOR_CREDIT: (103, 104),
        Reaction.STOP: (102, 200, 105, 108, 109, 112, 113, 115, 118, 119, 120, 121),
        Reaction.STOP_UNLESS_TEXTS_DIFFER: (106, 107, 110, 111, 122),
    }
    for reaction, statuses in reactions.items():
        for status in statuses:
            yield Row(f"{status}", answered(f"Status={status}\n"), Fate.REFUSED, reaction)
    for status in (114, 116, 117):
        yield Row(f"{status}", answered(f"Status={status}\n"), Fate.RETRY_MEDIA, Reaction.RETRY_THEN_REFUSED)
    for http in (300, 301, 302, 303, 304, 305, 307, 308, 399, 401, 403, 404, 405, 407, 411, 413, 414, 431):
        page = "" if http == 304 else "<html>no</html>"
        yield Row(f"http-{http}", answered(page, f"{http} X"), Fate.REFUSED, Reaction.STOP)
    yield Row("http-403-empty", answered("", "403 X"), Fate.REFUSED, Reaction.STOP)
    yield Row("http-403-105", answered("Status=105\n", "403 X"), Fate.REFUSED, Reaction.STOP)
    yield Row("http-400-105", answered("Status=105\n", "400 X"), Fate.REFUSED, Reaction.STOP)


def doubtful_answers() -> Iterator[tuple[str, Happening]]:
    for http in (400, 402, 406, 408, 409, 410, 412, 415, 417, 418, 421, 422, 423, 425, 426, 428, 429, 451, 499):
        yield f"http-{http}", answered("<html>no</html>", f"{http} X")
    for http in (500, 501, 502, 503, 504, 507, 511, 520, 599, 600, 999):
        yield f"http-{http}", answered("<html>no</html>", f"{http} X")
        yield f"http-{http}-105", answered("Status=105\n", f"{http} X")
    for http in (101, 200, 201, 202, 204, 206, 299):
        yield f"http-{http}-empty", answered("", f"{http} X")
    for status in ("124", "099", "000", "199", "201", "300", "999", "1000", "10", "-100", "abc", ""):
        yield f"unknown-{status}", answered(f"Status={status}\n")
        yield f"unknown-{status}-http-403", answered(f"Status={status}\n", "403 X")
    yield "contradiction", answered("Status=100\nStatus=103\n")
    yield "unreadable", answered("\0\1\2<html>Status=100</html>")
    yield "cut-before-the-status", cut("")
    yield "cut-in-the-status", cut("Status=100")
    for status in sorted({*SEND_STATUSES} - {100, 101}):
        yield f"{status}-cut", cut(f"Status={status}\nStatus")
    for http in (302, 403, 413):
        yield f"http-{http}-cut", cut("<html>", f"{http} X")


def doubtful_rows() -> Iterator[Row]:
    doubtful = (Fate.IN_DOUBT, Reaction.HOLD)
    for name, happening in doubtful_answers():
        yield Row(name, happening, *doubtful)
    losses: dict[str, Happening] = {
        "read-timeout": served(loop.read_request, loop.wait, timeout=SHORT),
        "total-timeout": served(loop.read_request, loop.wait, timeout=HASTY),
        "total-timeout-in-a-drip": served(loop.read_request, loop.drip(b"H"), timeout=HASTY),
        "reset": served(loop.read_request, loop.reset),
        "reset-in-the-request": served(loop.read_head, loop.reset),
        "closed": served(loop.read_request),
        "head-cut": served(loop.read_request, loop.send(b"HTTP/1.1 403 Forbidden\r\nServer")),
        "no-http": served(loop.read_request, loop.send(b"Status=100\n")),
        "tls-is-none": no_tls,
        "tls-closed": over_tls("IP:127.0.0.1", True, loop.read_request),
        "tls-reset": over_tls("IP:127.0.0.1", True, loop.read_request, loop.reset),
        "tls-bad-record": over_tls("IP:127.0.0.1", True, loop.read_request, loop.send_raw(b"garbage" * 10)),
    }
    for name, happening in losses.items():
        yield Row(name, happening, *doubtful)


ROWS = [*accepted_rows(), *unsent_rows(), *refused_rows(), *doubtful_rows()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_happened_and_what_the_chunk_becomes(
    row: Row, poster: Poster, serve: Serve, make_certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, server = row.happening(Bench(poster, serve, make_certificate, monkeypatch))
    verdict = judge(exchange, NUMBERS, scheduled=False)
    assert (verdict.fate, verdict.reaction) == (row.fate, row.reaction)
    assert (verdict.accepted, len(verdict.rejected)) == (row.accepted, row.rejected)
    assert verdict.reason
    if server is not None:
        server.stop_accepting()
        assert server.connections == 1
        assert len(server.requests) <= (0 if row.fate is Fate.RETRY_NOT_SENT else 1)


def test_the_table_has_every_status_and_every_refusing_http_status() -> None:
    names = {row.name for row in ROWS}
    assert len(names) == len(ROWS)
    assert names >= {str(status) for status in SEND_STATUSES}
    assert names >= {f"http-{http}" for http in REFUSING_HTTP if http >= 400}
