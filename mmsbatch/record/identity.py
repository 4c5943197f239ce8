"""Whose record is this? A journal that does not fit the campaign, account or key at hand is refused (section 9)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmsbatch.errors import Refusal
from mmsbatch.record.events import PLAIN, TOKEN, JournalOpened, RunStarted
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import read_journal, read_opening
from mmsbatch.record.paths import BESIDE, JOURNAL_SUFFIX, RecordPaths, Shelf
from mmsbatch.record.tokens import NumberKeeping, keep_as_tokens, keep_plain

KEY_VARIABLE = "MMSBATCH_PSEUDONYM_KEY"


class KeyMissing(Refusal):
    """The record holds tokens, and the key at hand is none or another: nobody can tell who was sent."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The campaign file, gateway and account at hand; `account` is empty where it is not known (offline).

    `name` is the campaign's own, empty where the file was not read, `sha256` that of the file's
    bytes, `root` the folder under which its twins may lie, `shelf` where their records do.
    """

    campaign: Path
    gateway: str
    account: str
    name: str = ""
    sha256: str = ""
    root: Path | None = None
    shelf: Shelf = BESIDE

    def is_of(self, started: RunStarted) -> bool:
        """Whether a run was one of this campaign, under whatever file name."""
        return started.campaign_sha256 == self.sha256 or started.campaign_name == self.name


def check_identity(record: Record, identity: Identity, paths: RecordPaths, new_campaign: bool) -> None:
    """Raise Refusal where the record at hand, or one beside it, belongs to another story."""
    opened = record.opened
    if opened is None:
        _raise_if_orphan(identity, paths, new_campaign)
    else:
        _raise_if_copy(opened, identity, paths)
        _raise_if_other_campaign(record, opened, identity, paths)
        _raise_if_foreign(opened, identity, paths)
    if identity.account:
        _raise_if_other_gateway(identity)
    if opened is None:
        _raise_if_sent_elsewhere(identity, paths, new_campaign)


def _raise_if_copy(opened: JournalOpened, identity: Identity, paths: RecordPaths) -> None:
    named = identity.shelf.campaigns_of(paths.journal.parent) / opened.campaign
    if opened.campaign != identity.campaign.resolve().name and _is_copy(opened, named, identity):
        raise Refusal(
            f"{paths.journal.name}:1: it is a copy of the record of {opened.campaign}, which has its own",
            "if this campaign is a copy too, it needs no journal of the other: move the copied one away",
        )


def _raise_if_other_campaign(record: Record, opened: JournalOpened, identity: Identity, paths: RecordPaths) -> None:
    """A journal under another file's name came along with a rename; or it never was this campaign's."""
    started = [run.started for revision in record.revisions.values() for run in revision.runs]
    renamed = opened.campaign != identity.campaign.resolve().name
    if renamed and identity.name and started and not any(map(identity.is_of, started)):
        raise Refusal(
            f"{paths.journal.name}:1: it is the record of another campaign: {opened.campaign}, "
            f"sent as `name: {started[-1].campaign_name}`",
            "bring this campaign's own journal back; if the file was renamed, give it its former `name` too",
        )


def _raise_if_foreign(opened: JournalOpened, identity: Identity, paths: RecordPaths) -> None:
    if opened.gateway != identity.gateway:
        raise Refusal(
            f"{paths.journal.name}:1: it is a record for the gateway {opened.gateway}, not {identity.gateway}",
            "put the journal back under its own name",
        )
    if identity.account and opened.account != identity.account:
        raise Refusal(
            f"{paths.journal.name}:1: it is the record of another account ({opened.account}, not {identity.account})",
            "use the credentials of the account that it was begun with, or copy the campaign to a new file",
        )


def _raise_if_orphan(identity: Identity, paths: RecordPaths, new_campaign: bool) -> None:
    """A journal without its campaign, beside a campaign without a journal, is probably a renamed file."""
    if new_campaign:
        return
    for journal in orphans(paths.journal.parent, identity.shelf):
        opened = read_opening(journal)
        if opened is None or _is_of_another(opened, identity):
            continue
        raise Refusal(
            f"{identity.campaign.name} has no record, and {journal.name} has no campaign: renamed?",
            f"rename {journal.name} to {paths.journal.name} (and its manifest) too, or say --new-campaign",
        )


def orphans(folder: Path, shelf: Shelf) -> Iterator[Path]:
    """Give a folder's journals whose campaign file is gone, in name order."""
    yield from (each for each in sorted(folder.glob(f"*{JOURNAL_SUFFIX}")) if not _has_campaign(each, shelf))


