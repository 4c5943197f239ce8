"""`apply` on what is finished: the records tell it, and a million recipients are not read again to find nobody left.

Says what `apply` would say, or leaves it to that: where anything is left, other than it was, or in the way.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmsbatch import __version__
from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import Campaign, State
from mmsbatch.campaign.places import resolve_named_file
from mmsbatch.campaign.reader import read_campaign
from mmsbatch.cli.apply_call import ApplyCall
from mmsbatch.cli.caller import this_process
from mmsbatch.cli.connection import Connection, connect
from mmsbatch.cli.console import Console, is_interactive, shown_path
from mmsbatch.cli.naming import named_files
from mmsbatch.cli.records import RecordAccess, is_lost_with_runner
from mmsbatch.cli.step_summary import StepSummary
from mmsbatch.cli.workspace import Workspace, open_workspace
from mmsbatch.errors import MmsbatchError
from mmsbatch.exitcodes import ExitCode
from mmsbatch.planning.digests import digest_parts, digest_settings
from mmsbatch.planning.finished import MadeFrom, finished_totals, is_made_from
from mmsbatch.record.journal import JournalContent
from mmsbatch.record.lock import Holder
from mmsbatch.record.manifest import is_up_to_date, looks_complete
from mmsbatch.record.store import FolderStore
from mmsbatch.reports.applied import FORMATS, ApplyResult
from mmsbatch.reports.applied_markdown import applied_sections
from mmsbatch.reports.verdicts import nothing_to_send
from mmsbatch.sending.clock import Clock


class _Unsure(Exception):
    """It takes a plan to tell."""


def apply_finished(
    call: ApplyCall, console: Console, summary: StepSummary, environ: Mapping[str, str]
) -> ExitCode | None:
    """Tell what came of it where nothing is left to send; None where that takes a plan. Raises GatewayRefusal."""
    if not call.is_of_whole_campaigns:
        return None
    try:
        files = named_files(call.specs)
        workspace = open_workspace(files, call.config, call.gateway)
    except MmsbatchError:
        return None
    if call.will_ask(workspace.settings) and not is_interactive():
        return None  # the plan is shown then
    if is_lost_with_runner(workspace, environ, call.folder_record):
        return None
    results = find_finished(files, workspace, environ, Clock().stamp())
    if results is None:
        return None
    console.report_done(FORMATS[call.output_format](results, ExitCode.DONE))
    summary.add(applied_sections(results, ExitCode.DONE))
    return ExitCode.DONE


def find_finished(
    files: Sequence[Path], workspace: Workspace, environ: Mapping[str, str], stamp: str
) -> list[ApplyResult] | None:
    """Say of each campaign that it is finished; None where that is not so of all, or not sure.

    Holds the records meanwhile, and asks the account, as a run does. Raises GatewayRefusal where that fails.
    """
    store = FolderStore(shown_path)
    if workspace.has_shared_records or workspace.settings.exclusive_account:
        return None  # who else is at it, or holds the account, only a run finds out
    manifests = [store.shelf.paths(file, workspace.settings.name).manifest for file in files]
    if not manifests or not all(map(looks_complete, manifests)):
        return None
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(connect(workspace.settings, environ))
            held = _Records(store, workspace, connection, environ, this_process(environ, stamp))
            results = [stack.enter_context(held.hold_finished(file)) for file in files]
        except (_Unsure, MmsbatchError, OSError):  # what keeps it from being sure, a run says, and in its order
            return None
        connection.ask_account()
        return results


@dataclass(frozen=True, slots=True)
class _Records:
    """What it takes to look at records."""

    store: FolderStore
    workspace: Workspace
    connection: Connection
    environ: Mapping[str, str]
    holder: Holder

    @contextmanager
    def hold_finished(self, file: Path) -> Iterator[ApplyResult]:
        """Hold a record for the block. Raises _Unsure, MmsbatchError or OSError where it does not say all."""
        campaign, _ = read_campaign(file, str(file))
        if campaign is None or campaign.state is not State.READY:
            raise _Unsure
        settings, account = self.workspace.settings, self.connection.credentials.fingerprint
        access = RecordAccess(self.store, self.workspace.configuration, settings, account, self.environ, writes=True)
        paths = access.paths(campaign)
        with self.store.hold(paths, self.holder) as content:
            access.check(campaign, content.record)
            totals = finished_totals(content.record, campaign.revision)
            if totals is None or not _is_in_order(paths.manifest, content):
                raise _Unsure
            last = content.record.revision(campaign.revision).runs[-1].started
            if not is_made_from(last, _made_from(campaign, settings)):
                raise _Unsure
            yield ApplyResult(campaign.file, nothing_to_send(totals), self.store.show(paths.manifest))


def _is_in_order(manifest: Path, content: JournalContent) -> bool:
    """Whether journal and manifest are as a run leaves them: one that sends nothing would write nothing."""
    tail = content.tail
    return not tail.torn and not tail.unended and is_up_to_date(manifest, content.record, tail)


def _made_from(campaign: Campaign, settings: GatewaySettings) -> MadeFrom:
    """Say what the campaign would be planned from, by its files' bytes. Raises _Unsure, OSError, MmsbatchError."""
    named = campaign.recipients.file
    recipients = campaign.sha256 if named is None else _digest_file(campaign, named)
    lists = [(source.file, _digest_file(campaign, source.file)) for source in campaign.suppress]
    return MadeFrom(campaign.sha256, digest_parts(campaign, recipients, lists), digest_settings(settings), __version__)


def _digest_file(campaign: Campaign, name: str) -> str:
    path = resolve_named_file(campaign, name)
    if not path.is_file():  # a pipe can be read but once
        raise _Unsure
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
