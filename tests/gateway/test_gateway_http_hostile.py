"""Answers that no good server gives: each is read for what it is, and none is ever taken for another's."""

import gzip
import time
import zlib

import loopback_server as loop
import pytest
from posting import BODY, HASTY, OFTEN, SHORT, SUCCESS, Serve, fate_of

from mmsbatch.gateway.exchange import Answered, Lost
from mmsbatch.gateway.http import MAX_BODY, Poster
from mmsbatch.gateway.verdict import Fate

REFUSAL = b"Status=103\n"
OK = "HTTP/1.1 200 OK\r\n"
FORBIDDEN = "HTTP/1.1 403 Forbidden\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"
#: Long enough that the request cannot leave before the server reads it.
LONG_BODY = b"x" * 16_000_000


def whole(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


# --- one request, one connection


@pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("padding", [0, 8100, 9000], ids=["in-the-first-read", "across-reads", "behind-the-first-read"])
def test_bytes_behind_an_answer_are_never_the_next_answer(
    padding: int, over_tls: bool, serve: Serve, make_certificate
) -> None:
    certificate = make_certificate("IP:127.0.0.1") if over_tls else None
    refusal = REFUSAL + b"x" * padding
    steps = [loop.read_request, loop.send(whole(refusal) + whole(SUCCESS))]
    server = serve(*steps, *steps, tls=loop.serve_tls(certificate) if certificate else None)
    poster = Poster({"REQUESTS_CA_BUNDLE": str(certificate)} if certificate else {})
    exchanges = [poster.post(server.url, BODY, OFTEN) for _ in range(3)]
    assert exchanges == [Answered(200, refusal)] * 3
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "first",
    [
        whole(REFUSAL),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 21\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["answer", "204", "304", "short-length"],
)
def test_what_comes_late_is_never_the_next_answer(first: bytes, poster: Poster, serve: Serve) -> None:
    # On a kept connection, the second request would meet what belongs to the first.
    server = serve(loop.read_request, loop.send(first), loop.read_request, loop.send(whole(SUCCESS)))
    exchanges = [poster.post(server.url, BODY, OFTEN) for _ in range(2)]
    assert exchanges[0] == exchanges[1]
    assert fate_of(exchanges[0]) is not Fate.ACCEPTED
    assert (len(server.requests), server.connections) == (2, 2)


def test_a_connection_is_closed_as_soon_as_its_answer_is_read(poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.answer(SUCCESS, head="Connection: keep-alive\r\n"), loop.read_to_end)
    for _ in range(3):
        assert poster.post(server.url, BODY, OFTEN) == Answered(200, SUCCESS)
        server.join_connections()  # before the next request, with the poster still in use
    assert (len(server.requests), server.closed_by_client) == (3, 3)


def test_the_request_says_that_it_is_the_last_and_waits_for_nothing(poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.answer(SUCCESS))
    poster.post(server.url, BODY, OFTEN)
    head = server.requests[0].lower().partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"connection: close" in head
    assert not [line for line in head if line.startswith(b"expect")]


# --- no second POST


@pytest.mark.parametrize("status", ["413 Large", "429 Slow down", "503 Busy"])
@pytest.mark.parametrize("after", ["0", "3600", "Fri, 31 Dec 2100 23:59:59 GMT"], ids=["at-once", "later", "date"])
def test_retry_after_makes_no_second_post_and_no_wait(
    status: str, after: str, poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        raise RuntimeError(f"would wait for {seconds} s")

    monkeypatch.setattr(time, "sleep", sleep)
    server = serve(loop.read_request, loop.answer(b"x", status, f"Retry-After: {after}\r\n"), loop.read_request)
    assert poster.post(server.url, BODY, OFTEN) == Answered(int(status[:3]), b"x")
    server.stop_accepting()
    assert (len(server.requests), server.connections) == (1, 1)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("target", ["none", "same", "other", "broken"])
def test_no_redirect_is_followed(status: int, target: str, poster: Poster, serve: Serve) -> None:
    other = serve(loop.read_request, loop.answer(SUCCESS))
    places = {"same": "/elsewhere", "other": other.url, "broken": "http://[::1"}
    location = f"Location: {places[target]}\r\n" if target in places else ""
    server = serve(loop.read_request, loop.answer(b"", f"{status} X", location), loop.read_request)
    exchange = poster.post(server.url, BODY, OFTEN)
    assert (exchange, fate_of(exchange)) == (Answered(status, b""), Fate.REFUSED)
    for each in (server, other):
        each.stop_accepting()
    assert (len(server.requests), server.connections, other.connections) == (1, 1, 0)


# --- interim answers


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints", "199 X"])
@pytest.mark.parametrize("times", [1, 3])
def test_interim_answers_are_passed_over(interim: str, times: int, poster: Poster, serve: Serve) -> None:
    head = loop.send(f"HTTP/1.1 {interim}\r\nLink: </a>\r\n\r\n".encode())
    server = serve(loop.read_request, *[head] * times, loop.answer(SUCCESS))
    assert poster.post(server.url, BODY, OFTEN) == Answered(200, SUCCESS)


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
@pytest.mark.parametrize("last", [loop.send(b""), loop.reset, loop.wait], ids=["closed", "rst", "silent"])
def test_an_interim_answer_alone_is_doubt(interim: str, last: loop.Step, poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.send(f"HTTP/1.1 {interim}\r\n\r\n".encode()), last)
    exchange = poster.post(server.url, BODY, SHORT)
    assert isinstance(exchange, Lost)
    assert len(server.requests) == 1


def test_another_protocol_is_doubt(poster: Poster, serve: Serve) -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"
    server = serve(loop.read_request, loop.send(head + whole(SUCCESS)))
    exchange = poster.post(server.url, BODY, OFTEN)
    assert (exchange, fate_of(exchange)) == (Answered(101, b""), Fate.IN_DOUBT)


# --- what is no answer of HTTP/1


@pytest.mark.parametrize(
    "sent",
    [
        SUCCESS,
        b"<html>\r\n\r\n" + SUCCESS,
        b"ICY 200 OK\r\n\r\n" + SUCCESS,
        b"HTTP/2.0 200 OK\r\n\r\n" + SUCCESS,
        b"HTTP/1.1 2000 OK\r\n\r\n" + SUCCESS,
        b"HTTP/1.1 20x OK\r\n\r\n" + SUCCESS,
        b"\r\n" + whole(SUCCESS),
        OK.encode() + b"A: " + b"b" * 70_000 + b"\r\n\r\n" + SUCCESS,
        OK.encode() + b"A: b\r\n" * 200 + b"\r\n" + SUCCESS,
    ],
    ids=["http-0.9", "html", "icy", "http-2", "four-digits", "no-number", "blank-first", "long-line", "many-lines"],
)
def test_what_is_no_http_answer_is_doubt(sent: bytes, poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.send(sent), loop.read_to_end)
    exchange = poster.post(server.url, BODY, OFTEN)
    assert isinstance(exchange, Lost)
    assert exchange.reason
    assert "closed" not in exchange.reason
    assert len(server.requests) == 1


# --- where an answer ends


@pytest.mark.parametrize(
    "sent",
    [
        FORBIDDEN.removesuffix("\r\n"),
        FORBIDDEN,
        FORBIDDEN + "Server: x\r\nConte",
        FORBIDDEN + "Content-Length: 5\r\n",
        FORBIDDEN + "Transfer-Encoding: chunked",
        FORBIDDEN + "Content-Length: 5\r\n\r\nno",
        FORBIDDEN + CHUNKED,
        FORBIDDEN + CHUNKED + "2\r\nno\r\n",
        FORBIDDEN + CHUNKED + "2\r\nno\r\n0",
        FORBIDDEN + CHUNKED + "2\r\nno\r\n1",
        FORBIDDEN + CHUNKED + "2\r\nno\r\n15\r\nStat",
        FORBIDDEN + CHUNKED + "2\r\nno",
        FORBIDDEN + CHUNKED + "2\r\nno\r\n0\r\n",
        FORBIDDEN + CHUNKED + "2\r\nno\r\n0\r\nA: b\r\n",
        FORBIDDEN + CHUNKED + "2\r\nno\r\nxyz\r\n",
        FORBIDDEN + CHUNKED + "-2\r\nno\r\n0\r\n\r\n",
        FORBIDDEN + "Content-Length: 2\r\nContent-Length: 21\r\n\r\nno",
        FORBIDDEN + "Content-Length: -2\r\n\r\nno",
        FORBIDDEN + "Content-Length: two\r\n\r\nno",
        FORBIDDEN + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    ],
    ids=[
        "status-line",
        "status-line-ended",
        "header",
        "before-the-blank-line",
        "header-whole-but-its-end",
        "body",
        "before-chunks",
        "between-chunks",
        "zero-of-a-chunk-size",
        "chunk-size",
        "chunk",
        "chunk-but-its-end",
        "before-trailers",
        "trailers",
        "no-chunk-size",
        "negative-chunk-size",
        "lengths-contradict",
        "negative-length",
        "no-length",
        "another-transfer-encoding",
    ],
)
def test_a_refusal_whose_end_is_unsure_is_doubt(sent: str, poster: Poster, serve: Serve) -> None:
    # The missing part might hold the Status line of a gateway that did send.
    server = serve(loop.read_request, loop.send(sent.encode()))
    exchange = poster.post(server.url, BODY, OFTEN)
    assert fate_of(exchange) is Fate.IN_DOUBT
    assert exchange.reason
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", b"no"),
        ("", b""),
        ("Content-Length: 2\r\n", b"no"),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", b"no"),
        ("Content-Length: 0\r\n", b""),
        ("Content-Encoding: identity\r\n", b"no"),
        ("Transfer-Encoding: Chunked\r\n", b"1;a=b\r\nn\r\n01\r\no\r\n0\r\nA: b\r\n\r\n"),
    ],
    ids=["no-length", "empty", "length", "length-twice", "length-0", "identity", "chunked"],
)
def test_a_refusal_that_is_whole_is_a_refusal(head: str, body: bytes, poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.send(f"{FORBIDDEN}{head}\r\n".encode() + body))
    exchange = poster.post(server.url, BODY, OFTEN)
    assert fate_of(exchange) is Fate.REFUSED


