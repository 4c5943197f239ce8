import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import loopback_server as loop
import pytest
from posting import BODY, HASTY, OFTEN, SHORT, SUCCESS, Serve

from mmsbatch import __version__
from mmsbatch.campaign.configuration import Timeout
from mmsbatch.errors import GatewayRefusal
from mmsbatch.gateway.exchange import Answered, Exchange, Lost, NotSent
from mmsbatch.gateway.http import MAX_BODY, Poster


def assert_discreet(exchange: Exchange) -> None:
    reason = exchange.reason
    assert "s3cret" not in reason
    assert "login" not in reason
    assert "http://" not in reason
    assert "33639980012" not in f"{exchange!r}"


# --- what surely was not sent


def test_refused(poster: Poster) -> None:
    port = loop.closed_port()
    exchange = poster.post(f"http://127.0.0.1:{port}/", BODY, OFTEN)
    assert exchange == NotSent("no connection: Connection refused")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_is_tried_once(scheme: str, poster: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, connect = [], socket.socket.connect

    def note(self: socket.socket, address: object) -> None:
        tried.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    poster.post(f"{scheme}://127.0.0.1:{loop.closed_port()}/", BODY, OFTEN)
    assert len(tried) == 1


def test_name_unknown(poster: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    exchange = poster.post("http://gateway.test/", BODY, OFTEN)
    assert exchange == NotSent("the host's name cannot be resolved")


def test_connect_timeout(poster: Poster) -> None:
    with loop.full_backlog() as port:
        exchange = poster.post(f"http://127.0.0.1:{port}/", BODY, SHORT)
    assert exchange == NotSent("no connection within 0.4 s")


def test_certificate_not_trusted(poster: Poster, serve: Serve, make_certificate) -> None:
    server = serve(loop.read_request, tls=loop.serve_tls(make_certificate("IP:127.0.0.1")))
    exchange = poster.post(server.url, BODY, OFTEN)
    assert isinstance(exchange, NotSent)
    assert exchange.reason.startswith("the certificate was refused: self")
    assert server.requests == []


def test_certificate_of_another_name(serve: Serve, make_certificate) -> None:
    certificate = make_certificate("DNS:elsewhere.test")
    server = serve(loop.read_request, tls=loop.serve_tls(certificate))
    exchange = Poster({"REQUESTS_CA_BUNDLE": str(certificate)}).post(server.url, BODY, OFTEN)
    assert isinstance(exchange, NotSent)
    assert exchange.reason.startswith("the certificate was refused: ")
    assert server.requests == []


def test_connected_only_after_the_deadline(poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(loop.read_request, loop.answer(SUCCESS))
    connect = socket.socket.connect

    def connect_late(self: socket.socket, address: object) -> None:
        connect(self, address)
        time.sleep(2 * HASTY.total)

    monkeypatch.setattr(socket.socket, "connect", connect_late)
    exchange = poster.post(server.url, BODY, HASTY)
    assert exchange == NotSent("not done within 0.4 s")
    assert server.requests == []


# --- what may have arrived


@pytest.mark.parametrize(
    ("steps", "arrived", "reason"),
    [
        ([loop.read_head, loop.reset], 0, None),
        ([loop.read_request, loop.reset], 1, "the connection was reset"),
        ([loop.read_request], 1, "the connection was closed without an answer"),
        ([loop.read_request, loop.wait], 1, "nothing came for 0.4 s"),
        ([loop.read_request, loop.send(b"HTTP/1.1 2")], 1, None),
        ([loop.read_request, loop.send(b"garbage\r\n\r\n")], 1, "the answer is no HTTP"),
        ([loop.read_request, loop.send(b"HTTP/1.1 200 OK\r\n"), loop.reset], 1, None),
    ],
    ids=["rst-in-head", "rst", "closed", "silent", "half-status", "garbage", "rst-in-headers"],
)
def test_lost(steps: list[loop.Step], arrived: int, reason: str | None, poster: Poster, serve: Serve) -> None:
    server = serve(*steps)
    exchange = poster.post(server.url, BODY, SHORT)
    assert isinstance(exchange, Lost | Answered)
    if isinstance(exchange, Answered):
        assert exchange.body == b""
        assert steps[-1] is not loop.wait
    else:
        assert exchange.reason == (reason or exchange.reason)
    assert_discreet(exchange)
    assert (len(server.requests), server.connections) == (arrived, 1)


def test_reset_on_accept(poster: Poster, serve: Serve) -> None:
    server = serve(loop.reset)
    exchange = poster.post(server.url, BODY, SHORT)
    # It depends on the moment whether connecting fails, which proves that nothing left, or the request after it.
    # How the system words a reset of a connection that is already made is its own affair: both are doubt.
    assert exchange in (
        Lost("the connection was reset"),
        Lost("the connection was closed without an answer"),
        NotSent("no connection: Connection reset by peer"),
    )
    assert (server.requests, server.connections) == ([], 1)


def test_not_tls_at_all(poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_head, loop.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    exchange = poster.post(server.url.replace("http:", "https:"), BODY, OFTEN)
    assert isinstance(exchange, Lost)
    assert exchange.reason.startswith("TLS failed")
    assert server.connections == 1


@pytest.mark.parametrize("last", [loop.send_raw(b"garbage" * 10), loop.reset], ids=["bad-record", "rst"])
def test_tls_broken_after_the_request(last: loop.Step, serve: Serve, make_certificate) -> None:
    certificate = make_certificate("IP:127.0.0.1")
    server = serve(loop.read_request, last, tls=loop.serve_tls(certificate))
    exchange = Poster({"CURL_CA_BUNDLE": str(certificate)}).post(server.url, BODY, OFTEN)
    assert isinstance(exchange, Lost)
    assert (len(server.requests), server.connections) == (1, 1)


# --- what was answered


def test_an_answer(poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.answer(SUCCESS))
    assert poster.post(server.url, BODY, OFTEN) == Answered(200, SUCCESS)
    ((head, _, body),) = [request.partition(b"\r\n\r\n") for request in server.requests]
    assert body == BODY
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /amsmodule.php HTTP/1.1"
    assert f"User-Agent: mmsbatch/{__version__}" in lines
    assert "Content-Type: application/x-www-form-urlencoded" in lines
    assert "Accept-Encoding: identity" in lines
    assert b"s3cret" not in head


def test_an_answer_over_tls(serve: Serve, make_certificate) -> None:
    certificate = make_certificate("IP:127.0.0.1")
    server = serve(loop.read_request, loop.answer(SUCCESS), tls=loop.serve_tls(certificate))
    poster = Poster({"REQUESTS_CA_BUNDLE": str(certificate)})
    assert poster.post(server.url, BODY, OFTEN) == Answered(200, SUCCESS)


@pytest.mark.parametrize(
    ("sent", "complete"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + SUCCESS, False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n" + SUCCESS + b"\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n" + SUCCESS, False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n" + SUCCESS + b"\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n" + SUCCESS, True),
        (b"HTTP/1.0 200 OK\r\n\r\n" + SUCCESS, True),
    ],
    ids=["length", "chunks", "in-chunk", "chunked", "no-length", "http-1.0"],
)
def test_a_cut_body_keeps_what_came(sent: bytes, complete: bool, poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.send(sent))
    exchange = poster.post(server.url, BODY, OFTEN)
    assert isinstance(exchange, Answered)
    assert (exchange.http_status, exchange.body, exchange.complete) == (200, SUCCESS, complete)
    assert bool(exchange.reason) is not complete


@pytest.mark.parametrize("last", [loop.reset, loop.wait], ids=["rst", "silent"])
def test_a_body_that_breaks_off(last: loop.Step, poster: Poster, serve: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    server = serve(loop.read_request, loop.send(head + SUCCESS), last)
    exchange = poster.post(server.url, BODY, SHORT)
    assert isinstance(exchange, Answered | Lost)
    if isinstance(exchange, Answered):
        assert exchange.body in (b"", SUCCESS)
        assert not exchange.complete


@pytest.mark.parametrize("status", ["200 OK", "302 Found"])
def test_a_body_without_end_is_cut(status: str, poster: Poster, serve: Serve) -> None:
    head = f"HTTP/1.1 {status}\r\nLocation: /elsewhere\r\n\r\n".encode()
    server = serve(loop.read_request, loop.send(head + b"x" * (MAX_BODY + 200_000)), loop.wait)
    exchange = poster.post(server.url, BODY, OFTEN)
    assert isinstance(exchange, Answered)
    assert (len(exchange.body), exchange.complete) == (MAX_BODY, False)


@pytest.mark.parametrize("status", ["200 OK", "302 Found"])
def test_a_body_without_end_is_not_waited_for(status: str, poster: Poster, serve: Serve) -> None:
    head = f"HTTP/1.1 {status}\r\nLocation: /elsewhere\r\n\r\n".encode()
    server = serve(loop.read_request, loop.send(head + b"x" * (MAX_BODY + 200_000)), loop.drip(b"x"))
    exchange = poster.post(server.url, BODY, Timeout(connect=5, read=5, total=1))
    assert isinstance(exchange, Answered)
    assert exchange.reason == "longer than an answer can be"


# --- the deadline over the whole request


@pytest.mark.parametrize(
    "steps",
    [
        [loop.drip(b"H")],
        [loop.send(b"HTTP/1.1 200 OK\r\n"), loop.drip(b"A: b\r\n")],
        [loop.send(b"HTTP/1.1 200 OK\r\nA: "), loop.drip(b"b")],
        [loop.drip(b"HTTP/1.1 100 Continue\r\n\r\n")],
        [loop.wait],
    ],
    ids=["status", "headers", "header", "continue", "silent"],
)
@pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "tls"])
def test_a_drip_in_the_head_ends_on_time(
    steps: list[loop.Step], over_tls: bool, serve: Serve, make_certificate
) -> None:
    certificate = make_certificate("IP:127.0.0.1") if over_tls else None
    server = serve(loop.read_request, *steps, tls=loop.serve_tls(certificate) if certificate else None)
    poster = Poster({"REQUESTS_CA_BUNDLE": str(certificate)} if certificate else {})
    started = time.monotonic()
    exchange = poster.post(server.url, BODY, HASTY)
    assert time.monotonic() - started < 3
    assert not isinstance(exchange, NotSent)
    assert exchange.reason in ("not done within 0.4 s", "nothing came for 5 s")
    if isinstance(exchange, Answered):
        assert not exchange.complete
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "head",
    [b"\r\n", b"Content-Length: 99999999\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"],
    ids=["no-length", "length", "chunked"],
)
@pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "tls"])
def test_a_drip_in_the_body_ends_on_time(head: bytes, over_tls: bool, serve: Serve, make_certificate) -> None:
    certificate = make_certificate("IP:127.0.0.1") if over_tls else None
    steps = [loop.read_request, loop.send(b"HTTP/1.1 200 OK\r\n" + head + SUCCESS), loop.drip(b"x\n")]
    server = serve(*steps, tls=loop.serve_tls(certificate) if certificate else None)
    poster = Poster({"REQUESTS_CA_BUNDLE": str(certificate)} if certificate else {})
    started = time.monotonic()
    exchange = poster.post(server.url, BODY, HASTY)
    assert time.monotonic() - started < 3
    assert isinstance(exchange, Answered)
    assert exchange.body.startswith(SUCCESS)
    assert (exchange.complete, exchange.reason) == (False, "not done within 0.4 s")


