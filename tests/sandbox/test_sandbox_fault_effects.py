"""Every fault of the registry, as a client meets it."""

import http.client
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
from sandbox_wire import FIRST, SECOND, ask, ask_account, open_connection, send, write_body, write_flow

from mmsbatch.sandbox import FAULTS

TWO = write_flow(FIRST, SECOND)
NOT_PROCESSED, PROCESSED = 0, 2


def read_raw(sandbox, flow=TWO):
    """Return every byte of the answer until the connection ends."""
    body, parts = write_body(flow), urlsplit(sandbox.send_url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(head.encode() + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def fail_with(error):
    def check(sandbox):
        with pytest.raises(error) as caught:
            send(sandbox, TWO)
        # To http.client a closed connection is a kind of reset one.
        assert type(caught.value) is error

    return check


def answer(http_status, **headers):
    def check(sandbox):
        got = send(sandbox, TWO)
        assert got.http_status == http_status
        assert not any(line.startswith(b"Status=") for line in got.body.splitlines())
        assert {name: got.headers.get(name) for name in headers} == headers

    return check


def refused(status):
    def check(sandbox):
        assert send(sandbox, TWO).status == status

    return check


def truncated(sandbox):
    with pytest.raises(http.client.IncompleteRead) as caught:
        send(sandbox, TWO)
    assert len(caught.value.partial) == 40


def truncated_chunks(sandbox):
    with pytest.raises(http.client.IncompleteRead) as caught:
        send(sandbox, TWO)
    assert caught.value.partial.startswith(b"Status=1")


def truncated_headers(sandbox):
    raw = read_raw(sandbox)
    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(raw) == 30


def in_latin_1(sandbox):
    got = send(sandbox, TWO)
    assert "envoyé\n" in got.body.decode("latin-1")
    assert got.headers["Content-Type"] == "text/html"


def with_crlf(sandbox):
    body = send(sandbox, TWO).body
    assert body.count(b"\r\n") == body.count(b"\n") > 5


def without_ids(sandbox):
    got = send(sandbox, TWO)
    assert list(got.lines) == ["Status", "StatusText", "Credits", "InvalidNums", "CampaignID"]


def cut_ids(sandbox):
    assert send(sandbox, TWO).body.endswith(
        b"<MOBILEPHONE>0639980001</MOBILEPHONE></CUSTOMER> <CUSTOMER>\n<MOBILEPHONE>0639"
    )


def empty(sandbox):
    got = send(sandbox, TWO)
    assert (got.http_status, got.body, got.headers["Content-Length"]) == (200, b"", "0")


def garbage(text):
    def check(sandbox):
        got = send(sandbox, TWO)
        assert (got.http_status, got.body) == (200, text)

    return check


def in_drops(sandbox):
    began = time.monotonic()
    body = send(sandbox, TWO).body
    assert time.monotonic() - began >= (len(body) // 8) * 0.002
    assert body.endswith(b"</RECOVERIDS>\n")


def in_chunks(sandbox):
    got = send(sandbox, TWO)
    assert got.status == 100
    assert got.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in got.headers


def without_length(sandbox):
    raw = read_raw(sandbox)
    assert b"Content-Length" not in raw
    assert b"Connection: close\r\n" in raw
    assert raw.endswith(b"</RECOVERIDS>\n")


def later(sandbox):
    began = time.monotonic()
    assert send(sandbox, TWO).status == 100
    assert time.monotonic() - began >= 0.1


EFFECTS = [
    ("latency=0.1", later, PROCESSED),
    ("latency-before=0.1", later, PROCESSED),
    ("drop-before", fail_with(http.client.RemoteDisconnected), NOT_PROCESSED),
    ("drop-before=reset", fail_with(ConnectionResetError), NOT_PROCESSED),
    ("drop-after", fail_with(http.client.RemoteDisconnected), PROCESSED),
    ("drop-after=reset", fail_with(ConnectionResetError), PROCESSED),
    ("truncate", truncated, PROCESSED),
    ("truncate-headers", truncated_headers, PROCESSED),
    ("status", answer(503), NOT_PROCESSED),
    ("status=204", answer(204), NOT_PROCESSED),
    ("status=200", answer(200), NOT_PROCESSED),
    ("status=599", answer(599), NOT_PROCESSED),
    ("status-after=502", answer(502), PROCESSED),
    ("redirect", answer(302, Location="/amsmodule.sendmms.v2.php"), NOT_PROCESSED),
    ("redirect=307", answer(307, Location="/amsmodule.sendmms.v2.php"), NOT_PROCESSED),
    ("switch", refused(114), NOT_PROCESSED),
    ("latin-1", in_latin_1, PROCESSED),
    ("crlf", with_crlf, PROCESSED),
    ("no-ids", without_ids, PROCESSED),
    ("cut-ids", cut_ids, PROCESSED),
    ("empty", empty, PROCESSED),
    ("garbage", garbage(b"%PDF-1.4 ..."), PROCESSED),
    ("garbage=été", garbage("été".encode()), PROCESSED),
    ("drip=0.002", in_drops, PROCESSED),
    ("chunked", in_chunks, PROCESSED),
    ("no-length", without_length, PROCESSED),
]


@pytest.mark.parametrize(("fault", "check", "delivered"), EFFECTS, ids=[fault for fault, _, _ in EFFECTS])
def test_effect(start, fault, check, delivered):
    sandbox = start(f"{fault}:1")
    check(sandbox)
    assert len(sandbox.deliveries) == delivered
    assert sandbox.credits == 100_000 - delivered
    assert send(sandbox).status == 100


def test_every_fault_has_a_test():
    assert {fault.partition("=")[0] for fault, _, _ in EFFECTS} == set(FAULTS)


def test_faults_combine(start):
    sandbox = start("chunked", "truncate=20", "crlf", "latin-1")
    truncated_chunks(sandbox)
    assert len(sandbox.deliveries) == PROCESSED


@pytest.mark.parametrize(("fault", "at_once"), [("latency=30", PROCESSED), ("latency-before=30", NOT_PROCESSED)])
def test_what_a_slow_answer_has_done_meanwhile(start, fault, at_once):
    sandbox = start(fault)
    thread = threading.Thread(target=fail_with(http.client.RemoteDisconnected), args=(sandbox,))
    thread.start()
    assert sandbox.wait_for_requests(1)
    deadline = time.monotonic() + 5
    while len(sandbox.deliveries) < at_once and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(sandbox.deliveries) == at_once
    # Stopped while it waits, it ends at once, and processes nothing any more.
    began = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - began < 2
    thread.join(5)
    assert not thread.is_alive()
    assert len(sandbox.deliveries) == at_once


@pytest.mark.parametrize(("kept", "ends"), [(0, b"<MOBILEPHONE>0639"), (1, b"<MOBILEPHONE>0639"), (9, b"</CUSTOMER>")])
def test_ids_are_cut_within_a_number(start, kept, ends):
    body = send(start(f"cut-ids={kept}"), TWO).body
    assert body.endswith(ends)
    assert body.count(b"</MOBILEPHONE>") == min(kept, 2)


@pytest.mark.parametrize("fault", ["cut-ids", "no-ids"])
def test_a_refusal_has_no_ids_to_lose(start, fault):
    assert send(start(fault), "").body.endswith(b"Flux XML Vide\n")


def test_a_cut_answer_without_length_looks_whole(start):
    assert send(start("no-length", "truncate=10")).body == b"Status=100"


def test_a_page_keeps_the_connection(start):
    sandbox = start("status=204:1", "status=503:2")
    connection, path = open_connection(sandbox.send_url), urlsplit(sandbox.send_url).path
    statuses = [ask(connection, "POST", path, write_body(TWO)).http_status for _ in range(3)]
    connection.close()
    assert statuses == [204, 503, 200]


@pytest.mark.parametrize(
    "fault", ["latency=0.1", "drop-before", "status", "truncate", "empty", "garbage", "drop-after"]
)
def test_the_account_module_has_faults_too(start, fault):
    sandbox = start(f"{fault}@account:1")
    try:
        got = ask_account(sandbox)
    except (OSError, http.client.HTTPException):
        got = None
    assert got is None or fault == "latency=0.1" or b"Credits=" not in got.body
    assert ask_account(sandbox).status == 300
