"""What a user asked of `apply`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


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
        """Whether it goes on with campaigns as their files say, and nothing else."""
        is_special = self.plan_file or self.recipients or self.shard or self.late_rows or self.new_campaign
        return not is_special