def test_a_length_shorter_than_the_body_ends_it(poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + SUCCESS))
    exchange = poster.post(server.url, BODY, OFTEN)
    assert (exchange, fate_of(exchange)) == (Answered(200, SUCCESS[:8]), Fate.IN_DOUBT)


# --- compressed, although it was not asked for


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(SUCCESS)),
        ("gzip", b"\x1f\x8bbroken"),
        ("deflate", zlib.compress(SUCCESS)),
        ("br", b"\x0b\x0a\x80Status"),
        ("gzip, identity", gzip.compress(SUCCESS)),
        ("gzip", gzip.compress(b"x" * 30_000_000)),
    ],
    ids=["gzip", "broken-gzip", "deflate", "br", "twice", "bomb"],
)
def test_a_compressed_answer_is_doubt(status: str, coding: str, body: bytes, poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.answer(body, status, f"Content-Encoding: {coding}\r\n"))
    exchange = poster.post(server.url, BODY, OFTEN)
    reason = "its Content-Encoding cannot be read"
    assert exchange == Answered(int(status[:3]), body, complete=False, reason=reason)
    assert fate_of(exchange) is Fate.IN_DOUBT


def test_an_answer_that_only_claims_to_be_compressed_is_read(poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.answer(SUCCESS, head="Content-Encoding: gzip\r\n"))
    assert fate_of(poster.post(server.url, BODY, OFTEN)) is Fate.ACCEPTED


