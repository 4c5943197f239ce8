"""What a run counts: how far it is, what it handed over, and whether that is a reason to stop."""

from dataclasses import replace
from decimal import Decimal

from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.verdict import Fate, Verdict
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.record.events import RunStarted
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.states import ANSWERED, REACHED, ChunkState, NumberState
from mmsbatch.sending.context import Progress
from mmsbatch.sending.stops import Answers, Stop, Tally, stop_for_credits, stop_for_share


class RunCounts:
    """The counts of one run, on top of what the revision's record holds from before.

    `processed` counts chunks that the gateway worked on: with none, the tool itself was refused. `credits` is
    the last known balance.
    """

    def __init__(self, planned: PlannedCampaign, before: RevisionRecord, balance: Decimal | None) -> None:
        part = planned.plan.part
        self.progress = Progress(part.to_send or 0, chunks=part.chunks or 0)
        self.processed = 0
        self.credits = balance
        self._planned, self._shard = planned, planned.shard
        self._reached_before = sum(before.count(state) for state in REACHED)
        self._tally = Tally(
            limits=planned.prepared.campaign.limits,
            max_in_doubt=planned.prepared.settings.max_in_doubt,
            texts_differ=planned.plan.messages > 1,
            canary=planned.canary is not None,
            answers=[
                Answers("", sum(before.count(state) for state in ANSWERED), before.count(NumberState.REJECTED)),
                *([Answers("this shard's ", shard.answered, shard.rejected)] if (shard := planned.shard) else []),
            ],
        )

    def handed_over(self, flying: int) -> int:
        """Count the recipients of the revision who got it, or may have; `flying` are those in flight."""
        now = self.progress
        return self._reached_before + now.accepted + now.unaccounted + now.in_doubt + flying

    def stop_before(self, recipients: int, flying: int) -> Stop | None:
        """Say why a request to so many more does not leave: for the credit limit, or this shard's share of it."""
        limit, price = self._planned.prepared.campaign.limits.credits, self._planned.plan.credits.per_message
        stop = stop_for_credits(limit, price, self.handed_over(flying) + recipients)
        if stop is not None or self._shard is None:
            return stop
        own = self.handed_over(flying) - self._reached_before + self._shard.reached
        return stop_for_share(self._shard.plan, limit, price, own + recipients)

    def left(self, revision: RevisionRecord) -> int:
        """Count who is still to be sent to: in the revision, or of this shard where the run is one's.

        Where the record counts other rows than this run's, by now, it is the more of both.
        """
        own = self.progress.total - self.progress.answered
        if self._shard is not None:
            return own
        counted = revision.runs[-1].started if revision.runs else None
        is_sure = counted is None or (self._is_counted_alike(counted) and not revision.is_estimate)
        return revision.totals.pending if is_sure else max(own, revision.totals.pending)

    def tell_left(self, revision: RevisionRecord) -> str:
        """Say what a run leaves that nothing stopped."""
        if not self.left(revision):
            return "nothing left to send"
        was_refused = any(chunk.state is ChunkState.REFUSED for chunk in revision.chunks.values())
        return "some chunks were refused" if was_refused else "some chunks were settled as not sent meanwhile"

    def _is_counted_alike(self, run: RunStarted) -> bool:
        planned = self._planned
        files = planned.prepared.campaign.sha256, planned.plan.digests, planned.sorted_rows.totals.rows
        return files == (run.campaign_sha256, run.digests, run.totals.rows)

    def is_in_doubt(self, revision: RevisionRecord) -> bool:
        """Whether the fate of a chunk is unknown, or of one of this shard's where the run is one's."""
        if self._shard is None:
            return bool(revision.in_doubt or revision.totals.in_doubt)
        doubtful = {chunk.id for chunk in revision.in_doubt}
        return bool(self.progress.in_doubt) or not doubtful.isdisjoint(self._shard.plan.in_doubt_chunks)

    def take(self, verdict: Verdict, recipients: int) -> Stop | None:
        """Count a chunk's last verdict; return why to stop, if so."""
        stop = self._tally.take(verdict)
        if stop is None or stop.at_first is ExitCode.INCOMPLETE or verdict.fate in (Fate.ACCEPTED, Fate.IN_DOUBT):
            self.processed += 1
        self._note_balance(verdict.answer.credits if verdict.answer else None)
        before = self.progress
        self.progress = replace(
            before,
            accepted=before.accepted + verdict.accepted,
            rejected=before.rejected + len(verdict.rejected),
            unaccounted=before.unaccounted + len(verdict.unaccounted),
            in_doubt=before.in_doubt + (recipients if verdict.fate is Fate.IN_DOUBT else 0),
            chunks_done=before.chunks_done + 1,
            credits=self.credits,
        )
        return stop

    def give_up(self, recipients: int) -> None:
        """Count a chunk whose answer nobody waits for any more, or that cannot be written down."""
        before = self.progress
        self.progress = replace(before, in_doubt=before.in_doubt + recipients, chunks_done=before.chunks_done + 1)

    def set_balance(self, balance: Decimal | None) -> None:
        """Take the balance that was asked for at the end."""
        self.credits = balance
        self.progress = replace(self.progress, credits=balance)

    def _note_balance(self, balance: Decimal | None) -> None:
        """Of answers that come side by side, the latest tells the least; a top-up is seen at the end."""
        if balance is not None:
            self.credits = balance if self.credits is None else min(balance, self.credits)
