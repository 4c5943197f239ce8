"""Records on a branch of a git remote: the remote decides between rivals, and is asked before anything else.

The branch is laid out in a folder of this process alone, which mirrors the repository's: whatever
reads records reads there. Nothing counts as written before the branch has it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from mmsbatch.errors import Locked, Refusal
from mmsbatch.record.events import RunStarted
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import JournalContent, read_journal
from mmsbatch.record.lock import Holder, hold_lock, is_held, is_process_alive, process_space
from mmsbatch.record.manifest import raise_if_ahead, read_manifest
from mmsbatch.record.paths import (
    BESIDE,
    JOURNAL_SUFFIX,
    MANIFEST_SUFFIX,
    PLAIN_NAME_GATEWAY,
    RecordPaths,
    Shelf,
    gateways_in,
)
from mmsbatch.record.shared.book import SharedBook
from mmsbatch.record.shared.branch import PUT_BACK, RecordBranch
from mmsbatch.record.shared.journal import SharedJournal


@dataclass(frozen=True, slots=True)
class GitStore:
    """The records on one branch, as of its last look. `mirror` is a folder that nobody else uses.

    `rehearsal` is the gateway whose records stay beside the campaigns.
    """

    branch: RecordBranch
    repository: Path
    mirror: Path
    rehearsal: str = ""

    @property
    def shelf(self) -> Shelf:
        """The folder that mirrors the branch."""
        return Shelf(self.repository, self.mirror)

    def lay_out(self) -> None:
        """Ask the remote what there is, and write it down here. Raises RecordUnreachable, Refusal."""
        self.branch.look()
        journals = self.branch.journals(self.branch.files)
        contents = dict(journals) | {path: [path] for path in self.branch.files if path.endswith(MANIFEST_SUFFIX)}
        read = iter(self.branch.read(*(piece for pieces in contents.values() for piece in pieces)))
        for path, pieces in contents.items():
            self._write(path, b"".join(next(read) for _ in pieces))

    @contextmanager
    def hold(self, paths: RecordPaths, holder: Holder) -> Iterator[JournalContent]:
        """Give a journal for the block: rivals meet at the remote. Raises Refusal where it is damaged."""
        paths.lock.parent.mkdir(parents=True, exist_ok=True)
        with hold_lock(paths.lock, holder):
            yield self.read(paths)

    def open_book(self, paths: RecordPaths, content: JournalContent, monotonic: Callable[[], float]) -> SharedBook:
        """Open a record: what is appended is durable once it is published."""
        shared = SharedJournal(self.branch, self._path(paths.journal), self._path(paths.manifest))
        shared.take_in()
        return SharedBook(paths, content, monotonic, shared, self.is_alive)

    def read(self, paths: RecordPaths) -> JournalContent:
        """Read a journal as the remote had it. Raises Refusal where it is damaged."""
        self._adopt(paths)
        try:
            content = read_journal(paths.journal)
        except Refusal as refusal:
            raise Refusal(
                refusal.message.replace(f"{self.mirror}/", f"{self.branch.name}:"),
                self._way_back(paths) or f"nothing is sent on a record that cannot be trusted; {PUT_BACK}",
            ) from refusal
        if hint := self._way_back(paths):
            raise Refusal(f"{self.show(paths.journal)} is not what mmsbatch wrote last: changed by hand", hint)
        # One that lies in the checkout, of a record in the folder or committed by a pull request, is never newer.
        beside = self._beside(paths.manifest)
        raise_if_ahead(beside.name, read_manifest(beside), content)
        return content

    def gateways_of(self, campaign: Path) -> list[str]:
        """Name the gateways whose journals the branch has for a campaign, had, until somebody took them away, or will.

        That is, takes over from beside the campaign.
        """
        stem = self._path(self.shelf.paths(campaign, PLAIN_NAME_GATEWAY).journal).removesuffix(JOURNAL_SUFFIX)
        beside = (name for name in BESIDE.gateways_of(campaign) if name != self.rehearsal)
        names = dict.fromkeys([*self.shelf.gateways_of(campaign), *beside])
        for pattern in (escape(stem), f"{escape(stem)}.*"):
            _, written = self.branch.as_written(f"{pattern}{MANIFEST_SUFFIX}")
            names |= dict.fromkeys(gateways_in(written, stem))
        return list(names)

    def close_interrupted(self, paths: RecordPaths, record: Record) -> bool:
        """Leave chunks to the runs that claim them, as far as anybody can tell that these are not gone."""
        record.close_interrupted(self.is_alive)
        return bool(record.claimed)

    def is_alive(self, run: RunStarted) -> bool:
        """Whether a run may be under way: on another machine nobody can tell, and here its process is looked for."""
        lease, here = run.lease, (os.uname().nodename, process_space())
        return lease is not None and ((lease.host, lease.space) != here or is_process_alive(lease.process))

    def show(self, path: Path) -> str:
        """Name a file as git does: `branch:path`."""
        return f"{self.branch.name}:{self._path(path)}"

    def _adopt(self, paths: RecordPaths) -> None:
        """Take over a record that was kept in the folder. Raises Refusal where the branch has another one."""
        kept = self._beside(paths.journal)
        if not kept.is_file():
            return
        is_under_way = is_held(self._beside(paths.lock))  # before it is read: its last lines must not be missed
        content, there = kept.read_bytes(), paths.journal.read_bytes() if paths.journal.is_file() else b""
        if there.startswith(content):
            return
        whole = content[: read_journal(kept).tail.length]
        if there and there.startswith(whole):
            return  # a torn last line was dropped on the way
        if there:
            raise Refusal(
                f"{kept.name} lies beside the campaign, and the branch {self.branch.name} has another record of it",
                "only one can be true: look at both with `git show`, then move the one beside the campaign away",
            )
        if is_under_way:
            raise Locked(
                f"{kept.name}: a run is under way that keeps its record beside the campaign",
                "wait until it ended; then the branch takes its record over",
            )
        self._write(self._path(paths.journal), content)

    def _way_back(self, paths: RecordPaths) -> str:
        """Say how to bring back what somebody else changed; empty where nobody did.

        What is left may be a whole journal, or none: nothing else would tell that somebody is missing in it.
        """
        journal, manifest = self._path(paths.journal), self._path(paths.manifest)
        commit, files = self.branch.as_written(escape(manifest))
        pieces = {path: blob for path, blob in files.items() if path.startswith(journal)}
        if all(self.branch.files.get(path) == blob for path, blob in pieces.items()):
            return ""
        return (
            "whoever is missing there would be sent to again: put it back on that branch with "
            f"`git checkout {commit[:12]} -- {' '.join([*pieces, manifest])}`, a commit and a push on top"
        )

    def _beside(self, file: Path) -> Path:
        """Return where a file would lie beside its campaign."""
        return self.shelf.campaigns_of(file.parent) / file.name

    def _path(self, file: Path) -> str:
        """Return a file's path on the branch."""
        return file.relative_to(self.mirror).as_posix()

    def _write(self, path: str, content: bytes) -> None:
        file = self.mirror / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
