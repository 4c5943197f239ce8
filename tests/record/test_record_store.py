"""What any place for records must do: the folder beside the campaigns, and a branch of a git remote."""

import os
import shutil
from dataclasses import replace

import pytest
from git_builders import AT as MADE_AT
from git_builders import REF, git, make_bare, make_clone, see
from record_builders import ACCEPTED, AT, answered, opened, sending, started

from mmsbatch.errors import Locked, MmsbatchError, Overtaken, Refusal
from mmsbatch.record.events import Lease
from mmsbatch.record.journal import JournalWriter, read_journal
from mmsbatch.record.lock import Holder, hold_lock, process_space
from mmsbatch.record.manifest import manifest_text
from mmsbatch.record.paths import BESIDE
from mmsbatch.record.shared.branch import BranchClock, RecordBranch
from mmsbatch.record.shared.store import GitStore
from mmsbatch.record.states import ChunkState
from mmsbatch.record.store import FolderStore

HOLDER = Holder(os.getpid(), os.uname().nodename, "zoé", AT)
ALIVE, GONE, ELSEWHERE = (
    Lease(os.uname().nodename, os.getpid(), space=process_space()),
    Lease(os.uname().nodename, 2**22 + 1, space=process_space()),
    Lease("another", 7, space=process_space()),
)
BEGUN = (opened(), started(2, lease=ALIVE), replace(sending("1-1", "33639980001"), run="run-1"))


class FolderPlace:
    """Campaigns in a folder, their records beside them: whoever opens it sees the same files."""

    def __init__(self, folder):
        self.campaigns = folder / "campaigns"
        self.campaigns.mkdir()

    def open(self):
        return FolderStore()

    def paths(self, store):
        return store.shelf.paths(self.campaigns / "sale.yaml", "production")

    def damage(self, change):
        journal = self.paths(self.open()).journal
        journal.write_bytes(change(journal.read_bytes()))


class GitPlace:
    """Each opens it from a clone of their own, as another machine does."""

    def __init__(self, folder):
        self.bare = make_bare(folder)
        self.campaigns = folder / "clone-0" / "campaigns"
        self.stores = []

    def open(self):
        clone = make_clone(self.bare, f"clone-{len(self.stores)}")
        (clone / "campaigns").mkdir()
        mirror = self.bare.parent / f"mirror-{len(self.stores)}"
        mirror.mkdir()
        clock = BranchClock(lambda: MADE_AT, lambda _: None, lambda: 0.5)
        store = GitStore(RecordBranch(see(clone), "zoé", clock), clone, mirror)
        self.stores.append(store)
        store.lay_out()
        return store

    def paths(self, store):
        return store.shelf.paths(store.repository / "campaigns" / "sale.yaml", "production")

    def damage(self, change):
        path = "campaigns/sale.journal.jsonl"
        before = git(self.bare, "cat-file", "blob", f"{REF}:{path}").encode() + b"\n"
        branch = see(make_clone(self.bare, f"hand-{len(self.stores)}"))
        tip = branch.fetch()
        made = branch.remote.git.commit(tip, {path: change(before)}, "by hand", MADE_AT, "zoé")
        branch.push(made, tip)


@pytest.fixture(params=[FolderPlace, GitPlace], ids=["folder", "git"])
def place(request, tmp_path):
    return request.param(tmp_path)


@pytest.fixture
def git_place(tmp_path):
    return GitPlace(tmp_path)


def write(place, *events):
    """Write events from a new opening, and have others see them."""
    store = place.open()
    paths = place.paths(store)
    with store.hold(paths, HOLDER) as content:
        book = store.open_book(paths, content, lambda: 0.0)
        book.append(*events)
        book.show()
        book.publish()


def read(place):
    store = place.open()
    return store.read(place.paths(store))


def test_there_is_nothing_at_first(place):
    store = place.open()
    assert read(place).opened is None
    assert store.gateways_of(place.campaigns / "sale.yaml") == []


def test_a_second_opener_sees_what_was_published(place):
    write(place, *BEGUN)
    assert read(place).events == BEGUN
    write(place, answered("1-1", ACCEPTED, 1))
    assert [event.name for event in read(place).events] == ["journal", "run-started", "sending", "answered"]
    assert read(place).record.revision(1).chunks["1-1"].state is ACCEPTED


def test_records_are_listed_by_gateway(place):
    write(place, *BEGUN)
    store = place.open()
    campaign = place.paths(store).journal.parent / "sale.yaml"
    if isinstance(store, GitStore):
        campaign = store.repository / "campaigns" / "sale.yaml"
    assert store.gateways_of(campaign) == ["production"]
    other = store.shelf.paths(campaign, "rehearsal")
    with store.hold(other, HOLDER) as content:
        book = store.open_book(other, content, lambda: 0.0)
        book.append(opened(gateway="rehearsal"))
        book.publish()
    again = place.open()
    if isinstance(again, GitStore):
        campaign = again.repository / "campaigns" / "sale.yaml"
    assert again.gateways_of(campaign) == ["production", "rehearsal"]


