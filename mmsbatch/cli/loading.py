"""From paths on the command line to prepared campaigns: the same for every command."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmsbatch.campaign.model import Campaign, State
from mmsbatch.campaign.places import Reach
from mmsbatch.campaign.reader import read_campaign
from mmsbatch.cli.naming import named_files
from mmsbatch.cli.workspace import Workspace, open_workspace
from mmsbatch.diagnostics import Diagnostic, has_errors, in_order
from mmsbatch.errors import InvalidInput, UsageProblem
from mmsbatch.planning.preparation import OnProgress, Prepared, Step, prepare


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


def load(
    paths: Sequence[Path],
    config: Path | None = None,
    gateway: str | None = None,
    recipients: Path | None = None,
    on_progress: OnProgress | None = None,
    *,
    keep_prepared: bool = True,
) -> Loaded:
    """Read and prepare all campaigns that the paths mean, with all findings at once.

    `on_progress` is told now and then how much was read so far. Without `keep_prepared` only the findings are kept:
    a thousand campaigns that nobody plans need not be in memory together.
    """
    files = named_files(paths)
    if recipients is not None and len(files) != 1:
        raise UsageProblem("--recipients goes with one campaign")
    loaded = Loaded(open_workspace(files, config, gateway), files=[*map(str, files)])
    reaches: dict[Path, Reach] = {}
    for done, file in enumerate(files):
        if on_progress and done:
            on_progress(Step.CAMPAIGNS, done)
        if file.parent not in reaches:
            reaches[file.parent] = Reach.of(file)
        campaign, found = read_campaign(file, str(file), reaches[file.parent])
        loaded.diagnostics += found
        prepared = _prepare(loaded, campaign, recipients, on_progress) if campaign else None
        if prepared and keep_prepared:
            loaded.prepared.append(prepared)
    return loaded


def _prepare(
    loaded: Loaded, campaign: Campaign, recipients: Path | None, on_progress: OnProgress | None
) -> Prepared | None:
    """Return a campaign as it would be planned; None for a draft, and where an error stands against it."""
    try:
        prepared, found = prepare(campaign, loaded.workspace.settings, recipients, on_progress)
    except InvalidInput as error:
        prepared, found = None, error.diagnostics
    loaded.diagnostics += found
    return prepared if campaign.state is State.READY else None
