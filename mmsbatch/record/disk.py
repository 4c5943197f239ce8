"""All that the record does to the disk, in one place: each step here survives a crash once it returned."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """What the record asks of a disk. Tests put one here that stops, or forgets what was not flushed."""

    def append(self, path: Path, data: bytes, at: int, torn: int = 0) -> None:
        """Write at the offset `at`, dropping the at most `torn` bytes that stand behind it, and flush."""

    def replace(self, path: Path, data: bytes) -> None:
        """Put a whole new content in place of the file's, atomically."""


class LocalDisk:
    """The real one."""

    def append(self, path: Path, data: bytes, at: int, torn: int = 0) -> None:
        """Append durably; a file made here has its folder flushed too, or its name could vanish.

        Raises OSError (ESTALE) where the file is not as long as the writer left it.
        """
        created = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            # Held for this write only: the last line of defence where the lock file was removed during a run.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _raise_if_changed(descriptor, at, torn)
            os.ftruncate(descriptor, at)
            _write_all(descriptor, data, at)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if created:
            _flush_folder(path.parent)

    def replace(self, path: Path, data: bytes) -> None:
        """Write beside it, flush, rename over it, flush the folder."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            _write_all(descriptor, data, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
        _flush_folder(path.parent)


def _raise_if_changed(descriptor: int, at: int, torn: int = 0) -> None:
    if not at <= os.fstat(descriptor).st_size <= at + torn:
        raise OSError(errno.ESTALE, "the journal was changed by something else during the run")


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, at)
        data, at = data[written:], at + written


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
