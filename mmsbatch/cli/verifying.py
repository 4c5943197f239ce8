"""`mmsbatch status --verify`: is each record whole, this campaign's own, and does it keep the promises?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmsbatch.campaign.reader import read_campaign
from mmsbatch.errors import MmsbatchError, Refusal
from mmsbatch.record.audit import audit
from mmsbatch.record.events import TOKEN
from mmsbatch.record.fold import Record
from mmsbatch.record.identity import KEY_VARIABLE, Identity, check_identity, choose_keeping, orphans
from mmsbatch.record.journal import JournalContent
from mmsbatch.record.manifest import Shown, manifest_text, raise_if_ahead, read_manifest, runs_shown_lost
from mmsbatch.record.paths import RecordPaths
from mmsbatch.record.store import RecordStore
from mmsbatch.reports.verified import Problem, Verified


@dataclass(frozen=True, slots=True)
class _Place:
    """A record to check: its store, its campaign file, its gateway, its files."""

    store: RecordStore
    campaign: Path
    gateway: str
    paths: RecordPaths


def verify(store: RecordStore, file: Path, gateway: str | None, environ: Mapping[str, str]) -> Iterator[Verified]:
    """Check a campaign's records, one after the other: a damaged one keeps no other from being checked."""
    known = store.gateways_of(file)
    for name in [gateway] if gateway else known:
        place = _Place(store, file, name, store.shelf.paths(file, name))
        if name in known or place.paths.manifest.exists():
            yield _verify(place, environ)


def verify_folders(store: RecordStore, files: Sequence[Path]) -> Iterator[Verified]:
    """Name the journals that have no campaign."""
    for folder in sorted({store.shelf.records_of(file.resolve().parent) for file in files}):
        for journal in orphans(folder, store.shelf):
            problem = Problem("its campaign file is gone: renamed?", "rename journal and manifest along with it")
            yield Verified(store.show(journal), problems=(problem,))


def _verify(place: _Place, environ: Mapping[str, str]) -> Verified:
    journal = place.store.show(place.paths.journal)
    try:
        text = _read_text(place.paths.manifest)  # before the journal: a run under way writes on while we read
        shown = read_manifest(place.paths.manifest)
        content = place.store.read(place.paths)
    except Refusal as refusal:
        return Verified(journal, problems=(_problem(refusal),))
    is_as_written = text == _text_of_writer(content, text)
    held = place.store.close_interrupted(place.paths, content.record)
    problems = [
        *_refusals(place, content, shown, environ),
        *map(Problem, audit(content.record)),
        *([] if held or is_as_written else _compare(place, content, shown)),
    ]
    notes = _notes(content, shown, held, environ)
    return Verified(journal, content.tail.lines, tuple(notes), tuple(problems))


def _problem(refusal: MmsbatchError) -> Problem:
    return Problem(refusal.message, refusal.hint)


def _read_text(manifest: Path) -> str:
    try:
        return manifest.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # that there is none is a note, that it cannot be read a refusal


def _text_of_writer(content: JournalContent, text: str) -> str:
    """Return the manifest as whoever wrote this text had to write it: whom they took for dead, the text says."""
    lost = runs_shown_lost(text, content.record)
    record = Record(content.events) if lost else content.record
    if lost:
        record.close_interrupted(lambda run: run.run not in lost)
    return manifest_text(record, content.tail)


def _refusals(
    place: _Place, content: JournalContent, shown: Shown | None, environ: Mapping[str, str]
) -> Iterator[Problem]:
    """Give what would refuse a run, all of it."""
    campaign, _ = read_campaign(place.campaign, str(place.campaign))
    name, sha256 = (campaign.name, campaign.sha256) if campaign else ("", "")
    identity = Identity(place.campaign, place.gateway, "", name, sha256, shelf=place.store.shelf)
    checks: list[Callable[[], object]] = [
        lambda: check_identity(content.record, identity, place.paths, new_campaign=False),
        lambda: raise_if_ahead(place.paths.manifest.name, shown, content),
    ]
    if environ.get(KEY_VARIABLE):
        checks.append(lambda: choose_keeping(content.opened, environ, may_be_plain=True, where=str(place.campaign)))
    for check in checks:
        try:
            check()
        except Refusal as refusal:
            yield _problem(refusal)


def _compare(place: _Place, content: JournalContent, shown: Shown | None) -> Iterator[Problem]:
    """Tell a manifest that was edited from one that a crash left behind its journal."""
    if shown is not None and shown.lines == content.tail.lines:
        yield Problem(
            f"{place.paths.manifest.name} does not say what the journal says: edited",
            "the journal is the truth: what is written to it next brings a new manifest",
        )


def _notes(content: JournalContent, shown: Shown | None, held: bool, environ: Mapping[str, str]) -> Iterator[str]:
    """Give what is in order, and worth knowing."""
    if held:
        yield "a run is under way: the manifest is not compared"
    if content.tail.torn:
        yield f"its last line was cut short, as by a crash: {content.tail.torn} bytes, dropped by the next run"
    if content.tail.unended:
        yield "its last line lacks its line break, written by the next run"
    if shown is None:
        yield "there is no manifest: the next run writes it"
    elif shown.lines < content.tail.lines and not held:
        yield f"the manifest is of line {shown.lines:,}, as after a crash: the next run brings it up to date"
    if content.opened and content.opened.numbers == TOKEN and not environ.get(KEY_VARIABLE):
        yield f"its tokens are not compared with a key: {KEY_VARIABLE} is not set"
