"""One git process: started apart from the terminal, held to its time, its words made fit to be shown."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mmsbatch.masking import mask_digits

#: Seconds that a git whose time is up gets to remove its lock files, before it is killed.
GRACE = 2.0
#: That many last lines of what git said are told.
LINES_TOLD = 6

_SAYS_NOTHING = ("hint:", "error: failed to push some refs to")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s'\"]*@")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Finished:
    """What a process left: its exit code, None where its time was up, and what it wrote."""

    code: int | None
    out: bytes = b""
    err: bytes = b""


class Run(Protocol):
    """Runs a command to its end or its time; tests put a broken git here."""

    def __call__(
        self, command: Sequence[str], folder: Path, environ: Mapping[str, str], stdin: bytes | None, timeout: float
    ) -> Finished:
        """Run `command` in `folder`, at most `timeout` seconds. Raises OSError where it cannot be started."""


def run_process(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], stdin: bytes | None, timeout: float
) -> Finished:
    """Run a command in a session of its own: a Ctrl-C in the terminal does not cut a push in two.

    Its children end with it when its time is up. What it says goes to a file: an ssh that stays behind for the next
    connection keeps a pipe open, and its reader waiting.
    """
    with tempfile.TemporaryFile() as err:
        process = subprocess.Popen(  # noqa: S603 - the caller's command, no shell
            command,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=err,
            cwd=folder,
            env=environ,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(stdin, timeout)
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            _end(process)
            out, code = b"", None
        except BaseException:
            _end(process)
            raise
        err.seek(0)
        return Finished(code, out, err.read())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of it running; it is asked first, for a git that is killed leaves its lock files."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def told(err: bytes) -> str:
    """Return the last lines of what git said, for people: no credentials, no long runs of digits, no hints.

    >>> told(b"remote: no\\nhint: try again\\nfatal: unable to access 'https://me:secret@host/x.git/'")
    "remote: no; fatal: unable to access 'https://host/x.git/'"
    """
    text = _CONTROL.sub("", _CREDENTIALS.sub("", err.decode("utf-8", "replace").replace("\r", "\n")))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    kept = [line for line in lines if line not in ("", "remote:") and not line.startswith(_SAYS_NOTHING)]
    return mask_digits("; ".join(kept[-LINES_TOLD:]))
