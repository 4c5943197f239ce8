"""Where files lie: the repository, the configuration, the campaigns of a folder, named files.

Looks at folders and links, reads no file.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from operator import attrgetter
from pathlib import Path
from stat import S_ISLNK
from typing import TYPE_CHECKING

from mmsbatch.errors import InvalidInput, UsageProblem

if TYPE_CHECKING:
    from mmsbatch.campaign.model import Campaign
    from mmsbatch.diagnostics import Diagnostic, Position

CONFIGURATION_NAME = "mmsbatch.yaml"
_MISNAMED = "mmsbatch.yml"
_ENDINGS = (".yaml", ".yml")


def repository_root(path: Path) -> Path | None:
    """Return the nearest folder upward that holds `.git`, links resolved; None outside of git.

    In a work tree or submodule `.git` is a file, which counts too.
    """
    return next((folder for folder in _folders_upward(path) if (folder / ".git").exists()), None)


def _folders_upward(path: Path) -> Iterator[Path]:
    folder = (path if path.is_dir() else path.parent).resolve()
    yield folder
    yield from folder.parents


def find_configuration(campaign_path: Path) -> Path | None:
    """Return the nearest `mmsbatch.yaml` from the campaign's folder upward, or None.

    The search ends at the repository's root. Outside of git it ends where a folder belongs
    to somebody else than the campaign's: a file that others can put into /tmp must not
    decide where messages are sent. Raises UsageProblem for a `mmsbatch.yml`, which would
    be passed over in silence.
    """
    for folder in _searched_folders(campaign_path):
        if (folder / _MISNAMED).is_file():
            raise UsageProblem(f"{folder / _MISNAMED} is not read.", f"Rename it to {CONFIGURATION_NAME}.")
        if (folder / CONFIGURATION_NAME).is_file():
            return folder / CONFIGURATION_NAME
    return None


def _searched_folders(campaign_path: Path) -> list[Path]:
    root = repository_root(campaign_path)
    folders = list(_folders_upward(campaign_path))
    if root is not None:
        return folders[: folders.index(root) + 1]
    owner = _owner(folders[0])
    return list(takewhile(lambda folder: _owner(folder) == owner, folders)) if owner is not None else []


def _owner(folder: Path) -> int | None:
    return folder.stat().st_uid if folder.is_dir() else None


def campaign_files(paths: Iterable[Path]) -> list[Path]:
    """Return the campaign files that paths mean, each once: a folder means its own, in name order.

    A folder's campaigns end with .yaml or .yml, do not begin with a dot, and are not the
    configuration. Folders below it are left alone. A file is taken as given. Raises
    UsageProblem for a folder that cannot be read.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for real, file in _campaigns_of(path) if path.is_dir() else [(path.resolve(), path)]:
            found.setdefault(real, file)
    return list(found.values())


def _campaigns_of(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each campaign's path, links resolved, and the file itself; asks the folder rather than each file."""
    try:
        with os.scandir(folder) as listed:
            # a link that leads nowhere stays in, to be told as unreadable
            entries = [entry for entry in listed if _is_campaign_name(entry.name) and not entry.is_dir()]
    except OSError as error:
        raise UsageProblem(f"The folder {folder} cannot be read: {error.strerror}.") from error
    real = folder.resolve()
    for entry in sorted(entries, key=attrgetter("name")):
        file = folder / entry.name
        yield (file.resolve() if entry.is_symlink() else real / entry.name), file


def _is_campaign_name(name: str) -> bool:
    is_ours = name in (CONFIGURATION_NAME, _MISNAMED) or name.startswith(".")
    return name.endswith(_ENDINGS) and not is_ours


def twin_campaign(path: Path) -> str | None:
    """Return the name of another campaign beside this one that differs by extension alone."""
    others = (path.stem + ending for ending in _ENDINGS if path.name and ending != path.suffix)
    return next((other for other in others if _is_campaign_name(other) and (path.parent / other).is_file()), None)


def resolve_named_file(campaign: "Campaign", name: str) -> Path:
    """Return where a file lies that the campaign names, links resolved; it need not exist.

    Raises InvalidInput with a file-outside diagnostic where it is outside the repository,
    or, outside of git, outside the campaign's folder.
    """
    path = campaign.reach.locate(name)
    if path is None:
        raise InvalidInput([outside(campaign.file, _place_of(campaign, name))])
    return path


def _place_of(campaign: "Campaign", name: str) -> "Position":
    if campaign.recipients.file == name:
        return campaign.position("recipients", "file")
    indexes = (index for index, source in enumerate(campaign.suppress) if source.file == name)
    return campaign.position("suppress", next(indexes, 0), "file")


@dataclass(frozen=True, slots=True)
class Reach:
    """What the campaigns of a folder may name: files below `root`, their paths taken from `folder`; links resolved.

    Outside of git the root is the folder itself. Looked up once for all campaigns of a folder.
    """

    folder: Path
    root: Path

    @classmethod
    def of(cls, campaign_path: Path) -> "Reach":
        """Look where a campaign lies."""
        folder = campaign_path.parent.resolve()
        return cls(folder, repository_root(folder) or folder)

    def locate(self, name: str) -> Path | None:
        """Return the path that a name in a campaign means, links resolved; None where it may not be read.

        git's own folder is out of bounds as well: runners leave access tokens in `.git/config`.
        """
        try:
            path = self.folder / name
            # The folder is resolved: only a name that leads elsewhere, or is a link, needs to be.
            if os.sep in name or not name.strip(".") or _may_be_link(path):
                path = path.resolve()
            within = path.relative_to(self.root)
        except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL, a file outside
            return None
        is_of_git = any(part.lower() == ".git" for part in within.parts)  # on a Mac .GIT is .git
        return None if is_of_git else path


def _may_be_link(path: Path) -> bool:
    """Whether resolving may lead elsewhere. Raises ValueError for a name that no file can have: one with a NUL."""
    try:
        return S_ISLNK(path.lstat().st_mode)
    except OSError:
        return True  # missing, or not to be looked at: `resolve` decides


def outside(file: str, where: "Position") -> "Diagnostic":
    """Make the finding on a file that may not be read."""
    from mmsbatch.rules import finding  # noqa: PLC0415 - most files have no findings

    message = "The file is not one that a campaign may name: it lies outside the repository, or in `.git`."
    hint = "Move it inside (outside of git: into the campaign's folder); `--recipients FILE` may lie anywhere."
    return finding("file-outside", file, where, message, hint)
