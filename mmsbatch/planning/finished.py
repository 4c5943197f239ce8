"""Whether a record alone tells that nothing is left to send, so that nobody need read the recipients again. Pure.

It is exact, or not sure: then it takes a plan, which reads everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mmsbatch.record.events import RunStarted, Totals
from mmsbatch.record.fold import Record
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.states import ANSWERED, RevisionStatus


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What a campaign would be planned from: SHA-256 of its file, its parts and the settings, and the tool's version.

    So a change of how files are read wants another version: what decides over rows belongs here.
    """

    campaign: str
    parts: Mapping[str, str]
    settings: str
    tool: str


def finished_totals(record: Record, revision: int) -> Totals | None:
    """Return the rows of a revision by outcome where nothing of it is left to send; None where that is not sure.

    It holds as long as `is_made_from` does. Not sure are late rows, numbers that the input lost, shards, records
    that other machines write, and whatever is in doubt.
    """
    newest = record.highest
    if newest is None or newest.number != revision or record.in_doubt or record.claimed:
        return None
    last = newest.runs[-1]
    is_whole = last.started.shard is None and last.started.lease is None
    has_strangers = last.started.outside or last.started.outside_open
    if last.ended is None or not is_whole or has_strangers or newest.totals.late:
        return None
    return newest.totals if newest.status is RevisionStatus.COMPLETE and _adds_up(newest) else None


def is_made_from(started: RunStarted, now: MadeFrom) -> bool:
    """Whether a run counted the rows that a plan would count now."""
    then = MadeFrom(started.campaign_sha256, dict(started.digests), started.settings or "", started.tool)
    return then == now


def _adds_up(revision: RevisionRecord) -> bool:
    """Whether as many numbers as rows are recorded for each outcome: none may be there without the other."""
    rows = revision.totals.to_json()
    return all(revision.count(state) == rows[state.value] for state in ANSWERED)
