"""A remote as compare-and-swap: one winner, never forced, and what is not known is said to be unknown."""

import shutil
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from git_builders import BRANCH, REF, TIMEOUT, environment, git, grow, install, make_bare, make_clone, see
from git_over_http import host

from mmsbatch.errors import RecordUnreachable
from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.shared.git import open_git
from mmsbatch.record.shared.git_process import Finished, run_process
from mmsbatch.record.shared.git_remote import Outcome, Pushed, open_branch

LOCK = "refs/mmsbatch/locks/a1b2c3"


@pytest.fixture
def bare(tmp_path):
    return make_bare(tmp_path)


@pytest.fixture
def clone(bare):
    return make_clone(bare, "clone")


@pytest.fixture
def branch(clone):
    return see(clone)


@pytest.fixture
def first(branch):
    """The branch's first commit."""
    first = grow(branch, {"records/winter-sale.jsonl": b"1\n", "other": b"o"})
    assert branch.push(first, None) == Pushed(Outcome.ACCEPTED)
    return first


def held(bare, ref=REF):
    """What the remote has, asked of itself."""
    return git(bare, "for-each-ref", "--format=%(objectname)", ref) or None


# Asking.


def _plain(bare):
    return make_clone(bare, "seen")


def _detached(bare):
    seen = make_clone(bare, "seen")
    git(seen, "checkout", "-q", "--detach", "HEAD~1")
    return seen


def _sub_folder(bare):
    folder = make_clone(bare, "seen") / "campaigns" / "winter"
    folder.mkdir(parents=True)
    return folder


def _linked(bare):
    git(make_clone(bare, "main-work-tree"), "worktree", "add", "-q", "-b", "side", str(bare.parent / "seen"))
    return bare.parent / "seen"


def _checked_out(bare):
    return make_clone(bare, "seen", "--branch", BRANCH)


CLONES = {
    "plain": _plain,
    "detached head": _detached,
    "sub folder": _sub_folder,
    "linked work tree": _linked,
    "the branch checked out": _checked_out,
    "bare": lambda bare: make_clone(bare, "seen", "--bare"),
    "mirror": lambda bare: make_clone(bare, "seen", "--mirror"),
    "single branch": lambda bare: make_clone(bare, "seen", "--single-branch"),
    "shallow": lambda bare: make_clone(bare, "seen", "--depth=1"),
    "shallow, of all branches": lambda bare: make_clone(bare, "seen", "--depth=1", "--no-single-branch"),
    "partial": lambda bare: make_clone(bare, "seen", "--filter=blob:none", "--single-branch"),
    "partial, of all branches": lambda bare: make_clone(bare, "seen", "--filter=blob:none"),
}


@pytest.mark.parametrize("kind", CLONES)
def test_from_any_clone_the_whole_branch_is_here(bare, branch, first, kind):
    git(bare, "config", "uploadpack.allowFilter", "true")
    second = grow(branch, {"other": b"p"}, first)
    assert branch.push(second, first).outcome is Outcome.ACCEPTED
    folder = CLONES[kind](bare)
    boundary = git(folder, "rev-list", "--count", "origin/main" if "shallow" in kind else "HEAD")
    branches = git(folder, "for-each-ref", "refs/heads", "refs/tags")
    seen = see(folder)
    assert seen.fetch() == second
    assert git(folder, "rev-list", second).split() == [second, first]
    files = seen.remote.git.files(second)
    assert dict(zip(files, seen.remote.git.read(*files.values()), strict=True)) == {
        "records/winter-sale.jsonl": b"1\n",
        "other": b"p",
    }
    third = grow(seen, {"other": None}, second)
    assert seen.push(third, second) == Pushed(Outcome.ACCEPTED)
    assert branch.fetch() == third
    if kind != "mirror":  # whose branches are the remote's, by their owner's wish
        assert git(folder, "for-each-ref", "refs/heads", "refs/tags") == branches
    assert git(folder, "rev-list", "--count", "origin/main" if "shallow" in kind else "HEAD") == boundary
    assert git(folder, "for-each-ref", "refs/mmsbatch/fetched") == ""


def test_a_partial_clone_gets_the_contents_at_once(bare, branch, first):
    git(bare, "config", "uploadpack.allowFilter", "true")
    folder = CLONES["partial"](bare)
    see(folder).fetch()
    shutil.rmtree(bare)
    assert see(folder).remote.git.read(f"{first}:other") == [b"o"]


