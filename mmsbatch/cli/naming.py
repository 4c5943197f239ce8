"""Which campaign files a command line means."""

from collections.abc import Sequence
from pathlib import Path

from mmsbatch.campaign.places import campaign_files
from mmsbatch.errors import UsageProblem


def one_file(spec: Path) -> Path:
    """Return the campaign file. Raises UsageProblem for a folder: the command is about one campaign."""
    if spec.is_dir():
        raise UsageProblem(f"{spec} is a folder: name one campaign file")
    return spec


def named_files(paths: Sequence[Path]) -> list[Path]:
    """Return the campaign files of the call. Raises UsageProblem for a missing path or an empty folder."""
    for path in paths:
        if not path.exists():
            raise UsageProblem(f"{path}: there is no such file or folder")
        if path.is_file() and path.suffix not in (".yaml", ".yml"):
            raise UsageProblem(f"{path}: a campaign file ends in .yaml", "its record is found by that name")
    files = campaign_files(paths)
    if not files:
        raise UsageProblem(f"{paths[0]}: there is no campaign file (*.yaml) in this folder")
    return files
