"""A remote as compare-and-swap: its refs are asked, and moved from what we know to what we made, or not at all.

Whether a push won is told by the flag of `git push --porcelain` alone. Its exit code is 0 for whoever pushes what is
there already, and a plain push of a descendant goes over anybody's ref.
"""

import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from mmsbatch.errors import RecordUnreachable, Refusal
from mmsbatch.record.shared.git import Git
from mmsbatch.record.shared.git_process import Finished, told

#: A depth beyond any history, yet not the largest number, which git takes for "of every branch there is".
_ALL_OF_IT = 2**31 - 2
_FETCH = (
    *("fetch", "--quiet", "--no-write-fetch-head", "--refmap=", "--no-tags", "--no-prune", "--no-prune-tags"),
    *("--no-recurse-submodules", "--no-filter", "--no-show-forced-updates", "--no-write-commit-graph"),
)
_PUSH = ("push", "--porcelain", "--no-follow-tags", "--no-recurse-submodules", "--no-progress")
_APPLIED = (" ", "*", "+")
#: What `git check-ref-format` refuses, and what has a meaning in a refspec.
_NOT_IN_A_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|[/.]$")
#: Seconds before trying again whether a rival, who had the ref or the clone locked when we came, is through.
PAUSES = (0.1, 0.4)
#: A remote that does not answer, or a disk here that is full: after a push, both leave it at what is known.
_NOT_ASKED = (RecordUnreachable, Refusal)


