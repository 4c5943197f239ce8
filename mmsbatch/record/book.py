"""A record open for writing: journal and manifest together, under the campaign's lock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ESTALE
from pathlib import Path

from mmsbatch.record.disk import Disk, LocalDisk
from mmsbatch.record.events import Event, RunStarted
from mmsbatch.record.journal import JournalContent, JournalWriter, read_journal
from mmsbatch.record.lock import Holder, hold_lock
from mmsbatch.record.manifest import ManifestWriter, raise_if_ahead, read_manifest
from mmsbatch.record.paths import RecordPaths

MANIFEST_EVERY = 1.0


class RecordBook:
    """The one way to write: what is appended here is on disk, then folded, then shown in the manifest.

    `torn` is how many bytes of a torn last line were left out on reading, `unended` whether a whole
    last line lacked but its line break, `lost` the chunks that no
    living run is sending any more. What was read is on disk once the book is open: a run that was
    killed may have left it written, and not flushed. Raises Refusal where the manifest knows more than the
    journal, OSError where the disk refuses to flush.
    """

    def __init__(
        self,
        paths: RecordPaths,
        content: JournalContent,
        monotonic: Callable[[], float],
        disk: Disk | None = None,
        *,
        is_alive: Callable[[RunStarted], bool] = lambda _: False,
    ) -> None:
        raise_if_ahead(paths.manifest.name, read_manifest(paths.manifest), content)
        self.paths = paths
        self.torn, self.unended = content.tail.torn, content.tail.unended
        self.record = content.record
        self.lost = self.record.close_interrupted(is_alive)
        self._disk = disk or LocalDisk()
        if content.tail.length or content.tail.torn:
            self._disk.settle(paths.journal)
        self._writer = JournalWriter(paths.journal, content.tail, self._disk)
        self._monotonic = monotonic
        self._manifest = ManifestWriter()
        self._shown_at: float | None = None
        self._shown_lines = 0
        self._is_overtaken = False

    @property
    def name(self) -> str:
        """What this record is called, the same in every run."""
        return str(self.paths.journal)

    def append(self, *events: Event) -> None:
        """Write the events durably, with one flush, then take them in.

        Raises OSError where the disk refuses, and from then on always where somebody else wrote the journal on.
        """
        if self._is_overtaken:
            raise OSError(ESTALE, "the journal was changed by something else during the run")
        try:
            self._writer.append(*events)
        except OSError as error:
            self._is_overtaken = self._is_overtaken or error.errno == ESTALE
            raise
        for event in events:
            self.record.apply(event)

    def publish(self) -> None:
        """Have what was appended where all runs see it: here it is, as soon as it is on disk."""

    def heed(self, is_time_up: Callable[[], bool]) -> None:
        """Wait for nothing any more once this says so; here nothing is ever waited for."""

    def rescue(self) -> Path | None:
        """Keep what could not be published for whoever settles it, and say where; here nothing ever is."""
        return None

    def show(self) -> None:
        """Replace the manifest now; that of whoever overtook us, and wrote the journal on, is left to them."""
        if self._is_overtaken:
            return
        self._disk.replace(self.paths.manifest, self._text())
        self._shown_at, self._shown_lines = self._monotonic(), self._writer.tail.lines

    def catch_up(self) -> None:
        """Bring a manifest up to date that a crash left behind its journal; no write where nothing differs."""
        if self.record.opened is None:
            return
        text = self._text()
        if not self.paths.manifest.is_file() or self.paths.manifest.read_bytes() != text:
            self._disk.replace(self.paths.manifest, text)

    def _text(self) -> bytes:
        return self._manifest.write(self.record, self._writer.tail).encode(errors="replace")

    def show_now_and_then(self) -> None:
        """Replace the manifest where the journal went on since, at most once a second."""
        if self._shown_lines == self._writer.tail.lines:
            return
        if self._shown_at is None or self._monotonic() - self._shown_at >= MANIFEST_EVERY:
            self.show()


@contextmanager
def hold_record(paths: RecordPaths, holder: Holder) -> Iterator[JournalContent]:
    """Hold a record's lock for the block; give its journal, for whoever checks whose it is before a book is made of it.

    Raises Locked where another run holds it, Refusal where the journal is damaged.
    """
    with hold_lock(paths.lock, holder):
        yield read_journal(paths.journal)