def _raise_if_sent_elsewhere(identity: Identity, paths: RecordPaths, new_campaign: bool) -> None:
    """The very same file was sent before, under another name or in another folder: moved, linked or copied.

    Edited as well, it is known by its name, where the journal has lost its campaign.
    """
    if new_campaign or not identity.sha256 or identity.root is None:
        return
    below = identity.shelf.records_of(identity.root)
    for journal in sorted(below.rglob(f"*{JOURNAL_SUFFIX}")):
        opened = read_opening(journal)
        if opened is None or _is_of_another(opened, identity):
            continue
        started = [event for event in read_journal(journal).events if isinstance(event, RunStarted)]
        is_lost = not _has_campaign(journal, identity.shelf)
        if any(run.campaign_sha256 == identity.sha256 or (is_lost and identity.is_of(run)) for run in started):
            same = "a campaign of this name" if is_lost else "the very same file"
            raise Refusal(
                f"{identity.campaign.name} has no record, and {same} was sent as {journal.relative_to(below)}",
                f"moved? bring that journal along as {paths.journal.name}, its manifest too; or say --new-campaign",
            )


def _is_copy(opened: JournalOpened, named: Path, identity: Identity) -> bool:
    """Whether the campaign that the journal names is still there with this very journal of its own."""
    if not named.exists():
        return False
    return read_opening(identity.shelf.paths(named, identity.gateway).journal) == opened


def _is_of_another(opened: JournalOpened, identity: Identity) -> bool:
    """Whether a journal is of another account; of another gateway, where the account is not known."""
    if identity.account:
        return opened.account != identity.account
    return opened.gateway != identity.gateway


def _has_campaign(journal: Path, shelf: Shelf) -> bool:
    """Whether the journal's campaign is there; a campaign's stem has no dot."""
    stem, folder = journal.name.partition(".")[0], shelf.campaigns_of(journal.parent)
    return any((folder / f"{stem}{ending}").exists() for ending in (".yaml", ".yml"))


def _raise_if_other_gateway(identity: Identity) -> None:
    for journal in sorted(identity.shelf.journals_of(identity.campaign)):
        opened = read_opening(journal)
        if opened is None or opened.gateway == identity.gateway or opened.account != identity.account:
            continue
        raise Refusal(
            f"{journal.name} is a record of this campaign for the same account, under the gateway {opened.gateway}",
            f"send with --gateway {opened.gateway}, so that nobody is sent to twice",
        )


def choose_keeping(
    opened: JournalOpened | None, environ: Mapping[str, str], may_be_plain: bool, where: str
) -> NumberKeeping:
    """Return how numbers are kept: as the journal began, or with a key where there is one.

    `may_be_plain` is whether plain numbers are in order here. Raises Refusal where the key is
    missing or another, or plain numbers are not in order.
    """
    key = environ.get(KEY_VARIABLE, "")
    if opened is not None and opened.numbers == TOKEN:
        return _keep_as_before(opened, key, where)
    if key and opened is None:
        return keep_as_tokens(key)
    if may_be_plain or (opened is not None and opened.numbers == PLAIN):
        return keep_plain()
    raise Refusal(
        f"{where}: the record would hold phone numbers in plain text inside a git work tree",
        f"set {KEY_VARIABLE} to keep tokens instead, or write `record: {{numbers: plain}}` into mmsbatch.yaml",
    )


def _keep_as_before(opened: JournalOpened, key: str, where: str) -> NumberKeeping:
    if not key:
        raise KeyMissing(
            f"{where}: the record holds tokens, and {KEY_VARIABLE} is not set",
            "without the key nobody can tell who was already sent: set it",
        )
    keeping = keep_as_tokens(key)
    if keeping.key_check != opened.key_check:
        raise KeyMissing(
            f"{where}: {KEY_VARIABLE} is not the key that the record was begun with",
            "with another key everybody would look new: set the former one",
        )
    return keeping
