"""How commands get at the record of a campaign: to read it, or to write it under its lock."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from errno import ESTALE
from pathlib import Path

from mmsbatch.campaign.configuration import Configuration, GatewaySettings, Numbers
from mmsbatch.campaign.model import Campaign
from mmsbatch.campaign.places import repository_root
from mmsbatch.cli.workspace import Workspace
from mmsbatch.errors import Refusal
from mmsbatch.record.fold import Record
from mmsbatch.record.identity import Identity, check_identity, choose_keeping
from mmsbatch.record.manifest import raise_if_ahead, read_manifest
from mmsbatch.record.paths import BESIDE, RecordPaths
from mmsbatch.record.store import FolderStore, RecordStore
from mmsbatch.record.tokens import NumberKeeping


@dataclass(frozen=True, slots=True)
class RecordAccess:
    """What decides whether a record may be used: its store, the settings, the account, the environment."""

    store: RecordStore
    configuration: Configuration
    settings: GatewaySettings
    account: str
    environ: Mapping[str, str]
    new_campaign: bool = False
    writes: bool = False

    def check(self, campaign: Campaign, record: Record) -> NumberKeeping:
        """Return how numbers are kept. Raises Refusal where the record is not this campaign's, or lacks its key."""
        path = campaign.path
        identity = self._identify(campaign)
        check_identity(record, identity, self.paths(campaign), self.new_campaign)
        if self.is_shared:  # what is still kept beside campaigns was sent all the same
            beside = BESIDE.paths(path, self.settings.name)
            check_identity(record, replace(identity, shelf=BESIDE), beside, self.new_campaign)
        return choose_keeping(record.opened, self.environ, self._may_be_plain(path), str(path))

    @property
    def is_shared(self) -> bool:
        """Whether runs on other machines write the same records."""
        return not isinstance(self.store, FolderStore)

    def _identify(self, campaign: Campaign) -> Identity:
        """Say whose record it must be; a rehearsal may be repeated as often as one likes, wherever its twins lie."""
        root = None if self.settings.is_sandbox else repository_root(campaign.path) or campaign.path.resolve().parent
        name, shelf = self.settings.name, self.store.shelf
        return Identity(campaign.path, name, self.account, campaign.name, campaign.sha256, root, shelf)

    def paths(self, campaign: Campaign) -> RecordPaths:
        """Return the files of a campaign's record."""
        return self.store.shelf.paths(campaign.path, self.settings.name)

    def read(self, campaign: Campaign) -> tuple[Record, NumberKeeping]:
        """Read a record without its lock, for a plan."""
        paths = self.paths(campaign)
        shown = read_manifest(paths.manifest)  # before the journal: a run under way writes on while we read
        content = self.store.read(paths)
        keeping = self.check(campaign, content.record)
        raise_if_ahead(paths.manifest.name, shown, content)
        content.record.close_interrupted(self.store.is_alive)
        return content.record, keeping

    def why_not_plain(self, campaign: Campaign, record: Record) -> tuple[str, str] | None:
        """Return message and hint of the refusal that awaits `apply` for plain numbers, None where none does."""
        try:
            replace(self, writes=True).check(campaign, record)
        except Refusal as refusal:
            return refusal.message, refusal.hint
        return None

    def _may_be_plain(self, campaign: Path) -> bool:
        chosen = self.configuration.numbers is Numbers.PLAIN or self.settings.is_sandbox
        return chosen or not self.writes or repository_root(campaign) is None


def is_lost_with_runner(workspace: Workspace, environ: Mapping[str, str], folder_record: bool) -> bool:
    """Whether a call's records lie in the folder of a CI runner, and go with it; a rehearsal's may.

    With `folder_record` the user carries them to the next run.
    """
    in_ci = environ.get("CI", "").lower() not in ("", "0", "false")
    in_folder = not workspace.has_shared_records and not workspace.settings.is_sandbox
    return in_ci and in_folder and not folder_record


@contextmanager
def writing_record() -> Iterator[None]:
    """Turn a disk that refuses into Refusal for the block: what cannot be written down must not be done."""
    try:
        yield
    except OSError as error:
        changed = error.errno == ESTALE
        raise Refusal(
            f"the record cannot be written: {error.strerror or type(error).__name__}",
            "look at `mmsbatch status`, then run again"
            if changed
            else "nothing was sent; make room, or the folder writable, then run again",
        ) from error