def test_no_such_branch_is_no_failure(bare, branch):
    git(bare, "update-ref", f"refs/heads/other/{REF}", "main")
    git(bare, "update-ref", f"{REF}-2", "main")
    assert branch.fetch() is None
    assert not branch.went_back(None)


def test_the_remote_is_asked_not_what_was_fetched_before(bare, clone, branch, first):
    git(clone, "fetch", "-q", "origin")
    rival = see(make_clone(bare, "rival"))
    second = grow(rival, {"other": b"p"}, first)
    assert rival.push(second, first).outcome is Outcome.ACCEPTED
    assert git(clone, "rev-parse", f"origin/{BRANCH}") == first
    assert branch.fetch() == second


def test_another_run_in_the_same_clone_is_waited_for(branch, first):
    in_the_way = [Finished(128, b"", b"fatal: Unable to create '.git/shallow.lock': File exists.")] * 2

    def wait_for_it(command, folder, environ, stdin, timeout):
        if "fetch" in command and in_the_way:
            return in_the_way.pop()
        return run_process(command, folder, environ, stdin, timeout)

    assert _with_run(branch, wait_for_it).fetch() == first


# Pushing.


def test_a_rivals_commit_is_never_gone_over(bare, branch, first):
    rival = see(make_clone(bare, "rival"))
    rival.fetch()
    theirs = grow(rival, {"other": b"theirs"}, first)
    assert rival.push(theirs, first).outcome is Outcome.ACCEPTED
    ours = grow(branch, {"other": b"ours"}, first)
    assert branch.push(ours, first).outcome is Outcome.OVERTAKEN
    assert branch.push(grow(branch, {"a": b"a"}), None).outcome is Outcome.OVERTAKEN
    assert branch.fetch() == theirs == held(bare)
    # Not even on top of what they did, by somebody who did not take it into account.
    on_top = grow(branch, {"other": b"ours"}, theirs)
    assert branch.push(on_top, first).outcome is Outcome.OVERTAKEN
    with pytest.raises(ValueError, match="does not descend"):
        branch.push(ours, theirs)
    assert held(bare) == theirs


def test_what_is_there_already_is_no_win(bare, branch, first):
    assert branch.push(first, None).outcome is Outcome.OVERTAKEN
    rival = see(make_clone(bare, "rival"))
    rival.fetch()
    assert rival.push(first, None).outcome is Outcome.OVERTAKEN


def test_a_lock_is_taken_once_and_moved_on_by_its_holder(bare, branch):
    remote = branch.remote
    lock, other = grow(branch, {"holder.json": b"{}"}), grow(branch, {"holder.json": b"{}"})
    assert remote.fetch(LOCK) is None
    assert remote.push(LOCK, lock, None) == Pushed(Outcome.ACCEPTED)
    rival = see(make_clone(bare, "rival")).remote
    assert rival.fetch(LOCK) == lock
    assert rival.git.read(f"{lock}:holder.json") == [b"{}"]
    assert remote.push(LOCK, other, None).outcome is Outcome.OVERTAKEN
    # A plain push would go over it.
    assert remote.push(LOCK, grow(branch, {}, lock), None).outcome is Outcome.OVERTAKEN
    assert held(bare, LOCK) == lock
    given_back = grow(branch, {"holder.json": b"[]"}, lock)
    assert remote.push(LOCK, given_back, lock) == Pushed(Outcome.ACCEPTED)
    assert remote.push(LOCK, grow(branch, {"holder.json": b"2"}, lock), lock).outcome is Outcome.OVERTAKEN
    assert remote.fetch(LOCK) == held(bare, LOCK) == given_back
    assert not branch.went_back(None)
    with pytest.raises(ValueError, match="no full name"):
        remote.push("mmsbatch-record", lock, None)


RIVALS, ROUNDS = 6, 2


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    """A branch, and the clones of who race for it. They truly wait where somebody holds the ref locked."""
    bare = make_bare(tmp_path_factory.mktemp("race"))
    clones = [make_clone(bare, f"rival-{n}") for n in range(RIVALS)]
    rivals = [open_branch(open_git(each, environment(bare), TIMEOUT), "origin", BRANCH) for each in clones]
    assert rivals[0].push(grow(rivals[0], {"other": b"o"}), None).outcome is Outcome.ACCEPTED
    return bare, rivals


