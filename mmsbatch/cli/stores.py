"""Opens the store that keeps a call's records: beside the campaigns, or on a branch of the git remote."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mmsbatch.campaign.places import find_configuration
from mmsbatch.cli.console import shown_path
from mmsbatch.record.store import FolderStore, RecordStore

if TYPE_CHECKING:
    from mmsbatch.cli.workspace import Workspace


@contextmanager
def open_stores(files: Sequence[Path], environ: Mapping[str, str]) -> Iterator[list[RecordStore]]:
    """Open all stores that may hold records of campaigns, for whoever only looks.

    Raises as `open_store` does, InvalidInput where the configuration has errors.
    """
    workspace = _read_workspace(files)
    if workspace is None or not workspace.configuration.store.is_shared:
        yield [FolderStore(shown_path)]
        return
    from mmsbatch.campaign.configuration import SANDBOX  # noqa: PLC0415 - most calls need neither this nor git
    from mmsbatch.cli.shared_stores import open_git_store  # noqa: PLC0415 - as above

    with open_git_store(workspace.configuration.store, files[0].parent, environ) as store:
        yield [store, FolderStore(shown_path, only=SANDBOX)]


def _read_workspace(files: Sequence[Path]) -> "Workspace | None":
    """Read what says where records are; None where that is the folder, which is seen without reading all of it."""
    found = {find_configuration(folder) for folder in dict.fromkeys(file.parent for file in files)} - {None}
    if not any(b"git" in path.read_bytes() for path in found if path):
        return None
    from mmsbatch.cli.workspace import open_workspace  # noqa: PLC0415 - YAML and schemas take longer than a status

    return open_workspace(files, None, None)


@contextmanager
def open_store(workspace: "Workspace", environ: Mapping[str, str]) -> Iterator[RecordStore]:
    """Open the store of a call's campaigns for the block; a remote is asked before anything else.

    Raises RecordUnreachable where it does not answer, Refusal where it cannot keep records.
    """
    if not workspace.has_shared_records:
        yield FolderStore(shown_path)
        return
    from mmsbatch.cli.shared_stores import open_git_store  # noqa: PLC0415 - as above

    with open_git_store(workspace.configuration.store, workspace.folder, environ) as store:
        yield store
