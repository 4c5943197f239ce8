"""HTTP as section 1.1 wants it: what is refused before any flow is read, connections, load, stopping."""

import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from sandbox_wire import (
    FORM,
    ask,
    ask_account,
    encode,
    open_connection,
    post,
    send,
    write_body,
    write_flow,
    write_question,
)

from mmsbatch.sandbox import Sandbox, SandboxOptions
from mmsbatch.sandbox.form import read_form

GOOD = write_body(write_flow())

BROKEN = {
    "not encoded": (400, b"clientcode=sandbox&passcode=sandbox&XMLFlow=" + write_flow().encode()),
    "spaces as they are": (400, GOOD.replace(b"Bonjour", b"Bon jour")),
    "tilde": (400, GOOD.replace(b"Bonjour", b"Bon~jour")),
    "half an escape": (400, GOOD + b"%3"),
    "no escape": (400, GOOD + b"%ZZ"),
    "a line end after the body": (400, GOOD + b"\n"),
    "flow under another name": (400, GOOD.replace(b"XMLFlow", b"xmlflow")),
    "no flow": (400, b"clientcode=sandbox&passcode=sandbox"),
    "no passcode": (400, GOOD.replace(b"passcode=sandbox&", b"")),
    "flow twice": (400, GOOD + b"&XMLFlow="),
    "one parameter more": (400, GOOD + b"&info=sandbox"),
    "a trailing ampersand": (400, GOOD + b"&"),
    "a name alone": (400, b"clientcode=sandbox&passcode&XMLFlow="),
    "an equals sign in a value": (400, GOOD + b"="),
    "nothing": (400, b""),
    "the other endpoint's form": (400, write_question()),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_form_is_an_http_error(sandbox, case):
    status, body = BROKEN[case]
    got = post(sandbox.send_url, body)
    assert got.http_status == status
    assert not any(line.startswith(b"Status=") for line in got.body.splitlines())
    assert sandbox.requests == {"send": 1, "account": 0, "other": 0}
    assert sandbox.deliveries == []


HEADERS = {
    "json": (415, {"Content-Type": "application/json"}),
    "multipart": (415, {"Content-Type": "multipart/form-data; boundary=x"}),
    "none": (415, {"Content-Type": ""}),
    "no length": (411, {**FORM, "Transfer-Encoding": "chunked"}),
    "no number": (411, {**FORM, "Content-Length": "many"}),
    "below zero": (411, {**FORM, "Content-Length": "-5"}),
    "too large": (413, {**FORM, "Content-Length": "8388609"}),
    "far too large": (413, {**FORM, "Content-Length": "9" * 5000}),
    "with a charset": (200, {"Content-Type": FORM["Content-Type"] + "; charset=utf-8"}),
    "in capitals": (200, {"Content-Type": FORM["Content-Type"].upper()}),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers(sandbox, case):
    status, headers = HEADERS[case]
    chunked = "Transfer-Encoding" in headers
    body = b"0\r\n\r\n" if chunked else b"" if status == 413 else GOOD
    assert post(sandbox.send_url, body, headers).http_status == status


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", "/", 404),
        ("POST", "/amsmodule.sendmms.v2.php/", 404),
        ("GET", "/amsmodule.sendmms.v1.php", 404),
        ("POST", "/amsmodule.sendmms.v2.php?" + GOOD.decode(), 400),
        ("PUT", "/amsmodule.sendmms.v2.php", 405),
        ("DELETE", "/amsmodule.sendmms.v2.php", 405),
        ("HEAD", "/amsmodule.sendmms.v2.php", 405),
        ("OPTIONS", "/amsmodule.sendsms.v6.php", 405),
        ("BREW", "/", 405),
    ],
)
def test_paths_and_methods(sandbox, method, target, status):
    connection = open_connection(sandbox.send_url)
    got = ask(connection, method, target, GOOD)
    connection.close()
    assert (got.http_status, got.headers.get("Allow")) == (status, "GET, POST" if status == 405 else None)
    assert not any(line.startswith(b"Status=") for line in got.body.splitlines())
    assert (got.body == b"") == (method == "HEAD")
    assert sandbox.requests["other"] == (status == 404)
    assert sandbox.deliveries == []


def test_a_get_works_and_is_cut_at_1024_characters(sandbox):
    connection = open_connection(sandbox.send_url)
    path = urlsplit(sandbox.send_url).path
    assert ask(connection, "GET", f"{path}?{GOOD.decode()}").status == 100
    long = write_body(write_flow(message="é" * 400)).decode()
    assert ask(connection, "GET", f"{path}?{long}").status == 106
    question = write_question().decode()
    assert ask(connection, "GET", f"{urlsplit(sandbox.account_url).path}?{question}").status == 300
    connection.close()
    assert len(sandbox.deliveries) == 1


def test_an_escape_halved_by_the_cut_is_no_broken_form(sandbox):
    connection = open_connection(sandbox.send_url)
    for shift in range(3):
        query = write_body(write_flow(message="a" * shift + "é" * 400)).decode()
        got = ask(connection, "GET", f"{urlsplit(sandbox.send_url).path}?{query}")
        assert (got.http_status, got.status) == (200, 106)
    connection.close()


def test_a_connection_is_kept(sandbox):
    connection = open_connection(sandbox.send_url)
    connection.connect()
    local = connection.sock.getsockname()
    for _ in range(3):
        assert ask(connection, "POST", urlsplit(sandbox.send_url).path, GOOD).status == 100
        assert connection.sock.getsockname() == local
    connection.close()


def test_http_1_0_is_answered_and_closed(sandbox):
    parts = urlsplit(sandbox.send_url)
    head = f"POST {parts.path} HTTP/1.0\r\nContent-Type: {FORM['Content-Type']}\r\nContent-Length: {len(GOOD)}\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as client:
        client.sendall(head.encode() + GOOD)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert b"Connection: close" in answer
    assert b"Status=100\n" in answer