class Outcome(Enum):
    """What became of a push."""

    ACCEPTED = "the remote has it"
    OVERTAKEN = "the remote holds something else than was expected; ours will never get there"
    REFUSED = "a hook, a protection or missing rights keep it out; nothing was changed"
    UNREACHED = "the remote cannot be reached; surely nothing arrived"
    UNKNOWN = "the connection broke or timed out: it may have arrived, or may still"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a push, and why in git's own words, masked; no reason where it was accepted."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GitRemote:
    """A remote of a repository, and its refs by full name (`refs/…`). Each question goes over the network."""

    git: Git
    name: str
    pause: Callable[[float], None] = time.sleep

    def fetch(self, ref: str) -> str | None:
        """Return the commit that a ref has there now, None where it is not there; all of its history is here then.

        A clone that is shallow gets this history in full, and stays shallow for everything else.
        Raises RecordUnreachable where the remote does not say.
        """
        ours = f"refs/mmsbatch/fetched/{secrets.token_hex(8)}"
        for seconds in (*PAUSES, None):
            finished = self._bring(_checked(ref), ours)
            if finished.code == 0:
                break
            if finished.code is not None and self._is_absent(ref):
                return None
            # It came into being in between, or another run in this clone was in our way.
            if finished.code is None or seconds is None:
                raise self._unreachable(finished)
            self.pause(seconds)
        tip = self.git.ask("rev-parse", "--verify", f"{ours}^{{commit}}").decode().strip()
        self.git.ask("update-ref", "-d", ours)
        return tip

    def refs(self, prefix: str) -> list[str]:
        """Name the refs there that begin so. Raises RecordUnreachable where the remote does not say."""
        listed = self.git.call("ls-remote", "--refs", "--", self.name, f"{prefix}*")
        if listed.code != 0:
            raise self._unreachable(listed)
        names = (line.partition("\t")[2] for line in os.fsdecode(listed.out).splitlines())
        return [name for name in names if name.startswith(prefix)]

    def push(self, ref: str, new: str, old: str | None) -> Pushed:
        """Move a ref from the commit `old` (None: it must not be there) to its descendant `new`.

        Of several whom the remote answers one at most is told ACCEPTED, even where all push the same commit. What
        goes wrong takes longer than git's timeout: the remote is asked what it holds. The user's `pre-push` hook runs,
        as with any push, within that timeout.
        """
        if old and not self.git.is_ancestor(old, new):
            raise ValueError(f"{new} does not descend from {old}")
        lease = f"--force-with-lease={_checked(ref)}:{old or ''}"
        with _passing_folder() as folder:
            trace = folder / "trace"
            tracing = {"GIT_TRACE_SETUP": str(trace), "GIT_TRACE_PACKET": str(trace)}
            one_ref = ("-c", f"remote.{self.name}.mirror=false")
            words = (*one_ref, *_PUSH, lease, "--", self.name, f"{new}:{ref}")
            finished = self.git.call(*words, environ=tracing)
            left = _may_have_left(trace, f"{old or self.git.null} {new} {ref}")
        flag, summary = _status(finished.out, ref)
        if flag in _APPLIED:
            return Pushed(Outcome.ACCEPTED)
        if flag is not None:
            reason = "; ".join(filter(None, (summary, told(finished.err))))
            return Pushed(self._judge_rejected(flag, ref, old), reason)
        outcome = self._judge_unanswered(ref, new, old, left, is_late=finished.code is None)
        return Pushed(outcome, "" if outcome is Outcome.ACCEPTED else self.git.words(finished))

    def _bring(self, ref: str, ours: str) -> Finished:
        source = ("--", self.name, f"+{ref}:{ours}")
        finished = self.git.call(*_FETCH, *source)
        if finished.code == 0 and self.git.is_shallow and self.git.is_cut_off(ours):
            finished = self.git.call(*_FETCH, f"--depth={_ALL_OF_IT}", *source)
        return finished

    def _judge_rejected(self, flag: str, ref: str, old: str | None) -> Outcome:
        """Tell who was overtaken from who may not push: git's words for it differ from host to host."""
        if flag == "=":
            return Outcome.OVERTAKEN
        for seconds in (*PAUSES, None):
            try:
                if self.fetch(ref) != old:
                    return Outcome.OVERTAKEN
            except _NOT_ASKED:
                break
            if seconds is not None:
                self.pause(seconds)
        return Outcome.REFUSED

    def _judge_unanswered(self, ref: str, new: str, old: str | None, left: bool, is_late: bool) -> Outcome:
        """Tell what is known of a push to which the remote gave no answer, by asking it what it holds."""
        try:
            tip = self.fetch(ref)
            is_there = self._holds(tip, new)
            # Not where it is older than what was there: that is a mirror that lags, or a backup put back.
            is_overtaken = tip != old and (old is None or self._holds(tip, old))
        except _NOT_ASKED:
            return Outcome.UNKNOWN if left else Outcome.UNREACHED
        if left:
            return Outcome.ACCEPTED if is_there else Outcome.OVERTAKEN if is_overtaken else Outcome.UNKNOWN
        if tip != old:
            return Outcome.OVERTAKEN
        return Outcome.UNREACHED if is_late else Outcome.REFUSED

    def _holds(self, tip: str | None, commit: str) -> bool:
        return tip is not None and self.git.is_ancestor(commit, tip)

    def _is_absent(self, ref: str) -> bool:
        listed = self.git.call("ls-remote", "--refs", "--", self.name, ref)
        if listed.code != 0:
            raise self._unreachable(listed)
        # It lists every ref that ends in the name.
        return all(line.partition("\t")[2] != ref for line in os.fsdecode(listed.out).splitlines())

    def _unreachable(self, finished: Finished) -> RecordUnreachable:
        return RecordUnreachable(
            f"the git remote {self.name} does not answer: {self.git.words(finished)}",
            f"see that `git fetch {self.name}` works here without asking for anything, then run again",
        )