# --- much of it, and for long


def test_an_answer_in_pieces_of_one_byte_is_read_in_good_time(poster: Poster, serve: Serve) -> None:
    body = SUCCESS + b"x" * 40_000
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    server = serve(loop.read_request, loop.send((OK + CHUNKED).encode() + chunks + b"0\r\n\r\n"))
    assert poster.post(server.url, BODY, OFTEN) == Answered(200, body)


@pytest.mark.parametrize(
    ("head", "data"),
    [
        ("", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ("", b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"),
        (OK + CHUNKED + "1\r\nx\r\n0\r\n", b"A: b\r\n" * 1000),
    ],
    ids=["continue", "hints", "trailers"],
)
def test_a_flood_that_is_no_body_ends_on_time(head: str, data: bytes, poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.send(head.encode()), loop.flood(data))
    started = time.monotonic()
    exchange = poster.post(server.url, BODY, HASTY)
    assert time.monotonic() - started < 5
    assert exchange.reason == "not done within 0.4 s"
    assert fate_of(exchange) is Fate.IN_DOUBT


@pytest.mark.parametrize(
    ("head", "data"),
    [("\r\n", b"x" * 65536), (CHUNKED, b"400\r\n" + b"x" * 1024 + b"\r\n")],
    ids=["no-length", "chunks"],
)
def test_a_flood_of_a_body_is_not_read_on(head: str, data: bytes, poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.send((OK + head).encode()), loop.flood(data))
    exchange = poster.post(server.url, BODY, OFTEN)
    assert isinstance(exchange, Answered)
    assert (len(exchange.body), exchange.reason) == (MAX_BODY, "longer than an answer can be")
    assert fate_of(exchange) is Fate.IN_DOUBT


# --- answered before the request was there


@pytest.mark.parametrize(
    ("status", "body", "fate"),
    [
        ("413 Too Large", b"", Fate.REFUSED),
        ("403 Forbidden", b"<html>no</html>", Fate.REFUSED),
        ("500 Oops", b"", Fate.IN_DOUBT),
        ("200 OK", b"", Fate.IN_DOUBT),
        ("200 OK", SUCCESS, Fate.IN_DOUBT),
        ("413 Too Large", SUCCESS, Fate.IN_DOUBT),
        ("200 OK", b"Status=105\n", Fate.IN_DOUBT),
    ],
)
def test_an_early_answer_counts_only_as_a_refusal(
    status: str, body: bytes, fate: Fate, poster: Poster, serve: Serve
) -> None:
    server = serve(loop.read_head, loop.answer(body, status))
    exchange = poster.post(server.url, LONG_BODY, OFTEN)
    assert exchange == Answered(int(status[:3]), body, early=True)
    assert fate_of(exchange) is fate
    server.stop_accepting()
    assert server.connections == 1
