"""A record on a git remote that fails: each fault's code and words, and nobody is sent twice afterwards."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from campaign_repo import PATIENCE, Ended
from git_fleet import BRANCH, JOURNAL, SPEC, Clone, Fleet, git
from log_gateway import REFUSE, TAKE, LogGateway

MANIFEST = JOURNAL.replace("journal.jsonl", "manifest.json")
REF = f"refs/heads/{BRANCH}"
FORBIDDEN = "GitLab: You are not allowed to push code to protected branches on this project."


@pytest.fixture
def gateway() -> Iterator[LogGateway]:
    with LogGateway(latency=0.02) as gateway:
        yield gateway
        gateway.let_go()


@pytest.fixture
def fleet(tmp_path: Path, gateway: LogGateway) -> Iterator[Fleet]:
    """Eight recipients in four chunks, two claimed at a time, one request in flight."""
    fleet = make_fleet(tmp_path, gateway)
    yield fleet
    fleet.close()
    assert len(gateway.counts) == len(gateway.log), "sent twice"
    assert not gateway.problems


def make_fleet(folder: Path, gateway: LogGateway) -> Fleet:
    fleet = Fleet(folder, gateway, 8, {"chunks": 2, "seconds": 2}, chunk_size=2, concurrency=1)
    gateway.on_arrival = fleet.check_announced
    fleet.clone(machine="runner-1")
    return fleet


def apply(fleet: Fleet, clone: Clone | None = None) -> Ended:
    return fleet.run(clone or fleet.clones[0], "apply", SPEC, "--yes", "--quiet")


def send_half(fleet: Fleet) -> None:
    """Send two chunks of four: the credit ends with them."""
    fleet.gateway.fate = lambda count: TAKE if count <= 2 else REFUSE
    assert apply(fleet).code == 3
    fleet.gateway.fate = lambda _: TAKE


def check_goes_on(fleet: Fleet) -> None:
    """Once the fault is gone, what is in doubt is settled, and the rest is sent."""
    clone = fleet.clone()
    fleet.settle(clone)
    assert apply(fleet, clone).code == 0
    fleet.check_all_sent(clone)


# --- before anything is sent


def reject(fleet: Fleet) -> Callable[[], None]:
    fleet.hook("pre-receive", "echo 'no pushes on Fridays' >&2; exit 1")
    return lambda: fleet.unhook("pre-receive")


def protect(fleet: Fleet) -> Callable[[], None]:
    fleet.hook("update", f"echo '{FORBIDDEN}' >&2; exit 1")
    return lambda: fleet.unhook("update")


def forbid(fleet: Fleet) -> Callable[[], None]:
    git(fleet.bare, "config", "http.receivepack", "false")
    program = fleet.folder / "git-receive-pack"
    program.write_text("#!/bin/sh\necho 'ERROR: Permission to firm/mms.git denied to robot.' >&2; exit 128\n")
    program.chmod(0o755)
    git(fleet.clones[0].folder, "config", "remote.origin.receivepack", str(program))
    return lambda: None


def lose_the_remote(fleet: Fleet) -> Callable[[], None]:
    fleet.take_away()
    return fleet.bring_back


def name_no_remote(fleet: Fleet) -> Callable[[], None]:
    git(fleet.clones[0].folder, "remote", "rename", "origin", "upstream")
    return lambda: None


#: What is wrong, the code, what is said, what the way out is.
BEFORE = {
    "unreachable": (lose_the_remote, 6, "the git remote origin does not answer: ", "`git fetch origin` works here"),
    "a hook that says no": (
        *(
            reject,
            1,
            "origin does not take a push to the branch mmsbatch-record: ",
            "give this user or token the right",
        ),
    ),
    "a protected branch": (protect, 1, FORBIDDEN, "take protections and hooks off that branch"),
    "no permission": (forbid, 1, "Permission to firm/mms.git denied to robot", "give this user or token the right"),
    "no such remote": (name_no_remote, 1, "no git remote 'origin'", "`git remote add NAME URL`"),
}


@pytest.mark.parametrize("fault", BEFORE)
def test_before_anything_is_sent(fault: str, fleet: Fleet) -> None:
    break_it, code, said, way_out = BEFORE[fault]
    mend = break_it(fleet)
    ended = apply(fleet)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert way_out in ended.err
    assert not fleet.gateway.sends
    mend()
    check_goes_on(fleet)


def test_whoever_asks_a_remote_that_is_away_is_told_so(fleet: Fleet) -> None:
    [clone] = fleet.clones
    fleet.take_away()
    settle = ("resolve", SPEC, "--chunk", "1-1", "--as", "sent", "--reason", "seen")
    for words in (("status", SPEC), ("status", SPEC, "--verify"), ("plan", SPEC), settle):
        ended = fleet.run(clone, *words)
        assert ended.code == 6
        assert "the git remote origin does not answer" in ended.err


# --- the branch is not what it was


def edit(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Fleet], None]:
    """Change the journal's lines by hand."""

    def write(fleet: Fleet) -> None:
        fleet.edit({JOURNAL: b"".join(change(fleet.journal().encode().splitlines(keepends=True)))})

    return write


