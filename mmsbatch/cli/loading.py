"""From paths on the command line to prepared campaigns: the same for every command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmsbatch.campaign.configuration import Configuration, GatewaySettings
from mmsbatch.campaign.model import Campaign, State
from mmsbatch.campaign.places import find_configuration
from mmsbatch.campaign.reader import read_campaign, read_configuration
from mmsbatch.cli.console import shown_path
from mmsbatch.cli.naming import named_files
from mmsbatch.diagnostics import Diagnostic, has_errors, in_order
from mmsbatch.errors import InvalidInput, UsageProblem
from mmsbatch.folding import closest
from mmsbatch.planning.preparation import Prepared, prepare


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


@dataclass(slots=True)
class Loaded:
    """What was read: the prepared campaigns (drafts left out), every finding, the campaign files by name."""

    workspace: Workspace
    prepared: list[Prepared] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    files: Sequence[str] = ()

    def raise_if_invalid(self) -> None:
        """Raise InvalidInput where one finding is an error: one invalid campaign refuses them all.

        Raises UsageProblem where a campaign leaves its recipients to --recipients, and nobody gave it.
        """
        if has_errors(self.diagnostics):
            raise InvalidInput(in_order(self.diagnostics))
        for each in self.diagnostics:
            if each.rule == "recipients-at-run-time":
                raise UsageProblem(f"{each.file}: {each.message}", each.hint)


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


def load(
    paths: Sequence[Path],
    config: Path | None = None,
    gateway: str | None = None,
    recipients: Path | None = None,
    on_rows: Callable[[int], None] | None = None,
    *,
    keep_prepared: bool = True,
) -> Loaded:
    """Read and prepare all campaigns that the paths mean, with all findings at once.

    `on_rows` is told the number of recipients' rows read so far. Without `keep_prepared` only the findings are kept:
    a thousand campaigns that nobody plans need not be in memory together.
    """
    files = named_files(paths)
    if recipients is not None and len(files) != 1:
        raise UsageProblem("--recipients goes with one campaign")
    loaded = Loaded(open_workspace(files, config, gateway), files=[*map(str, files)])
    for file in files:
        campaign, found = read_campaign(file, str(file))
        loaded.diagnostics += found
        prepared = _prepare(loaded, campaign, recipients, on_rows) if campaign else None
        if prepared and keep_prepared:
            loaded.prepared.append(prepared)
    return loaded


def _prepare(
    loaded: Loaded, campaign: Campaign, recipients: Path | None, on_rows: Callable[[int], None] | None
) -> Prepared | None:
    """Return a campaign as it would be planned; None for a draft, and where an error stands against it."""
    try:
        prepared, found = prepare(campaign, loaded.workspace.settings, recipients, on_rows)
    except InvalidInput as error:
        prepared, found = None, error.diagnostics
    loaded.diagnostics += found
    return prepared if campaign.state is State.READY else None


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
