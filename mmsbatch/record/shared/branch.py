"""A branch that many machines write: one push at a time, on top of what is there, or not at all.

What a push replaces is compared first: whoever wrote in between is never overwritten, and nothing is merged blindly.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mmsbatch.errors import RecordUnreachable, Refusal
from mmsbatch.record.shared.git_remote import GitBranch, Outcome, Pushed
from mmsbatch.record.shared.segments import group_pieces

#: How often a push is tried that rivals were quicker than, and the most seconds, times chance, before each.
TRIES_AGAINST_RIVALS, PAUSE_AGAINST_RIVALS = 200, 0.2
#: Seconds between tries while the remote does not answer.
PAUSES = (0.5, 1.0, 2.0, 4.0)
#: The way out of what somebody did to the branch: whoever saw it would take a rewritten one for an older backup.
PUT_BACK = "put it back as it was with a commit on top (`git revert`), not by rewriting the branch"
README = """# The record of mmsbatch

Who was sent which campaign. `mmsbatch` writes this branch and reads it before it sends anything.
Do not edit it, do not rewrite its history: what is missing here would be sent again.
"""


@dataclass(frozen=True, slots=True)
class BranchClock:
    """The time of commits, and pauses; `jitter` gives numbers between 0 and 1."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]


class RecordBranch:
    """The branch as of the last look: its tip and its files, path to blob. One thread at a time publishes."""

    def __init__(self, branch: GitBranch, who: str, clock: BranchClock) -> None:
        self._branch, self._who, self._clock = branch, who, clock
        self.tip: str | None = None
        self.files: Mapping[str, str] = {}
        self._is_edited: bool | None = None

    @property
    def name(self) -> str:
        """The branch's name."""
        return self._branch.name

    def look(self) -> None:
        """Ask the remote what there is. Raises RecordUnreachable, and Refusal where the branch went back in time."""
        # Before the remote is asked: another run in this clone may put something there, and note it down, meanwhile.
        known = self._branch.last_seen()
        tip = self._branch.fetch()
        if known is not None and self._branch.went_back(tip, known):
            raise self._went_back(known)
        if tip != self.tip:
            self.files = self._branch.remote.git.files(tip) if tip else {}
            self.tip, self._is_edited = tip, None

    def journals(self, files: Iterable[str]) -> Mapping[str, list[str]]:
        """Return the journals among files, each with its pieces in order. Raises Refusal where one is missing."""
        try:
            return group_pieces(list(files))
        except ValueError as error:
            raise Refusal(
                f"{self.name}:{error}: a piece of the journal is missing",
                f"whoever is missing there would be sent to again: {PUT_BACK}",
            ) from error

    def as_written(self, pattern: str) -> tuple[str, Mapping[str, str]]:
        """Return the last commit that mmsbatch wrote files of a pattern with, and its files.

        Both are empty where there is none, and where nobody but mmsbatch ever wrote the branch.
        """
        git = self._branch.remote.git
        if self._is_edited is None:
            self._is_edited = self.tip is not None and git.last_by_hand(self.tip) is not None
        commit = git.last_made(self.tip, pattern) if self._is_edited and self.tip else None
        return (commit, git.files(commit)) if commit else ("", {})

    def read(self, *paths: str) -> list[bytes]:
        """Return the contents of files, as of the last look."""
        return self._branch.remote.git.read(*(self.files[path] for path in paths))

    def publish_later(
        self, changes: Mapping[str, bytes], message: str, is_as_known: Callable[[Mapping[str, str]], bool]
    ) -> Future[bool]:
        """Publish on a thread of its own."""
        done: Future[bool] = Future()

        def carry() -> None:
            try:
                done.set_result(self.publish(changes, message, is_as_known))
            except Exception as error:
                done.set_exception(error)

        # A process that may not wait any longer ends without it; git, in a session of its own, goes on.
        threading.Thread(target=carry, name="record", daemon=True).start()
        return done

    def publish(
        self, changes: Mapping[str, bytes], message: str, is_as_known: Callable[[Mapping[str, str]], bool]
    ) -> bool:
        """Put files on the branch with one push; return False where `is_as_known` finds its files changed.

        Changed they are, too, by an earlier push of these very files that nobody answered, and that arrived.
        Raises RecordUnreachable where the remote does not say what became of it, Refusal where it says no.
        """
        pauses = iter(PAUSES)
        for _ in range(TRIES_AGAINST_RIVALS):
            if not is_as_known(self.files):
                return False
            ours = self._commit(changes, message)
            pushed = self._branch.push(ours, self.tip)
            if pushed.outcome is Outcome.ACCEPTED:
                self._know(ours)
                return True
            if pushed.outcome is Outcome.REFUSED:
                raise self._refused(pushed)
            self._pause(pushed, pauses)
            self._look_again(pushed, pauses)
        raise RecordUnreachable(
            f"the branch {self.name}: rivals were quicker {TRIES_AGAINST_RIVALS} times",
            "run again, with fewer runs at a time",
        )

    def own_folder(self) -> Path:
        """Return a folder of ours inside git's own, which is never committed."""
        return Path(self._branch.remote.git.ask("rev-parse", "--absolute-git-dir").decode().rstrip("\n")) / "mmsbatch"

    def _know(self, commit: str) -> None:
        self.tip, self.files = commit, self._branch.remote.git.files(commit)

    def _commit(self, changes: Mapping[str, bytes], message: str) -> str:
        first = {} if self.tip else {"README.md": README.encode()}
        return self._branch.remote.git.commit(self.tip, {**first, **changes}, message, self._clock.now(), self._who)

    def _pause(self, pushed: Pushed, pauses: Iterator[float]) -> None:
        if pushed.outcome is Outcome.OVERTAKEN:
            self._clock.sleep(PAUSE_AGAINST_RIVALS * self._clock.jitter())
            return
        seconds = next(pauses, None)
        if seconds is None:
            raise self._unanswered(pushed)
        self._clock.sleep(seconds)

    def _look_again(self, pushed: Pushed, pauses: Iterator[float]) -> None:
        while True:
            try:
                self.look()
            except RecordUnreachable:
                self._pause(Pushed(Outcome.UNREACHED, pushed.reason), pauses)
            else:
                return

    def _unanswered(self, pushed: Pushed) -> RecordUnreachable:
        return RecordUnreachable(
            f"the branch {self.name} of {self._branch.remote.name} cannot be written: {pushed.reason}",
            "see that the remote answers, then run again: it goes on from what the branch has",
        )

    def _refused(self, pushed: Pushed) -> Refusal:
        return Refusal(
            f"{self._branch.remote.name} does not take a push to the branch {self.name}: {pushed.reason}",
            "give this user or token the right to push there, and take protections and hooks off that branch",
        )

    def _went_back(self, seen: str) -> Refusal:
        remote = self._branch.remote.name
        return Refusal(
            f"the branch {self.name} of {remote} went back in time: it lacks {seen[:12]}, which was there before",
            "whoever is missing there would be sent to again: bring it back with "
            f"`git push {remote} {self._branch.seen}:{self._branch.ref}`",
        )