@dataclass(frozen=True, slots=True)
class GitBranch:
    """One branch of a remote, never checked out. What it held last is remembered in a ref of our own."""

    remote: GitRemote
    name: str
    ref: str = field(init=False)
    seen: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ref", f"refs/heads/{self.name}")
        object.__setattr__(self, "seen", f"refs/mmsbatch/seen/{self.remote.name}/{self.name}")

    def fetch(self) -> str | None:
        """Return the branch's last commit as the remote has it now, None where it has no such branch."""
        tip, known = self.remote.fetch(self.ref), self.last_seen()
        if tip is not None and tip != known and (known is None or self.remote.git.is_ancestor(known, tip)):
            self._remember(tip, known or self.remote.git.null)
        return tip

    def push(self, commit: str, expected: str | None) -> Pushed:
        """Put a commit on top of the branch, if the branch is still where it is expected."""
        pushed = self.remote.push(self.ref, commit, expected)
        if pushed.outcome is Outcome.ACCEPTED:
            self._remember(commit)
        return pushed

    def went_back(self, tip: str | None, known: str | None = None) -> bool:
        """Whether the remote lost what this clone saw there once, or `known` of it: it is neither `tip` nor before it.

        It stays so until the branch has it again: `git push <remote> <seen>:<ref>` brings it back.
        """
        known = known or self.last_seen()
        return known is not None and (tip is None or not self.remote.git.is_ancestor(known, tip))

    def last_seen(self) -> str | None:
        """Return the last commit that this clone saw there or brought there."""
        found = self.remote.git.call("rev-parse", "--verify", "--quiet", self.seen)
        return found.out.decode().strip() or None

    def _remember(self, tip: str, former: str | None = None) -> None:
        # Two runs in one clone may be at it at once: then one of them is remembered, which is as good.
        # And what the remote has, it has, whether or not this machine can note it down.
        with suppress(Refusal):
            self.remote.git.call("update-ref", "--no-deref", self.seen, tip, *([former] if former else []))


def open_branch(git: Git, remote: str, branch: str) -> GitBranch:
    """Return a branch of a remote of the repository. Raises Refusal where it has no such remote, or several in one."""
    if _NOT_IN_A_REF.search(f"refs/heads/{branch}"):
        raise Refusal(f"record: {branch!r} is no name of a branch", "see `git help check-ref-format`")
    found = git.call("remote", "get-url", "--push", "--all", "--", remote)
    if found.code != 0 or _NOT_IN_A_REF.search(remote):
        raise Refusal(
            f"{git.folder}: this repository has no git remote {remote!r}",
            "name one of `git remote` in the configuration, or add it: `git remote add NAME URL`",
        )
    if len(found.out.splitlines()) > 1:
        raise Refusal(
            f"{git.folder}: the git remote {remote} pushes to several places, and only one can decide between rivals",
            "name a remote with one push URL",
        )
    return GitBranch(GitRemote(git, remote), branch)


@contextmanager
def _passing_folder() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="mmsbatch-", ignore_cleanup_errors=True)
    except OSError as error:
        raise Refusal(f"{tempfile.gettempdir()}: {error.strerror}", "make room there, then run again") from error
    with folder as name:
        yield Path(name)


def _checked(ref: str) -> str:
    if not ref.startswith("refs/") or _NOT_IN_A_REF.search(ref):
        raise ValueError(f"no full name of a ref: {ref!r}")
    return ref


def _status(out: bytes, ref: str) -> tuple[str | None, str]:
    """Return the flag and the summary that the remote gave for a ref; no flag where it gave none."""
    for line in out.decode("utf-8", "replace").splitlines():
        flag, _, rest = line.partition("\t")
        names, _, summary = rest.partition("\t")
        if names.rpartition(":")[2] == ref and not summary.startswith("[remote failure]"):
            return flag, told(summary.encode())
    return None, ""


def _may_have_left(trace: Path, command: str) -> bool:
    """Whether the order to move the ref may have left this machine; only a trace without it proves that it did not.

    git traces where it works as it starts, and each line of its protocol before sending it.
    """
    try:
        traced = trace.read_bytes()
    except OSError:
        return True
    return b" setup: " not in traced or command.encode() in traced
