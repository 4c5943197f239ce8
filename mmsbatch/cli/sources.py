"""What reports of findings need of the disk: lines to show, and where files lie in the checkout."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from mmsbatch.campaign.places import repository_root

#: Where CI systems say that they have checked the repository out.
_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
_YAML = (".yaml", ".yml")


@cache
def source_lines(file: str) -> Sequence[str]:
    """Return the lines of a campaign or configuration file; none of other files, or where it cannot be read."""
    if not file.endswith(_YAML):
        return ()
    try:
        text = Path(file).read_text(encoding="utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return ()
    lines = text.removesuffix("\n").split("\n")
    # Where other signs break lines too, nobody can tell which one is meant, and what it belongs to.
    return lines if lines == text.splitlines() else ()


def from_checkout(environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return what gives a file's path from the root of the checkout, with slashes.

    The root is what the CI system says, or else the file's repository, or the current folder. A file that lies
    outside is named as it is.
    """
    said = [Path(environ[name]).resolve() for name in _CHECKOUTS if environ.get(name)]

    @cache
    def roots_of(folder: Path) -> Sequence[Path]:
        return [*said, *filter(None, [repository_root(folder)]), Path.cwd()]

    @cache
    def place(file: str) -> str:
        # The link itself is what lies in the repository, not what it leads to.
        path = Path(file).parent.resolve() / Path(file).name
        root = next((root for root in roots_of(path.parent) if path.is_relative_to(root)), None)
        return (path.relative_to(root) if root else Path(os.path.normpath(file))).as_posix()

    return place
