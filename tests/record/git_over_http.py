"""A git host over HTTP on loopback: git's own backend, and a way to break it."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(BaseHTTPRequestHandler):
    root: Path
    fault: str
    #: Answered with 401 to whom: `git-upload-pack` and `git-receive-pack`.
    closed_to: tuple[str, ...]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def _serve(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        is_push = "git-receive-pack" in self.path and bool(body)
        if any(service in self.path for service in self.closed_to):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif is_push and self.fault == "cut before":
            self.close_connection = True
        else:
            answer = self._answer(path, query, body)
            if is_push and self.fault == "cut after":
                self.close_connection = True
            else:
                self._pass_on(answer)

    def _answer(self, path: str, query: str, body: bytes) -> bytes:
        names = {
            "CONTENT_TYPE": "Content-Type",
            "HTTP_CONTENT_ENCODING": "Content-Encoding",
            "GIT_PROTOCOL": "Git-Protocol",
        }
        environ = {name: self.headers[header] for name, header in names.items() if self.headers[header]}
        environ |= {"GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "somebody"}
        environ |= {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command}
        environ |= {"CONTENT_LENGTH": str(len(body)), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environ, check=True).stdout

    def _pass_on(self, answer: bytes) -> None:
        head, _, content = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def host(root: Path, fault: str = "", closed_to: tuple[str, ...] = ()) -> Iterator[str]:
    """Serve the repositories of a folder for the block; gives the base URL."""
    handler = type("Handler", (_Handler,), {"root": root, "fault": fault, "closed_to": closed_to})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
