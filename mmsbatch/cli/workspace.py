"""The one configuration of a call, and the gateway that it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmsbatch.campaign.configuration import Configuration, GatewaySettings
from mmsbatch.campaign.places import find_configuration
from mmsbatch.campaign.reader import read_configuration
from mmsbatch.cli.console import shown_path
from mmsbatch.errors import InvalidInput, UsageProblem
from mmsbatch.folding import closest


@dataclass(frozen=True, slots=True)
class Workspace:
    """The configuration of a call, the gateway it means, and the folder of its first campaign."""

    configuration: Configuration
    settings: GatewaySettings
    folder: Path = Path()

    @property
    def has_shared_records(self) -> bool:
        """Whether runs on other machines write the same records. A rehearsal's are always kept in the folder."""
        return self.configuration.store.is_shared and not self.settings.is_sandbox


def open_workspace(files: Sequence[Path], config: Path | None, gateway: str | None) -> Workspace:
    """Read the one configuration of a call and pick the gateway.

    Raises UsageProblem where campaigns have different ones, InvalidInput where it has errors.
    """
    path = config or _one_configuration(files)
    if config is not None and not config.is_file():
        raise UsageProblem(f"--config {config}: there is no such file")
    configuration, diagnostics = read_configuration(path, _shown(path))
    if configuration is None:
        raise InvalidInput(diagnostics)
    folder = files[0].parent if files else Path()
    return Workspace(configuration, pick_gateway(configuration, gateway), folder)


def pick_gateway(configuration: Configuration, name: str | None) -> GatewaySettings:
    """Return a gateway's settings, by default the default one's. Raises UsageProblem for an unknown name."""
    wanted = name or configuration.default_gateway
    if wanted in configuration.gateways:
        return configuration.gateways[wanted]
    meant = closest(wanted, configuration.gateways)
    raise UsageProblem(
        f"there is no gateway named {wanted}",
        f"did you mean {meant}?" if meant else f"known: {', '.join(sorted(configuration.gateways))}",
    )


def _one_configuration(files: Sequence[Path]) -> Path | None:
    # Asked once for each folder: a thousand campaigns mostly lie in one.
    found = {find_configuration(folder) for folder in dict.fromkeys(file.parent for file in files)}
    if len(found) > 1:
        raise UsageProblem(
            "these campaigns have different configuration files", "run them one after the other, or say --config FILE"
        )
    return found.pop() if found else None


def _shown(path: Path | None) -> str | None:
    return None if path is None else shown_path(path)
