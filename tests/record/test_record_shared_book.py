"""Two runs write one record on one branch, in turns: what each may add behind the other, and who gives way."""

from datetime import timedelta
from itertools import count

import pytest
from git_builders import AT, REF, git, install, make_bare, make_clone, see
from record_builders import (
    ACCEPTED,
    FAILED,
    SHA,
    answered,
    claim,
    ended,
    failed,
    number,
    opened,
    proof,
    resolved,
    started,
)

from mmsbatch.errors import Overtaken, RecordUnreachable, Refusal
from mmsbatch.record.events import Lease, Totals
from mmsbatch.record.shared.branch import BranchClock, RecordBranch
from mmsbatch.record.shared.git_remote import Outcome, Pushed
from mmsbatch.record.shared.store import GitStore
from mmsbatch.record.states import ChunkState, NumberState

A, B, C, D = (number(place) for place in range(4))
PATH = "campaigns/sale.journal.jsonl"


class Runner:
    """A machine with a clone of its own, and the record open in it."""

    def __init__(self, bare, name, folder=None):
        self.name, self.clone = name, folder or make_clone(bare, name)
        (self.clone / "campaigns").mkdir(exist_ok=True)
        seconds = count()
        clock = BranchClock(lambda: AT + timedelta(seconds=next(seconds)), lambda _: None, lambda: 0.5)
        self.branch = RecordBranch(see(self.clone), f"ci on {name}", clock)
        mirror = self.clone.parent / f"mirror-{name}-{id(self)}"
        mirror.mkdir()
        self.store = GitStore(self.branch, self.clone, mirror)
        self.paths = self.store.shelf.paths(self.clone / "campaigns" / "sale.yaml", "production")

    def open(self):
        self.paths.journal.parent.mkdir(parents=True, exist_ok=True)
        self.store.lay_out()
        self.book = self.store.open_book(self.paths, self.store.read(self.paths), lambda: 0.0)
        return self.book

    def begin(self, **changes):
        """Say that a run of this machine begins."""
        self.book.append(run(self.name, **changes))

    def claim(self, chunk, *numbers):
        self.book.append(claim(chunk, self.name, *numbers))


def run(name, **changes):
    return started(4, run=name, lease=Lease(name, 7), **changes)


@pytest.fixture
def bare(tmp_path):
    return make_bare(tmp_path)


@pytest.fixture
def make_runner(bare):
    return lambda name, **more: Runner(bare, name, **more)


@pytest.fixture
def one(make_runner):
    """A runner whose run began the record and claims a chunk."""
    one = make_runner("one")
    one.open().append(opened())
    one.begin()
    one.claim("1-1", A)
    one.book.publish()
    return one


@pytest.fixture
def two(one, make_runner):
    """Another, that looked after the first had claimed."""
    two = make_runner("two")
    two.open()
    return two


def there(bare):
    """What the branch holds, event by event."""
    journal = git(bare, "cat-file", "blob", f"{REF}:{PATH}")
    return [line.partition('"event":"')[2].partition('"')[0] for line in journal.splitlines()]


def states(runner):
    return {chunk.id: chunk.state for chunk in runner.open().record.revision(1).chunks.values()}


def test_both_stand_where_nobody_has_the_others_chunk(one, two):
    two.begin()
    two.claim("1-2", B)
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    two.book.publish()
    two.book.append(answered("1-2", ACCEPTED, 1))
    one.book.append(ended("one"))
    two.book.publish()
    one.book.publish()
    assert states(one) == {"1-1": ACCEPTED, "1-2": ACCEPTED}
    assert one.book.record.revision(1).totals.accepted == 2


def test_one_push_has_the_answers_and_the_next_claim(bare, one):
    commits = len(git(bare, "rev-list", REF).split())
    one.book.append(answered("1-1", ACCEPTED, 1), claim("1-2", "one", B))
    one.book.publish()
    one.book.publish()
    assert len(git(bare, "rev-list", REF).split()) == commits + 1


OVERTAKEN = {
    "the same chunk": (claim("1-2", "two", C), "another run claimed the same recipients"),
    "the same recipient": (claim("1-3", "two", B), "another run claimed the same recipients"),
    "a later revision": (run("two", revision=2), "revision 2 was begun"),
}


