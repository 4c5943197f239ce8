"""Opens the store that keeps a call's records: beside the campaigns, or on a branch of the git remote."""

import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mmsbatch.campaign.configuration import SANDBOX, Configuration, StoreKind, StoreSettings
from mmsbatch.campaign.places import find_configuration, repository_root
from mmsbatch.cli.console import shown_path
from mmsbatch.cli.records import this_process
from mmsbatch.errors import Refusal
from mmsbatch.record.store import FolderStore, RecordStore

if TYPE_CHECKING:
    from mmsbatch.cli.loading import Workspace
    from mmsbatch.record.shared.account_ref import AccountRefs
    from mmsbatch.record.shared.git_remote import GitBranch

#: Seconds that one git command may take.
GIT_TIMEOUT = 120.0


@contextmanager
def open_stores(files: Sequence[Path], environ: Mapping[str, str]) -> Iterator[list[RecordStore]]:
    """Open all stores that may hold records of campaigns, for whoever only looks.

    Raises as `open_store` does, InvalidInput where the configuration has errors.
    """
    configuration = _read_configuration(files)
    if configuration is None or configuration.store.kind is StoreKind.FOLDER:
        yield [FolderStore(shown_path)]
        return
    with _open_git_store(configuration.store, files[0].parent, environ) as store:
        yield [store, FolderStore(shown_path, only=SANDBOX)]


def _read_configuration(files: Sequence[Path]) -> Configuration | None:
    """Read what says where records are; None where that is the folder, which is seen without reading all of it."""
    found = {find_configuration(folder) for folder in dict.fromkeys(file.parent for file in files)} - {None}
    if not any(b"git" in path.read_bytes() for path in found if path):
        return None
    from mmsbatch.cli.loading import open_workspace  # noqa: PLC0415 - YAML and schemas take longer than a status

    return open_workspace(files, None, None).configuration


@contextmanager
def open_store(workspace: "Workspace", environ: Mapping[str, str]) -> Iterator[RecordStore]:
    """Open the store of a call's campaigns for the block; a remote is asked before anything else.

    Raises RecordUnreachable where it does not answer, Refusal where it cannot keep records.
    """
    if not workspace.has_shared_records:
        yield FolderStore(shown_path)
        return
    with _open_git_store(workspace.configuration.store, workspace.folder, environ) as store:
        yield store


def open_account_refs(kept: StoreSettings, folder: Path, environ: Mapping[str, str]) -> "AccountRefs":
    """Return the accounts' locks on the remote that keeps the records. Raises Refusal."""
    from mmsbatch.record.shared.account_ref import AccountRefs  # noqa: PLC0415

    return AccountRefs(_open_branch(kept, folder, environ).remote, lambda: datetime.now(UTC))


def _open_branch(kept: StoreSettings, folder: Path, environ: Mapping[str, str]) -> "GitBranch":
    from mmsbatch.record.shared.git import open_git  # noqa: PLC0415 - most calls need no git
    from mmsbatch.record.shared.git_remote import open_branch  # noqa: PLC0415

    return open_branch(open_git(_repository(folder), environ, GIT_TIMEOUT), kept.remote, kept.branch)


def _repository(folder: Path) -> Path:
    repository = repository_root(folder)
    if repository is None:
        raise Refusal(
            "`record: {store: git}` keeps the record on a git remote, and this is no git repository",
            "run it in a clone, or leave `store` out of mmsbatch.yaml",
        )
    return repository


@contextmanager
def _open_git_store(kept: StoreSettings, folder: Path, environ: Mapping[str, str]) -> Iterator[RecordStore]:
    from mmsbatch.record.shared.branch import BranchClock, RecordBranch  # noqa: PLC0415
    from mmsbatch.record.shared.store import GitStore  # noqa: PLC0415

    clock = BranchClock(lambda: datetime.now(UTC), time.sleep, random.random)
    us = this_process(environ, "")
    branch = RecordBranch(_open_branch(kept, folder, environ), f"{us.user} on {us.host}", clock)
    with tempfile.TemporaryDirectory(prefix="mmsbatch-record-") as mirror:
        store = GitStore(branch, _repository(folder), Path(mirror).resolve(), SANDBOX)
        store.lay_out()
        yield store
