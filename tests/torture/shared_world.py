"""Machines that share one record of one campaign: the calls of the program on them, and the gateway's log."""

import os
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from crash_world import LOST_BEFORE
from memory_branch import Clone, MemoryBranch, MemoryRemote, SteppedBranch
from sending_builders import CREDENTIALS, REFUSED_CONNECTION, START, World, number
from shared_process import Courier, MachineStore, Process
from taking_turns import pause

from mmsbatch.cli.dispatching import OpenCampaign
from mmsbatch.errors import InDoubt, Locked, Overtaken, RecordUnreachable, Refusal
from mmsbatch.exitcodes import ExitCode, gravest
from mmsbatch.gateway.exchange import Answered
from mmsbatch.gateway.verdict import Fate, judge
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.whole import PlanRequest, plan_all
from mmsbatch.record.chain import read_lines
from mmsbatch.record.events import ChunkSending, DoubtResolved, Lease, RejectedReleased
from mmsbatch.record.identity import Identity, check_identity
from mmsbatch.record.lock import Holder
from mmsbatch.record.shared.branch import BranchClock
from mmsbatch.record.shared.rivals import claiming_run
from mmsbatch.record.shared.segments import group_pieces
from mmsbatch.record.states import NumberState
from mmsbatch.record.tokens import keep_plain
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.context import RunContext
from mmsbatch.sending.opening import ensure_opened
from mmsbatch.sending.run import CampaignRun
from mmsbatch.sending.window import FIRST_GUESS, Window

JOURNAL, MANIFEST = "winter-sale.journal.jsonl", "winter-sale.manifest.json"
EVERYBODY = [number(place) for place in range(12)]
#: A place that nobody has, since a list of opt-outs is never empty.
NOBODY = 99
NOT_TAKEN = (REFUSED_CONNECTION, LOST_BEFORE)
#: How often a call plans, where others are quicker.
TRIES = 20


@lru_cache(maxsize=1000)
def prepare(folder, people, opted_out, **settings):
    """Prepare a campaign once for all histories: it takes longer than all else."""
    (folder / "stop.csv").write_text("\n".join(["phone", *map(number, (NOBODY, *opted_out)), ""]))
    gateway = {key: settings[key] for key in ("chunk_size", "concurrency")} | {"max_in_doubt": 3, "retries": 1}
    limits = {"max_rejected": 1} | ({"canary": settings["canary"]} if settings["canary"] else {})
    campaign = {"revision": settings["revision"], "suppress": [{"file": "stop.csv"}]}
    return World(folder).prepare(people, limits=limits, gateway=gateway, **campaign)


@dataclass(frozen=True)
class Call:
    """What an `apply` is called with, and what becomes of its requests, pushes and looks, one after the other."""

    people: tuple = ()
    revision: int = 1
    leave_in_doubt: bool = False
    late_rows: bool = False
    shard: object = None
    opted_out: tuple = ()
    claim: int = 2
    script: tuple = ()


@dataclass(frozen=True)
class Post:
    """A request as it left: whose it was, and who of its numbers got the message."""

    run: str
    chunk: str
    numbers: tuple
    taken: tuple