@pytest.mark.parametrize("case", OVERTAKEN)
def test_who_comes_second_gives_way(bare, one, two, case):
    theirs, reason = OVERTAKEN[case]
    two.book.append(*([] if theirs.name == "run-started" else [run("two")]), theirs)
    two.book.publish()
    before = there(bare)
    one.book.append(answered("1-1", ACCEPTED, 1), claim("1-2", "one", B))
    with pytest.raises(Overtaken, match=reason):
        one.book.publish()
    assert there(bare) == before
    one.book.publish()
    assert there(bare) == [*before, "answered"], "what was learnt is kept, what was not acted on is not"
    assert states(two)["1-1"] is ACCEPTED


def test_a_run_that_had_not_begun_leaves_nothing(bare, one, two):
    two.begin(revision=1, campaign_sha256="other")
    two.claim("1-2", B)
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    with pytest.raises(Overtaken, match="the record went on"):
        two.book.publish()
    assert not two.book.has_unpublished
    assert there(bare) == there(one.clone.parent / "decides.git")


def test_of_two_new_records_one_is_begun(bare, make_runner):
    one, two = make_runner("one"), make_runner("two")
    for each in (one, two):
        each.open().append(opened())
        each.begin()
        each.claim("1-1", A)
    one.book.publish()
    with pytest.raises(Overtaken, match="another run"):
        two.book.publish()
    assert there(bare) == ["journal", "run-started", "sending"]


def test_a_new_record_gives_way_to_one_beside_it(bare, make_runner):
    """It may be of the same campaign, under another name: whoever looks again finds that out."""
    one, two = make_runner("one"), make_runner("two")
    two.paths = two.store.shelf.paths(two.clone / "campaigns" / "copy.yaml", "production")
    for each in (one, two):
        each.open().append(opened())
        each.begin()
    one.book.publish()
    with pytest.raises(Overtaken, match="or one beside it"):
        two.book.publish()


def test_a_new_record_stands_beside_one_that_goes_on(bare, one, make_runner):
    """Nothing was begun in the meantime: there is no other record of this campaign to find."""
    two = make_runner("two")
    two.paths = two.store.shelf.paths(two.clone / "campaigns" / "other.yaml", "production")
    two.open().append(opened(campaign="other.yaml"))
    two.begin()
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    two.book.publish()
    assert there(bare)[-1] == "answered"
    assert git(bare, "cat-file", "-t", f"{REF}:campaigns/other.journal.jsonl") == "blob"


def test_a_finding_gives_way_to_an_answer(bare, one, two):
    two.book.append(resolved("1-1", False))
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    with pytest.raises(Overtaken, match="settled, or answered"):
        two.book.publish()


def test_an_answer_outdoes_a_finding_that_came_before(one, two):
    two.book.append(resolved("1-1", False))
    two.book.publish()
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    assert states(two) == {"1-1": ACCEPTED}


def test_a_claim_gives_way_where_its_recipients_were_reached_after_all(one, two):
    """A person said not sent, a third run planned them anew, and the first one's answer came after all."""
    two.book.append(resolved("1-1", False))
    two.book.publish()
    two.begin()
    two.claim("1-2", A)
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    with pytest.raises(Overtaken, match="reached"):
        two.book.publish()
    assert states(two) == {"1-1": ACCEPTED}


def test_a_further_attempt_may_have_left_without_a_word_to_others(one, two):
    """They know that the first had no effect; of the next one they hear with the next push, if there is one."""
    one.book.append(failed("1-1"))
    one.book.publish()
    record = two.open().record
    assert record.chunk("1-1").state is ChunkState.PENDING, "its run may be alive"
    assert [chunk.id for chunk in record.close_interrupted()] == ["1-1"]
    assert record.revision(1).states() == {A: NumberState.IN_DOUBT}
    assert record.revision(1).totals.in_doubt == 1


def test_a_proof_to_one_of_its_recipients_is_no_claim(bare, one, two):
    """What was answered goes to the branch with it, and is not forgotten."""
    two.book.append(proof(B))
    two.book.publish()
    one.book.append(answered("1-1", ACCEPTED, 1), claim("1-2", "one", B))
    one.book.publish()
    assert states(one) == {"1-1": ACCEPTED, "1-2": ChunkState.SENDING}


# --- rows that were counted anew


@pytest.fixture
def edited(one, two):
    """One told all that it claimed; then two began with other rows: A, and D who comes after."""
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    two.open()
    two.begin(campaign_sha256="other", totals=Totals(rows=2, accepted=1, pending=1))
    two.book.publish()
    return two


