"""Any history of runs, crashes, lost answers, edits and findings: the promises hold after every step of it."""

import shutil
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from signal import SIGINT, SIGTERM

from crash_world import AT, LOST_BEFORE, CrashWorld
from crashing_system import Crash, CrashingSystem
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sending_builders import (
    CREDENTIALS,
    NEVER,
    NO_ANSWER,
    OK,
    REFUSED_CONNECTION,
    START,
    After,
    Signalled,
    answer,
    number,
)

from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.whole import PlanRequest, plan_all
from mmsbatch.record.disk import LocalDisk
from mmsbatch.record.events import DoubtResolved, RejectedReleased
from mmsbatch.record.states import NumberState
from mmsbatch.record.tokens import keep_as_tokens
from mmsbatch.sending.interruption import Interruption

PLACES = st.integers(0, 11)
EXCHANGES = st.one_of(
    st.just(OK),
    st.just(REFUSED_CONNECTION),
    st.just(NO_ANSWER),
    st.just(LOST_BEFORE),
    st.builds(After, st.sampled_from([0.0, 0.5, 2.0]), st.just(OK)),
    st.sampled_from([answer(103), answer(123), answer(114), answer(111), answer(200)]),
    st.builds(lambda places: answer(invalid=places), st.lists(PLACES, max_size=3)),
    st.builds(lambda places: answer(ids=places), st.lists(PLACES, max_size=8)),
    st.builds(Signalled, st.sampled_from([(SIGINT,), (SIGTERM,)]), st.sampled_from([OK, NO_ANSWER, NEVER])),
)
SCRIPTS = st.lists(EXCHANGES, max_size=6)
CRASHES = st.none() | st.tuples(
    st.integers(1, 40), st.sampled_from(["before", "amid", "after"]), st.sampled_from(["written", "flushed", "torn"])
)


