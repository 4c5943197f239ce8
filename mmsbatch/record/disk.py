"""All that the record does to the disk, in one place: each step here survives a crash once it returned."""

import os
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """What the record asks of a disk. Tests put one here that stops, or forgets what was not flushed."""

    def append(self, path: Path, data: bytes, at: int) -> None:
        """Write at the offset `at`, dropping what stands behind it, and flush."""

    def replace(self, path: Path, data: bytes) -> None:
        """Put a whole new content in place of the file's, atomically."""


class LocalDisk:
    """The real one."""

    def append(self, path: Path, data: bytes, at: int) -> None:
        """Append durably; a file made here has its folder flushed too, or its name could vanish."""
        created = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
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
