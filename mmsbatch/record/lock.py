"""One run per campaign and gateway on a machine. The kernel frees the lock of a dead process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mmsbatch.errors import Locked, Refusal


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock; `pipeline` is the URL of the CI job, where there is one."""

    process: int
    host: str
    user: str
    since: str
    pipeline: str = ""

    def __str__(self) -> str:
        where = f", {self.pipeline}" if self.pipeline else ""
        return f"process {self.process} of {self.user} on {self.host}, since {self.since}{where}"


@contextmanager
def hold_lock(path: Path, holder: Holder) -> Iterator[None]:
    """Hold the lock for the block. Raises Locked, naming the holder, where another process has it."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only commands that write need it

    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Locked(
            f"{path.name}: another run holds this campaign: {_read_holder(path)}",
            "wait until it ended; a lock left by a dead process never blocks",
        ) from None
    except OSError as error:
        raise Refusal(f"{path}: the lock cannot be taken: {error.strerror}") from error
    try:
        _write_holder(path, holder)
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock; leaves no file behind where there was none."""
    from filelock import FileLock, Timeout  # noqa: PLC0415

    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # a lock that cannot be taken, on a read-only disk say, cannot be held either


def _write_holder(path: Path, holder: Holder) -> None:
    try:
        path.write_text(json.dumps(asdict(holder)), encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{path}: the lock cannot be written: {error.strerror}") from error


def _read_holder(path: Path) -> str:
    try:
        return str(Holder(**json.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError, TypeError):
        return "it did not say who it is"
