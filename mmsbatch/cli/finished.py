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
from mmsbatch.cli.connection import connect
from mmsbatch.cli.console import Console, is_interactive, shown_path
from mmsbatch.cli.naming import named_files
from mmsbatch.cli.records import RecordAccess, is_lost_with_runner
from mmsbatch.cli.step_summary import StepSummary
from mmsbatch.cli.workspace import Workspace, open_workspace
from mmsbatch.errors import MmsbatchError
from mmsbatch.exitcodes import ExitCode
from mmsbatch.planning.digests import digest_parts, digest_settings
from mmsbatch.planning.finished import MadeFrom, finished_totals, is_made_from
from mmsbatch.record.fold import Record
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
    """Tell what came of it where nothing is left to send; None where that takes a plan. Raises MmsbatchError."""
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

    Once it is, whose records they are is checked and the account asked, as in a run. Raises MmsbatchError.
    """
    store, settings = FolderStore(shown_path), workspace.settings
    if workspace.has_shared_records or settings.exclusive_account:
        return None  # who else is at it, or holds the account, only a run finds out
    manifests = [store.shelf.paths(file, settings.name).manifest for file in files if file.is_file()]
    if len(manifests) < len(files) or not manifests or not all(map(looks_complete, manifests)):
        return None
    holder = this_process(environ, stamp)
    with ExitStack() as stack:
        try:
            held = [stack.enter_context(_hold_finished(file, settings, store, holder)) for file in files]
        except (_Unsure, MmsbatchError, OSError):  # what keeps it from being sure, a run says, and in its order
            return None
        # Only now: a secret that comes through a pipe can be read but once.
        connection = stack.enter_context(connect(settings, environ))
        account = connection.credentials.fingerprint
        access = RecordAccess(store, workspace.configuration, settings, account, environ, writes=True)
        for each in held:
            access.check(each.campaign, each.record)
        connection.ask_account()
        return [each.result for each in held]


@dataclass(frozen=True, slots=True)
class _Finished:
    """A campaign that is finished as far as its record and its files tell, and what is said of it."""

    campaign: Campaign
    record: Record
    result: ApplyResult


@contextmanager
def _hold_finished(file: Path, settings: GatewaySettings, store: FolderStore, holder: Holder) -> Iterator[_Finished]:
    """Hold a record for the block. Raises _Unsure, MmsbatchError or OSError where it does not say all."""
    campaign, _ = read_campaign(file, str(file))
    if campaign is None or campaign.state is not State.READY:
        raise _Unsure
    paths = store.shelf.paths(campaign.path, settings.name)
    with store.hold(paths, holder) as content:
        totals = finished_totals(content.record, campaign.revision)
        if totals is None or not _is_in_order(paths.manifest, content):
            raise _Unsure
        last = content.record.revision(campaign.revision).runs[-1].started
        if not is_made_from(last, _made_from(campaign, settings)):
            raise _Unsure
        result = ApplyResult(campaign.file, nothing_to_send(totals), store.show(paths.manifest))
        yield _Finished(campaign, content.record, result)


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
