"""What a shell is offered for the word under way. Looks at names of files only, and fails by offering nothing."""

import os
from collections.abc import Iterator

#: More than anybody reads in a terminal.
MOST_OFFERED = 200
_ENDINGS = (".yaml", ".yml")


def campaigns(incomplete: str) -> list[str]:
    """Offer campaign files, and folders that hold some; where there are none, the shell offers what it knows."""
    begun = incomplete.rpartition("/")[2]
    prefix = incomplete[: len(incomplete) - len(begun)]
    offered: list[str] = []
    for name, is_folder in _entries(prefix or "."):
        path = f"{prefix}{name}"
        if not name.startswith(begun):
            continue
        if not is_folder:
            offered += [path] * _is_campaign(name)
        elif below := [f"{path}/{each}" for each, nested in _entries(path) if not nested and _is_campaign(each)]:
            offered += [path, *below]
    return offered[:MOST_OFFERED]


def campaign_file(incomplete: str) -> list[str]:
    """Offer campaign files where a command takes one, not a folder."""
    return [path for path in campaigns(incomplete) if path.endswith(_ENDINGS)]


def _entries(folder: str) -> Iterator[tuple[str, bool]]:
    """Give the names in a folder, and whether each is a folder, in order; hidden ones left out."""
    try:
        with os.scandir(folder) as found:
            entries = sorted((each.name, each.is_dir()) for each in found if not each.name.startswith("."))
    except OSError:
        return
    yield from entries


def _is_campaign(name: str) -> bool:
    return name.endswith(_ENDINGS) and name not in ("mmsbatch.yaml", "mmsbatch.yml")


def gateways(incomplete: str) -> list[str]:
    """Offer the gateways of the configuration here or above; where it cannot be read, those that mostly are there."""
    return [name for name in _configured() or ("production", "sandbox") if name.startswith(incomplete)]


def _configured() -> list[str]:
    from pathlib import Path  # noqa: PLC0415 - a shell waits for us at each tab

    from mmsbatch.campaign.places import find_configuration  # noqa: PLC0415
    from mmsbatch.campaign.reader import read_configuration  # noqa: PLC0415

    try:
        configuration = read_configuration(find_configuration(Path.cwd() / "campaign.yaml"))[0]
    except Exception:
        return []
    return sorted(configuration.gateways) if configuration else []
