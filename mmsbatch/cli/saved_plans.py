"""Saved plans on disk: written by `plan --save`, read and held against the inputs by `apply --plan`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mmsbatch import __version__
from mmsbatch.campaign.places import repository_root
from mmsbatch.cli.console import Console, raise_if_unwritable, shown_path
from mmsbatch.cli.loading import Loaded, load
from mmsbatch.diagnostics import has_errors
from mmsbatch.errors import Refusal, UsageProblem
from mmsbatch.planning.binding import bind_campaign, bind_gateway, bound_path
from mmsbatch.planning.flows import digest_flows
from mmsbatch.planning.preparation import OnProgress
from mmsbatch.planning.saved import PlanOptions, SavedPlan, read_saved_plan
from mmsbatch.planning.staleness import Candidate, StalePlan, compare, compare_inputs, tell_age
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.reviewed import digest_record


@dataclass(frozen=True, slots=True)
class PlanFile:
    """Where `plan --save` writes, and what it was told. Refuses a bad place before anything is planned."""

    path: Path
    late_rows: bool = False
    new_campaign: bool = False
    config: Path | None = None
    recipients: Path | None = None

    def __post_init__(self) -> None:
        raise_if_unwritable(self.path, "--save", "saved plan")
        if self.path.exists() and not self.path.is_file():
            raise UsageProblem(f"--save {self.path}: it is no file: a plan replaces it as a whole")

    def save(self, loaded: Loaded, candidates: Sequence[Candidate], account: str, now: datetime) -> SavedPlan:
        """Write a plan, as a whole or not at all. Raises UsageProblem where the disk refuses."""
        saved = self._bind(loaded, candidates, account, now)
        try:
            LocalDisk().replace(self.path.resolve(), saved.to_text().encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise UsageProblem(f"--save {self.path}: the plan cannot be saved: {error.strerror}") from error
        return saved

    def _bind(self, loaded: Loaded, candidates: Sequence[Candidate], account: str, now: datetime) -> SavedPlan:
        workspace, root = loaded.workspace, _root(loaded)
        campaigns = [
            bind_campaign(
                each.planned.prepared, root, len(each.planned.sorted_rows.to_send), digest_record(each.record)
            )
            for each in candidates
        ]
        options = PlanOptions(
            self.late_rows,
            self.new_campaign,
            bound_path(self.config, root) if self.config else None,
            bound_path(self.recipients, root) if self.recipients else None,
        )
        return SavedPlan(
            tool=__version__,
            created=now,
            max_age=workspace.configuration.plan_max_age,
            gateway=bind_gateway(workspace.settings, account),
            options=options,
            campaigns=tuple(campaigns),
            flows=digest_flows(each.planned for each in candidates),
        )


def _root(loaded: Loaded) -> Path:
    """Return the folder that paths are bound from."""
    first = loaded.prepared[0].campaign.path if loaded.prepared else Path.cwd()
    return repository_root(first) or Path.cwd()


@dataclass(frozen=True, slots=True)
class ReviewedPlan:
    """A saved plan that `apply` carries out; its paths are from `root`."""

    plan: SavedPlan
    shown_as: str
    root: Path

    def load(
        self, config: Path | None, gateway: str | None, recipients: Path | None, on_progress: OnProgress | None
    ) -> Loaded:
        """Read what the plan names; `config` and `recipients` say where a file lies now, if not where it lay.

        Raises Refusal where the plan is for another gateway, or something is gone that it names.
        """
        bound, options = self.plan.gateway.name, self.plan.options
        if gateway not in (None, bound):
            raise Refusal(
                f"{self.shown_as}: the plan was made for the gateway {bound}, not for {gateway}",
                f"nothing was sent; plan again with --gateway {gateway}, and save that plan",
            )
        files = [self._find(each.file) for each in self.plan.campaigns]
        try:
            return load(
                files,
                config or (self._find(options.config) if options.config else None),
                bound,
                recipients or (self._find(options.recipients) if options.recipients else None),
                on_progress,
            )
        except UsageProblem as problem:  # not the user's flags: what the plan names is not there
            raise Refusal(
                f"{self.shown_as} is stale: {problem.message}",
                "nothing was sent; look at `mmsbatch plan`, and save a new plan",
            ) from problem

    def _find(self, bound: str) -> Path:
        """Return a bound path as the user would type it."""
        path = self.root / bound
        return Path(shown_path(path.parent)) / path.name

    def tell_invalid(self, loaded: Loaded, console: Console) -> None:
        """Say that what the plan names has errors now, which it had not when it was saved."""
        if has_errors(loaded.diagnostics):
            console.warn(f"{self.shown_as} is stale: what it names is not valid any more")

    def check_inputs(self, loaded: Loaded, now: datetime) -> None:
        """Raise StalePlan where the inputs are others, before a gateway is asked, or a record touched."""
        settings = loaded.workspace.settings
        differences = list(compare_inputs(self.plan, settings, loaded.prepared, self.root))
        if differences:
            raise StalePlan(self.shown_as, now - self.plan.created, differences)

    def check(self, candidates: Sequence[Candidate], account: str, now: datetime) -> tuple[str, ...]:
        """Raise StalePlan where account, record, flows or age are others; return what is to be told."""
        found = compare(self.plan, candidates, account, now)
        if found.differences:
            raise StalePlan(self.shown_as, now - self.plan.created, found.differences)
        return found.notices


def read_reviewed(path: Path) -> ReviewedPlan:
    """Read a saved plan. Raises UsageProblem where there is no such file, Refusal where it is no saved plan."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageProblem(f"--plan {path}: the plan cannot be read: {error.strerror}") from error
    except ValueError:
        text = ""
    return ReviewedPlan(read_saved_plan(text, str(path)), str(path), repository_root(Path.cwd()) or Path.cwd())


def tell_saved(saved: SavedPlan, path: Path, console: Console) -> None:
    """Say where the plan is, and how long it is good for."""
    console.tell(f"saved as {path}, good for {tell_age(saved.max_age)}: `mmsbatch apply --plan {path}`")
