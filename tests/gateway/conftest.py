import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback_server import Server, Step

from mmsbatch.gateway.http import Poster


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture
def poster() -> Poster:
    return Poster({"MMSBATCH_ALLOWED_HOSTS": "gateway.test"})


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*steps: Step, tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(steps, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


_CA = """
[ca]
default_ca = here
[here]
database = index
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


@pytest.fixture(scope="session")
def make_certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a self-signed certificate with its key for a name (`DNS:…` or `IP:…`), of now or of the year 2020."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")

    def make(name: str, expired: bool = False) -> Path:
        folder = tmp_path_factory.mktemp("certificate")

        def openssl(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"]
        named = ["-subj", "/CN=test", "-addext", f"subjectAltName={name}"]
        if expired:
            # Only `ca` takes dates in every version of openssl.
            (folder / "index").touch()
            (folder / "ca.conf").write_text(_CA)
            openssl("req", "-new", *curve, *named, "-out", "request.pem")
            dates = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"]
            files = ["-config", "ca.conf", "-keyfile", "key.pem", "-in", "request.pem", "-out", "certificate.pem"]
            openssl("ca", "-batch", "-selfsign", "-notext", *dates, *files)
        else:
            openssl("req", "-x509", "-days", "2", *curve, *named, "-out", "certificate.pem")
        both = folder / "both.pem"
        both.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
        return both

    return make
