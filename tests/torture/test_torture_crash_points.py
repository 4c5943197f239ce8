"""The machine stops at every step of a small campaign in turn: each write, flush, replacement and request.

What is left is then what the process had written, what the disk had flushed, or that and half of
the rest; from each of these the next run goes on, sends to nobody twice, and loses nobody.
"""

from collections import Counter

import pytest
from crash_world import CrashWorld
from crashing_system import CrashingSystem
from sending_builders import OK, REFUSED_CONNECTION, After, answer, number

from mmsbatch.exitcodes import ExitCode

#: Two in flight; one that waits for its second attempt, a rejected number, answers out of order.
CAMPAIGN = {"people": 7, "gateway": {"concurrency": 2}}
SCRIPT = (OK, REFUSED_CONNECTION, After(0.2, OK), answer(invalid=[4]), OK)
EVERYBODY = [number(place) for place in range(7)]
WHENS = ("before", "amid", "after")
LEFT = {
    "what was written": lambda system: None,
    "what was flushed": CrashingSystem.lose_power,
    "what was flushed, and half of the rest": lambda system: system.lose_power(torn=True),
}
each_moment = pytest.mark.parametrize("when", WHENS)
each_rest = pytest.mark.parametrize("left", LEFT)


def steps_of(folder, prepare=lambda world: None):
    """Return the steps of a run that is not stopped."""
    folder.mkdir()
    world = CrashWorld(folder)
    prepare(world)
    assert world.run_until(0, "before", *SCRIPT, **CAMPAIGN)
    return world.system.steps


def crash(folder, stop_at, when, left):
    """Stop a first run at a step, leave what is left, and hold that the record knows all that happened."""
    folder.mkdir()
    world = CrashWorld(folder)
    assert not world.run_until(stop_at, when, *SCRIPT, **CAMPAIGN)
    LEFT[left](world.system)
    world.check_promises()
    return world


def finish(world):
    """Let a person settle what is in doubt, run again, and hold that everybody has their one outcome."""
    world.settle()
    world.check_promises()
    outcome = world.run(**CAMPAIGN)
    assert outcome.exit_code is ExitCode.DONE
    world.check_promises()
    assert world.manifest["status"] == "complete"
    counts = Counter(number for post in world.taken for number in world.took(post))
    rejected = set(EVERYBODY) - set(counts)
    assert world.totals == {"accepted": 7 - len(rejected)} | ({"rejected": len(rejected)} if rejected else {})
    assert rejected <= {number(4)}


def test_every_kind_of_step_is_among_them(tmp_path):
    steps = steps_of(tmp_path / "whole")
    assert {step.partition(" ")[0] for step in steps} == {"create", "write", "flush", "replace", "send"}
    assert steps.count("send") == 5
    assert steps.index("send") > steps.index("replace winter-sale.manifest.json")


@each_rest
@each_moment
def test_a_machine_that_stops_at_any_step_sends_to_nobody_twice_and_loses_nobody(tmp_path, when, left):
    for stop_at, step in enumerate(steps_of(tmp_path / "whole"), start=1):
        if when != "amid" or step == "write":
            finish(crash(tmp_path / str(stop_at), stop_at, when, left))


@each_rest
def test_a_machine_that_stops_again_while_it_goes_on(tmp_path, left, torture):
    """A process is killed, and its successor's machine stops: what the first left written was never flushed."""
    steps = range(1, len(steps_of(tmp_path / "whole")) + 1)
    for first in steps if torture else steps[::3]:
        second, going_on = 0, True
        while going_on:
            second += 1 if torture or second < 6 else 5
            world = crash(tmp_path / f"{first}-{second}", first, "after", "what was written")
            going_on = not world.run_until(second, "before", same_machine=True, **CAMPAIGN)
            LEFT[left](world.system)
            world.check_promises()
            finish(world)
