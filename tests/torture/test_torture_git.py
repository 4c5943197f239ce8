"""Runners on many machines share one record on a git remote; they are killed, the remote fails: held against a gateway.

Everything here sees the program from outside: processes, the remote's own files, and the gateway's log.
"""

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_fleet import SHALLOW, SPEC, Fleet, Started, git, stop
from log_gateway import AGAIN, CUT_AFTER, CUT_BEFORE, REFUSE, TAKE, LogGateway

from mmsbatch.exitcodes import ExitCode

#: What an `apply` may end with while others send, or are killed, and the remote works. A signal that comes before the
#: program has put its handlers up, or while Python makes a class, ends it as any process; a shell sees the same code.
ORDINARY = {0, 3, 4, 5, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}
KILLS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
ONE_IN_FOUR = "[ $(od -An -N1 -tu1 /dev/urandom) -lt 64 ]"
#: Hooks of the remote, and what else an `apply` may end with then.
REMOTES = {
    "sound": ({}, set()),
    "slow": ({"pre-receive": "sleep 0.4"}, set()),
    "rejecting at random": ({"pre-receive": f"if {ONE_IN_FOUR}; then echo not now >&2; exit 1; fi"}, {1}),
    "losing answers": (
        {"reference-transaction": f"if [ $1 = committed ] && {ONE_IN_FOUR}; then kill -9 $PPID; fi"},
        {6},
    ),
    "dying before it applies": ({"update": f"if {ONE_IN_FOUR}; then kill -9 $PPID; fi"}, {6}),
}

Muster = Callable[..., Fleet]


@pytest.fixture
def gateway() -> Iterator[LogGateway]:
    with LogGateway(latency=0.02) as gateway:
        yield gateway


@pytest.fixture
def muster(gateway: LogGateway) -> Iterator[Callable[..., Fleet]]:
    """Make fleets; whatever they started ends with the test."""
    fleets: list[Fleet] = []

    def make(folder: Path, clones: int, people: int, **settings: object) -> Fleet:
        fleets.append(make_fleet(folder, gateway, clones, people, **settings))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.close()


def make_fleet(folder: Path, gateway: LogGateway, clones: int, people: int, **settings: object) -> Fleet:
    """Every other clone is shallow, with a detached head, as in CI; every third shares a machine with the first."""
    keys = {"chunk_size": 2, "concurrency": 2, "max_in_doubt": 3} | settings
    fleet = Fleet(folder, gateway, people, {"chunks": 3, "seconds": 2}, **keys)
    gateway.on_arrival = fleet.check_announced
    for place in range(clones):
        options = SHALLOW if place % 2 else ()
        fleet.clone(*options, detached=bool(place % 2), machine="clone-0" if place % 3 == 2 else "")
    return fleet


class Driver:
    """Starts runs in clones at random, kills some, settles doubt, and looks at all that must hold."""

    def __init__(self, fleet: Fleet, seed: int, allowed: set[int]) -> None:
        self.fleet, self.chance, self.allowed = fleet, random.Random(seed), ORDINARY | allowed
        self.codes: list[int] = []

    def round(self, kills: bool, meanwhile=lambda: None) -> None:
        fleet, chance = self.fleet, self.chance
        chosen = chance.sample(fleet.clones, chance.randint(min(2, len(fleet.clones)), len(fleet.clones)))
        processes = [fleet.start(clone, "apply", SPEC, "--yes", "--quiet") for clone in chosen]
        meanwhile()
        if kills:
            self._kill_some(processes)
        self._finish(processes)
        fleet.settle(chance.choice(fleet.clones))
        fleet.check_branch()

    def _kill_some(self, processes: list[Started]) -> None:
        fleet, chance = self.fleet, self.chance
        for process in chance.sample(processes, chance.randint(1, len(processes))):
            if chance.random() < 0.5:
                fleet.gateway.wait_for_sends(fleet.gateway.sends + chance.randint(1, 4), timeout=1.5)
            else:
                time.sleep(chance.uniform(0.0, 1.2))
            stop([process], chance.choice(KILLS))

    def _finish(self, processes: list[Started]) -> None:
        for process in processes:
            ended = self.fleet.finish(process, patience=120.0)
            self.codes.append(ended.code)
            assert ended.code in self.allowed, ended

    def come_to_an_end(self, tries: int = 40) -> None:
        """Go on until all is sent, nothing killed any more."""
        for _ in range(tries):
            if len(self.fleet.gateway.counts) == self.fleet.people:
                break
            self.round(kills=False)
        self.fleet.unhook("pre-receive", "update", "reference-transaction")
        clone = self.chance.choice(self.fleet.clones)
        self.fleet.settle(clone)
        assert self.fleet.apply(clone).code == ExitCode.DONE
        self.fleet.check_all_sent(self.fleet.clone())


