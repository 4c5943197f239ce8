"""A small campaign on a machine that may stop at any step, and the promises that must hold whenever it did."""

import json
from collections import Counter
from itertools import takewhile
from pathlib import Path

from crashing_system import Crash, CrashingSystem
from sending_builders import REFUSED_CONNECTION, World

from mmsbatch.gateway.exchange import Answered, Lost
from mmsbatch.gateway.verdict import Fate, judge
from mmsbatch.record.book import RecordBook
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.events import DoubtResolved
from mmsbatch.record.journal import read_journal
from mmsbatch.record.states import NumberState

#: The connection broke off before the gateway had read the request: doubt for us, nothing for it.
LOST_BEFORE = Lost("the connection was reset")
AT = "2026-12-19T09:00:00.000Z"


class CrashWorld(World):
    """A world whose disk counts its steps, and whose requests are steps too."""

    system = None

    def run_until(self, stop_at, when, *script, same_machine=False, **campaign):
        """Carry a run out up to a step; return whether it came to its end before.

        `same_machine`: the former run was killed, and what it wrote may not be on disk yet.
        """
        self.system = CrashingSystem(self.folder, stop_at, when, self.system if same_machine else None)
        try:
            self.run(*script, disk=LocalDisk(self.system), **campaign)
        except Crash:
            return False
        return True

    def note_post(self, chunk, body, step):
        if self.system is None:
            super().note_post(chunk, body, step)
            return
        self.check_announced(chunk)
        # Whoever dies after the send has sent, whatever was to come of it.
        self.system.send(lambda: super(CrashWorld, self).note_post(chunk, body, step))

    def check_announced(self, chunk):
        """Before a request leaves, its announcement and a manifest are on disk: content, name and all."""
        lines = (self.system.flushed(self.paths.journal) or b"").splitlines()
        assert lines, "the journal's name is not on disk"
        events = [json.loads(line) for line in reversed(lines)]
        announced = [event["chunk"] for event in takewhile(lambda event: event["event"] == "sending", events)]
        assert chunk in announced, "the request was not announced, or something came in between"
        assert json.loads(self.system.flushed(self.paths.manifest))["version"] == 1

    # --- what the gateway knows

    @property
    def taken(self):
        """The posts that arrived: all but those whose connection was refused."""
        return [post for post in self.posts if post.step is not REFUSED_CONNECTION]

    def took(self, post, said=None):
        """Return the numbers of a post that got the message, or may have where no answer came.

        A person's word is for a whole chunk, and its last attempt, whatever the lost answer would have said
        of single numbers.
        """
        if post.chunk in (self.said_to_be_sent if said is None else said):
            last = next(each for each in reversed(self.posts) if each.chunk == post.chunk)
            return post.numbers if post is last and post.step is not REFUSED_CONNECTION else ()
        step = getattr(post.step, "exchange", post.step)
        step = getattr(step, "then", step)
        if not isinstance(step, Answered):
            return () if step in (REFUSED_CONNECTION, LOST_BEFORE) else post.numbers
        verdict = judge(step, post.numbers, scheduled=False)
        if verdict.fate is not Fate.ACCEPTED:
            return ()
        return tuple(number for number in post.numbers if number not in verdict.rejected)

    @property
    def said_to_be_sent(self):
        """The chunks that a person settled as sent."""
        revisions = read_journal(self.paths.journal).record.revisions.values()
        chunks = (chunk for revision in revisions for chunk in revision.chunks.values())
        return {chunk.id for chunk in chunks if chunk.resolved and chunk.resolved.sent}

    # --- what must hold

    def check_promises(self, number_of=1, revision=None):
        """Nobody twice; what was taken is accepted, unaccounted or in doubt; no more accepted than was taken."""
        posts = [post for post in self.posts if post.chunk.startswith(f"{number_of}-")]
        said = self.said_to_be_sent
        counts = Counter(number for post in posts for number in self.took(post, said))
        assert not [number for number, count in counts.items() if count > 1], "sent twice"
        if revision is None:
            record = read_journal(self.paths.journal).record
            record.close_interrupted()
            revision = record.revision(number_of)
        reached = {NumberState.ACCEPTED, NumberState.UNACCOUNTED, NumberState.IN_DOUBT}
        states = revision.states()
        for number in counts:
            assert states.get(self.keeping.keep(number)) in reached, "taken, and the record does not know"
        accepted = {number for number, state in states.items() if state is NumberState.ACCEPTED}
        assert accepted <= {self.keeping.keep(number) for number in counts}, "accepted, and never taken"
        totals = revision.totals.to_json()
        assert totals.pop("rows") == sum(totals.values())
        self.check_manifest()

    def rejected_too_many(self, revision):
        """Whether `max_rejected` keeps the rest back."""
        rejected, accepted = (revision.count(state) for state in (NumberState.REJECTED, NumberState.ACCEPTED))
        return rejected > accepted

    def check_manifest(self):
        path = Path(self.paths.manifest)
        if path.exists():
            shown = json.loads(path.read_text(encoding="utf-8"))
            assert shown["totals"].pop("rows") == sum(shown["totals"].values())

    def settle(self):
        """Settle all doubt as the gateway knows it; the record must open for that without complaint."""
        self.system = None
        book = RecordBook(self.paths, read_journal(self.paths.journal), lambda: 0.0)
        arrived = {post.chunk for post in self.taken}
        for chunk in book.record.in_doubt:
            sent = chunk.id in arrived
            book.append(DoubtResolved(at=AT, chunk=chunk.id, sent=sent, reason="asked", by="the gateway's log"))
        if book.record.opened:
            book.show()
