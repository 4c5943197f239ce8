"""Objects by plumbing: nothing of the user's is touched, and no setting of theirs changes what we write."""

import os
import signal
import subprocess
import time
from dataclasses import replace

import pytest
from git_builders import AT, BRANCH, PARIS, TIMEOUT, environment, git, grow, install, make, make_bare, make_clone, see

from mmsbatch.errors import Refusal
from mmsbatch.record.shared import git_process
from mmsbatch.record.shared.git import open_git
from mmsbatch.record.shared.git_process import Finished, run_process, told
from mmsbatch.record.shared.git_remote import Outcome, open_branch

MANY = {f"records/{n:03d}/winter-sale.jsonl": b"%d\n" % n for n in range(300)}


@pytest.fixture
def bare(tmp_path):
    return make_bare(tmp_path)


@pytest.fixture
def clone(bare):
    return make_clone(bare, "clone")


@pytest.fixture
def here(clone):
    return open_git(clone, environment(clone), TIMEOUT)


def test_a_commit_changes_its_paths_and_keeps_the_others(here):
    first = make(here, {**MANY, "top": b"", 'odd "é\\\n name': b"\x00\xff\r\n"})
    second = make(here, {"top": None, "records/007/winter-sale.jsonl": b"7\n8\n", "records/x/y": b"new"}, first)
    expected = {**MANY, 'odd "é\\\n name': b"\x00\xff\r\n", "records/x/y": b"new"}
    expected["records/007/winter-sale.jsonl"] = b"7\n8\n"
    files = here.files(second)
    assert dict(zip(files, here.read(*files.values()), strict=True)) == expected
    assert here.read() == []
    assert here.read(f"{first}:records/007/winter-sale.jsonl") == [b"7\n"]
    assert here.is_ancestor(first, second)
    assert not here.is_ancestor(second, first)
    assert not here.is_ancestor("12" * 20, second)


def test_the_log_tells_who_and_when(here, clone):
    made = here.commit(None, {"a": b""}, "Claim chunks 1 to 3\n\nSecond paragraph: é", PARIS, "zoé <ci>\non runner-1")
    assert git(clone, "log", "-1", "--format=%an|%ae|%ai|%cn|%ce|%ci|%B", made).split("|") == [
        *("mmsbatch for zoé ci on runner-1", "zoe@example.com", "2026-03-01 09:30:00 +0100") * 2,
        f"Claim chunks 1 to 3\n\nSecond paragraph: é\n\nNonce: {_nonce(clone, made)}",
    ]
    git(clone, "fsck", "--strict", made)


def _nonce(clone, commit):
    return git(clone, "log", "-1", "--format=%(trailers:key=Nonce,valueonly)", commit)


def test_two_commits_are_never_the_same(here):
    assert make(here, {"a": b""}) != make(here, {"a": b""})
    still = replace(here, nonce=lambda: "one")
    assert make(still, {"a": b""}) == make(still, {"a": b""})


@pytest.mark.parametrize("path", ["", "/a", "a//b", "../a", "a/./b", ".git/config", "a/.GIT/b", "a\0b"])
def test_a_path_stays_in_its_tree(here, path):
    with pytest.raises(ValueError, match="not a path of a commit"):
        make(here, {path: b""})


def test_a_time_without_a_zone_is_not_guessed(here):
    with pytest.raises(ValueError, match="needs its zone"):
        here.commit(None, {}, "m", AT.replace(tzinfo=None), "ci")


def test_what_is_not_here_is_not_read_as_empty(here):
    commit = make(here, {"a": b"a"})
    for name in ("12" * 20, f"{commit}:b", commit):
        with pytest.raises(Refusal, match="has no file"):
            here.read(f"{commit}:a", name)
    with pytest.raises(Refusal, match="git ls-tree: fatal: "):
        here.files("12" * 20)


SETTINGS = {
    "core.autocrlf": "true",
    "core.quotePath": "true",
    "core.ignoreCase": "true",
    "core.logAllRefUpdates": "always",
    "commit.gpgSign": "true",
    "i18n.commitEncoding": "latin1",
    "push.followTags": "true",
    "push.recurseSubmodules": "on-demand",
    "push.default": "nothing",
    "push.useForceIfIncludes": "true",
    "fetch.prune": "true",
    "fetch.pruneTags": "true",
    "fetch.recurseSubmodules": "true",
    "fetch.writeCommitGraph": "true",
    "fastimport.unpackLimit": "1",
    "transfer.fsckObjects": "true",
    "init.defaultBranch": "trunk",
    "remote.origin.mirror": "true",
    "remote.origin.push": "refs/heads/*:refs/heads/*",
    "remote.origin.tagOpt": "--tags",
    "remote.pushDefault": "elsewhere",
    "submodule.recurse": "true",
    "gc.auto": "1",
}


