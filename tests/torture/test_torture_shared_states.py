"""Any history of a shared record, step by step: runs side by side, deaths, a remote that fails, findings, edits."""

from dataclasses import replace
from pathlib import Path
from signal import SIGINT, SIGTERM

from crash_world import LOST_BEFORE
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from memory_branch import ANSWER_LOST, LATE, NOT_ARRIVED, REFUSED, TAKEN, UNREACHED
from sending_builders import NO_ANSWER, OK, REFUSED_CONNECTION, After, answer
from shared_checks import check_all_settled, check_commit, check_end
from shared_world import Call, SharedWorld

from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.fold import Record
from mmsbatch.record.shard import Shard
from mmsbatch.record.states import NumberState
from mmsbatch.record.tokens import keep_as_tokens, keep_plain

PLACES = st.integers(0, 11)
MACHINES = st.sampled_from(["a", "a", "b", "c"])
EXCHANGES = st.one_of(
    st.just(OK),
    st.just(NO_ANSWER),
    st.just(LOST_BEFORE),
    st.just(REFUSED_CONNECTION),
    st.builds(After, st.just(2.0), st.just(REFUSED_CONNECTION)),
    st.sampled_from([answer(103), answer(123), answer(114), answer(111)]),
    st.builds(lambda places: answer(invalid=places), st.lists(PLACES, min_size=1, max_size=3)),
    st.builds(lambda places: answer(ids=places), st.lists(PLACES, max_size=8)),
    st.builds(After, st.sampled_from([0.5, 2.0, 6.0]), st.sampled_from([OK, NO_ANSWER])),
)
SCRIPTS = st.lists(EXCHANGES, max_size=5)
PUSHES = st.lists(st.sampled_from([TAKEN, TAKEN, ANSWER_LOST, NOT_ARRIVED, UNREACHED, REFUSED, LATE]), max_size=4)
LOOKS = st.lists(st.sampled_from([True, True, True, False]), max_size=4)
SHARDS = st.sampled_from([None, None, Shard(1, 2), Shard(2, 2)])
STEPS = st.sampled_from([0, 1, 2, 3, 5, 8, 13])
OPTED_OUT = st.sampled_from([(), (), (1,), (1, 2, 6)])
#: Of calls that go on side by side, no more than these.
MOST = 4


