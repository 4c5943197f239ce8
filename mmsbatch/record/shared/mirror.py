"""Where the branch is laid out: a folder of this process alone, which holds numbers, and must not outlive it.

A process that was killed leaves its folder behind. The next one of this user removes it: the kernel
tells by a lock that nobody is there any more.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR

from mmsbatch.errors import Refusal

#: What a file system says that has no locks.
_WITHOUT_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
_PREFIX, _UNBORN, _LOCK, _CONTENT = "mmsbatch-record-", "mmsbatch-new-", "lock", "branch"


@contextmanager
def own_mirror(parent: Path) -> Iterator[Path]:
    """Give an empty folder for the block, and remove it after; remove those that killed processes left.

    Raises Refusal where none can be made.
    """
    for left in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another one is quicker, or it cannot be removed
            _remove_if_left(left)
    try:
        folder, descriptor = _make(parent)
    except OSError as error:
        raise Refusal(f"{parent}: {error.strerror}", "make room there, then run again") from error
    try:
        yield (folder / _CONTENT).resolve()
    finally:
        with suppress(OSError):
            _remove(folder)
        if descriptor is not None:
            os.close(descriptor)


def _remove(folder: Path) -> None:
    """Remove it, the lock last: whoever is killed in between leaves a folder that the next one removes."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder / _CONTENT)
    shutil.rmtree(folder)


def _make(parent: Path) -> tuple[Path, int | None]:
    """Make a folder, and lock it before it has its name: until then it would look like one that was left."""
    unborn = Path(tempfile.mkdtemp(prefix=_UNBORN, dir=parent))
    try:
        (unborn / _CONTENT).mkdir()
        descriptor = _lock_if_possible(unborn)
        return unborn.rename(parent / f"{_PREFIX}{unborn.name.removeprefix(_UNBORN)}"), descriptor
    except OSError:
        shutil.rmtree(unborn, ignore_errors=True)
        raise


def _lock_if_possible(folder: Path) -> int | None:
    """Lock it; where the file system has no locks, leave it without one: nobody takes such a folder for left."""
    try:
        return _lock(folder, os.O_CREAT)
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
        (folder / _LOCK).unlink()
        return None


def _remove_if_left(folder: Path) -> None:
    """Remove a folder whose process is gone; leave what is none of ours. Raises OSError where that process lives."""
    found = folder.lstat()
    is_ours = S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not is_ours or any(each.name not in (_LOCK, _CONTENT) for each in folder.iterdir()):
        return
    descriptor = _lock(folder, 0)
    try:
        _remove(folder)
    finally:
        os.close(descriptor)


def _lock(folder: Path, more: int) -> int:
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | more, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