class History(RuleBasedStateMachine):
    """One campaign through its whole life; the gateway's log is what it is held against."""

    @initialize(tokens=st.booleans(), size=st.integers(1, 4), concurrency=st.integers(1, 3))
    def begin(self, tokens, size, concurrency):
        self.folder = Path(tempfile.mkdtemp())
        self.world = CrashWorld(self.folder)
        if tokens:
            self.world.keeping = keep_as_tokens("our key")
        self.gateway = {"chunk_size": size, "concurrency": concurrency, "max_in_doubt": 2, "retries": 1}
        self.people, self.revision = list(range(6)), 1

    def teardown(self):
        if hasattr(self, "folder"):
            try:
                self.come_to_an_end()
            finally:
                shutil.rmtree(self.folder)

    # --- what happens

    @rule(script=SCRIPTS, crash=CRASHES, leave_in_doubt=st.booleans(), late_rows=st.booleans())
    def apply(self, script, crash, leave_in_doubt, late_rows):
        self.carry_out(script, crash, leave_in_doubt, late_rows)

    @rule(script=SCRIPTS, leave_in_doubt=st.booleans())
    def apply_on_a_machine_that_holds(self, script, leave_in_doubt):
        self.carry_out(script, None, leave_in_doubt, False)

    @rule(crash=CRASHES)
    def apply_while_the_gateway_is_well(self, crash):
        self.carry_out([], crash, True, False)

    @rule(places=st.lists(PLACES, min_size=2, max_size=6))
    def apply_while_it_refuses_numbers(self, places):
        self.carry_out([answer(invalid=places)] * 6, None, True, True)

    @rule(places=st.lists(PLACES, min_size=1, max_size=3))
    def add_rows(self, places):
        self.people += places

    @rule(places=st.lists(PLACES, min_size=1, max_size=3))
    def drop_rows(self, places):
        self.people = [place for place in self.people if place not in places] or [0]

    @rule()
    def raise_the_revision(self):
        """Raised over doubt it is refused, and put back."""
        before = self.record()
        self.revision += 1
        if before.in_doubt:
            assert self.carry_out([], None, True, False) == "refused"
            self.revision -= 1

    @precondition(lambda self: self.revision > 1)
    @rule()
    def lower_the_revision(self):
        highest = self.record().highest
        self.revision -= 1
        refused = self.carry_out([], None, True, False) == "refused"
        assert refused or highest is None or highest.number <= self.revision
        self.revision += 1

    @rule(data=st.data(), crash=CRASHES)
    def resolve_as_the_gateway_knows_it(self, data, crash):
        doubtful = self.record().in_doubt
        if not doubtful:
            return
        chunk = data.draw(st.sampled_from(doubtful))
        event = DoubtResolved(at=AT, chunk=chunk.id, sent=self.was_taken(chunk.id), reason="asked", by="its log")
        self.decide(event, crash)

    @rule(crash=CRASHES)
    def release_the_rejected(self, crash):
        highest = self.record().highest
        if highest and highest.count(NumberState.REJECTED):
            self.decide(RejectedReleased(at=AT, revision=highest.number, reason="a setting", by="somebody"), crash)

    @precondition(lambda self: self.world.paths.journal.exists())
    @rule(length=st.integers(1, 300))
    def tear_the_last_line(self, length):
        """A crash in the middle of a write that nothing followed from."""
        with self.world.paths.journal.open("ab") as journal:
            journal.write((b'{"event":"sending","at":"2026-12-19T09:00' * 9)[:length])

    @rule()
    def lose_the_manifest(self):
        self.world.paths.manifest.unlink(missing_ok=True)

    # --- how it happens

    def carry_out(self, script, crash, leave_in_doubt, late_rows):
        """Plan and send as `apply` does; return what kept it from sending, or that it ran."""
        world = self.world
        world.interruption = Interruption()
        return self.stopping_at(crash, lambda disk: self._apply(disk, script, leave_in_doubt, late_rows))

    def _apply(self, disk, script, leave_in_doubt, late_rows):
        world = self.world
        prepared = world.prepare(self.people, revision=self.revision, gateway=self.gateway)
        book = world.open_book(disk)
        inputs = PlanInputs(book.record, None, START, world.keeping, late_rows)
        request = PlanRequest("production", "", CREDENTIALS.fingerprint, Decimal(1000), allow_mixed=True)
        plan, (planned,) = plan_all(request, [(prepared, inputs)])
        if plan.is_refused:
            return "refused"
        if planned.plan.in_doubt_chunks and not leave_in_doubt:
            return "in doubt"
        posts, revision = len(world.posts), book.record.revision(self.revision)
        known, held = set(revision.states()), revision.closed and not late_rows
        world.carry_out(planned, book, *script)
        if held:
            sent = {world.keeping.keep(each) for post in world.posts[posts:] for each in post.numbers}
            assert sent <= known, "sent to rows that came after the revision was complete"
        return "ran"

    def decide(self, event, crash):
        def write(disk):
            book = self.world.open_book(disk)
            book.append(event)
            book.show()

        self.stopping_at(crash, write)

    def stopping_at(self, crash, do):
        """Do it on a machine that stops at a step, or does not; what is left then is what the disk holds."""
        stop_at, when, left = crash or (0, "before", "written")
        system = self.world.system = CrashingSystem(self.world.folder, stop_at, when)
        try:
            return do(LocalDisk(system))
        except Crash:
            if left != "written":
                system.lose_power(torn=left == "torn")
            return "crashed"
        finally:
            self.world.system = None

    def record(self):
        return self.world.open_book().record

    def was_taken(self, chunk):
        """Whether the gateway took the chunk's last attempt."""
        posts = [post for post in self.world.posts if post.chunk == chunk]
        return bool(posts) and bool(self.world.took(posts[-1]))

    # --- what holds

    @invariant()
    def promises_hold(self):
        if not hasattr(self, "world"):
            return
        world, record = self.world, self.record()
        for revision in range(1, self.revision + 1):
            world.check_promises(revision, record.revision(revision))

    def come_to_an_end(self):
        """All doubt settled and nothing failing any more, everybody has their one outcome."""
        for chunk in self.record().in_doubt:
            sent = self.was_taken(chunk.id)
            self.decide(DoubtResolved(at=AT, chunk=chunk.id, sent=sent, reason="asked", by="its log"), None)
        self.carry_out([], None, False, True)
        self.promises_hold()
        record = self.record().revision(self.revision)
        counts = Counter(
            number
            for post in self.world.posts
            if post.chunk.startswith(f"{self.revision}-")
            for number in self.world.took(post)
        )
        stopped = self.world.rejected_too_many(record)
        states = record.states()
        for place in self.people:
            state = states.get(self.world.keeping.keep(number(place)))
            assert counts[number(place)] == 1 or state is NumberState.REJECTED or stopped


def test_any_history_keeps_the_promises(run_histories):
    run_histories(History)
