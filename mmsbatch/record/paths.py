"""Where the record of a campaign and gateway lies: beside the campaign file (contract: section 9)."""

from dataclasses import dataclass
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


def record_paths(campaign: Path, gateway: str) -> RecordPaths:
    """Return the files; links are followed, so that a campaign reached by two ways has one record."""
    real = campaign.resolve()
    stem = real.stem if gateway == PLAIN_NAME_GATEWAY else f"{real.stem}.{gateway}"
    beside = real.parent
    return RecordPaths(beside / f"{stem}{JOURNAL_SUFFIX}", beside / f"{stem}{MANIFEST_SUFFIX}", beside / f"{stem}.lock")
