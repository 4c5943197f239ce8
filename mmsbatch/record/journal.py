"""The journal: the truth of what was sent. Append-only, flushed line by line, chained."""

from dataclasses import dataclass
from pathlib import Path

from mmsbatch.errors import Refusal
from mmsbatch.record.chain import Damage, Tail, encode_line, read_lines
from mmsbatch.record.disk import Disk, LocalDisk
from mmsbatch.record.events import Event, JournalOpened


@dataclass(frozen=True, slots=True)
class JournalContent:
    """A journal as read: its events in order, and where the next goes."""

    events: tuple[Event, ...]
    tail: Tail

    @property
    def opened(self) -> JournalOpened | None:
        """The first line, or None of a journal that does not exist yet."""
        first = self.events[0] if self.events else None
        return first if isinstance(first, JournalOpened) else None


def read_journal(path: Path) -> JournalContent:
    """Read the whole file; one that does not exist is empty.

    Raises Refusal where the file cannot be read or is damaged other than by a torn last line.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return JournalContent((), Tail())
    except OSError as error:
        raise Refusal(f"{path}: the journal cannot be read: {error.strerror}") from error
    try:
        events, tail = read_lines(content)
    except Damage as damage:
        raise Refusal(
            f"{path}:{damage.line}: the journal is damaged: {damage.reason}",
            "nothing is sent on a record that cannot be trusted; restore the file from git or a backup",
        ) from damage
    return JournalContent(tuple(events), tail)


class JournalWriter:
    """Appends events to one journal; the caller holds its lock."""

    def __init__(self, path: Path, tail: Tail, disk: Disk | None = None) -> None:
        self._path = path
        self._digest = tail.digest
        self._length = tail.length
        self._torn = tail.torn
        self._disk = disk or LocalDisk()

    def append(self, event: Event) -> None:
        """Write one event; it is on disk when this returns. Raises OSError, and then nothing may be sent on it."""
        line, digest = encode_line(event, self._digest)
        # What a write that failed leaves behind is ours to drop.
        torn, self._torn = self._torn, max(self._torn, len(line))
        self._disk.append(self._path, line, self._length, torn)
        self._digest, self._length, self._torn = digest, self._length + len(line), 0
