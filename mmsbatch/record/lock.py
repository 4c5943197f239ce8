"""One run per campaign and gateway on a machine, and one per exclusive account.

The lock is the kernel's own (`flock`): it goes with its process, however that ends. It is not a
file that is there or not, which a crash would leave behind and somebody would have to break.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mmsbatch.errors import Locked, Refusal

#: How often, and with which pauses in seconds, a holder's name is looked for.
NAME_TRIES, NAME_PAUSE = 10, 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock; `pipeline` is the URL of the CI job, where there is one.

    `records` are the journals that an account's holder writes.
    """

    process: int
    host: str
    user: str
    since: str
    pipeline: str = ""
    records: Sequence[str] = ()

    def __str__(self) -> str:
        where = f", {self.pipeline}" if self.pipeline else ""
        return f"process {self.process} of {self.user} on {self.host}, since {self.since}{where}"


@contextmanager
def hold_lock(path: Path, holder: Holder, what: str = "campaign") -> Iterator[Holder | None]:
    """Hold the lock for the block; give who held it last, None where that is not known.

    Raises Locked, naming the holder, where another process has it, and Refusal where it cannot be taken.
    """
    try:
        descriptor = _take(path)
    except OSError as error:
        raise Refusal(
            f"{path}: the lock cannot be taken: {error.strerror}",
            "make it writable for this user; one that no run holds may be removed",
        ) from error
    if descriptor is None:
        raise Locked(
            f"{path.name}: another run holds this {what}: {_await_holder(path) or 'it did not say who it is'}",
            "wait until it ended; a lock left by a dead process never blocks",
        )
    try:
        former = _read_holder(path)
        _write_holder(descriptor, path, holder)
        yield former
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock; leaves no file behind where there was none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False  # one that is not there, or cannot even be read, is held by nobody who could write the record
    try:
        return not _lock(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def account_lock(folder: Path, account: str) -> Path:
    """Return the lock of an account in a folder that all runs on a machine share; `account` is the fingerprint."""
    return folder / f"mmsbatch-account-{account}.lock"


def _take(path: Path) -> int | None:
    """Return a descriptor that holds the lock, None where another process does."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            held = _lock(descriptor)
            if held and _is_still(path, descriptor):
                taken, descriptor = descriptor, -1
                return taken
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        if not held:
            return None


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the name still means the file that was locked: removed in between, it would keep nobody out."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))  # noqa: PTH116 - beside fstat
    except FileNotFoundError:
        return False


def _write_holder(descriptor: int, path: Path, holder: Holder) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
    except OSError as error:
        raise Refusal(f"{path}: the lock cannot be written: {error.strerror}") from error


def _await_holder(path: Path) -> Holder | None:
    """Return who holds a lock that we could not take, None where they do not say.

    Between taking it and writing a name there is a moment with no name, or that of a dead holder before.
    """
    for _ in range(NAME_TRIES):
        holder = _read_holder(path)
        if holder is not None and not _is_dead(holder):
            return holder
        time.sleep(NAME_PAUSE)
    return None


def _is_dead(holder: Holder) -> bool:
    """Whether the process is one of this machine, and gone."""
    if holder.host != socket.gethostname():
        return False
    try:
        os.kill(holder.process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # another user's
    return False


def _read_holder(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
