"""`mmsbatch merge`: the journals that shards left become one record beside the campaign."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.caller import this_process
from mmsbatch.cli.console import Console, shown_path
from mmsbatch.cli.options import Config, Format, Output, Quiet, check_format
from mmsbatch.cli.records import writing_record
from mmsbatch.cli.workspace import open_workspace
from mmsbatch.errors import Refusal, UsageProblem
from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.book import hold_record
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.events import JournalOpened
from mmsbatch.record.identity import Identity, check_identity
from mmsbatch.record.journal import JournalContent, read_journal
from mmsbatch.record.manifest import manifest_bytes, raise_if_ahead, read_manifest
from mmsbatch.record.merging import Merged, Source
from mmsbatch.record.merging import merge as merge_journals
from mmsbatch.record.paths import BESIDE, JOURNAL_SUFFIX, MANIFEST_SUFFIX, RecordPaths
from mmsbatch.reports.merged import FORMATS, MergeResult
from mmsbatch.sending.clock import Clock

#: Where a campaign is looked for, from the current folder.
_FOLDERS = (".", "campaigns")

DIRS = typer.Argument(metavar="DIR…", help="Folders with the shards' journals, at any depth.", show_default=False)


def merge(
    dirs: Annotated[list[Path], DIRS],
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="FOLDER", help="The campaign's folder; default: this one, or campaigns/ in it."),
    ] = None,
    config: Config = None,
    output_format: Format = "text",
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Fold the journals that shards left, as CI artifacts, into one record beside the campaign.

    All must be whole, of one campaign, account, input and number of shards, and nobody may have been reached by two.
    Nothing is written otherwise. Merged again, they change nothing; a shard that comes later is added.

    Examples:

      mmsbatch merge artifacts/

      mmsbatch merge shard-1/ shard-2/ shard-3/ --into campaigns/
    """
    report, console = FORMATS[check_format(output_format)], Console(output, quiet or output_format == "json")
    if into is not None and not into.is_dir():
        raise UsageProblem(f"--into {into}: there is no such folder")
    found = _find_journals(dirs)
    prepared = [_prepare(name, journals, into, console) for name, journals in sorted(found.items())]
    records = [each for each in prepared if each]
    for each in records:
        _raise_if_shared(each, config)
    console.report_done(report([_merge(each) for each in records]))
    raise typer.Exit(ExitCode.DONE)


def _find_journals(dirs: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the journals below the folders by their names: those of one campaign and gateway have one."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for folder in dirs:
        if not folder.exists():
            raise UsageProblem(f"{folder}: there is no such folder")
        journals = sorted(folder.rglob(f"*{JOURNAL_SUFFIX}")) if folder.is_dir() else [folder]
        if not journals or not all(each.name.endswith(JOURNAL_SUFFIX) for each in journals):
            raise UsageProblem(f"{folder}: there is no journal (*{JOURNAL_SUFFIX}) in it")
        for journal in journals:
            found[journal.name].append(journal)
    return found


@dataclass(frozen=True, slots=True)
class _Record:
    """A record to be: its campaign, its files, and the journals to take in."""

    campaign: Path
    opened: JournalOpened
    paths: RecordPaths
    sources: Sequence[Source]


def _prepare(name: str, journals: Sequence[Path], into: Path | None, console: Console) -> _Record | None:
    """Read the journals of one name; None where there is nothing in them. Raises Refusal, UsageProblem."""
    sources = list(_read_sources(journals, console))
    opened = sources[0].content.opened if sources else None
    if opened is None:
        return None
    campaign = _find_campaign(opened, into)
    paths = BESIDE.paths(campaign, opened.gateway)
    if paths.journal.name != name:
        raise Refusal(
            f"{journals[0]}: it is a journal of {opened.campaign}, gateway {opened.gateway}, under another name",
            f"rename it to {paths.journal.name}",
        )
    others = [each for each in sources if Path(each.name).resolve() != paths.journal.resolve()]
    return _Record(campaign, opened, paths, others) if others else None


def _raise_if_shared(record: _Record, config: Path | None) -> None:
    """Refuse where the runs share a record: what lies in folders then is none of it."""
    workspace = open_workspace([record.campaign], config, record.opened.gateway)
    if workspace.has_shared_records:
        branch = workspace.configuration.store.branch
        raise Refusal(
            f"{record.campaign}: its runs share a record on the branch {branch}: nothing is to be merged",
            "`mmsbatch status` shows it; shards that began in folders are merged with `store: folder`, and the next "
            "run on the branch takes that record over",
        )


def _merge(record: _Record) -> MergeResult:
    """Merge what one record lacks, under its lock. Raises Refusal, Locked."""
    paths, opened, clock = record.paths, record.opened, Clock()
    with hold_record(paths, this_process(os.environ, clock.stamp())) as content:
        identity = Identity(record.campaign, opened.gateway, opened.account)
        check_identity(content.record, identity, paths, new_campaign=False)
        raise_if_ahead(paths.manifest.name, read_manifest(paths.manifest), content)
        merged = merge_journals(content, record.sources, clock.stamp())
        with writing_record():
            _write(paths, content, merged)
    return MergeResult(shown_path(paths.journal), shown_path(paths.manifest), merged)


def _read_sources(journals: Sequence[Path], console: Console) -> Iterator[Source]:
    """Read the journals; each is compared with its manifest, where that came along. Raises Refusal of damage."""
    for journal in journals:
        manifest = journal.with_name(journal.name.removesuffix(JOURNAL_SUFFIX) + MANIFEST_SUFFIX)
        shown, content = read_manifest(manifest), read_journal(journal)
        raise_if_ahead(str(manifest), shown, content)
        if content.tail.torn:
            console.warn(f"{journal}: its last line was cut short, as by a crash: {content.tail.torn} bytes left out")
        if content.opened is None:
            console.warn(f"{journal}: there is no whole line in it")
        else:
            yield Source(str(journal), content)


def _find_campaign(opened: JournalOpened, into: Path | None) -> Path:
    """Return the campaign that a journal names. Raises UsageProblem where it is not there, or at two places."""
    folders = [into] if into else [Path(folder) for folder in _FOLDERS]
    found = [folder / opened.campaign for folder in folders if (folder / opened.campaign).is_file()]
    if len(found) == 1:
        return found[0]
    where = " and ".join(map(str, found)) if found else f"not in {' or '.join(map(str, folders))}"
    raise UsageProblem(
        f"the journals are of {opened.campaign}, which is {where}",
        "say where it lies: mmsbatch merge DIR… --into FOLDER",
    )


def _write(paths: RecordPaths, before: JournalContent, merged: Merged) -> None:
    """Put the longer journal in the place of what is there, at once: half a merge could not be told from an overlap."""
    disk, text = LocalDisk(), manifest_bytes(merged.record, merged.tail)
    if merged.lines:
        there = paths.journal.read_bytes()[: before.tail.length] if before.tail.length else b""
        disk.replace(paths.journal, there + (b"\n" if before.tail.unended else b"") + merged.lines)
    if not paths.manifest.is_file() or paths.manifest.read_bytes() != text:
        disk.replace(paths.manifest, text)
