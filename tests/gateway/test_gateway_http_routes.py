"""Proxies and TLS that fail: what happened before the request could leave, and what after."""

import ssl
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import loopback_server as loop
import pytest
from posting import BODY, HASTY, OFTEN, SHORT, SUCCESS, Serve, fate_of

from mmsbatch.campaign.configuration import Timeout
from mmsbatch.gateway.exchange import Answered, Lost, NotSent
from mmsbatch.gateway.http import Poster
from mmsbatch.gateway.verdict import Fate

ESTABLISHED = loop.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
#: A TLS record that announces 16 KB of handshake.
LONG_RECORD = loop.send(b"\x16\x03\x03\x40\x00\x02")

Certify = Callable[..., Path]


def through(monkeypatch: pytest.MonkeyPatch, proxy: loop.Server) -> None:
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{proxy.port}")


def trusting(certificate: Path) -> Poster:
    return Poster({"REQUESTS_CA_BUNDLE": str(certificate), "MMSBATCH_ALLOWED_HOSTS": "gateway.test"})


# --- a proxy for http


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("407 Proxy Authentication Required", Fate.REFUSED),
        ("403 Forbidden", Fate.REFUSED),
        ("502 Bad Gateway", Fate.IN_DOUBT),
        ("503 Service Unavailable", Fate.IN_DOUBT),
        ("504 Gateway Timeout", Fate.IN_DOUBT),
    ],
)
def test_what_an_http_proxy_answers_is_judged_as_an_answer(
    status: str, fate: Fate, poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "Proxy-Authenticate: Basic\r\nRetry-After: 0\r\n"
    proxy = serve(loop.read_request, loop.answer(b"no", status, head), loop.read_request)
    through(monkeypatch, proxy)
    exchange = poster.post("http://gateway.test/x", BODY, OFTEN)
    assert (exchange, fate_of(exchange)) == (Answered(int(status[:3]), b"no"), fate)
    proxy.stop_accepting()
    assert (len(proxy.requests), proxy.connections) == (1, 1)


@pytest.mark.parametrize("read", [loop.read_head, loop.read_request], ids=["before-the-body", "after-the-body"])
@pytest.mark.parametrize("last", [loop.reset, loop.send(b"")], ids=["rst", "closed"])
def test_an_http_proxy_that_breaks_off_is_doubt(
    read: loop.Step, last: loop.Step, poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(read, last)
    through(monkeypatch, proxy)
    assert isinstance(poster.post("http://gateway.test/x", BODY, OFTEN), Lost)
    proxy.stop_accepting()
    assert proxy.connections == 1


# --- a proxy's tunnel for https


@pytest.mark.parametrize(
    "status", ["302 Found", "403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway", "503 Busy"]
)
def test_a_refused_tunnel_means_not_sent(
    status: str, poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "Proxy-Authenticate: Basic\r\nRetry-After: 0\r\nLocation: /elsewhere\r\n"
    proxy = serve(loop.read_request, loop.answer(SUCCESS, status, head), loop.read_request)
    through(monkeypatch, proxy)
    exchange = poster.post("https://gateway.test/x", BODY, OFTEN)
    assert exchange == NotSent(f"the proxy refused the connection: {status}")
    proxy.stop_accepting()
    assert (len(proxy.requests), proxy.connections) == (1, 1)
    assert b"s3cret" not in proxy.requests[0]


@pytest.mark.parametrize(
    "steps",
    [
        [loop.reset],
        [loop.send(b"")],
        [loop.send(b"HTTP/1.1 200 OK\r\n")],
        [loop.send(b"garbage\r\n\r\n")],
        [ESTABLISHED],
        [ESTABLISHED, loop.read_head, loop.reset],
        [ESTABLISHED, loop.read_head, loop.answer(SUCCESS)],
    ],
    ids=["rst", "closed", "head-cut", "garbage", "closed-after", "rst-in-handshake", "no-tls"],
)
def test_a_tunnel_that_breaks_off_is_doubt(
    steps: list[loop.Step], poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing left in truth; but these errors look the same as some that come later, and doubt sends nothing twice.
    proxy = serve(loop.read_request, *steps)
    through(monkeypatch, proxy)
    assert isinstance(poster.post("https://gateway.test/x", BODY, OFTEN), Lost)
    proxy.stop_accepting()
    assert (len(proxy.requests), proxy.connections) == (1, 1)
    assert b"s3cret" not in proxy.requests[0]


@pytest.mark.parametrize(
    ("steps", "arrived", "fate"),
    [
        ([loop.read_head, loop.reset], 0, Fate.IN_DOUBT),
        ([loop.read_request, loop.reset], 1, Fate.IN_DOUBT),
        ([loop.read_request], 1, Fate.IN_DOUBT),
        ([loop.read_request, loop.answer(SUCCESS), loop.read_request], 1, Fate.ACCEPTED),
    ],
    ids=["rst-in-the-request", "rst", "closed", "answered"],
)
def test_behind_a_tunnel_the_request_is_sent_once(
    steps: list[loop.Step],
    arrived: int,
    fate: Fate,
    serve: Serve,
    make_certificate: Certify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate = make_certificate("DNS:gateway.test")
    proxy = serve(loop.read_request, ESTABLISHED, loop.start_tls(loop.serve_tls(certificate)), *steps)
    through(monkeypatch, proxy)
    assert fate_of(trusting(certificate).post("https://gateway.test/x", BODY, OFTEN)) is fate
    proxy.stop_accepting()
    proxy.join_connections()
    assert (len(proxy.requests), proxy.connections) == (1 + arrived, 1)


def test_a_wrong_certificate_behind_a_tunnel_means_not_sent(
    serve: Serve, make_certificate: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate("DNS:elsewhere.test")
    proxy = serve(loop.read_request, ESTABLISHED, loop.start_tls(loop.serve_tls(certificate)), loop.read_request)
    through(monkeypatch, proxy)
    exchange = trusting(certificate).post("https://gateway.test/x", BODY, OFTEN)
    assert isinstance(exchange, NotSent)
    assert exchange.reason.startswith("the certificate was refused: ")
    assert len(proxy.requests) == 1


def test_a_proxy_that_speaks_tls_is_checked_against_the_same_certificates(
    serve: Serve, make_certificate: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate("IP:127.0.0.1")
    proxy = serve(loop.read_request, loop.answer(b"", "502 Bad Gateway"), tls=loop.serve_tls(certificate))
    monkeypatch.setenv("https_proxy", f"https://127.0.0.1:{proxy.port}")
    exchange = trusting(certificate).post("https://gateway.test/x", BODY, OFTEN)
    assert exchange == NotSent("the proxy refused the connection: 502 Bad Gateway")
    proxy.stop_accepting()
    assert b"CONNECT gateway.test:443" in b"".join(proxy.requests)
    assert (len(proxy.requests), proxy.connections) == (1, 1)


@pytest.mark.parametrize("is_known", [True, False])
def test_what_goes_in_plain_through_a_proxy_that_speaks_tls_goes_to_no_other(
    is_known: bool, poster: Poster, serve: Serve, make_certificate: Certify, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate("IP:127.0.0.1")
    proxy = serve(loop.read_request, loop.answer(SUCCESS), tls=loop.serve_tls(certificate))
    monkeypatch.setenv("http_proxy", f"https://127.0.0.1:{proxy.port}")
    exchange = (trusting(certificate) if is_known else poster).post("http://gateway.test/x", BODY, OFTEN)
    proxy.stop_accepting()
    proxy.join_connections()
    if is_known:
        assert exchange == Answered(200, SUCCESS)
    else:
        assert isinstance(exchange, NotSent)
        assert exchange.reason.startswith("the certificate was refused: ")
    assert (len(proxy.requests), proxy.connections) == (int(is_known), 1)


# --- TLS


def test_certificates_are_loaded_once(serve: Serve, make_certificate: Certify) -> None:
    certificate = make_certificate("IP:127.0.0.1")
    server = serve(loop.read_request, loop.answer(SUCCESS), tls=loop.serve_tls(certificate))
    poster = trusting(certificate)
    assert isinstance(poster.post(server.url, BODY, OFTEN), Answered)
    certificate.write_text("not a certificate")
    assert isinstance(poster.post(server.url, BODY, OFTEN), Answered)
    assert isinstance(trusting(certificate).post(server.url, BODY, OFTEN), NotSent)
    assert len(server.requests) == 2


def test_a_folder_of_certificates(tmp_path: Path, serve: Serve, make_certificate: Certify) -> None:
    certificate = make_certificate("IP:127.0.0.1")
    (tmp_path / certificate.name).write_text(certificate.read_text())
    hashed = ["openssl", "x509", "-in", certificate.name, "-noout", "-subject_hash"]
    name = subprocess.run(hashed, check=True, capture_output=True, text=True, cwd=tmp_path).stdout.strip()
    (tmp_path / certificate.name).rename(tmp_path / f"{name}.0")
    server = serve(loop.read_request, loop.answer(SUCCESS), tls=loop.serve_tls(certificate))
    assert isinstance(trusting(tmp_path).post(server.url, BODY, OFTEN), Answered)


def test_each_connection_shows_its_certificate(tmp_path: Path, serve: Serve, make_certificate: Certify) -> None:
    ours, elsewhere = make_certificate("IP:127.0.0.1"), make_certificate("DNS:elsewhere.test")
    both = tmp_path / "both.pem"
    both.write_text(ours.read_text() + elsewhere.read_text())
    server = serve(loop.read_request, loop.answer(SUCCESS), tls=loop.serve_tls(ours))
    poster = trusting(both)
    assert isinstance(poster.post(server.url, BODY, OFTEN), Answered)
    server.tls = loop.serve_tls(elsewhere)
    exchange = poster.post(server.url, BODY, OFTEN)
    assert isinstance(exchange, NotSent)
    assert exchange.reason.startswith("the certificate was refused: ")
    assert (len(server.requests), server.connections) == (1, 2)


def test_many_threads_begin_together_over_tls(serve: Serve, make_certificate: Certify) -> None:
    certificate = make_certificate("IP:127.0.0.1")
    server = serve(loop.read_request, loop.answer(SUCCESS), tls=loop.serve_tls(certificate))
    poster = trusting(certificate)
    with ThreadPoolExecutor(8) as pool:
        exchanges = list(pool.map(lambda _: poster.post(server.url, BODY, OFTEN), range(16)))
    assert exchanges == [Answered(200, SUCCESS)] * 16
    assert len(server.requests) == 16


def test_an_expired_certificate_means_not_sent(serve: Serve, make_certificate: Certify) -> None:
    certificate = make_certificate("IP:127.0.0.1", expired=True)
    server = serve(loop.read_request, tls=loop.serve_tls(certificate))
    exchange = trusting(certificate).post(server.url, BODY, OFTEN)
    assert exchange == NotSent("the certificate was refused: certificate has expired")
    assert server.requests == []


@pytest.mark.parametrize(
    "steps",
    [
        [loop.send(b"")],
        [loop.read_head],
        [loop.read_head, loop.reset],
        [loop.read_head, LONG_RECORD],
        [loop.read_head, loop.send(b"\x15\x03\x03\x00\x02\x02\x28")],
    ],
    ids=["closed", "closed-in-hello", "rst-in-hello", "closed-in-record", "alert"],
)
def test_a_handshake_that_breaks_off_is_doubt(steps: list[loop.Step], poster: Poster, serve: Serve) -> None:
    server = serve(*steps)
    exchange = poster.post(server.url.replace("http:", "https:"), BODY, OFTEN)
    assert isinstance(exchange, Lost)
    server.stop_accepting()
    assert server.connections == 1


def test_a_handshake_refused_behind_the_request_is_doubt(serve: Serve, make_certificate: Certify) -> None:
    # In TLS 1.3 the client's part is over, and the request gone, when the server wants to see its certificate.
    certificate = make_certificate("IP:127.0.0.1")
    context = loop.serve_tls(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    server = serve(loop.read_request, tls=context)
    exchange = trusting(certificate).post(server.url, BODY, OFTEN)
    assert isinstance(exchange, Lost)
    server.stop_accepting()
    assert (server.requests, server.connections) == ([], 1)


def test_tls_that_ends_in_the_body_keeps_what_came(serve: Serve, make_certificate: Certify) -> None:
    certificate = make_certificate("IP:127.0.0.1")
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\n"
    server = serve(loop.read_request, loop.send(head + b"no"), tls=loop.serve_tls(certificate))
    exchange = trusting(certificate).post(server.url, BODY, OFTEN)
    assert isinstance(exchange, Answered)
    assert (exchange.body, exchange.complete, fate_of(exchange)) == (b"no", False, Fate.IN_DOUBT)


@pytest.mark.parametrize(
    "steps",
    [
        [loop.drip(b"H")],
        [loop.send(b"HTTP/1.1 200 OK\r\n"), loop.drip(b"A: b\r\n")],
        [ESTABLISHED, loop.read_head, LONG_RECORD, loop.drip(b"\x00")],
    ],
    ids=["status", "headers", "handshake"],
)
def test_a_drip_in_the_tunnel_ends_on_time(
    steps: list[loop.Step], poster: Poster, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(loop.read_request, *steps)
    through(monkeypatch, proxy)
    started = time.monotonic()
    exchange = poster.post("https://gateway.test/x", BODY, HASTY)
    assert time.monotonic() - started < 3
    assert not isinstance(exchange, Answered)
    assert b"s3cret" not in b"".join(proxy.requests)


@pytest.mark.parametrize("timeout", [HASTY, SHORT], ids=["total", "connect"])
def test_a_drip_in_a_long_handshake_ends_on_time(timeout: Timeout, poster: Poster, serve: Serve) -> None:
    server = serve(loop.read_head, LONG_RECORD, loop.drip(b"\x00"))
    started = time.monotonic()
    exchange = poster.post(server.url.replace("http:", "https:"), BODY, timeout)
    assert time.monotonic() - started < 3
    assert isinstance(exchange, Lost)
