"""One journal on a branch: its bytes there, and how more are put behind them."""

from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

from mmsbatch.record.record_branch import RecordBranch
from mmsbatch.record.segments import Piece, group_pieces, next_piece, pieces_of, written


class SharedJournal:
    """A journal and its manifest, by their paths on the branch, as of the last time they were taken in."""

    def __init__(self, branch: RecordBranch, journal: str, manifest: str) -> None:
        self._branch, self._journal, self._manifest = branch, journal, manifest
        self._blobs: list[str] = []
        self._pieces: list[Piece] = []
        self._moves = 0
        self.length = 0

    @property
    def path(self) -> str:
        """The journal's path on the branch."""
        return self._journal

    def take_in(self) -> bytes:
        """Return what the branch holds of the journal now; from here on, that is what is known of it."""
        paths = self._paths(self._branch.files)
        contents = self._branch.read(*paths)
        self._know(self._branch.files, [*map(len, contents)])
        return b"".join(contents)

    def put(self, content: bytes, manifest: bytes, message: str) -> Future[bool]:
        """Publish the whole journal's content, which begins with what is known; False comes where others wrote it.

        A record that is new is published only where no other is: it may be one of the same campaign.
        """
        piece = next_piece(self._pieces, self.length)
        changes = {**written(self._journal, piece, content), self._manifest: manifest}
        done: Future[bool] = self._branch.publish_later(changes, message, self._is_as_known)
        return done

    def is_unchanged(self) -> bool:
        """Ask the remote whether nobody wrote it since. Raises RecordUnreachable, Refusal."""
        self._branch.look()
        return self._is_as_known(self._branch.files)

    def kept_beside(self, name: str) -> Path:
        """Return where on this machine a file is kept that the branch did not take."""
        return self._branch.own_folder() / name

    def note_put(self, length: int) -> None:
        """Take note that the journal's first `length` bytes are on the branch."""
        piece = next_piece(self._pieces, self.length)
        pieces = self._pieces if piece in self._pieces else [*self._pieces, piece]
        ends = [*(each.start for each in pieces[1:]), length]
        self._know(self._branch.files, [end - each.start for each, end in zip(pieces, ends, strict=True)])

    def _is_as_known(self, files: Mapping[str, str]) -> bool:
        if not self._blobs:
            return self._branch.moved_by_others == self._moves
        return [files[path] for path in self._paths(files)] == self._blobs

    def _know(self, files: Mapping[str, str], sizes: list[int]) -> None:
        self._moves = self._branch.moved_by_others
        self._blobs = [files[path] for path in self._paths(files)]
        self._pieces, self.length = pieces_of(sizes), sum(sizes)

    def _paths(self, files: Mapping[str, str]) -> list[str]:
        begin = self._journal
        return group_pieces([path for path in files if path.startswith(begin)]).get(begin, [])
