"""All that the record does to the disk, in one place: each step here survives a crash once it returned."""

import contextlib
import errno
import fcntl
import os
import time
from pathlib import Path
from typing import Protocol

#: How often, and with which pauses in seconds, a journal that somebody holds is tried.
LOCK_TRIES, LOCK_PAUSE = 20, 0.05


class Disk(Protocol):
    """What the record asks of a disk."""

    def append(self, path: Path, data: bytes, at: int, torn: int = 0) -> None:
        """Write at the offset `at`, dropping the at most `torn` bytes that stand behind it, and flush."""

    def replace(self, path: Path, data: bytes) -> None:
        """Put a whole new content in place of the file's, atomically."""

    def settle(self, path: Path) -> None:
        """Flush a file that is there already, and its name: what was read of it must not vanish any more."""


class System(Protocol):
    """The system's calls that a disk is made of; the module `os` is one.

    Tests put another in its place: it counts the calls, stops at one of them, and then forgets
    what was written but not flushed, and names whose folder was not.
    """

    def open(self, path: str, flags: int, mode: int = 0o777) -> int:
        """Open a file or a folder; return its descriptor."""

    def close(self, fd: int) -> None:
        """Let a descriptor go."""

    def fstat(self, fd: int) -> os.stat_result:
        """Tell a file's size."""

    def ftruncate(self, fd: int, length: int) -> None:
        """Cut a file to its first bytes."""

    def pwrite(self, fd: int, data: bytes, offset: int, /) -> int:
        """Write some of the bytes, at least one; return how many."""

    def fsync(self, fd: int) -> None:
        """Have a file's content, or a folder's names, on disk."""

    def replace(self, src: str, dst: str) -> None:
        """Give a file another's name."""

    def unlink(self, path: str) -> None:
        """Take a name away."""


class LocalDisk:
    """The real one."""

    def __init__(self, system: System = os) -> None:
        self._system = system

    def append(self, path: Path, data: bytes, at: int, torn: int = 0) -> None:
        """Append durably; a file made here has its folder flushed too, or its name could vanish.

        Raises OSError (ESTALE) where the file is not as long as the writer left it.
        """
        created = not path.exists()
        descriptor = self._open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        try:
            _lock_for_this_write(descriptor)
            self._raise_if_changed(descriptor, at, torn)
            self._system.ftruncate(descriptor, at)
            self._write_all(descriptor, data, at)
            self._system.fsync(descriptor)
        finally:
            self._system.close(descriptor)
        if created:
            self._flush(path.parent)

    def replace(self, path: Path, data: bytes) -> None:
        """Write beside it, flush, rename over it, flush the folder.

        The name beside it is always the same, so that a crash leaves one such file at most; the lock keeps others off.
        """
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            self._write_new(temporary, data)
            self._system.replace(str(temporary), str(path))
        except OSError:
            with contextlib.suppress(OSError):
                self._system.unlink(str(temporary))
            raise
        self._flush(path.parent)

    def settle(self, path: Path) -> None:
        """Flush file and folder: a process that died may have left both written, and neither on disk."""
        self._flush(path)
        self._flush(path.parent)

    def _write_new(self, path: Path, data: bytes) -> None:
        descriptor = self._open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW)
        try:
            self._write_all(descriptor, data, 0)
            self._system.fsync(descriptor)
        finally:
            self._system.close(descriptor)

    def _raise_if_changed(self, descriptor: int, at: int, torn: int) -> None:
        if not at <= self._system.fstat(descriptor).st_size <= at + torn:
            raise OSError(errno.ESTALE, "the journal was changed by something else during the run")

    def _write_all(self, descriptor: int, data: bytes, at: int) -> None:
        while data:
            written = self._system.pwrite(descriptor, data, at)
            data, at = data[written:], at + written

    def _flush(self, path: Path) -> None:
        descriptor = self._open(path, os.O_RDONLY)
        try:
            self._system.fsync(descriptor)
        finally:
            self._system.close(descriptor)

    def _open(self, path: Path, flags: int) -> int:
        return self._system.open(str(path), flags | os.O_CLOEXEC, 0o644)


def _lock_for_this_write(descriptor: int) -> None:
    """Keep other writers off: the last line of defence where the lock file was removed during a run.

    Raises OSError (EAGAIN) where somebody else holds on to the file: a run must not wait for that without end.
    """
    for tries_left in reversed(range(LOCK_TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not tries_left:
                raise
            time.sleep(LOCK_PAUSE)
        else:
            return