def delete(fleet: Fleet) -> None:
    git(fleet.bare, "update-ref", "-d", REF)


def put_back(fleet: Fleet) -> None:
    """Have the branch as it was three pushes ago, in a backup say."""
    git(fleet.bare, "update-ref", REF, f"{REF}~1")


def tear_apart(fleet: Fleet) -> None:
    fleet.edit({JOURNAL: None, f"{JOURNAL}.0002": fleet.journal().encode()})


ON_TOP = "a commit and a push on top"
TAKEN_BACK = "is not what mmsbatch wrote last: changed by hand"
#: What was done, what is said, what the way out is. Whoever never saw the branch before cannot tell the first two.
CHANGED = {
    "put back to a backup": (put_back, "went back in time: it lacks ", f":{REF}`"),
    "deleted": (delete, "went back in time: it lacks ", f":{REF}`"),
    "a line changed": (
        *(
            edit(lambda lines: [*lines[:3], lines[3].replace(b'"at"', b'"ta"'), *lines[4:]]),
            f"{JOURNAL}:4: the journal",
        ),
        ON_TOP,
    ),
    "a line taken out": (edit(lambda lines: lines[:3] + lines[4:]), f"{JOURNAL}:4: the journal is damaged", ON_TOP),
    "the last lines taken off": (edit(lambda lines: lines[:-4]), TAKEN_BACK, ON_TOP),
    "journal removed": (lambda fleet: fleet.edit({JOURNAL: None}), TAKEN_BACK, ON_TOP),
    "all of it removed": (lambda fleet: fleet.edit({JOURNAL: None, MANIFEST: None}), TAKEN_BACK, ON_TOP),
    "a piece missing": (tear_apart, "a piece of the journal is missing", "not by rewriting the branch"),
}


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet that sent half, for whoever puts the branch back after a change."""
    with LogGateway() as gateway:
        fleet = make_fleet(tmp_path_factory.mktemp("halfway"), gateway)
        send_half(fleet)
        yield fleet
        fleet.close()
        assert gateway.sends == 3


@pytest.mark.parametrize("what", CHANGED)
def test_a_branch_that_is_not_what_it_was(what: str, halfway: Fleet) -> None:
    change, said, way_out = CHANGED[what]
    tip = git(halfway.bare, "rev-parse", REF)
    clone = halfway.clones[0] if "went back" in said else halfway.clone()
    change(halfway)
    try:
        ended = apply(halfway, clone)
        assert (ended.code, ended.out) == (1, "")
        assert said in ended.err
        assert way_out in ended.err
        verified = halfway.run(clone, "status", SPEC, "--verify")
        assert (verified.code, said in verified.out + verified.err) == (1, True)
    finally:
        git(halfway.bare, "update-ref", REF, tip)


def test_what_the_refusal_of_a_backup_says_to_do_works(fleet: Fleet) -> None:
    send_half(fleet)
    put_back(fleet)
    command = apply(fleet).err.partition("bring it back with `git ")[2].partition("`")[0]
    git(fleet.clones[0].folder, *command.split())
    check_goes_on(fleet)


def test_what_the_refusal_of_an_edit_says_to_do_works(fleet: Fleet) -> None:
    send_half(fleet)
    edit(lambda lines: lines[:3] + lines[4:])(fleet)
    command = apply(fleet).err.partition("with `git ")[2].partition("`")[0]
    git(fleet.folder, "clone", "-q", "--branch", BRANCH, str(fleet.bare), "mended")
    for words in (command.split(), ("commit", "-q", "-m", "as it was"), ("push", "-q")):
        git(fleet.folder / "mended", *words)
    clone = fleet.clone()
    assert apply(fleet, clone).code == 0
    assert fleet.run(clone, "status", SPEC, "--verify").code == 0
    assert len(fleet.gateway.counts) == 8


def test_a_file_of_somebody_elses_on_the_branch_is_left_alone(fleet: Fleet) -> None:
    send_half(fleet)
    fleet.edit({"NOTES.md": b"hello\n"})
    assert apply(fleet, fleet.clone()).code == 0
    assert git(fleet.bare, "cat-file", "blob", f"{REF}:NOTES.md") == "hello"


# --- while a run is under way


def start(fleet: Fleet, clone: Clone | None = None):
    """Start a run, and wait until its first request is under way."""
    process = fleet.start(clone or fleet.clones[0], "apply", SPEC, "--yes", "--quiet")
    assert fleet.gateway.wait_for_sends(1, PATIENCE)
    return process


def test_a_run_under_way_holds_the_campaign_wherever_it_is(fleet: Fleet, gateway: LogGateway) -> None:
    gateway.latency = PATIENCE
    beside, elsewhere = fleet.clone(machine="runner-1"), fleet.clone(machine="runner-2")
    process = start(fleet)
    for clone in (beside, elsewhere):
        ended = apply(fleet, clone)
        assert ended.code == 5
        assert re.search(f"claims 1-1, 1-2.*: process {process.pid} of marie on runner-1, since ", ended.err)
        assert "if that runner is gone, settle what it claimed" in ended.err
    process.kill()
    fleet.finish(process)
    gateway.let_go()
    ended = apply(fleet, elsewhere)
    assert ended.code == 5, "from another machine nobody can tell that it is gone"
    ended = apply(fleet, beside)
    assert ended.code == 4
    assert re.search("error: in doubt: campaigns/sale.yaml 1-1, 1-2.*; nothing was sent", ended.err)
    assert gateway.sends == 1
    check_goes_on(fleet)


def test_a_remote_that_went_away_in_the_middle(fleet: Fleet, gateway: LogGateway) -> None:
    """It is waited for; then the run ends, says what it knows, and the answers are kept on this machine."""
    gateway.latency = 0.3
    process = start(fleet)
    fleet.take_away()
    ended = fleet.finish(process, patience=3 * PATIENCE)
    fleet.bring_back()
    assert ended.code == 4
    assert " accepted, " in ended.out
    assert "stopped: the branch mmsbatch-record of origin cannot be written: " in ended.out
    assert "the answers that others cannot see are in " in ended.out
    assert "see that the remote answers, then run again" in ended.out
    assert apply(fleet).code == 4
    check_goes_on(fleet)


def test_a_remote_that_was_away_for_a_moment(fleet: Fleet, gateway: LogGateway) -> None:
    gateway.latency = 0.3
    process = start(fleet)
    fleet.take_away()
    time.sleep(0.8)
    fleet.bring_back()
    assert fleet.finish(process).code == 0
    fleet.check_all_sent(fleet.clone())


def test_a_push_that_is_refused_in_the_middle(fleet: Fleet, gateway: LogGateway) -> None:
    gateway.latency = 0.3
    process = start(fleet)
    mend = protect(fleet)
    ended = fleet.finish(process)
    assert ended.code == 4
    assert "stopped: origin does not take a push to the branch mmsbatch-record: [remote rejected] " in ended.out
    assert FORBIDDEN in ended.out
    mend()
    check_goes_on(fleet)


def test_a_remote_put_back_to_a_backup_in_the_middle(fleet: Fleet, gateway: LogGateway) -> None:
    gateway.latency, gateway.on_arrival = 0.3, lambda _: None
    fleet.back_up("backup")
    process = start(fleet)
    fleet.put_back("backup")
    ended = fleet.finish(process)
    assert ended.code == 4
    assert "went back in time: it lacks " in ended.out
    again = apply(fleet)
    assert again.code == 1
    git(fleet.clones[0].folder, *again.err.partition("bring it back with `git ")[2].partition("`")[0].split())
    check_goes_on(fleet)


def test_a_push_whose_answer_is_lost(fleet: Fleet) -> None:
    fleet.hook("reference-transaction", "[ $1 != committed ] || kill -9 $PPID")
    assert apply(fleet).code == 0
    fleet.check_all_sent(fleet.clone())
