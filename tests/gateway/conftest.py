import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback_server import Server, Step


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*steps: Step, tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(steps, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def make_certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make a self-signed certificate with its key for a name (`DNS:…` or `IP:…`)."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")

    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp("certificate")
        key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        named = ["-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={name}"]
        files = ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*command, *named, *files], check=True, capture_output=True)
        both.write_text(key.read_text() + certificate.read_text())
        return both

    return make
