"""The journal: the truth of what was sent. Append-only, flushed line by line, chained."""

from dataclasses import dataclass
from errno import EAGAIN, ESTALE
from pathlib import Path

from mmsbatch.errors import Refusal
from mmsbatch.record.chain import Damage, Lines, NewerVersion, Tail, UnknownEvent, encode_line, read_lines
from mmsbatch.record.disk import Disk, LocalDisk
from mmsbatch.record.events import Event, JournalOpened
from mmsbatch.record.fold import Record


@dataclass(frozen=True, slots=True)
class JournalContent:
    """A journal as read, line by line, and folded."""

    lines: Lines
    record: Record

    @property
    def events(self) -> tuple[Event, ...]:
        """What the lines say, in order."""
        return self.lines.events

    @property
    def tail(self) -> Tail:
        """Where the next line goes."""
        return self.lines.tail

    @property
    def opened(self) -> JournalOpened | None:
        """The first line, or None of a journal that does not exist yet."""
        return self.record.opened


def read_journal(path: Path) -> JournalContent:
    """Read the whole file; one that does not exist is empty.

    Raises Refusal where the file cannot be read or is damaged other than by a torn last line.
    """
    try:
        lines = read_lines(_read_bytes(path))
        return JournalContent(lines, _fold(lines))
    except Damage as damage:
        raise _damaged(path, damage) from damage


def read_opening(path: Path) -> JournalOpened | None:
    """Read the first line only; None where there is no file, or no whole line in it.

    Raises Refusal as `read_journal` does.
    """
    try:
        with path.open("rb") as file:
            first = file.readline()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        return _fold(read_lines(first)).opened
    except Damage as damage:
        raise _damaged(path, damage) from damage


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            return file.readall()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Refusal:
    return Refusal(f"{path}: the journal cannot be read: {error.strerror}", "make it readable, then run again")


def _damaged(path: Path, damage: Damage) -> Refusal:
    if isinstance(damage, NewerVersion):
        return Refusal(f"{path}:{damage.line}: the journal cannot be read: {damage.reason}", "update mmsbatch")
    if isinstance(damage, UnknownEvent):
        return Refusal(
            f"{path}:{damage.line}: the journal cannot be read: {damage.reason}",
            "update mmsbatch: a newer one wrote it, if nobody did by hand; an older record in its place would forget",
        )
    return Refusal(
        f"{path}:{damage.line}: the journal is damaged: {damage.reason}",
        "nothing is sent on a record that cannot be trusted; restore the file from git or a backup",
    )


def _fold(lines: Lines) -> Record:
    """Fold the lines. Raises Damage at one that does not follow from those before it."""
    record = Record()
    for number, event in enumerate(lines.events, start=1):
        try:
            record.apply(event)
        except (LookupError, ValueError) as error:
            raise Damage(number, "it speaks of a revision, chunk or proof that no line before it names") from error
    return record


#: Of these a write has not begun: somebody else wrote the file, or holds it.
_NOT_BEGUN = frozenset({ESTALE, EAGAIN})


class JournalWriter:
    """Appends events to one journal; the caller holds its lock."""

    def __init__(self, path: Path, tail: Tail, disk: Disk | None = None) -> None:
        self._path = path
        self._digest = tail.digest
        self._length = tail.length
        self._lines = tail.lines
        self._torn = tail.torn
        self._unended = tail.unended
        self._disk = disk or LocalDisk()

    @property
    def tail(self) -> Tail:
        """Where the journal ends now."""
        return Tail(self._digest, self._length, self._lines)

    def append(self, *events: Event) -> None:
        """Write events; they are on disk when this returns. Raises OSError, and then nothing may be sent on them."""
        lines, digest = [b"\n"] if self._unended else [], self._digest
        for event in events:
            line, digest = encode_line(event, digest)
            lines.append(line)
        data = b"".join(lines)
        try:
            self._disk.append(self._path, data, self._length, self._torn)
        except OSError as error:
            if error.errno not in _NOT_BEGUN:
                # What a write that failed leaves behind is ours to drop, and nothing else.
                self._torn = max(self._torn, len(data))
            raise
        self._digest, self._length, self._torn, self._unended = digest, self._length + len(data), 0, False
        self._lines += len(events)
