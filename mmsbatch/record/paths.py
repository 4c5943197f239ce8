"""Where the record of a campaign and gateway lies: beside the campaign file (contract: section 9)."""

from dataclasses import dataclass
from glob import escape
from pathlib import Path

#: The gateway whose record has no infix.
PLAIN_NAME_GATEWAY = "production"
JOURNAL_SUFFIX = ".journal.jsonl"
MANIFEST_SUFFIX = ".manifest.json"


@dataclass(frozen=True, slots=True)
class RecordPaths:
    """The three files of one campaign and gateway."""

    journal: Path
    manifest: Path
    lock: Path


def gateways_of(campaign: Path) -> list[str]:
    """Name the gateways that a campaign has journals for, by the files' names: their content may be damaged."""
    stem = campaign.resolve().stem
    beside = campaign.resolve().parent
    journals = [beside / f"{stem}{JOURNAL_SUFFIX}", *sorted(beside.glob(f"{escape(stem)}.*{JOURNAL_SUFFIX}"))]
    names = [journal.name.removesuffix(JOURNAL_SUFFIX).removeprefix(stem) for journal in journals if journal.exists()]
    return [name.removeprefix(".") or PLAIN_NAME_GATEWAY for name in names]


def record_paths(campaign: Path, gateway: str) -> RecordPaths:
    """Return the files; links are followed, so that a campaign reached by two ways has one record."""
    real = campaign.resolve()
    stem = real.stem if gateway == PLAIN_NAME_GATEWAY else f"{real.stem}.{gateway}"
    beside = real.parent
    return RecordPaths(beside / f"{stem}{JOURNAL_SUFFIX}", beside / f"{stem}{MANIFEST_SUFFIX}", beside / f"{stem}.lock")
