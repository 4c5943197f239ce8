"""Where records are kept. Whatever the place, a record is opened, written, read and listed in the same way."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mmsbatch.record.events import RunStarted
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import JournalContent, read_journal
from mmsbatch.record.lock import Holder, is_held
from mmsbatch.record.paths import BESIDE, RecordPaths, Shelf

if TYPE_CHECKING:
    from mmsbatch.record.book import RecordBook


class RecordStore(Protocol):
    """A place for records. `shelf` says where their files lie, and so which there are."""

    @property
    def shelf(self) -> Shelf:
        """Where the files lie on this machine."""

    def hold(self, paths: RecordPaths, holder: Holder) -> AbstractContextManager[JournalContent]:
        """Keep other runs off a record for the block, and give its journal, for whoever checks whose it is first.

        Raises Locked where another run holds it, Refusal where the journal is damaged.
        """

    def open_book(self, paths: RecordPaths, content: JournalContent, monotonic: Callable[[], float]) -> "RecordBook":
        """Open a record that is held for writing; what is appended is durable once the book says so."""

    def read(self, paths: RecordPaths) -> JournalContent:
        """Read a journal as it stands. Raises Refusal where it is damaged."""

    def gateways_of(self, campaign: Path) -> list[str]:
        """Name the gateways that a campaign has records for."""

    def close_interrupted(self, paths: RecordPaths, record: Record) -> bool:
        """Put in doubt what no living run is sending any more; return whether a run is under way."""

    def is_alive(self, run: RunStarted) -> bool:
        """Whether a run whose end nobody wrote down may still be under way."""

    def show(self, path: Path) -> str:
        """Name a file of a record to people."""


@dataclass(frozen=True, slots=True)
class FolderStore:
    """Beside the campaigns. The kernel keeps other runs of this machine off.

    `show` writes a path as a user would; `only` is the one gateway whose records count, where not all do.
    """

    show: Callable[[Path], str] = str
    only: str | None = None
    shelf: Shelf = BESIDE

    def hold(self, paths: RecordPaths, holder: Holder) -> AbstractContextManager[JournalContent]:
        """Hold the campaign's lock for the block. Raises Locked, Refusal."""
        from mmsbatch.record.book import hold_record  # noqa: PLC0415 - most calls only look

        return hold_record(paths, holder)

    def open_book(self, paths: RecordPaths, content: JournalContent, monotonic: Callable[[], float]) -> "RecordBook":
        """Open it: what is appended is on disk when `append` returns."""
        from mmsbatch.record.book import RecordBook  # noqa: PLC0415 - as above

        return RecordBook(paths, content, monotonic)

    def read(self, paths: RecordPaths) -> JournalContent:
        """Read the file, which a run under way may write on meanwhile."""
        return read_journal(paths.journal)

    def gateways_of(self, campaign: Path) -> list[str]:
        """Name the gateways whose journals lie beside a campaign."""
        return [each for each in self.shelf.gateways_of(campaign) if self.only in (None, each)]

    def close_interrupted(self, paths: RecordPaths, record: Record) -> bool:
        """Leave the record to the run that has the lock, if there is one."""
        held = is_held(paths.lock)
        if not held:
            record.close_interrupted()
        return held

    def is_alive(self, run: RunStarted) -> bool:
        """Whether another run may be under way: under the lock there is none."""
        return False
