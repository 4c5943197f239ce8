"""One run per campaign and gateway on a machine, and one per exclusive account.

The lock is the kernel's own (`flock`): it goes with its process, however that ends. It is not a
file that is there or not, which a crash would leave behind and somebody would have to break.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mmsbatch.errors import Locked, Refusal

#: How often, and with which pauses in seconds, a lock that nobody signed is tried.
TRIES, BRIEF_TRIES, PAUSE = 10, 200, 0.05
#: A lock in a shared folder is for all who send from the account, whoever made it.
_FOR_ALL = 0o666


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock; `pipeline` is the URL of the CI job, where there is one.

    `record` is the journal that an account's holder wrote last, `at_rest` whether no request of it was left open.
    """

    process: int
    host: str
    user: str
    since: str
    pipeline: str = ""
    record: str = ""
    at_rest: bool = True

    def __str__(self) -> str:
        where = f", {self.pipeline}" if self.pipeline else ""
        return f"process {self.process} of {self.user} on {self.host}, since {self.since}{where}"


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock that we hold. `former` is who held it last, None where that is not known."""

    path: Path
    descriptor: int
    former: Holder | None

    def is_held(self) -> bool:
        """Whether it is ours still: the kernel gives it to nobody else while this process has it."""
        return True

    def sign(self, holder: Holder) -> None:
        """Write down who holds it. Raises Refusal where that cannot be written."""
        content = json.dumps(asdict(holder)).encode()
        try:
            os.pwrite(self.descriptor, content, 0)
            os.ftruncate(self.descriptor, len(content))
        except OSError as error:
            raise Refusal(
                f"{self.path}: the lock cannot be written: {error.strerror}",
                "make room, or the folder writable, then run again",
            ) from error


@contextmanager
def hold_lock(path: Path, holder: Holder, what: str = "campaign", is_brief: bool = False) -> Iterator[HeldLock]:
    """Hold the lock for the block; one that `is_brief`, never held for more than a moment, is waited for.

    Raises Locked, naming the holder, where another process has it, and Refusal where it cannot be taken.
    """
    descriptor = _take_or_name(path, what, is_brief)
    try:
        former = _read_holder(path)
        held = HeldLock(path, descriptor, former)
        # What the former one left open stays so until somebody spends again.
        held.sign(replace(holder, record=former.record, at_rest=former.at_rest) if former else holder)
        yield held
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock; leaves no file behind where there was none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False  # one that is not there, or cannot even be read, is held by nobody who could write the record
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)  # shared: two who only look do not take each other for a run
    except OSError:
        return False
    finally:
        os.close(descriptor)


def process_space() -> str:
    """Tell where process ids mean the same: the machine since its start, and the container; empty where nobody can."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def is_process_alive(process: int) -> bool:
    """Whether a process of this machine is there; another user's counts, too."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # another user's
    return True


def account_lock(folder: Path, account: str) -> Path:
    """Return the lock of an account in a folder that all runs on a machine share; `account` is the fingerprint."""
    return folder / f"mmsbatch-account-{account}.lock"


def opening_lock(folder: Path, account: str) -> Path:
    """Return the lock under which an account's records are begun, in the same folder."""
    return folder / f"mmsbatch-opening-{account}.lock"


def _take_or_name(path: Path, what: str, is_brief: bool) -> int:
    """Return a descriptor that holds the lock, or raise Locked with the holder's name.

    Between taking it and signing there is a moment with no name, or that of a dead holder before; and
    whoever only looks has it for a moment, too. Both are waited for.
    """
    for _ in range(BRIEF_TRIES if is_brief else TRIES):
        try:
            descriptor = _take(path)
        except OSError as error:
            raise Refusal(
                f"{path}: the lock cannot be taken: {error.strerror}",
                "make it writable for this user; one that no run holds may be removed",
            ) from error
        if descriptor is not None:
            return descriptor
        holder = _read_holder(path)
        named = None if holder is None or _is_dead(holder) else holder
        if named is not None and not is_brief:
            break
        time.sleep(PAUSE)
    raise Locked(
        f"{path.name}: another run holds this {what}: {named or 'it did not say who it is'}",
        "wait until it ended; a lock left by a dead process never blocks",
    )


def _take(path: Path) -> int | None:
    """Return a descriptor that holds the lock, None where another process does."""
    while True:
        descriptor = _open(path)
        try:
            held = _lock(descriptor, fcntl.LOCK_EX)
            if held and _is_still(path, descriptor):
                taken, descriptor = descriptor, -1
                return taken
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        if not held:
            return None


def _open(path: Path) -> int:
    """Open a lock; create it only where it is not there: a shared folder may forbid to create over another user's."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, _FOR_ALL)
        with suppress(OSError):
            os.fchmod(descriptor, _FOR_ALL)  # whatever the umask says
        return descriptor


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the name still means the file that was locked: removed in between, it would keep nobody out."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))  # noqa: PTH116 - beside fstat
    except FileNotFoundError:
        return False


def _is_dead(holder: Holder) -> bool:
    """Whether the process is one of this machine, and gone."""
    return holder.host == os.uname().nodename and not is_process_alive(holder.process)


def _read_holder(path: Path) -> Holder | None:
    try:
        holder = Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    is_one = isinstance(holder.process, int) and isinstance(holder.host, str) and isinstance(holder.record, str)
    return holder if is_one else None