@pytest.mark.parametrize("clones", [2, 8])
@pytest.mark.parametrize("remote", REMOTES)
def test_runners_that_are_killed_at_random(
    remote: str, clones: int, tmp_path: Path, gateway: LogGateway, muster: Muster, torture: bool
) -> None:
    if not torture and (remote, clones) != ("losing answers", 2):
        pytest.skip("takes long: make torture")
    hooks, allowed = REMOTES[remote]
    fleet = muster(tmp_path, clones, people=120 if torture else 16)
    driver = Driver(fleet, clones, allowed)
    for name, script in hooks.items():
        fleet.hook(name, script)
    for _ in range(10 if torture else 2):
        driver.round(kills=True)
    driver.come_to_an_end()


def test_a_gateway_that_fails_and_runners_that_are_killed(
    tmp_path: Path, gateway: LogGateway, muster: Muster, torture: bool
) -> None:
    chance = random.Random(17)
    fates = [TAKE] * 12 + [CUT_AFTER, CUT_BEFORE, REFUSE, AGAIN]
    people = 200 if torture else 16
    fleet = muster(tmp_path, 8 if torture else 2, people)
    gateway.fate = lambda _: chance.choice(fates)
    driver = Driver(fleet, 17, set())
    for _ in range(30 if torture else 1):
        driver.round(kills=True)
    gateway.fate = lambda _: TAKE
    driver.come_to_an_end()


def test_a_remote_that_goes_away_and_comes_back(
    tmp_path: Path, gateway: LogGateway, muster: Muster, torture: bool
) -> None:
    fleet = muster(tmp_path, 4 if torture else 2, 120 if torture else 16)
    driver = Driver(fleet, 5, {1, 6})

    def go_away() -> None:
        gateway.wait_for_sends(gateway.sends + driver.chance.randint(0, 4), timeout=1.0)
        time.sleep(driver.chance.uniform(0.0, 0.3))
        fleet.take_away()
        time.sleep(driver.chance.uniform(0.2, 12.0 if torture else 1.0))
        fleet.bring_back()

    for _ in range(10 if torture else 1):
        driver.round(kills=False, meanwhile=go_away)
    driver.come_to_an_end()


def test_runners_that_claim_at_the_same_instant(
    tmp_path: Path, gateway: LogGateway, muster: Muster, torture: bool
) -> None:
    """Each waits, with its push ready, until all others are there too."""
    count = 8 if torture else 3
    fleet = muster(tmp_path, count, people=20)
    barrier = tmp_path / "barrier"
    barrier.mkdir()
    script = f"#!/bin/sh\ntouch {barrier}/$$\ni=0\nwhile [ $(ls {barrier} | wc -l) -lt {count} ] && [ $i -lt 400 ]\n"
    for clone in fleet.clones:
        hook = clone.folder / ".git" / "hooks" / "pre-push"
        hook.write_text(f"{script}do sleep 0.02; i=$((i + 1)); done\n")
        hook.chmod(0o755)
    processes = [fleet.start(clone, "apply", SPEC, "--yes", "--quiet") for clone in fleet.clones]
    codes = [fleet.finish(process, patience=120.0).code for process in processes]
    assert codes.count(0) >= 1, codes
    assert set(codes) <= {0, 5}, codes
    fleet.check_all_sent(fleet.clones[-1])


def test_the_log_tells_who_sent_what_when(tmp_path: Path, gateway: LogGateway, muster: Muster) -> None:
    fleet = muster(tmp_path, 1, people=4)
    [clone] = fleet.clones
    assert fleet.apply(clone).code == 0
    log = git(fleet.bare, "log", "--format=%an: %s%n%b", "mmsbatch-record")
    assert "mmsbatch for marie on clone-0: campaigns/sale.local: record begun; run " in log
    assert "2 chunks 1-1 to 1-2 answered; run " in log
    assert "By: process " in log
    assert "Claimed: 4 recipients" in log
    assert "Answered: 4 accepted, 0 rejected" in log