def test_a_claim_gives_way_to_rows_that_were_counted_since(one, edited):
    """Whether B is among them nobody can tell: counted for one of them, D would look sent, and never be sent to."""
    one.claim("1-2", B)
    with pytest.raises(Overtaken, match="a run of other rows was begun"):
        one.book.publish()
    edited.open()
    assert edited.book.record.revision(1).totals.pending == 1


def test_a_claim_gives_way_to_rows_that_were_taken_in_before(one, edited):
    one.book.append(ended("one"))
    one.book.publish()
    with pytest.raises(Overtaken, match="a run of other rows was begun"):
        one.claim("1-2", B)


@pytest.mark.parametrize(
    "changes", [{"late_sent": True}, {"digests": {"template": SHA, "suppress stop.csv": SHA}}], ids=["late", "opt-outs"]
)
def test_a_claim_stands_behind_a_run_of_the_same_rows(one, two, changes):
    """Who is late, or suppressed, each run reads afresh."""
    two.begin(**changes)
    two.book.publish()
    one.claim("1-2", B)
    one.book.publish()
    assert states(one) == {"1-1": ChunkState.SENDING, "1-2": ChunkState.SENDING}


# --- lost answers


class Losing:
    """A branch whose remote loses the answers to pushes, or takes its time until they arrive."""

    def __init__(self, branch):
        self._branch, self.lost, self.meanwhile, self.held_back = branch, 0, lambda: None, []

    def __getattr__(self, name):
        return getattr(self._branch, name)

    def push(self, commit, expected):
        if not self.lost:
            return self._branch.push(commit, expected)
        self.lost -= 1
        if self.held_back is None:
            self._branch.remote.push(self._branch.ref, commit, expected)
        else:
            self.held_back.append((commit, expected))
        self.meanwhile()
        return Pushed(Outcome.UNKNOWN, "the remote end hung up unexpectedly")


def losing(runner):
    runner.branch._branch = Losing(runner.branch._branch)
    return runner.branch._branch


def test_a_push_whose_answer_was_lost_is_found_under_what_a_rival_wrote_on_top(bare, one, two):
    """What the rival wrote is kept, whatever is written next."""
    remote = losing(one)
    remote.lost, remote.held_back = 1, None

    def overtake():
        two.open()
        two.begin()
        two.claim("1-3", C)
        two.book.publish()

    remote.meanwhile = overtake
    one.claim("1-2", B)
    one.book.publish()
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    assert there(bare) == ["journal", "run-started", "sending", "sending", "run-started", "sending", "answered"]
    assert states(two) == {"1-1": ACCEPTED, "1-2": ChunkState.SENDING, "1-3": ChunkState.SENDING}


def test_a_push_that_arrives_late_is_known_as_our_own(bare, one):
    """Given up as lost, tried again, and then it was there: nobody was quicker but we ourselves."""
    remote = losing(one)
    remote.lost = 2

    def arrive_late():
        if len(remote.held_back) == 2:
            commit, expected = remote.held_back[0]
            assert remote.remote.push(REF, commit, expected).outcome is Outcome.ACCEPTED

    remote.meanwhile = arrive_late
    one.claim("1-2", B)
    one.book.publish()
    assert there(bare) == ["journal", "run-started", "sending", "sending"]
    one.book.append(answered("1-2", ACCEPTED, 1))
    one.book.publish()
    assert states(one) == {"1-1": ChunkState.SENDING, "1-2": ACCEPTED}


def test_a_remote_that_never_answers_is_given_up(one):
    losing(one).lost = 99
    one.claim("1-2", B)
    with pytest.raises(RecordUnreachable, match="cannot be written: the remote end hung up"):
        one.book.publish()


# --- the branch as others left it


def test_a_branch_that_was_rewritten_under_a_run_stops_it(bare, one, two):
    before = git(bare, "rev-parse", REF)
    two.begin()
    two.claim("1-2", B)
    two.book.publish()
    one.open()
    git(bare, "update-ref", REF, before)
    one.book.append(answered("1-1", ACCEPTED, 1))
    with pytest.raises(Refusal, match="went back in time"):
        one.book.publish()


