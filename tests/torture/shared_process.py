"""One call of the program on a machine that the world made up: its steps, its pushes, its requests, its death."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sending_builders import OK, After
from taking_turns import Actor, pause

from mmsbatch.errors import MmsbatchError
from mmsbatch.record.events import RunEnded, RunStarted
from mmsbatch.record.revision import is_same_rows
from mmsbatch.record.shared.store import GitStore
from mmsbatch.record.states import RevisionStatus
from mmsbatch.sending.courier import Delivery
from mmsbatch.sending.interruption import SHARED_PATIENCE_SECONDS, Interruption

#: No call has so many steps.
ENDLESS = 2_000


@dataclass(frozen=True, slots=True)
class MachineStore(GitStore):
    """The program's own store, on a machine that the world made up."""

    is_there: Callable[[RunStarted], bool] = lambda _: True

    def is_alive(self, run):
        return self.is_there(run)


@dataclass(frozen=True)
class Known:
    """What a run knew at its end; `counts_own` is whether the record counts this run's rows, and surely."""

    states: dict
    status: RevisionStatus
    is_in_doubt: bool
    counts_own: bool


class Courier:
    """Posts at once, and delivers in due time; each is a moment at which others may act."""

    def __init__(self, world, process, script):
        self._world, self._process, self._script = world, process, deque(script)
        self._due, self._is_woken = [], False

    def send(self, chunk, body):
        pause("its request, before it leaves")
        step = self._script.popleft() if self._script else OK
        step = step if isinstance(step, After) else After(0.0, step)
        self._world.note_post(self._process, chunk, body, step.exchange)
        due = self._world.seconds + step.seconds
        self._due.append((due, len(self._world.posts), Delivery(chunk, step.exchange)))

    def wait(self, seconds):
        world, until = self._world, self._world.seconds + seconds
        while True:
            pause("waiting for answers")
            first = min(self._due, default=None)
            if first and first[0] <= world.seconds:
                self._due.remove(first)
                return first[2]
            if self._is_woken or world.seconds >= until:
                self._is_woken = False
                return None
            world.seconds = min(until, world.seconds + 0.5, first[0] if first else until)

    def arrived(self):
        here = sorted(each for each in self._due if each[0] <= self._world.seconds)
        self._due = [each for each in self._due if each not in here]
        return [delivery for _, _, delivery in here]

    def wake(self):
        self._is_woken = True


class Process:
    """One call of the program on a machine: an actor, and one for each push that is under way."""

    def __init__(self, world, machine, do, pushes=(), looks=(), is_blind=False):
        self.world, self.machine, self.is_blind = world, machine, is_blind
        self.id = len(world.processes) + 1
        self.pushes, self.looks = deque(pushes), deque(looks)
        self.interruption = Interruption(SHARED_PATIENCE_SECONDS)
        self.code, self.error, self.pushers = None, None, []
        self.known, self.outcome, self.opened, self.call = None, None, None, None
        self._do = do
        self.actor = Actor(self._run)
        world.processes.append(self)

    @property
    def name(self):
        """What its run is called."""
        return f"run-{self.id}"

    @property
    def is_alive(self):
        return not self.actor.is_over

    @property
    def actors(self):
        return [each for each in (self.actor, *self.pushers) if not each.is_over]

    def push(self, carry):
        self.pushers.append(Actor(carry))

    def step(self, actor):
        """Let one of its actors go on; what a process leaves behind that ended is git's."""
        actor.step()
        if self.actor.is_over:
            self.kill()

    def kill(self):
        for each in self.actors:
            each.kill()

    def finish(self):
        """Let it go on to its end."""
        for _ in range(ENDLESS):
            if not self.is_alive:
                return self.code
            for actor in self.actors:
                if not actor.is_over:
                    self.step(actor)
        raise AssertionError(f"{self.name} does not end: {[each.at for each in self.actors]}")

    def watch(self, book, revision):
        """Keep what the run knows as it says how it ended: others may write while that is pushed."""
        append = book.append

        def keep_and_append(*events):
            if self.known is None and any(isinstance(each, RunEnded) for each in events):
                found = book.record.revision(revision)
                own = next(run.started for run in found.runs if run.started.run == self.name)
                counts_own = not found.is_estimate and is_same_rows(own, found.runs[-1].started)
                self.known = Known(found.states(), found.status, bool(found.in_doubt), counts_own)
            append(*events)

        self.known, book.append = None, keep_and_append

    def _run(self):
        try:
            self.code = self._do(self)
        except MmsbatchError as error:
            self.code, self.error = error.exit_code, error
