"""Campaign and configuration files from disk. The only module here that opens files."""

from pathlib import Path

from mmsbatch.campaign.campaign_parser import parse_campaign
from mmsbatch.campaign.campaign_rules import check_file_name
from mmsbatch.campaign.configuration import Configuration
from mmsbatch.campaign.configuration_parser import parse_configuration
from mmsbatch.campaign.model import Campaign
from mmsbatch.campaign.places import Reach, twin_campaign
from mmsbatch.diagnostics import Diagnostic, Position, has_errors, in_order
from mmsbatch.rules import finding


def read_campaign(path: Path, shown_as: str, reach: Reach | None = None) -> tuple[Campaign | None, list[Diagnostic]]:
    """Read a campaign file; None where a finding is an error. `shown_as` is its name in findings and records.

    `reach` is what campaigns of its folder may name; it is looked up here where that was not done for many together.
    """
    names = list(check_file_name(path, twin_campaign(path), shown_as))
    content = _read_bytes(path, shown_as)
    if isinstance(content, Diagnostic):
        return None, in_order([*names, content])
    campaign, findings = parse_campaign(content, path, shown_as, reach or Reach.of(path))
    return (None if has_errors(names) else campaign), in_order([*names, *findings])


def read_configuration(path: Path | None, shown_as: str | None = None) -> tuple[Configuration | None, list[Diagnostic]]:
    """Read a configuration file; without one, all defaults hold. None where a finding is an error."""
    if path is None:
        return parse_configuration(None, None, "")
    file = shown_as or str(path)
    content = _read_bytes(path, file)
    return (None, [content]) if isinstance(content, Diagnostic) else parse_configuration(content, path, file)


def _read_bytes(path: Path, file: str) -> bytes | Diagnostic:
    try:
        with path.open("rb", buffering=0) as stream:
            return stream.readall()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name cannot be used"
        return finding("file-unreadable", file, Position(1), f"The file cannot be read: {reason}.")