@pytest.mark.parametrize("is_same", [False, True], ids=["each their own", "all the same commit"])
@pytest.mark.parametrize("is_new", [False, True], ids=["on top", "new ref"])
def test_of_six_who_push_at_once_one_wins(arena, is_same, is_new):
    bare, rivals = arena
    barrier = threading.Barrier(RIVALS)

    def race(rival, ref, commit, old):
        barrier.wait(TIMEOUT)
        return rival.remote.push(ref, commit, old)

    for round_ in range(ROUNDS):
        tip = held(bare)
        ref, old = (f"{LOCK}-{is_same}-{round_}", None) if is_new else (REF, tip)
        commits = [_made_by(rival, tip, old) for rival in rivals]
        if is_same:
            shared = f"refs/heads/shared-{is_new}-{round_}"
            rivals[0].remote.push(shared, commits[0], None)
            commits = [rival.remote.fetch(shared) for rival in rivals]
        with ThreadPoolExecutor(RIVALS) as pool:
            pushed = list(pool.map(race, rivals, [ref] * RIVALS, commits, [old] * RIVALS))
        won = [commit for commit, each in zip(commits, pushed, strict=True) if each.outcome is Outcome.ACCEPTED]
        assert won == [held(bare, ref)]
        assert [each.outcome for each in pushed].count(Outcome.OVERTAKEN) == RIVALS - 1, pushed


def _made_by(rival, tip, old):
    assert rival.fetch() == tip
    return grow(rival, {"other": b"same"}, old)


# Refused.

#: Before a hook says no, or the ref is taken away from whoever pushes.
REFUSALS = {
    "an update hook": (
        "hooks/update",
        "echo protected >&2; exit 1",
        "[remote rejected] (hook declined); remote: protected",
    ),
    "a pre-receive hook": (
        "hooks/pre-receive",
        "echo 'GitLab: You are not allowed to push code to protected branches on this project.' >&2; exit 1",
        "[remote rejected] (pre-receive hook declined); remote: GitLab: You are not allowed",
    ),
    "a lock that somebody left": (f"{REF}.lock", "", "File exists"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_who_may_not_push_is_told_why(bare, branch, first, what):
    name, script, reason = REFUSALS[what]
    install(bare, name, script)
    pushed = branch.push(grow(branch, {"other": b"p"}, first), first)
    assert pushed.outcome is Outcome.REFUSED
    assert reason in pushed.reason
    assert held(bare) == first
    assert branch.last_seen() == first


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("receive.hideRefs", REF, "[rejected] (stale info)"),
        ("receive.maxInputSize", "1", "unpacker error"),
        ("transfer.fsckObjects", "true", ""),
        ("receive.denyNonFastForwards", "true", ""),
        ("receive.denyDeletes", "true", ""),
    ],
)
def test_settings_of_the_remote(bare, branch, first, setting, value, reason):
    git(bare, "config", setting, value)
    pushed = branch.push(second := grow(branch, {"other": b"p"}, first), first)
    assert pushed.outcome is (Outcome.REFUSED if reason else Outcome.ACCEPTED), pushed
    assert reason in pushed.reason
    assert held(bare) == (first if reason else second)


def test_a_lock_that_may_not_be_moved_stays(bare, branch):
    lock = grow(branch, {})
    assert branch.remote.push(LOCK, lock, None).outcome is Outcome.ACCEPTED
    install(bare, "hooks/update", "exit 1")
    assert branch.remote.push(LOCK, grow(branch, {}, lock), lock).outcome is Outcome.REFUSED
    assert held(bare, LOCK) == lock


def test_a_pre_push_hook_of_the_user_runs(clone, bare, branch, first):
    install(clone, ".git/hooks/pre-push", "cat > asked; echo 'tests are red' >&2; exit 1")
    second = grow(branch, {"other": b"p"}, first)
    assert branch.push(second, first) == Pushed(Outcome.REFUSED, "tests are red")
    assert (clone / "asked").read_text() == f"{second} {second} {REF} {first}\n"


# No answer.

