"""The lock: held by one living process, told by name, and never by a dead one."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, replace

import pytest
from record_builders import AT

from mmsbatch.errors import Locked, Refusal
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


def test_who_died_before_is_not_taken_for_the_holder(path, rival):
    """The rival has the lock, and has not signed yet: the name is that of one who is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    path.write_text(json.dumps({**asdict(OURS), "process": gone.pid, "host": socket.gethostname()}))
    with pytest.raises(Locked, match="it did not say who it is"), hold_lock(path, OURS):
        pass


def test_one_that_is_brief_is_waited_for(path, rival):
    threading.Timer(0.2, rival.kill).start()
    with hold_lock(path, OURS, is_brief=True) as held:
        assert held.former == THEIRS


def test_what_the_former_holder_left_open_stays_told_until_somebody_spends(path):
    with hold_lock(path, OURS) as held:
        held.sign(replace(OURS, record="sale.journal.jsonl", at_rest=False))
    for _ in range(2):
        with hold_lock(path, THEIRS) as held:
            assert (held.former.record, held.former.at_rest) == ("sale.journal.jsonl", False)
    with hold_lock(path, OURS) as held:
        assert held.former.process == THEIRS.process


def test_those_who_only_look_do_not_keep_each_other_out(path):
    path.touch()
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert not is_held(path)


def test_a_lock_is_for_all_users_whatever_the_umask(path):
    before = os.umask(0o077)
    try:
        with hold_lock(path, OURS):
            assert path.stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_a_lock_that_was_removed_meanwhile_keeps_nobody_out(path, monkeypatch):
    """Between opening and locking, the name came to mean another file."""
    flock, removed = fcntl.flock, []

    def remove_first(descriptor, kind):
        if not removed:
            removed.append(path.unlink())
        flock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with hold_lock(path, OURS):
        assert is_held(path)
