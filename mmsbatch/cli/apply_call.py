"""What a user asked of `apply`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from mmsbatch.campaign.configuration import GatewaySettings

#: What changes nothing of who is to be sent to, and of what a finished campaign has to say.
HARMLESS = frozenset(
    {
        "specs",
        "yes",
        "gateway",
        "config",
        "mixed",
        "leave_in_doubt",
        "folder_record",
        "max_seconds",
        "output_format",
    }
)


@dataclass(frozen=True, slots=True)
class ApplyCall:
    """The command line. `shard` is as typed, `max_seconds` None where a run may take what it takes."""

    specs: Sequence[Path] = ()
    plan_file: Path | None = None
    yes: bool = False
    gateway: str | None = None
    config: Path | None = None
    recipients: Path | None = None
    late_rows: bool = False
    mixed: bool = False
    leave_in_doubt: bool = False
    folder_record: bool = False
    max_seconds: float | None = None
    new_campaign: bool = False
    shard: str | None = None
    output_format: str = "text"

    @property
    def is_of_whole_campaigns(self) -> bool:
        """Whether it goes on with campaigns as their files say, whatever else it may be told."""
        return all(getattr(self, each.name) == each.default for each in fields(self) if each.name not in HARMLESS)

    def will_ask(self, settings: GatewaySettings) -> bool:
        """Whether a person must agree before anything is sent."""
        return not (self.yes or self.plan_file or settings.is_sandbox)