FATES = {
    "it dies before anything is applied": ("hooks/pre-receive", "kill -9 $PPID", Outcome.UNKNOWN, False),
    "it dies when all is applied": (
        "hooks/reference-transaction",
        "[ $1 != committed ] || kill -9 $PPID",
        Outcome.ACCEPTED,
        True,
    ),
    "it breaks off by itself": ("hooks/reference-transaction", "[ $1 != prepared ]", Outcome.UNKNOWN, False),
    "it does not answer in time": ("hooks/pre-receive", "exec sleep 60", Outcome.UNKNOWN, False),
    "it applies, and does not say so in time": ("hooks/post-receive", "exec sleep 60", Outcome.ACCEPTED, True),
}


@pytest.mark.parametrize("fate", FATES)
def test_a_remote_that_goes_away_in_the_middle(bare, clone, branch, first, fate):
    name, script, outcome, is_there = FATES[fate]
    install(bare, name, script)
    quick = see(clone, timeout=1.0)
    second = grow(quick, {"other": b"p"}, first)
    pushed = quick.push(second, first)
    assert (pushed.outcome, held(bare)) == (outcome, second if is_there else first), pushed
    told = {
        Outcome.ACCEPTED: "",
        Outcome.UNKNOWN: "no answer within 1 s" if "sleep" in script else "hung up unexpectedly",
    }
    assert pushed.reason.endswith(told[outcome])


def test_one_that_applies_says_nothing_and_is_overtaken_has_accepted(bare, branch, first):
    """Somebody built on ours: ours is in the history."""
    rival = see(make_clone(bare, "rival"))
    second = grow(branch, {"other": b"p"}, first)
    third: list[str] = []

    def push_and_break(command, folder, environ, stdin, timeout):
        finished = run_process(command, folder, environ, stdin, timeout)
        if "push" not in command:
            return finished
        rival.fetch()
        third.append(grow(rival, {"other": b"q"}, second))
        assert rival.push(third[0], second).outcome is Outcome.ACCEPTED
        return Finished(128, b"", b"fatal: the remote end hung up unexpectedly\n")

    broken = _with_run(branch, push_and_break)
    assert broken.push(second, first).outcome is Outcome.ACCEPTED
    assert held(bare) == third[0]


def test_a_mirror_that_lags_says_nothing_about_a_lost_push(bare, clone, branch, first):
    second = grow(branch, {"other": b"p"}, first)
    git(clone, "remote", "set-url", "--push", "origin", str(bare))
    git(clone, "remote", "set-url", "origin", str(make_clone(bare, "mirror", "--bare", "--single-branch")))
    name, script, _, _ = FATES["it dies when all is applied"]
    install(bare, name, script)
    assert branch.push(second, first).outcome is Outcome.UNKNOWN
    assert held(bare) == second
    assert branch.fetch() is None
    assert branch.went_back(None)


@pytest.mark.parametrize(
    "answer",
    [
        Finished(0, b"Done\n"),
        Finished(0, b""),
        Finished(1, b"To x\n!\t%s:" + REF.encode() + b"\t[remote failure] (remote failed to report status)\nDone\n"),
        Finished(None),
        Finished(0, b"To x\n*\tabc:refs/heads/another\t[new branch]\nDone\n"),
    ],
    ids=["done, and nothing about ours", "nothing", "no report", "no time", "about another ref"],
)
def test_exit_code_0_is_no_answer(bare, branch, first, answer):
    """As of a remote that lost what it was sent: it left, and nobody knows."""

    def lose(command, folder, environ, stdin, timeout):
        if "push" not in command:
            return run_process(command, folder, environ, stdin, timeout)
        trace = f" setup: git_dir: .git\n packet: git> {first} {second} {REF}\\0 report-status\n"
        Path(environ["GIT_TRACE_PACKET"]).write_text(trace)
        return answer

    second = grow(branch, {"other": b"p"}, first)
    assert _with_run(branch, lose).push(second, first).outcome is Outcome.UNKNOWN
    assert held(bare) == first


def test_without_a_trace_nothing_is_known_not_to_have_left(branch, first):
    def lose(command, folder, environ, stdin, timeout):
        return Finished(128) if "push" in command else run_process(command, folder, environ, stdin, timeout)

    second = grow(branch, {"other": b"p"}, first)
    assert _with_run(branch, lose).push(second, first).outcome is Outcome.UNKNOWN