def test_a_body_that_stops_short_is_not_processed(sandbox):
    parts = urlsplit(sandbox.send_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as client:
        head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['Content-Type']}\r\n"
        client.sendall(f"{head}Content-Length: {len(GOOD) + 1}\r\n\r\n".encode() + GOOD)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""
    assert sandbox.deliveries == []
    assert send(sandbox).status == 100


def test_nothing_but_http_is_survived(sandbox):
    parts = urlsplit(sandbox.send_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as client:
        client.sendall(b"\x16\x03\x01\x00\xa5\r\n\r\n")
        assert client.recv(100)
    assert send(sandbox).status == 100


def test_many_at_once_lose_and_double_nothing(start):
    sandbox = start(credits=2000)
    numbers = [f"3363998{n:04}" for n in range(2000)]
    flows = [write_flow(*numbers[at : at + 50]) for at in range(0, 2000, 50)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda flow: send(sandbox, flow), flows))
    assert {got.status for got in answers} == {100}
    assert sorted(delivery.number for delivery in sandbox.deliveries) == numbers
    assert sandbox.credits == 0
    assert {delivery.request for delivery in sandbox.deliveries} == set(range(1, 41))
    assert len({got.lines["CampaignID"] for got in answers}) == 40


def test_credits_are_never_overdrawn_at_once(start):
    sandbox = start(credits=5)
    with ThreadPoolExecutor(16) as pool:
        statuses = sorted(got.status for got in pool.map(lambda _: send(sandbox), range(20)))
    assert statuses == [100] * 5 + [103] * 15


def test_a_queue_of_connections_is_taken(sandbox):
    parts = urlsplit(sandbox.send_url)
    clients = [socket.create_connection((parts.hostname, parts.port), timeout=5) for _ in range(150)]
    assert send(sandbox).status == 100
    for client in clients:
        client.close()


def test_stopping_is_quick_with_idle_connections_and_leaves_no_thread():
    before = threading.active_count()
    sandbox = Sandbox()
    sandbox.start()
    connections = [open_connection(sandbox.send_url) for _ in range(5)]
    for connection in connections:
        ask(connection, "POST", urlsplit(sandbox.send_url).path, GOOD)
    begun = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - begun < 2
    assert threading.active_count() == before
    for connection in connections:
        connection.close()


LIVES = """
import http.client, threading
from mmsbatch.sandbox import Sandbox, SandboxOptions, parse_fault

faults = tuple(map(parse_fault, ("drop-after=reset:2", "truncate:3", "drip=3600:5")))
clients = []
for port in (0, 0, None):
    sandbox = Sandbox(SandboxOptions(faults=faults), port=kept if port is None else port)
    sandbox.start()
    kept = int(sandbox.send_url.split(":")[2].partition("/")[0])
    for _ in range(6):
        client = http.client.HTTPConnection("127.0.0.1", kept, timeout=5)
        client.request("POST", "/amsmodule.sendmms.v2.php", BODY, {"Content-Type": "application/x-www-form-urlencoded"})
        clients.append(client)
    assert sandbox.wait_for_requests(6)
    sandbox.stop()
    assert threading.active_count() == 1, threading.enumerate()
for client in clients:
    client.close()
"""


def test_it_leaves_no_socket_and_no_thread_behind():
    code = LIVES.replace("BODY", repr(GOOD))
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_starts_again_on_its_port_and_remembers(start):
    sandbox = start()
    url = sandbox.send_url
    send(sandbox)
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(RuntimeError, match="not started"):
        _ = sandbox.send_url
    with pytest.raises(ConnectionRefusedError):
        post(url, GOOD)
    sandbox.start()
    assert sandbox.send_url == url
    assert send(sandbox).status == 100
    assert len(sandbox.deliveries) == 2
    with pytest.raises(RuntimeError, match="already"):
        sandbox.start()


def test_a_port_in_use_is_told(sandbox):
    with pytest.raises(OSError, match="in use"):
        Sandbox(port=urlsplit(sandbox.send_url).port).start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "www.example.com", "", "::"])
def test_only_loopback_is_listened_on(host):
    with pytest.raises(ValueError, match="loopback"):
        Sandbox(host=host)


def test_requests_are_counted_by_endpoint(sandbox):
    send(sandbox)
    ask_account(sandbox)
    ask_account(sandbox)
    assert sandbox.requests == {"send": 1, "account": 2, "other": 0}
    assert not sandbox.wait_for_requests(2, timeout=0)


def test_a_fault_of_the_sandbox_is_a_500_and_kept(tmp_path):
    with Sandbox(SandboxOptions(log_file=tmp_path)) as sandbox:
        assert send(sandbox).http_status == 500
        assert [type(error) for error in sandbox.errors] == [IsADirectoryError]


def test_nothing_is_written_to_the_terminal(sandbox, capfd):
    send(sandbox, passcode="wrong")
    post(sandbox.send_url, b"rubbish")
    assert capfd.readouterr() == ("", "")


def test_it_needs_nothing_of_the_client():
    code = (
        "import sys, mmsbatch.sandbox\n"
        "print(*sorted(m for m in sys.modules if m.startswith('mmsbatch.') and '.sandbox' not in m))\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules} & {'requests', 'jinja2', 'yaml', 'typer'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_reading_a_hostile_form_takes_linear_time():
    begun = time.monotonic()
    assert read_form(b"info=" + b"a" * 4_000_000, ["info"])
    assert time.monotonic() - begun < 2


def test_the_tests_encode_as_php_does():
    assert encode("a b~*é-_.") == "a+b%7E%2A%C3%A9-_."
