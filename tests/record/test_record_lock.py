"""The lock: held by one living process, told by name, and never by a dead one."""

import subprocess
import sys

import pytest
from record_builders import AT

from mmsbatch.errors import Locked, Refusal
from mmsbatch.record import lock
from mmsbatch.record.lock import Holder, hold_lock, is_held

OURS = Holder(1, "here", "zoé", AT)
THEIRS = Holder(4711, "runner-1", "ci", AT, "https://ci.example.com/jobs/12")

RIVAL = f"""
import sys
from pathlib import Path
from mmsbatch.record.lock import Holder, hold_lock
with hold_lock(Path(sys.argv[1]), {THEIRS!r}):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "winter-sale.lock"


@pytest.fixture
def rival(path):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", RIVAL, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_rival_is_told_who_holds_it(path, rival):
    for _ in range(2):  # asking must not wipe the name out
        with pytest.raises(Locked) as caught, hold_lock(path, OURS):
            pass
        assert caught.value.message == (
            f"winter-sale.lock: another run holds this campaign: process 4711 of ci on runner-1, since {AT}, "
            "https://ci.example.com/jobs/12"
        )
    assert is_held(path)


def test_the_dead_hold_nothing(path, rival):
    rival.kill()
    rival.wait()
    assert not is_held(path)
    with hold_lock(path, OURS):
        assert is_held(path)


def test_it_is_free_after_the_block_even_after_an_error(path):
    with pytest.raises(ZeroDivisionError), hold_lock(path, OURS):
        raise ZeroDivisionError
    assert not is_held(path)
    with hold_lock(path, OURS):
        pass


def test_asking_leaves_nothing_behind(path):
    assert not is_held(path)
    assert not path.exists()


def test_a_holder_that_left_no_name_is_told_so(path, rival):
    path.write_text("{")
    with (
        pytest.raises(Locked, match="another run holds this campaign: it did not say who it is"),
        hold_lock(path, OURS),
    ):
        pass


def test_a_lock_that_cannot_be_taken_is_refused(path):
    path.mkdir()
    with pytest.raises(Refusal, match="the lock cannot be taken: Is a directory"), hold_lock(path, OURS):
        pass


@pytest.mark.parametrize(
    ("holder", "told"),
    [
        (OURS, f"process 1 of zoé on here, since {AT}"),
        (THEIRS, f"process 4711 of ci on runner-1, since {AT}, https://ci.example.com/jobs/12"),
    ],
)
def test_a_holder_tells_itself(holder, told):
    assert str(holder) == told


def test_a_lock_file_that_was_removed_meanwhile_is_not_held(path, monkeypatch):
    """Between opening it and locking it: the next run would find no file, and hold another one."""
    really, removed = lock._lock, []

    def lock_late(*arguments):
        if not removed:
            removed.append(path.unlink())
        return really(*arguments)

    monkeypatch.setattr(lock, "_lock", lock_late)
    with hold_lock(path, OURS):
        assert is_held(path)
