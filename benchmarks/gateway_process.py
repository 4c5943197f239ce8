"""The benchmarks' gateway, started and asked what came: see gateway.py."""

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

from benchmarks.gateway import ACCOUNT_PATH, SEND_PATH

#: Seconds, longer than anything is awaited: half of a million recipients takes 10.
_PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Taken:
    """What the gateway got. Times are the monotonic clock's, None where nothing came; numbers as received, in order."""

    posts: int
    first_arrival: float | None
    last_answer: float | None
    most_at_once: int
    numbers: Sequence[str] = field(repr=False)
    first_body: str = field(repr=False)

    @property
    def seconds(self) -> float:
        """From the first POST's arrival to the last answer."""
        if self.first_arrival is None or self.last_answer is None:
            return 0.0
        return self.last_answer - self.first_arrival


class GatewayProcess:
    """A gateway that answers so many seconds after a request, and takes up so many a second; a context manager."""

    def __init__(self, latency: float, rate: float = math.inf) -> None:
        program = Path(__file__).with_name("gateway.py")
        command = [sys.executable, str(program), str(latency), str(rate)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        self.send_url, self.account_url = (f"http://127.0.0.1:{self._port}{path}" for path in (SEND_PATH, ACCOUNT_PATH))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def taken(self) -> Taken:
        """Return what came since this was asked last."""
        return Taken(**json.loads(self._get("/taken")))

    def hold_from(self, posts: int) -> None:
        """Wait until so many POSTs have come; later ones get no answer until `release`."""
        self._get(f"/hold?posts={posts}")

    def release(self) -> None:
        """Answer what waits, and all that comes."""
        self._get("/release")

    def _get(self, path: str) -> bytes:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().read()
        finally:
            connection.close()
