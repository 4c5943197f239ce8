"""Opens the store that keeps a call's records: beside the campaigns, or on a branch of the git remote."""

from collections.abc import Iterator
from contextlib import contextmanager

from mmsbatch.campaign.configuration import Configuration, GatewaySettings
from mmsbatch.cli.console import shown_path
from mmsbatch.record.store import FolderStore, RecordStore


@contextmanager
def open_store(configuration: Configuration, settings: GatewaySettings) -> Iterator[RecordStore]:
    """Open the store for the block."""
    yield FolderStore(shown_path)