def test_settings_of_the_user_change_nothing(bare, clone):
    git(bare, "config", "receive.fsckObjects", "true")
    git(clone, "tag", "-a", "-m", "t", "local-tag")
    git(bare, "tag", "remote-tag", "main")
    for name, value in SETTINGS.items():
        git(clone, "config", name, value)
    before = _refs(clone), _files(clone)
    branch = see(clone)
    first = grow(branch, {"É/a": b"a\r\nb\n", "É/A": b"other"})
    assert branch.push(first, None).outcome is Outcome.ACCEPTED
    assert branch.fetch() == first
    assert branch.push(second := grow(branch, {"b": b"b"}, first), first).outcome is Outcome.ACCEPTED
    assert branch.remote.git.files(second).keys() == {"É/a", "É/A", "b"}
    assert branch.remote.git.read(f"{second}:É/a") == [b"a\r\nb\n"]
    assert sorted(git(bare, "for-each-ref", "--format=%(refname)").split()) == [
        *("refs/heads/main", f"refs/heads/{BRANCH}", "refs/tags/remote-tag")
    ]
    assert (_refs(clone), _files(clone)) == before


def _refs(clone):
    """All of the user's; not what moves along with any push, and not what is our own."""
    listed = git(clone, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    return [line for line in listed if not line.endswith((f"refs/remotes/origin/{BRANCH}", f"seen/origin/{BRANCH}"))]


def _files(clone):
    """What a user would notice: their index, FETCH_HEAD, and what is in the work tree."""
    names = ("index", "FETCH_HEAD", "HEAD", "config", "shallow", "packed-refs", "ORIG_HEAD")
    paths = [clone / ".git" / name for name in names]
    return {path: path.read_bytes() for path in paths if path.exists()}, git(clone, "status", "--porcelain")


def test_index_and_work_tree_stay_as_they_are(clone):
    (clone / "staged").write_text("staged")
    git(clone, "add", "staged")
    (clone / "staged").write_text("and edited")
    (clone / "untracked").write_text("untracked")
    before = _files(clone), git(clone, "diff")
    branch = see(clone)
    tip = grow(branch, {"staged": b"ours"})
    assert branch.push(tip, None).outcome is Outcome.ACCEPTED
    assert branch.fetch() == tip
    assert (_files(clone), git(clone, "diff")) == before


@pytest.mark.parametrize(
    "left",
    [
        {"GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere"},
        {"GIT_INDEX_FILE": "/nowhere/index", "GIT_PREFIX": "sub/"},
        {"GIT_OBJECT_DIRECTORY": "/nowhere", "GIT_QUARANTINE_PATH": "/nowhere"},
        {"GIT_TRACE": "1", "GIT_TRACE_PACKET": "1", "GIT_TRACE2": "1", "GIT_LITERAL_PATHSPECS": "1"},
        {"LC_ALL": "fr_FR.UTF-8", "LANGUAGE": "fr", "GIT_NAMESPACE": ""},
    ],
)
def test_what_a_hook_left_in_the_environment_does_not_lead_astray(clone, left):
    branch = see(clone, **left)
    tip = grow(branch, {"a": b"a"})
    assert branch.push(tip, None).outcome is Outcome.ACCEPTED
    assert branch.fetch() == tip
    refused = branch.push(grow(branch, {"a": b"b"}), None)
    assert refused.reason == "[rejected] (stale info)"


def test_replaced_objects_are_not_believed(here, clone):
    true = make(here, {"a": b"true"})
    git(clone, "replace", true, make(here, {"a": b"false"}))
    assert here.read(f"{true}:a") == [b"true"]


def test_a_sha256_repository(tmp_path):
    clone = make_clone(make_bare(tmp_path, "--object-format=sha256"), "clone")
    branch = see(clone)
    first = grow(branch, {"a": b"a"})
    assert len(first) == 64
    assert branch.push(first, None).outcome is Outcome.ACCEPTED
    assert branch.push(grow(branch, {"a": b"b"}, first), first).outcome is Outcome.ACCEPTED
    assert branch.push(grow(branch, {"a": b"c"}, first), first).outcome is Outcome.OVERTAKEN


# What keeps git from working at all.


def test_no_git(clone):
    with pytest.raises(Refusal, match="git is not installed, or not on PATH"):
        open_git(clone, {"PATH": str(clone)}, TIMEOUT)


@pytest.mark.parametrize("said", [b"git version 2.28.9", b"git version 1.8.3.1", b"no idea"])
def test_an_old_git(clone, said):
    with pytest.raises(Refusal, match="too old"):
        open_git(clone, environment(clone), TIMEOUT, lambda *_: Finished(0, said))


def test_no_repository(tmp_path):
    with pytest.raises(Refusal, match="does not open this repository: fatal: not a git repository"):
        open_git(tmp_path, environment(tmp_path, GIT_CEILING_DIRECTORIES=str(tmp_path.parent)), TIMEOUT)
    with pytest.raises(Refusal, match=r"cannot be run in .*: No such file"):
        open_git(tmp_path / "none", environment(tmp_path), TIMEOUT)


def test_a_repository_of_somebody_else(clone):
    with pytest.raises(Refusal, match="dubious ownership"):
        open_git(clone, environment(clone, GIT_TEST_ASSUME_DIFFERENT_OWNER="1"), TIMEOUT)


def test_remotes_and_branches_that_are_none(clone, here):
    for name in ("nowhere", "--all", "."):
        with pytest.raises(Refusal, match="has no git remote"):
            open_branch(here, name, BRANCH)
    for name in ("a b", "a:refs/heads/main", "a..b", "*", "", "a.lock"):
        with pytest.raises(Refusal, match="is no name of a branch"):
            open_branch(here, "origin", name)
    git(clone, "remote", "set-url", "--push", "--add", "origin", "/one")
    git(clone, "remote", "set-url", "--push", "--add", "origin", "/two")
    with pytest.raises(Refusal, match="pushes to several places"):
        open_branch(here, "origin", BRANCH)


@pytest.mark.parametrize(
    ("environ", "setting", "used"),
    [
        ({}, None, "ssh -o BatchMode=yes"),
        ({"GIT_SSH_COMMAND": "ssh -i key"}, None, "ssh -i key"),
        ({"GIT_SSH": "/usr/bin/ssh"}, None, None),
        ({}, "ssh -i key", None),
    ],
)
def test_ssh_asks_nothing_unless_the_user_says_how(clone, environ, setting, used):
    if setting:
        git(clone, "config", "core.sshCommand", setting)
    assert open_git(clone, environment(clone, **environ), TIMEOUT).environ.get("GIT_SSH_COMMAND") == used


# One process.


def test_a_timeout_takes_the_children_along(tmp_path, monkeypatch):
    monkeypatch.setattr(git_process, "GRACE", 0.2)
    install(tmp_path, "git", "trap '' TERM\nsleep 60 & echo $! > child\nwait\nsleep 60")
    started = time.monotonic()
    finished = run_process([str(tmp_path / "git")], tmp_path, environment(tmp_path), None, 0.3)
    assert finished.code is None
    assert time.monotonic() - started < 10
    assert _is_gone(int((tmp_path / "child").read_text()))


def _is_gone(process):
    for _ in range(100):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
        if state.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.01)
    return False