def test_a_drip_in_the_handshake_ends_on_time(poster: Poster, serve: Serve) -> None:
    server = serve(loop.drip(b"\x16"))
    started = time.monotonic()
    exchange = poster.post(server.url.replace("http:", "https:"), BODY, HASTY)
    assert time.monotonic() - started < 3
    assert not isinstance(exchange, Answered)


# --- connections


def test_a_failure_does_not_spoil_the_next_request(poster: Poster, serve: Serve) -> None:
    silent = serve(loop.read_request, loop.wait)
    assert isinstance(poster.post(silent.url, BODY, HASTY), Lost)
    server = serve(loop.read_request, loop.answer(SUCCESS))
    assert poster.post(server.url, BODY, OFTEN) == Answered(200, SUCCESS)


def test_threads_do_not_disturb_each_other(poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_request, loop.answer(SUCCESS))
    found: list[Exchange] = []
    threads = [threading.Thread(target=lambda: found.append(poster.post(server.url, BODY, OFTEN))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Answered(200, SUCCESS)] * 8
    assert len(server.requests) == 8
    assert not [thread for thread in threading.enumerate() if thread.name == "request deadline"]


def test_no_cookie_is_sent_back(poster: Poster, serve: Serve) -> None:
    server = serve(*[loop.read_request, loop.answer(SUCCESS, head="Set-Cookie: PHPSESSID=abc\r\n")] * 2)
    poster.post(server.url, BODY, OFTEN)
    poster.post(server.url, BODY, OFTEN)
    assert b"cookie" not in server.requests[1].lower()


# --- the environment


def test_a_host_that_is_not_allowed_is_refused_before_anything(poster: Poster) -> None:
    with pytest.raises(GatewayRefusal, match="not allowed"):
        poster.post("http://elsewhere.test/", BODY, OFTEN)


def test_netrc_is_not_read(poster: Poster, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(loop.read_request, loop.answer(SUCCESS))
    poster.post(server.url, BODY, OFTEN)
    assert b"authorization" not in server.requests[0].lower()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_do_not_exist(name: str) -> None:
    with pytest.raises(GatewayRefusal, match=name):
        Poster({name: "/nowhere.pem"}).post("https://127.0.0.1/", BODY, OFTEN)


def test_certificates_that_are_none(tmp_path: Path, serve: Serve) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("not a certificate")
    server = serve(loop.read_request)
    exchange = Poster({"REQUESTS_CA_BUNDLE": str(bundle)}).post(server.url.replace("http:", "https:"), BODY, OFTEN)
    assert isinstance(exchange, NotSent)
    assert exchange.reason.startswith("TLS failed")
    assert (server.requests, server.connections) == ([], 0)


def test_loopback_never_goes_through_a_proxy(poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(loop.read_request, loop.answer(b"proxy"))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    server = serve(loop.read_request, loop.answer(SUCCESS))
    assert poster.post(server.url, BODY, OFTEN) == Answered(200, SUCCESS)
    assert proxy.connections == 0


def test_an_http_proxy_is_given_the_whole_url(poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(loop.read_request, loop.answer(SUCCESS))
    monkeypatch.setenv("http_proxy", f"http://user:word@127.0.0.1:{proxy.port}")
    assert poster.post("http://gateway.test/x", BODY, OFTEN) == Answered(200, SUCCESS)
    assert proxy.requests[0].startswith(b"POST http://gateway.test/x HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic " in proxy.requests[0]


def test_no_proxy_is_honoured(poster: Poster, monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    proxy = serve(loop.read_request, loop.answer(SUCCESS))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "gateway.test")
    test_name_unknown(poster, monkeypatch)
    assert proxy.connections == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(scheme: str, poster: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    port = loop.closed_port()
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{port}")
    exchange = poster.post(f"{scheme}://gateway.test/x", BODY, OFTEN)
    assert exchange == NotSent("no connection: Connection refused")


def test_a_proxy_that_refuses_connect(poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(loop.read_request, loop.answer(b"", "407 Proxy Authentication Required"))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
    exchange = poster.post("https://gateway.test/x", BODY, OFTEN)
    assert exchange == NotSent("the proxy refused the connection: 407 Proxy Authentication Required")
    assert proxy.requests[0].startswith(b"CONNECT gateway.test:443 ")
    assert b"s3cret" not in proxy.requests[0]


@pytest.mark.parametrize("last", [loop.reset, loop.read_head], ids=["rst", "closed"])
def test_a_proxy_that_breaks_off_is_doubt(
    last: loop.Step, poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(loop.read_request, last)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    exchange = poster.post("http://gateway.test/x", BODY, SHORT)
    assert isinstance(exchange, Lost)
    assert len(proxy.requests) == 1


def test_a_socks_proxy_is_not_used(poster: Poster, monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    proxy = serve(loop.read_head)
    monkeypatch.setenv("http_proxy", f"socks5://127.0.0.1:{proxy.port}")
    exchange = poster.post("http://gateway.test/x", BODY, OFTEN)
    assert isinstance(exchange, NotSent)
    assert proxy.connections == 0


def test_requests_is_loaded_only_when_something_is_sent() -> None:
    code = "import mmsbatch.gateway.http, mmsbatch.gateway.account, sys; sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
