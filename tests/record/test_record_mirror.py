"""The folder that a branch is laid out in goes with its process, or with the next one."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from mmsbatch.errors import Refusal
from mmsbatch.record.shared import mirror
from mmsbatch.record.shared.mirror import own_mirror

HOLD = """
import sys, time
from pathlib import Path
from mmsbatch.record.shared.mirror import own_mirror
with own_mirror(Path(sys.argv[1])) as mirror:
    (mirror / "journal").write_text("numbers")
    print("there", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process, with a folder of its own."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "there\n"
        yield process
        process.kill()


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_it_is_empty_private_and_gone_afterwards(tmp_path):
    with own_mirror(tmp_path) as mirror:
        assert (list(mirror.iterdir()), mirror.parent.stat().st_mode & 0o777) == ([], 0o700)
        (mirror / "journal").write_text("numbers")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert files(tmp_path) == ["journal", "lock"]
    with own_mirror(tmp_path):
        assert files(tmp_path) == ["lock"]


def test_what_a_living_process_has_stays(tmp_path, holder):
    with own_mirror(tmp_path):
        assert files(tmp_path) == ["journal", "lock", "lock"]
    assert files(tmp_path) == ["journal", "lock"]


@pytest.mark.parametrize("name", ["mmsbatch-record-notes", "mmsbatch-recorded"])
def test_what_is_none_of_ours_stays(tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    for folder in (elsewhere, tmp_path / name):
        folder.mkdir()
        (folder / "notes").write_text("mine")
        (folder / "lock").touch()
    (tmp_path / "mmsbatch-record-link").symlink_to(elsewhere)
    with own_mirror(tmp_path):
        pass
    assert files(tmp_path) == ["lock", "lock", "notes", "notes"]


def test_whoever_is_killed_while_removing_leaves_it_to_the_next(tmp_path, monkeypatch):
    removed = []
    remove = mirror.shutil.rmtree
    monkeypatch.setattr(mirror.shutil, "rmtree", lambda path: (removed.append(path.name), remove(path)))
    with own_mirror(tmp_path) as ours:
        name = ours.parent.name
    assert removed == ["branch", name], "the lock goes last"
    half = tmp_path / "mmsbatch-record-half"
    half.mkdir()
    (half / "lock").touch()
    with own_mirror(tmp_path):
        assert not half.exists()


def test_a_file_system_without_locks_keeps_nobody_from_the_record(tmp_path, monkeypatch):
    def refuse(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(mirror.fcntl, "flock", refuse)
    with own_mirror(tmp_path) as ours:
        (ours / "journal").touch()
        with own_mirror(tmp_path):
            assert files(tmp_path) == ["journal"], "what has no lock may be somebody's"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mirror.fcntl, "flock", refuse)
    with pytest.raises(Refusal, match="No space left on device"), own_mirror(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_where_none_can_be_made_it_is_told(tmp_path):
    with pytest.raises(Refusal, match="No such file or directory"), own_mirror(tmp_path / "gone"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_another_user_stays(tmp_path):
    folder = tmp_path / "mmsbatch-record-theirs"
    folder.mkdir()
    (folder / "lock").touch()
    os.chown(folder, 12345, 12345)
    with own_mirror(tmp_path):
        pass
    assert files(tmp_path) == ["lock"]