def test_two_runs_in_one_clone_do_not_take_each_other_for_a_backup(bare, one, make_runner):
    """The one remembers what it put there after the other had asked, and before that one compared."""
    beside = make_runner("beside", folder=one.clone)
    beside.open()
    seen = beside.branch._branch

    class Slow:
        def __getattr__(self, name):
            return getattr(seen, name)

        def fetch(self):
            tip = seen.fetch()
            one.book.append(answered("1-1", ACCEPTED, 1))
            one.book.publish()
            return tip

    beside.branch._branch = Slow()
    beside.branch.look()
    beside.branch._branch = seen
    beside.branch.look()
    assert beside.branch.tip == one.branch.tip


@pytest.mark.parametrize("edit", [lambda lines: lines[:-1], lambda lines: [*lines[:-1], lines[-1].replace("1", "2")]])
def test_a_journal_edited_under_a_run_stops_it(bare, one, two, edit):
    lines = git(bare, "cat-file", "blob", f"{REF}:{PATH}").splitlines()
    changed = "".join(f"{line}\n" for line in edit(lines)).encode()
    made = two.branch._branch.remote.git.commit(two.branch.tip, {PATH: changed}, "by hand", AT, "zoé")
    assert two.branch._branch.push(made, two.branch.tip).outcome is Outcome.ACCEPTED
    one.book.append(answered("1-1", ACCEPTED, 1))
    with pytest.raises(Refusal, match="lines were changed or taken away"):
        one.book.publish()


def test_a_piece_taken_away_under_a_run_stops_it(monkeypatch, bare, one, two):
    monkeypatch.setattr("mmsbatch.record.shared.segments.FULL", 100)
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    two.branch.look()
    made = two.branch._branch.remote.git.commit(two.branch.tip, {PATH: None}, "by hand", AT, "zoé")
    assert two.branch._branch.push(made, two.branch.tip).outcome is Outcome.ACCEPTED
    one.book.append(ended("one"))
    with pytest.raises(Refusal, match="a piece of the journal is missing"):
        one.book.publish()


def test_a_file_of_somebody_elses_is_no_rival(bare, one, two):
    made = two.branch._branch.remote.git.commit(two.branch.tip, {"NOTES": b"hello"}, "by hand", AT, "zoé")
    assert two.branch._branch.push(made, two.branch.tip).outcome is Outcome.ACCEPTED
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    assert there(bare)[-1] == "answered"
    assert git(bare, "cat-file", "blob", f"{REF}:NOTES") == "hello"


def test_a_hook_that_says_no_is_told_and_nothing_is_lost(bare, one):
    install(bare, "hooks/update", "echo protected >&2; exit 1")
    one.claim("1-2", B)
    with pytest.raises(Refusal, match=r"origin does not take a push to the branch mmsbatch-record: .*protected"):
        one.book.publish()
    (bare / "hooks" / "update").unlink()
    one.book.publish()
    assert states(one) == {"1-1": ChunkState.SENDING, "1-2": ChunkState.SENDING}


def test_what_a_run_gave_up_itself_it_may_claim_again(one, two):
    one.book.append(answered("1-1", FAILED))
    one.book.publish()
    two.open()
    two.begin()
    two.claim("1-2", A)
    two.book.publish()
    assert states(two) == {"1-1": FAILED, "1-2": ChunkState.SENDING}


# --- what was taken in long before a claim


@pytest.mark.parametrize("late", [claim("1-3", "one", B), claim("1-2", "one", C)], ids=["recipient", "id"])
def test_a_claim_is_held_against_all_that_others_claimed_since(one, two, late):
    """The rival's claim was taken in with an earlier push, which had nothing to do with it."""
    two.begin()
    two.claim("1-2", B)
    two.book.publish()
    one.book.append(answered("1-1", ACCEPTED, 1))
    one.book.publish()
    with pytest.raises(Overtaken, match="another run claimed the same recipients"):
        one.book.append(late)
    one.book.append(ended("one"))
    one.book.publish()
    assert set(states(two)) == {"1-1", "1-2"}


def test_what_the_branch_lacks_is_kept_and_taken_for_no_journal(one):
    """Whoever looks for records in the checkout looks into git's own folder, too."""
    assert one.book.rescue() is None
    one.book.append(answered("1-1", ACCEPTED, 1))
    kept = one.book.rescue()
    assert b'"answered"' in kept.read_bytes()
    assert list(one.clone.rglob("*.journal.jsonl")) == []
