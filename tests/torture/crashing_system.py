"""A system that stops at one of its calls, and a disk that then holds only what was flushed.

It stands in for the module `os` in `mmsbatch.record.disk`. All calls go to the real folder, which is
what a process that was merely killed leaves behind. Beside it, it keeps what a power failure would
leave: each file as it was flushed last, under the names that its folder had when that was flushed last.
"""

import os
from dataclasses import dataclass
from pathlib import Path


class Crash(BaseException):
    """The process is no more."""


@dataclass
class Inode:
    """A file whatever its name: what of it is on disk."""

    flushed: bytes = b""


class CrashingSystem:
    """Counts what changes the disk, and what is sent; stops at the nth, `before`, `amid` or `after` it.

    `amid` a write, half of it is written. Once stopped, nothing is carried out any more. A system may
    follow another, whose process was killed, on the same machine: what that one never flushed still is not.
    """

    def __init__(self, folder, stop_at=0, when="before", after=None):
        self.steps = []
        self._stop_at, self._when = stop_at, when
        self._stopped = False
        self._open = {}
        if after is None:
            self._names = {str(path): Inode(path.read_bytes()) for path in folder.iterdir() if path.is_file()}
            self._durable, self._touched = dict(self._names), set()
        else:
            self._names, self._durable, self._touched = after._names, after._durable, after._touched

    # --- what the disk calls

    def open(self, path, flags, mode=0o777):
        if path not in self._names and flags & os.O_CREAT:
            return self._step(f"create {Path(path).name}", lambda: self._create(path, flags, mode))
        if flags & os.O_TRUNC:
            return self._step(f"empty {Path(path).name}", lambda: self._open_named(path, flags, mode))
        return self._open_named(path, flags, mode)

    def close(self, fd):
        self._open.pop(fd, None)
        os.close(fd)

    def fstat(self, fd):
        return os.fstat(fd)

    def ftruncate(self, fd, length):
        if os.fstat(fd).st_size != length:
            self._step("truncate", lambda: os.ftruncate(fd, length))

    def pwrite(self, fd, data, offset):
        return self._step(
            "write", lambda: os.pwrite(fd, data, offset), lambda: os.pwrite(fd, data[: len(data) // 2], offset)
        )

    def fsync(self, fd):
        self._step(f"flush {Path(self._open[fd]).name}", lambda: self._flush(self._open[fd]))

    def replace(self, src, dst):
        self._step(f"replace {Path(dst).name}", lambda: self._rename(src, dst))

    def unlink(self, path):
        self._step(f"unlink {Path(path).name}", lambda: self._remove(path))

    # --- what a test calls

    def send(self, post):
        """Count a request; `post` is what makes it arrive."""
        self._step("send", post)

    def flushed(self, path):
        """Return what a power failure would leave of a file, None where not even its name."""
        inode = self._durable.get(str(path))
        return inode.flushed if inode else None

    def lose_power(self, torn=False):
        """Leave in the real folder what was flushed; `torn`: and half of what was not."""
        for name in self._touched:
            path, inode = Path(name), self._durable.get(name)
            written = path.read_bytes() if path.exists() and self._names.get(name) is inode else b""
            path.unlink(missing_ok=True)
            if inode is not None:
                path.write_bytes(_torn(inode.flushed, written) if torn else inode.flushed)

    # --- steps

    def _step(self, name, do, do_half=None):
        if self._stopped:
            raise Crash
        self.steps.append(name)
        if len(self.steps) != self._stop_at:
            return do()
        self._stopped = True
        if self._when == "after":
            do()
        if self._when == "amid" and do_half:
            do_half()
        raise Crash

    def _create(self, path, flags, mode):
        self._names[path] = Inode()
        return self._open_named(path, flags, mode)

    def _open_named(self, path, flags, mode):
        if self._stopped:
            raise Crash
        descriptor = os.open(path, flags, mode)
        self._open[descriptor] = path
        if not Path(path).is_dir():
            self._touched.add(path)
        return descriptor

    def _flush(self, path):
        if Path(path).is_dir():
            inside = {name: inode for name, inode in self._names.items() if Path(name).parent == Path(path)}
            others = {name: inode for name, inode in self._durable.items() if Path(name).parent != Path(path)}
            self._durable = others | inside
        else:
            self._names[path].flushed = Path(path).read_bytes()

    def _rename(self, src, dst):
        Path(src).replace(dst)
        self._names[dst] = self._names.pop(src)
        self._touched |= {src, dst}

    def _remove(self, path):
        Path(path).unlink()
        del self._names[path]


def _torn(flushed, written):
    """Return what is left of a file where half of what was written behind the flushed part survived."""
    if not written.startswith(flushed):
        return flushed
    return written[: len(flushed) + (len(written) - len(flushed)) // 2]