class SharedWorld:
    """One campaign, its record on a remote, the time, and who got what."""

    def __init__(self, folder, *, keeping=None, full=1 << 20, **settings):
        self.folder, self.keeping = folder, keeping or keep_plain()
        self.settings = {"chunk_size": 2, "concurrency": 1, "canary": None} | settings
        self.remote, self.clones = MemoryRemote(), {}
        self.seconds, self.processes, self.posts = 0.0, [], []
        self.inputs = {}
        self.excused, self.said_sent = set(), set()
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr("mmsbatch.record.shared.book.wait", self._wait_for_push)
        self._patch.setattr("mmsbatch.record.shared.segments.FULL", full)
        self._patch.setattr(os, "fsync", lambda _: None)  # disks that lose what they wrote are tested elsewhere

    def close(self):
        for process in self.processes:
            process.kill()
        self._patch.undo()
        for each in self.folder.glob("mirror-*"):
            shutil.rmtree(each)

    @property
    def clock(self):
        return Clock(lambda: START + timedelta(seconds=self.seconds), lambda: self.seconds, lambda: 1.0)

    def _wait_for_push(self, pushes, seconds):
        self.seconds += seconds
        pause("waiting for its push")

    def _rest(self, seconds):
        self.seconds += seconds
        pause("its rest before the next push")

    # --- what others see

    def journal(self, commit=None):
        """Return the journal's bytes as of a commit, the tip without one."""
        commit = commit or self.remote.tip
        files = self.remote.files(commit) if commit else {}
        pieces = group_pieces([path for path in files if path.startswith(JOURNAL)]).get(JOURNAL, [])
        return b"".join(self.remote.contents(*map(files.get, pieces)))

    @property
    def running(self):
        return [each for each in self.processes if each.is_alive]

    # --- what the gateway knows

    def note_post(self, process, chunk, body, exchange):
        """Take a request: the branch has it as this run's, and nobody in it has the message."""
        flow = parse_qs(body.decode())["XMLFlow"][0]
        numbers = tuple(re.findall("<MOBILEPHONE>([0-9]{11})</MOBILEPHONE>", flow))
        claims = [each for each in read_lines(self.journal()).events if isinstance(each, ChunkSending)]
        kept = tuple(map(self.keeping.keep, numbers))
        assert (chunk, process.name, kept) in [(each.chunk, each.run, each.numbers) for each in claims], "no claim"
        assert {each.run for each in self.posts if each.chunk == chunk} <= {process.name}
        taken = numbers if exchange is not None else ()
        if isinstance(exchange, Answered):
            verdict = judge(exchange, numbers, scheduled=False)
            rejected = numbers if verdict.fate is not Fate.ACCEPTED else verdict.rejected
            taken = tuple(number for number in numbers if number not in rejected)
        elif exchange in NOT_TAKEN:
            taken = ()
        self.posts.append(Post(process.name, chunk, numbers, taken))
        twice = [number for (_, number), count in self.counts().items() if count > 1 and number not in self.excused]
        assert not twice, f"sent twice: {twice}"

    def counts(self):
        """Count how often each number got each revision."""
        return Counter((post.chunk.partition("-")[0], number) for post in self.posts for number in post.taken)

    def was_taken(self, chunk):
        return any(post.taken for post in self.posts if post.chunk == chunk)

    # --- calls of the program

    def apply(self, machine, call, **faults):
        """Begin an `apply` on a machine; it stands before its first step."""
        return Process(self, machine, lambda process: self._apply(process, call), **faults)

    def resolve(self, machine, place, *, is_careful=True, **faults):
        """Begin to settle one of the chunks in doubt, as the gateway's log has it."""
        return Process(self, machine, lambda process: self._resolve(process, place, is_careful), **faults)

    def release(self, machine, **faults):
        """Begin to make rejected numbers pending again."""
        return Process(self, machine, self._release, **faults)

    def _apply(self, process, call):
        for tries_left in reversed(range(TRIES)):
            try:
                return self._plan_and_send(process, call)
            except Overtaken:
                if not tries_left:
                    raise
        return None

    def _plan_and_send(self, process, call):
        store = self._open_store(process)
        prepared = prepare(self.folder, call.people, call.opted_out, revision=call.revision, **self.settings)
        campaign = prepared.campaign
        paths = store.shelf.paths(campaign.path, "production")
        with store.hold(paths, self._holder(process)) as content:
            account, root = CREDENTIALS.fingerprint, campaign.path.parent
            identity = (campaign.path, "production", account, campaign.name, campaign.sha256, root, store.shelf)
            check_identity(content.record, Identity(*identity), paths, new_campaign=False)
            book = process.book = store.open_book(paths, content, self.clock.monotonic)
            book.catch_up()
            if claiming_run(book.record, str(call.shard) if call.shard else None):
                raise Locked("another run claims chunks")
            inputs = PlanInputs(book.record, None, START, self.keeping, call.late_rows, shard=call.shard)
            request = PlanRequest("production", "", account, Decimal(1000), allow_mixed=True)
            plan, (planned,) = plan_all(request, [(prepared, inputs)])
            doubtful = planned.plan.in_doubt_chunks
            if doubtful and not call.leave_in_doubt:
                raise InDoubt("in doubt")
            if plan.is_refused:
                raise Refusal("the plan is refused")
            opened = OpenCampaign(planned, book, self.keeping)
            code = self._send(process, call, opened) if plan.has_something_to_send or opened.is_recount else None
        return gravest(ExitCode.IN_DOUBT if doubtful else ExitCode.DONE, code or ExitCode.DONE)

    def _send(self, process, call, opened):
        """Send as the program's dispatcher does."""
        process.outcome = None
        process.opened, process.call = opened, call
        self.inputs[process.name] = call
        process.watch(opened.book, call.revision)
        run = CampaignRun(opened.planned, self._context(process, call, opened))
        try:
            ensure_opened(
                opened.book,
                "winter-sale.yaml",
                settings=opened.planned.prepared.settings,
                account=CREDENTIALS.fingerprint,
                keeping=self.keeping,
                clock=self.clock,
            )
            run.begin()
            process.outcome = run.carry_out()
        except RecordUnreachable:
            if process.interruption.is_requested:
                return process.interruption.exit_code
            raise
        return process.outcome.exit_code

    def _context(self, process, call, opened):
        courier = Courier(self, process, call.script)
        process.interruption.wake = courier.wake
        opened.book.heed(lambda: process.interruption.is_time_up(self.seconds))
        return RunContext(
            book=opened.book,
            courier=courier,
            credentials=CREDENTIALS,
            keeping=self.keeping,
            clock=self.clock,
            interruption=process.interruption,
            watcher=SimpleNamespace(on_progress=lambda _: None, on_notice=lambda _: None),
            run_id=process.name,
            holder=str(self._holder(process)),
            credits_before=Decimal(1000),
            lease=Lease(process.machine, process.id),
            window=Window(call.claim, 20.0, self.settings["concurrency"] / FIRST_GUESS),
        )

    def _resolve(self, process, place, is_careful):
        book = self._open_book(process)
        doubtful = [*book.record.in_doubt, *book.record.claimed]
        if not doubtful:
            return ExitCode.USAGE
        chunk = doubtful[place % len(doubtful)]
        runner, is_told = self._process_of(chunk.run.run), chunk.answer is not None
        if not is_told and runner.is_alive and runner.machine == process.machine:
            raise Locked("it is being sent")
        sent, numbers = self.was_taken(chunk.id), self._numbers_of(chunk)
        if not sent and not is_told and runner.is_alive:  # it may be sent yet, whatever is found now
            if is_careful:
                return ExitCode.DONE
            self.excused |= numbers
        if sent:
            self.said_sent |= numbers
        at = self.clock.stamp()
        book.append(DoubtResolved(at=at, chunk=chunk.id, sent=sent, reason="asked", by=f"zoé {process.id}"))
        book.publish()
        return ExitCode.DONE

    def _release(self, process):
        book = self._open_book(process)
        highest = book.record.highest
        if highest is None or not highest.count(NumberState.REJECTED):
            return ExitCode.USAGE
        at, by = self.clock.stamp(), f"zoé {process.id}"
        book.append(RejectedReleased(at=at, revision=highest.number, reason="a setting", by=by))
        book.publish()
        return ExitCode.DONE

    def _numbers_of(self, chunk):
        """Return a chunk's numbers as they are, however the record keeps them."""
        return {each for each in EVERYBODY if self.keeping.keep(each) in chunk.numbers}

    def _process_of(self, run):
        return self.processes[int(run.partition("-")[2]) - 1]

    # --- a machine

    def _holder(self, process):
        return Holder(process.id, process.machine, "zoé", self.clock.stamp())

    def _open_book(self, process):
        store = self._open_store(process)
        paths = store.shelf.paths(self.folder / "winter-sale.yaml", "production")
        with store.hold(paths, self._holder(process)) as content:
            return store.open_book(paths, content, self.clock.monotonic)

    def _open_store(self, process):
        clone = self.clones.setdefault(process.machine, Clone())
        clock = BranchClock(self.clock.now, self._rest, lambda: 0.5)
        branch = SteppedBranch(
            MemoryBranch(self.remote, clone, process.pushes, process.looks),
            f"zoé on {process.machine}",
            clock,
            process.push,
            self.folder / "mirror-kept",
        )
        mirror = self.folder / f"mirror-{process.id}-{len(list(self.folder.glob(f'mirror-{process.id}-*')))}"
        store = MachineStore(branch, self.folder, mirror, is_there=lambda run: self._is_there(process, run))
        store.lay_out()
        return store

    def _is_there(self, process, run):
        """Whether a run may be under way, as far as this process can see; in a container it sees itself alone."""
        if run.lease.host != process.machine or run.lease.process == process.id:
            return True
        return not process.is_blind and self._process_of(run.run).is_alive