class History(RuleBasedStateMachine):
    """One campaign whose record many machines write; the gateway's log is what it is held against."""

    folder = Path()

    @initialize(
        tokens=st.booleans(),
        size=st.sampled_from([1, 1, 2, 3]),
        concurrency=st.integers(1, 2),
        canary=st.none() | st.just(2),
        full=st.sampled_from([1 << 20, 1500]),
    )
    def begin(self, tokens, size, concurrency, canary, full):
        keeping = keep_as_tokens("our key") if tokens else keep_plain()
        kept = {"chunk_size": size, "concurrency": concurrency, "canary": canary}
        self.world = SharedWorld(self.folder, keeping=keeping, full=full, **kept)
        self.people, self.before, self.revision = tuple(range(8)), tuple(range(8)), 1
        self.record, self.checked, self.ended = Record(), 0, set()

    def teardown(self):
        if hasattr(self, "world"):
            try:
                self.come_to_an_end()
            finally:
                self.world.close()

    # --- calls

    @precondition(lambda self: self.may_begin())
    @rule(
        machine=MACHINES,
        call=st.builds(
            Call,
            leave_in_doubt=st.booleans(),
            late_rows=st.booleans(),
            shard=SHARDS,
            opted_out=OPTED_OUT,
            claim=st.integers(1, 3),
            script=SCRIPTS,
        ),
        pushes=PUSHES,
        looks=LOOKS,
        is_blind=st.sampled_from([False, False, True]),
        is_stale=st.booleans(),
        steps=STEPS,
    )
    def apply(self, machine, call, pushes, looks, is_blind, is_stale, steps):
        """Begin an apply, maybe from a checkout in which the rows are those of before."""
        call = replace(call, people=self.before if is_stale else self.people, revision=self.revision)
        process = self.world.apply(machine, call, pushes=pushes, looks=looks, is_blind=is_blind)
        self.let_go_on(process, steps)

    @precondition(lambda self: self.may_begin())
    @rule(machine=MACHINES, claim=st.integers(1, 3), steps=STEPS)
    def apply_while_all_is_well(self, machine, claim, steps):
        call = Call(self.people, self.revision, leave_in_doubt=True, claim=claim)
        self.let_go_on(self.world.apply(machine, call), steps)

    @precondition(lambda self: self.may_begin())
    @rule(index=st.integers(1, 2), dropped=st.none() | PLACES, opted_out=OPTED_OUT, steps=STEPS)
    def apply_for_a_shard_of_other_rows(self, index, dropped, opted_out, steps):
        """Shards go on beside each other, also where rows or opt-outs were edited in between."""
        if dropped is not None:
            self.edit_the_rows([], [dropped])
        shard = Shard(index, 2)
        call = Call(self.people, self.revision, leave_in_doubt=True, shard=shard, opted_out=opted_out, claim=1)
        self.let_go_on(self.world.apply("b", call), steps)

    @precondition(lambda self: self.may_begin() and self.world.running)
    @rule(place=PLACES, claim=st.integers(1, 3), steps=STEPS)
    def apply_in_a_container_beside(self, place, claim, steps):
        """It sees no other process of its machine, takes them for dead, and sends to the others."""
        call = Call(self.people, self.revision, leave_in_doubt=True, claim=claim)
        self.let_go_on(self.world.apply(self.pick(place).machine, call, is_blind=True), steps)

    @precondition(lambda self: self.may_begin() and (self.record.in_doubt or self.record.claimed))
    @rule(machine=MACHINES, place=PLACES, is_careful=st.booleans(), pushes=PUSHES, steps=STEPS)
    def resolve(self, machine, place, is_careful, pushes, steps):
        """Settle a chunk as the gateway's log has it at that moment."""
        process = self.world.resolve(machine, place, is_careful=is_careful, pushes=pushes)
        self.let_go_on(process, steps)

    @precondition(
        lambda self: self.may_begin() and self.record.highest and self.record.highest.count(NumberState.REJECTED)
    )
    @rule(machine=MACHINES, steps=STEPS)
    def release_the_rejected(self, machine, steps):
        self.let_go_on(self.world.release(machine), steps)

    # --- what becomes of them

    @precondition(lambda self: self.world.running)
    @rule(place=PLACES, pusher=st.booleans(), steps=STEPS)
    def go_on(self, place, pusher, steps):
        """Let one of the calls go on, or its push, as far as that has something to do."""
        process = self.pick(place)
        for _ in range(steps + 1):
            if process.is_alive:
                process.step(process.actors[-1] if pusher else process.actor)

    @precondition(lambda self: self.world.running)
    @rule(place=PLACES, steps=STEPS)
    def go_on_together(self, place, steps):
        self.let_go_on(self.pick(place), steps + 1)

    @precondition(lambda self: self.world.running)
    @rule(place=PLACES)
    def finish(self, place):
        self.pick(place).finish()

    @precondition(lambda self: self.world.running)
    @rule(place=PLACES)
    def die(self, place):
        self.pick(place).kill()

    @precondition(lambda self: self.world.running)
    @rule(place=PLACES, number=st.sampled_from([SIGINT, SIGTERM]))
    def interrupt(self, place, number):
        process = self.pick(place)
        process.interruption.request(number, self.world.seconds)

    @precondition(lambda self: self.world.remote.late)
    @rule(place=PLACES)
    def a_push_arrives_late(self, place):
        self.world.remote.land(place)

    @rule(seconds=st.sampled_from([1.0, 70.0]))
    def time_passes(self, seconds):
        """As on a machine that sleeps: after a minute nothing leaves without another look."""
        self.world.seconds += seconds

    # --- what people change

    @rule(added=st.lists(PLACES, max_size=3), dropped=st.lists(PLACES, max_size=3))
    def edit(self, added, dropped):
        self.edit_the_rows(added, dropped)

    def edit_the_rows(self, added, dropped):
        kept = tuple(each for each in self.people if each not in dropped)
        self.before, self.people = self.people, (*kept, *added) or (0,)

    @rule()
    def raise_the_revision(self):
        """It is raised once nothing is in doubt; runs of the one before may be under way all the same."""
        highest = self.record.highest
        if highest and highest.number == self.revision and not (self.record.in_doubt or self.record.claimed):
            self.revision += 1

    # --- how it happens

    def pick(self, place):
        running = self.world.running
        return running[place % len(running)]

    def let_go_on(self, process, steps):
        for _ in range(steps):
            for actor in process.actors:
                if not actor.is_over:
                    process.step(actor)

    def may_begin(self):
        return len(self.world.running) < MOST

    # --- what holds

    @invariant()
    def promises_hold(self):
        if not hasattr(self, "world"):
            return
        line = self.world.remote.line
        for commit in line[self.checked :]:
            self.record = check_commit(self.world, commit)
        self.checked = len(line)
        for process in self.world.processes:
            if not process.is_alive and process.id not in self.ended:
                self.ended.add(process.id)
                check_end(process, self.record)

    def come_to_an_end(self):
        """All calls ended, all doubt settled and nothing failing any more, everybody has their one outcome."""
        world = self.world
        for process in world.running:
            process.finish()
        while world.remote.late:
            world.remote.land(0)
        self.promises_hold()
        while self.record.in_doubt or self.record.claimed:
            assert world.resolve("z", 0).finish() is ExitCode.DONE
            self.promises_hold()
        call = Call(self.people, self.revision, late_rows=True)
        assert world.apply("z", call).finish() is ExitCode.DONE
        self.promises_hold()
        check_all_settled(world, call)


def test_any_history_of_a_shared_record_keeps_the_promises(run_histories, tmp_path):
    History.folder = tmp_path.resolve()
    run_histories(History)
