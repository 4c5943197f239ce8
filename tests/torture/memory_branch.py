"""A git remote in memory, and clones of it: what `RecordBranch` asks of git, with faults as a script has them.

A history is one line: nobody merges, and nobody rewrites it.
"""

import hashlib
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace

from taking_turns import Death, pause

from mmsbatch.errors import RecordUnreachable
from mmsbatch.record.shared.branch import RecordBranch
from mmsbatch.record.shared.git_remote import Outcome, Pushed

#: What may become of a push, once it leaves.
TAKEN, ANSWER_LOST, NOT_ARRIVED, UNREACHED, REFUSED, LATE = (
    "taken",
    "taken, and the answer is lost",
    "lost on the way",
    "the remote is away",
    "refused",
    "arrives later",
)


@dataclass(frozen=True)
class Commit:
    """A commit: what came before it, and the blob of each path."""

    id: str
    parent: str | None
    files: dict
    message: str


@dataclass
class MemoryRemote:
    """One branch, moved by compare-and-swap; `line` has all its tips so far, `late` the pushes still under way."""

    commits: dict = field(default_factory=dict)
    blobs: dict = field(default_factory=dict)
    line: list = field(default_factory=list)
    late: list = field(default_factory=list)

    @property
    def tip(self):
        return self.line[-1] if self.line else None

    def move(self, commit, expected):
        """Move the branch, if it is where it is expected; return whether it did."""
        if self.tip != expected:
            return False
        self.line.append(commit)
        return True

    def land(self, place):
        """Let a push arrive that was under way; where others were quicker, it moves nothing."""
        self.move(*self.late.pop(place % len(self.late)))

    def read(self, path, commit=None):
        """Return a file's content as of a commit, the tip without one; empty where it is not there."""
        found = commit or self.tip
        blob = self.commits[found].files.get(path) if found else None
        return self.blobs[blob] if blob else b""

    # --- what a clone's git does; all of them share their objects

    def files(self, commit):
        return self.commits[commit].files

    def contents(self, *blobs):
        return [self.blobs[blob] for blob in blobs]

    def commit(self, parent, changes, message, at, who):
        """Make a commit on top of another."""
        files = dict(self.commits[parent].files) if parent else {}
        for path, content in changes.items():
            blob = hashlib.sha1(content).hexdigest()
            self.blobs[blob] = content
            files[path] = blob
        name = f"{len(self.commits):040x}"
        self.commits[name] = Commit(name, parent, files, message)
        return name

    def holds(self, old, new):
        """Whether a commit is another, or one before it."""
        while new is not None and new != old:
            new = self.commits[new].parent
        return new == old


class Clone:
    """What a machine knows of the remote: the last tip that it saw."""

    def __init__(self):
        self.seen = None


class MemoryBranch:
    """What `GitBranch` is to `RecordBranch`, for one process in a clone. It stands still where others may act.

    `pushes` and `looks` say what becomes of each, one after the other, each taken from its deque;
    of those beyond, all is well.
    """

    name, seen, ref = "mmsbatch-record", "refs/mmsbatch/seen/origin/mmsbatch-record", "refs/heads/mmsbatch-record"

    def __init__(self, remote, clone, pushes, looks):
        self._remote, self._clone = remote, clone
        self._pushes, self._looks = pushes, looks
        git = SimpleNamespace(
            files=remote.files,
            read=remote.contents,
            commit=remote.commit,
            last_by_hand=lambda tip: None,
            last_made=lambda tip, pattern: None,
        )
        self.remote = SimpleNamespace(git=git, name="origin")

    def last_seen(self):
        return self._clone.seen

    def fetch(self):
        pause("its look at the remote")
        if self._looks and not self._looks.popleft():
            raise RecordUnreachable("the git remote origin does not answer")
        tip, known = self._remote.tip, self._clone.seen
        if tip is not None and (known is None or self._remote.holds(known, tip)):
            self._clone.seen = tip
        return tip

    def went_back(self, tip, known=None):
        return known is not None and (tip is None or not self._remote.holds(known, tip))

    def push(self, commit, expected):
        """Push; whoever dies meanwhile leaves it under way, as git goes on without the process."""
        fate = self._pushes.popleft() if self._pushes else TAKEN
        try:
            pause("its push, before it arrives")
        except Death:
            self._remote.late.append((commit, expected))
            raise
        if fate in (UNREACHED, REFUSED):
            return Pushed(Outcome.UNREACHED if fate == UNREACHED else Outcome.REFUSED, fate)
        if fate == LATE:
            self._remote.late.append((commit, expected))
        if fate in (LATE, NOT_ARRIVED):
            return Pushed(Outcome.UNKNOWN, fate)
        is_taken = self._remote.move(commit, expected)
        pause("its push, before it hears of it")
        if fate == ANSWER_LOST:
            return Pushed(Outcome.UNKNOWN, fate)
        if not is_taken:
            return Pushed(Outcome.OVERTAKEN, "others were quicker")
        self._clone.seen = commit
        return Pushed(Outcome.ACCEPTED)


class SteppedBranch(RecordBranch):
    """The program's own branch, whose pushes are actors that `start` begins, not threads that run as they like."""

    def __init__(self, branch, who, clock, start, folder):
        super().__init__(branch, who, clock)
        self._start, self._folder = start, folder

    def publish_later(self, changes, message, is_as_known):
        done = Future()

        def carry():
            try:
                done.set_result(self.publish(changes, message, is_as_known))
            except Exception as error:
                done.set_exception(error)

        self._start(carry)
        return done

    def own_folder(self):
        return self._folder