def test_the_manifest_is_there_with_the_journal(place):
    write(place, *BEGUN)
    store = place.open()
    assert '"in_doubt": 1' in place.paths(store).manifest.read_text()


def test_a_rival_is_kept_out(place):
    """The folder's by its lock, before it writes; on a branch by the other's claim, when it publishes."""
    write(place, *BEGUN)
    one, two = place.open(), place.open()
    with one.hold(place.paths(one), HOLDER) as content:
        book = one.open_book(place.paths(one), content, lambda: 0.0)
        with pytest.raises((Locked, Overtaken)), two.hold(place.paths(two), HOLDER) as other:
            rival = two.open_book(place.paths(two), other, lambda: 0.0)
            for each, name in ((book, "run-2"), (rival, "run-3")):
                each.append(started(2, run=name, lease=ELSEWHERE))
                each.append(replace(sending("1-2", "33639980002"), run=name))
                each.publish()


def test_what_a_run_that_is_gone_was_sending_is_in_doubt(place):
    write(place, opened(), started(2, lease=GONE), BEGUN[2])
    store = place.open()
    record = store.read(place.paths(store)).record
    assert store.close_interrupted(place.paths(store), record) is False
    assert [chunk.state for chunk in record.in_doubt] == [ChunkState.IN_DOUBT]


@pytest.mark.parametrize("lease", [ALIVE, ELSEWHERE], ids=["a process here", "a machine that nobody can look at"])
def test_what_a_run_may_be_sending_is_left_to_it(git_place, lease):
    write(git_place, opened(), started(2, lease=lease), BEGUN[2])
    store = git_place.open()
    record = store.read(git_place.paths(store)).record
    assert store.close_interrupted(git_place.paths(store), record) is True
    assert record.in_doubt == []


