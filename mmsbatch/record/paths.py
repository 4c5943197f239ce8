"""Where the records of campaigns lie, and under which names (contract: section 9)."""

from collections.abc import Iterable, Iterator
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


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where records lie: beside their campaigns, or in a folder that mirrors the repository's.

    `mirror` holds the records of the campaigns below `repository`, in folders of the same names.
    """

    repository: Path | None = None
    mirror: Path | None = None

    def paths(self, campaign: Path, gateway: str) -> RecordPaths:
        """Return the files; links are followed, so that a campaign reached by two ways has one record."""
        real = campaign.resolve()
        stem = real.stem if gateway == PLAIN_NAME_GATEWAY else f"{real.stem}.{gateway}"
        folder = self.records_of(real.parent)
        return RecordPaths(
            folder / f"{stem}{JOURNAL_SUFFIX}", folder / f"{stem}{MANIFEST_SUFFIX}", folder / f"{stem}.lock"
        )

    def gateways_of(self, campaign: Path) -> list[str]:
        """Name the gateways that a campaign has journals for, by the files' names: their content may be damaged."""
        names = [each.name for each in self.journals_of(campaign) if each.exists()]
        return gateways_in(names, campaign.resolve().stem)

    def journals_of(self, campaign: Path) -> Iterator[Path]:
        """Give the campaign's journals, that of the gateway `production` first, whether it is there or not."""
        real = campaign.resolve()
        folder = self.records_of(real.parent)
        yield folder / f"{real.stem}{JOURNAL_SUFFIX}"
        yield from sorted(folder.glob(f"{escape(real.stem)}.*{JOURNAL_SUFFIX}"))

    def records_of(self, campaigns: Path) -> Path:
        """Return the folder that holds the records of the campaigns in a folder, links resolved."""
        if self.mirror is None or self.repository is None:
            return campaigns
        return self.mirror / campaigns.relative_to(self.repository)

    def campaigns_of(self, records: Path) -> Path:
        """Return the folder whose campaigns have their records in a folder: the way back."""
        if self.mirror is None or self.repository is None:
            return records
        return self.repository / records.relative_to(self.mirror)


def gateways_in(journals: Iterable[str], stem: str) -> list[str]:
    """Name the gateways of those journals that are a campaign's; its stem and their names are of the same folder."""
    own = (each for each in journals if each.startswith(f"{stem}.") and each.endswith(JOURNAL_SUFFIX))
    names = (each.removesuffix(JOURNAL_SUFFIX).removeprefix(stem) for each in own)
    return [name.removeprefix(".") or PLAIN_NAME_GATEWAY for name in names]


#: Beside their campaigns.
BESIDE = Shelf()
