"""One sender per account over all machines: a ref on the remote, and whose it is."""

import json
from dataclasses import replace

import pytest
from git_builders import AT, git, install, make_bare, make_clone, see

from mmsbatch.errors import Locked, RecordUnreachable, Refusal, UsageProblem
from mmsbatch.record.lock import Holder
from mmsbatch.record.shared.account_ref import PREFIX, AccountRefs

ACCOUNT = "3f2a9c0d1e4b"
MARIE = Holder(7, "runner-1", "marie", "2026-12-19T09:00:00.000Z", "https://ci.example.com/jobs/1")
ZOE = Holder(8, "runner-2", "zoé", "2026-12-19T09:00:05.000Z")


@pytest.fixture
def bare(tmp_path):
    return make_bare(tmp_path)


@pytest.fixture
def refs(bare):
    """Two machines."""
    return [AccountRefs(see(make_clone(bare, name)).remote, lambda: AT) for name in ("one", "two")]


def hold(refs, holder=MARIE, account=ACCOUNT, warn=pytest.fail):
    return refs.hold(account, holder, warn)


def test_who_comes_second_is_told_who_has_it(refs):
    with hold(refs[0]), pytest.raises(Locked) as e, hold(refs[1], ZOE):
        pass
    assert str(MARIE) in e.value.message
    assert "mmsbatch unlock " in e.value.hint


def test_it_is_free_once_it_was_given_back(refs):
    for each in (*refs, *refs):
        with hold(each):
            pass


def test_accounts_are_apart(refs):
    with hold(refs[0]), hold(refs[1], account="another"):
        pass


def test_the_next_holder_knows_what_was_spent_on_last_and_whether_a_request_is_open(refs):
    with hold(refs[0]) as lock:
        assert lock.former is None
        lock.sign(replace(MARIE, record="git:campaigns/sale.journal.jsonl", at_rest=False))
    with hold(refs[1], ZOE) as lock:
        assert (lock.former.user, lock.former.record, lock.former.at_rest) == (
            "marie",
            "git:campaigns/sale.journal.jsonl",
            False,
        )
    with hold(refs[0]) as lock:  # Zoé spent nothing: what Marie left stays so
        assert (lock.former.user, lock.former.record, lock.former.at_rest) == (
            "zoé",
            "git:campaigns/sale.journal.jsonl",
            False,
        )


#: Blocks of runs that vanished: they end with the test.
_VANISHED = []


@pytest.fixture(autouse=True)
def bury():
    yield
    while _VANISHED:
        _VANISHED.pop().__exit__(None, None, None)


def vanish(refs, holder):
    _VANISHED.append(refs.hold(ACCOUNT, holder, lambda _: None))
    _VANISHED[-1].__enter__()


def lose(refs):
    """Hold the account as a run that vanishes; return the lock's id."""
    vanish(refs, MARIE)
    return refs.remote.fetch(PREFIX + ACCOUNT)[:12]


def test_a_vanished_holder_keeps_it_until_somebody_names_the_lock(refs):
    lock = lose(refs[0])
    for _ in range(2):
        with pytest.raises(Locked, match="runner-1"), hold(refs[1], ZOE):
            pass
    for wrong in ("", lock[:11], "0" * 12):
        with pytest.raises(UsageProblem, match="no account is held by a lock"):
            refs[1].unlock(wrong)
    assert refs[1].unlock(lock) == MARIE
    with hold(refs[1], ZOE) as held:  # what Marie's run left open nobody knows
        assert (held.former.record, held.former.at_rest) == ("", False)
    with pytest.raises(UsageProblem):
        refs[1].unlock(lock)


def test_an_old_id_opens_no_newer_lock(refs):
    lock = lose(refs[0])
    refs[1].unlock(lock)
    with hold(refs[0]), pytest.raises(UsageProblem):
        refs[1].unlock(lock)


def test_two_at_the_same_instant_are_one(refs, bare):
    """The other takes it between our look and our push."""
    push = refs[0].remote.git.commit

    class Hurried:
        def commit(self, *arguments):
            commit = push(*arguments)
            vanish(refs[1], ZOE)
            return commit

        def __getattr__(self, name):
            return getattr(refs[0].remote.git, name)

    late = AccountRefs(replace(refs[0].remote, git=Hurried()), lambda: AT)
    with pytest.raises(Locked, match="zoé"), hold(late):
        pass
    assert json.loads(git(bare, "show", f"{PREFIX}{ACCOUNT}:holder.json"))["holder"]["user"] == "zoé"


def test_a_remote_that_says_no_and_one_that_is_away_are_told_apart(refs, bare):
    install(bare, "hooks/pre-receive", "echo locks are not welcome >&2; exit 1")
    with pytest.raises(Refusal, match="locks are not welcome") as e, hold(refs[0]):
        pass
    assert PREFIX in e.value.hint
    bare.rename(bare.with_name("away"))
    with pytest.raises(RecordUnreachable), hold(refs[0]):
        pass


def test_a_lock_that_cannot_be_given_back_is_told(refs, bare):
    warnings = []
    with hold(refs[0], warn=warnings.append):
        bare.rename(bare.with_name("away"))
    assert "stays locked" in warnings[0]
    assert "mmsbatch unlock " in warnings[0]


def test_what_is_no_lock_is_refused(refs, bare):
    git(bare, "update-ref", PREFIX + ACCOUNT, "refs/heads/main")
    with pytest.raises(Refusal, match="holder"), hold(refs[0]):
        pass


def test_a_lock_that_was_taken_away_is_ours_no_more(refs):
    warnings = []
    with hold(refs[0], warn=warnings.append) as lock:
        assert lock.is_held()
        refs[1].unlock(refs[0].remote.fetch(PREFIX + ACCOUNT)[:12])
        assert not lock.is_held()
    assert "was unlocked while this run held it" in warnings[0]