DAMAGE = {
    "a line changed": lambda journal: journal.replace(b'"run-1"', b'"run-2"', 1),
    "a line taken out": lambda journal: b"".join(journal.splitlines(keepends=True)[::2]),
    "a line twice": lambda journal: journal + journal.splitlines(keepends=True)[-1],
    "line ends of another system": lambda journal: journal.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_journal_is_refused_with_its_line(place, what):
    write(place, *BEGUN)
    place.damage(DAMAGE[what])
    with pytest.raises(Refusal, match=r"sale\.journal\.jsonl:\d: the journal is damaged"):
        read(place)


@pytest.mark.parametrize("what", ["the last line", "all lines"])
def test_a_journal_that_lost_lines_is_refused(place, what):
    """What is left is whole, and whoever was in the rest would be sent to again."""
    write(place, *BEGUN)
    place.damage(lambda journal: b"".join(journal.splitlines(keepends=True)[:-1]) if what == "the last line" else b"")
    store = place.open()
    with pytest.raises(MmsbatchError), store.hold(place.paths(store), HOLDER) as content:
        store.open_book(place.paths(store), content, lambda: 0.0)


def test_a_torn_last_line_of_the_folder_is_cut_back(tmp_path):
    place = FolderPlace(tmp_path)
    write(place, *BEGUN)
    place.damage(lambda journal: journal + b'{"event":"answ')
    write(place, answered("1-1", ACCEPTED, 1))
    assert [event.name for event in read(place).events] == ["journal", "run-started", "sending", "answered"]


# --- on a branch


def test_a_record_that_was_taken_away_is_refused_and_named(git_place):
    write(git_place, *BEGUN)
    branch = see(make_clone(git_place.bare, "hand"))
    tip = branch.fetch()
    gone = dict.fromkeys(("campaigns/sale.journal.jsonl", "campaigns/sale.manifest.json"))
    branch.push(branch.remote.git.commit(tip, gone, "x", MADE_AT, "zoé"), tip)
    assert read(git_place).opened is None, "mmsbatch itself took it away"
    git(git_place.bare, "update-ref", REF, _by_hand(git_place.bare, tip))
    fresh = _fresh(git_place)
    with pytest.raises(Refusal, match="is not what mmsbatch wrote last") as refused:
        fresh.read(git_place.paths(fresh))
    assert (
        f"`git checkout {tip[:12]} -- campaigns/sale.journal.jsonl campaigns/sale.manifest.json`" in refused.value.hint
    )
    assert fresh.gateways_of(fresh.repository / "campaigns" / "sale.yaml") == ["production"]
    write_other(git_place, fresh)
    again = _fresh(git_place)
    with pytest.raises(Refusal, match="changed by hand"):
        again.read(git_place.paths(again))


def _by_hand(bare, tip):
    """Commit an empty tree on top, as somebody does who knows no better."""
    return git(bare, "commit-tree", "-m", "clean up", "-p", tip, git(bare, "mktree"))


def _fresh(place):
    """Open it from a clone that saw nothing before."""
    return place.open()


def write_other(place, store):
    """Write another record on top: what was taken away is not forgotten for that."""
    paths = store.shelf.paths(store.repository / "campaigns" / "other.yaml", "production")
    with store.hold(paths, HOLDER) as content:
        book = store.open_book(paths, content, lambda: 0.0)
        book.append(opened(campaign="other.yaml"))
        book.publish()


def test_a_missing_piece_is_refused(git_place, monkeypatch):
    monkeypatch.setattr("mmsbatch.record.shared.segments.FULL", 100)
    write(git_place, *BEGUN)
    write(git_place, answered("1-1", ACCEPTED, 1))
    assert read(git_place).events[:3] == BEGUN
    names = git(git_place.bare, "ls-tree", "-r", "--name-only", REF).split()
    assert "campaigns/sale.journal.jsonl.0002" in names
    branch = see(make_clone(git_place.bare, "hand"))
    tip = branch.fetch()
    tree = git(git_place.bare, "ls-tree", "-r", f"{REF}:campaigns").splitlines()
    assert len(tree) == 3
    changes = {"campaigns/sale.journal.jsonl": None}
    branch.push(branch.remote.git.commit(tip, changes, "x", MADE_AT, "zoé"), tip)
    with pytest.raises(Refusal, match=r"campaigns/sale\.journal\.jsonl: a piece of the journal is missing"):
        git_place.open()


# --- taken over from the folder


def keep_beside(store, *events, torn=b""):
    """Have a record beside the campaign, as the folder store leaves it."""
    paths = BESIDE.paths(store.repository / "campaigns" / "sale.yaml", "production")
    JournalWriter(paths.journal, read_journal(paths.journal).tail).append(*events)
    with paths.journal.open("ab") as journal:
        journal.write(torn)
    return paths


FOLDER = (opened(), started(2), sending("1-1", "33639980001"), answered("1-1", ACCEPTED, 1))


@pytest.mark.parametrize("torn", [b"", b'{"event":"answ'], ids=["whole", "its last line torn"])
def test_a_record_beside_the_campaign_is_taken_over(git_place, torn):
    store = git_place.open()
    beside = keep_beside(store, *FOLDER, torn=torn)
    paths = git_place.paths(store)
    for run in ("run-2", "run-3"):
        with store.hold(paths, HOLDER) as content:
            assert content.events[:4] == FOLDER
            book = store.open_book(paths, content, lambda: 0.0)
            book.append(started(2, run=run, lease=ALIVE))
            book.publish()
        store.lay_out()
    assert read(git_place).events[:4] == FOLDER
    assert len(read(git_place).events) == 6
    assert beside.journal.is_file(), "it is left where it is"


def test_only_looking_at_it_publishes_nothing(git_place):
    store = git_place.open()
    keep_beside(store, *FOLDER)
    assert store.read(git_place.paths(store)).events == FOLDER
    assert read(git_place).opened is None


def test_two_records_of_one_campaign_are_refused(git_place):
    write(git_place, *BEGUN)
    store = git_place.open()
    keep_beside(store, *FOLDER)
    with pytest.raises(Refusal, match="lies beside the campaign, and the branch mmsbatch-record has another"):
        store.read(git_place.paths(store))


def test_a_damaged_record_beside_the_campaign_is_refused(git_place):
    store = git_place.open()
    paths = keep_beside(store, *FOLDER)
    paths.journal.write_bytes(paths.journal.read_bytes().replace(b'"run-1"', b'"run-2"', 1))
    with pytest.raises(Refusal, match=r"sale\.journal\.jsonl:2: the journal is damaged"):
        store.read(git_place.paths(store))


def test_a_record_that_a_run_still_writes_beside_the_campaign_is_not_taken_over(git_place):
    store = git_place.open()
    paths = keep_beside(store, *FOLDER)
    with hold_lock(paths.lock, HOLDER), pytest.raises(Locked, match="a run is under way"):
        store.read(git_place.paths(store))
    shutil.rmtree(paths.lock.parent)
    assert store.read(git_place.paths(store)).opened is None


def test_a_manifest_that_knows_more_than_the_branch_is_not_passed_over(git_place):
    """The journal beside it went back, or is gone; or the branch is, and the checkout has the manifest."""
    store = git_place.open()
    keep_beside(store, *BEGUN, answered("1-1", ACCEPTED, 1))
    beside = BESIDE.paths(store.repository / "campaigns" / "sale.yaml", "production")
    content = read_journal(beside.journal)
    beside.manifest.write_text(manifest_text(content.record, content.tail), encoding="utf-8")
    assert store.read(git_place.paths(store)).opened
    lines = beside.journal.read_bytes().splitlines(keepends=True)
    beside.journal.write_bytes(b"".join(lines[:2]))
    git_place.paths(store).journal.unlink()
    with pytest.raises(Refusal, match="the journal lost lines"):
        store.read(git_place.paths(store))
    beside.journal.unlink()
    git_place.paths(store).journal.unlink()
    with pytest.raises(Refusal, match="the journal lost lines"):
        store.read(git_place.paths(store))