def test_a_disk_that_fills_up_does_not_change_what_became_of_a_push(bare, branch, first):
    pushed = []

    def fill_up(command, folder, environ, stdin, timeout):
        if pushed:
            raise OSError(28, "No space left on device")
        finished = run_process(command, folder, environ, stdin, timeout)
        if "push" in command:
            pushed.append(finished)
        return finished

    full = _with_run(branch, fill_up)
    second = grow(full, {"other": b"p"}, first)
    assert full.push(second, first).outcome is Outcome.ACCEPTED
    for script, outcome in (("kill -9 $PPID", Outcome.UNKNOWN), ("exit 1", Outcome.REFUSED)):
        pushed.clear()
        install(bare, "hooks/pre-receive", script)
        assert full.push(grow(full, {}, second), second).outcome is outcome


def _with_run(branch, run):
    return replace(branch, remote=replace(branch.remote, git=replace(branch.remote.git, run=run)))


@pytest.fixture
def closed_port():
    with socket.socket() as held_back:
        held_back.bind(("127.0.0.1", 0))
        yield held_back.getsockname()[1]  # bound, and nobody listens


@pytest.mark.parametrize("url", ["http://me:s3cret@127.0.0.1:{}/x.git", "git://127.0.0.1:{}/x.git", "/nowhere/x.git"])
def test_a_remote_that_cannot_be_reached(clone, branch, first, closed_port, url):
    second = grow(branch, {"other": b"p"}, first)
    git(clone, "remote", "set-url", "origin", url.format(closed_port))
    with pytest.raises(RecordUnreachable, match="the git remote origin does not answer: fatal: ") as caught:
        branch.fetch()
    assert caught.value.exit_code is ExitCode.GATEWAY
    pushed = branch.push(second, first)
    assert pushed.outcome is Outcome.UNREACHED
    assert "s3cret" not in f"{caught.value.message}{pushed.reason}"
    assert not branch.went_back(first)


@pytest.mark.parametrize(
    ("fault", "closed_to", "outcome"),
    [
        ("", (), Outcome.ACCEPTED),
        ("", ("git-receive-pack",), Outcome.REFUSED),
        ("", ("git-receive-pack", "git-upload-pack"), Outcome.UNREACHED),
        ("cut before", (), Outcome.UNKNOWN),
        ("cut after", (), Outcome.ACCEPTED),
    ],
)
def test_a_remote_over_http(bare, clone, branch, first, fault, closed_to, outcome):
    with ExitStack() as stack:
        git(
            clone,
            "remote",
            "set-url",
            "origin",
            f"{stack.enter_context(host(bare.parent, fault, closed_to))}/decides.git",
        )
        if "git-upload-pack" not in closed_to:
            assert branch.fetch() == first
        second = grow(branch, {"other": b"p"}, first)
        pushed = branch.push(second, first)
    assert pushed.outcome is outcome, pushed
    assert held(bare) == (second if outcome is Outcome.ACCEPTED else first)
    if closed_to:
        assert "could not read Username" in pushed.reason


# The record went back in time.


def test_a_remote_put_back_to_an_older_backup(bare, branch, first):
    second = grow(branch, {"other": b"p"}, first)
    assert branch.push(second, first).outcome is Outcome.ACCEPTED
    assert not branch.went_back(second)
    git(bare, "update-ref", REF, first)
    for _ in range(2):  # and stays noticed
        assert branch.fetch() == first
        assert branch.went_back(first)
    git(bare, "update-ref", "-d", REF)
    assert branch.fetch() is None
    assert branch.went_back(None)
    # What was lost is still here.
    git(branch.remote.git.folder, "push", "-q", "origin", f"{branch.seen}:{REF}")
    assert branch.fetch() == second
    assert not branch.went_back(second)


def test_a_branch_begun_anew_went_back(bare, branch, first):
    git(bare, "update-ref", "-d", REF)
    rival = see(make_clone(bare, "rival"))
    anew = grow(rival, {"other": b"new"})
    assert rival.push(anew, None).outcome is Outcome.ACCEPTED
    assert branch.fetch() == anew
    assert branch.went_back(anew)
    assert not rival.went_back(anew)


def test_what_others_added_did_not_go_back(bare, branch, first):
    rival = see(make_clone(bare, "rival"))
    tip = first
    for n in range(3):
        rival.fetch()
        tip, before = grow(rival, {"other": b"%d" % n}, tip), tip
        assert rival.push(tip, before).outcome is Outcome.ACCEPTED
    assert branch.last_seen() == first
    assert branch.fetch() == tip
    assert not branch.went_back(tip)
    assert branch.last_seen() == tip
