"""Media fetched as the gateway fetches them, from a server that misbehaves: 114 to 117 by their causes."""

import socket
import threading

import pytest
from sandbox_wire import MEDIA, send, write_flow

CLASSES = {"IMAGE": 1, "VIDEO": 2, "SON": 3}
LIMITS = {"IMAGE": 600_000, "VIDEO": 299_000, "SON": 99_000}


class MediaServer:
    """Answers every connection with the same bytes; keeps what it was asked."""

    def __init__(self, answer):
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = self._listener.getsockname()
        self.asked = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(65536).decode("ascii"))
                try:
                    connection.sendall(self._answer)
                except OSError:
                    continue


@pytest.fixture
def serve_media():
    servers = []

    def start_one(answer):
        servers.append(MediaServer(answer))
        return servers[-1]

    yield start_one
    for server in servers:
        server.stop()


def write_answer(size, announced=None, status="200 OK"):
    length = size if announced is None else announced
    return f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n".encode() + bytes(size)


def send_medium(start, kind, origin):
    sandbox = start(fetch_media=True, media_origin=origin)
    got = send(sandbox, write_flow(msgclass=CLASSES[kind], media=MEDIA[kind]))
    assert len(sandbox.deliveries) == (got.status == 100)
    return got.status


BROKEN = {
    "not found": write_answer(9, status="404 Not Found"),
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://www.example.com/b.jpg\r\nContent-Length: 0\r\n\r\n",
    "error": write_answer(9, status="503 Service Unavailable"),
    "cut": write_answer(9, announced=10),
    "cut in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    "no http": b"hello\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize(("kind", "status"), [("IMAGE", 117), ("VIDEO", 114), ("SON", 114)])
def test_a_broken_download(start, serve_media, case, kind, status):
    assert send_medium(start, kind, serve_media(BROKEN[case]).origin) == status


@pytest.mark.parametrize(("kind", "status"), [("IMAGE", 116), ("VIDEO", 114), ("SON", 114)])
def test_nobody_listens(start, kind, status):
    with socket.create_server(("127.0.0.1", 0)) as free:
        origin = free.getsockname()
    assert send_medium(start, kind, origin) == status


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(("beyond", "status"), [(0, 100), (1, 115), (500_000, 115)])
def test_the_size_is_measured(start, serve_media, kind, beyond, status):
    assert send_medium(start, kind, serve_media(write_answer(LIMITS[kind] + beyond)).origin) == status


@pytest.mark.parametrize(("size", "status"), [(600_000, 100), (600_001, 115)])
def test_the_size_is_measured_where_no_length_is_announced(start, serve_media, size, status):
    server = serve_media(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(size))
    assert send_medium(start, "IMAGE", server.origin) == status


def test_it_is_asked_for_by_its_own_host_and_path(start, serve_media):
    server = serve_media(write_answer(9))
    flow = write_flow(msgclass=1, media="<IMAGE>http://www.example.com:81/d/a.jpg?v=1</IMAGE>")
    assert send(start(fetch_media=True, media_origin=server.origin), flow).status == 100
    assert server.asked[0].startswith("GET /d/a.jpg?v=1 HTTP/1.1\r\n")
    assert "Host: www.example.com:81\r\n" in server.asked[0]


def test_both_media_of_a_message_are_fetched(start, serve_media):
    server = serve_media(write_answer(9))
    flow = write_flow(msgclass=4, media=MEDIA["IMAGE"] + MEDIA["SON"])
    assert send(start(fetch_media=True, media_origin=server.origin), flow).status == 100
    assert [line.split()[1] for line in server.asked] == ["/a.jpg", "/a.mid"]


@pytest.mark.parametrize("port", [":99999", ":x", ":1:2"])
def test_a_port_that_is_none(start, port):
    flow = write_flow(msgclass=1, media=f"<IMAGE>http://www.example.com{port}/a.jpg</IMAGE>")
    assert send(start(fetch_media=True), flow).status in (113, 116)


def test_sizes_that_are_given_are_not_fetched(start, serve_media):
    server = serve_media(b"")
    sandbox = start(fetch_media=True, media_origin=server.origin, media_sizes={"http://www.example.com/a.jpg": 1})
    assert send(sandbox, write_flow(msgclass=1, media=MEDIA["IMAGE"])).status == 100
    assert server.asked == []


def test_the_limits_can_be_raised(start):
    sandbox = start(media_sizes={"http://www.example.com/a.mid": 600_000}, media_limits_kb={"SON": 600})
    assert send(sandbox, write_flow(msgclass=3, media=MEDIA["SON"])).status == 100