def test_who_stays_behind_is_not_waited_for(tmp_path):
    """An ssh that keeps its connection for the next one holds on to what it was given."""
    install(tmp_path, "git", "(setsid sleep 30 >/dev/null & echo $! > child)\necho done")
    finished = run_process([str(tmp_path / "git")], tmp_path, environment(tmp_path), None, 20)
    assert finished == Finished(0, b"done\n")
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


def test_it_is_out_of_the_terminals_reach_and_reads_nothing(tmp_path):
    install(tmp_path, "git", "cat; ps -o sid= -p $$")
    finished = run_process([str(tmp_path / "git")], tmp_path, environment(tmp_path), None, TIMEOUT)
    assert int(finished.out) not in (os.getsid(0), 0)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            b"fatal: unable to access 'https://me:s3cret@host/x.git/': 403\n",
            "fatal: unable to access 'https://host/x.git/': 403",
        ),
        (b"fatal: https://ghp_token@host/x not found", "fatal: https://host/x not found"),
        (b"remote: a  \x1b[31mred\x1b[0m\x07 word   \nremote: \nhint: pull\n", "remote: a red word"),
        (b"no 06 39 98 00 12 here", "no ••••••••••••12 here"),
        (b"\n".join(b"%d" % n for n in range(9)), "3; 4; 5; 6; 7; 8"),
        (b"remote: no\nerror: failed to push some refs to 'x'\n", "remote: no"),
        (b"half\rwhole \xff", "half; whole �"),
    ],
)
def test_what_git_says_is_fit_to_be_shown(said, kept):
    assert told(said) == kept


def test_git_and_whoever_it_calls_know_no_credential(tmp_path):
    """Hooks, helpers and ssh run in its environment, and what they say is told."""
    secrets = {"MMSBATCH_PASSCODE": "x", "MMSBATCH_PSEUDONYM_KEY": "x", "SHOP_PASSCODE": "x", "SHOP_CLIENTCODE": "x"}
    clone = make_clone(make_bare(tmp_path), "clone")
    seen = open_git(clone, environment(clone, **secrets, TOKEN_OF_A_HELPER="y"), TIMEOUT)
    assert not secrets.keys() & seen.environ.keys()
    assert seen.environ["TOKEN_OF_A_HELPER"] == "y"
