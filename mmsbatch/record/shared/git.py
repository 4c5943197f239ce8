"""The installed git, by its plumbing commands: objects of the repository around a folder.

Neither the index nor the work tree nor any branch or tag of the user is touched; the remote-tracking branch moves
along with a push, as with any push. The user's configuration, credentials, hosts and hooks stay in force; what would
change the meaning of our calls is set aside, call by call.
"""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mmsbatch.errors import Refusal
from mmsbatch.record.shared.git_process import Finished, Run, run_process, told

#: Below it there is no `git fetch --no-write-fetch-head`.
LEAST_GIT = (2, 29)
#: Left by a hook or by `git rebase --exec`, they point git at another repository, index or set of objects.
_OTHER_REPOSITORY = frozenset(
    f"GIT_{name}"
    for name in (
        *("DIR", "WORK_TREE", "COMMON_DIR", "INDEX_FILE", "OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES", "PREFIX"),
        *("IMPLICIT_WORK_TREE", "SHALLOW_FILE", "GRAFT_FILE", "REPLACE_REF_BASE", "QUARANTINE_PATH", "CONFIG"),
        *("LITERAL_PATHSPECS", "GLOB_PATHSPECS", "NOGLOB_PATHSPECS", "ICASE_PATHSPECS", "INTERNAL_SUPER_PREFIX"),
    )
)
#: Never wait for somebody to type; speak English; see the history as it is; no lock only to be quicker.
_OURS = {
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
_NEUTRAL = ("-c", "gc.auto=0", "-c", "maintenance.auto=false")
#: Loose objects, as `git commit` makes them, and paths as they are written, on any file system.
_IMPORTING = ("-c", "fastimport.unpackLimit=10000", "-c", "core.ignoreCase=false")
_IMPORT_REF = "refs/mmsbatch/import"
_NOBODY = "mmsbatch@localhost"
#: Ends the message of each commit that is made here, and of none that a person makes.
_NONCE = "^Nonce: [0-9a-f]*$"
#: Credentials, whatever their prefix, and the key of the record's tokens.
_OUR_SECRET = re.compile(r"^MMSBATCH_|_(PASSCODE|CLIENTCODE)$")
_NOT_IN_A_NAME = re.compile(r"[<>\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Git:
    """A repository, seen through the installed git. Each call has `timeout` seconds.

    `null` is the id that means "no such object" here: 40 zeros, or 64 in a SHA-256 repository. `email` is what
    commits are signed with, since hosts may check it. `nonce` makes commits differ, whatever else is alike.
    """

    program: str
    folder: Path
    timeout: float
    environ: Mapping[str, str] = field(repr=False)
    run: Run = run_process
    nonce: Callable[[], str] = lambda: secrets.token_hex(8)
    null: str = "0" * 40
    is_shallow: bool = False
    email: str = _NOBODY

    def call(self, *words: str, stdin: bytes | None = None, environ: Mapping[str, str] | None = None) -> Finished:
        """Run one git command, whatever comes of it."""
        command = (self.program, *_NEUTRAL, *words)
        try:
            return self.run(command, self.folder, {**self.environ, **(environ or {})}, stdin, self.timeout)
        except OSError as error:
            raise Refusal(f"{self.program} cannot be run in {self.folder}: {error.strerror}") from error

    def ask(self, *words: str, stdin: bytes | None = None) -> bytes:
        """Run one command that only this machine is needed for. Raises Refusal where it fails."""
        finished = self.call(*words, stdin=stdin)
        if finished.code != 0:
            raise Refusal(
                f"{self.folder}: git {_command(words)}: {self.words(finished)}",
                "see what `git fsck` says and whether the disk is full, then run again",
            )
        return finished.out

    def words(self, finished: Finished) -> str:
        """Return what a command said, or that it said nothing in time."""
        said = told(finished.err) or f"it ended with code {finished.code}"
        return said if finished.code is not None else f"no answer within {self.timeout:g} s"

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether the commit `old` is `new` or in its history; False where it is not even here."""
        if old == new:
            return True
        finished = self.call("merge-base", "--is-ancestor", old, new)
        if finished.code is None:
            raise Refusal(f"{self.folder}: git merge-base: {self.words(finished)}")
        return finished.code == 0

    def is_cut_off(self, commit: str) -> bool:
        """Whether some of a commit's history is missing here, for this clone is shallow."""
        shallow = self.folder / os.fsdecode(self.ask("rev-parse", "--git-path", "shallow")).removesuffix("\n")
        if not shallow.exists():
            return False
        beginnings = self.ask("rev-list", "--max-parents=0", commit).split()
        return not set(shallow.read_bytes().split()).isdisjoint(beginnings)

    def last_by_hand(self, tip: str) -> str | None:
        """Return the last commit up to `tip` that `commit` made nowhere, None where it made all of them."""
        found = self.ask("rev-list", "--max-count=1", "--invert-grep", f"--grep={_NONCE}", tip)
        return found.decode().strip() or None

    def last_made(self, tip: str, pattern: str) -> str | None:
        """Return the last commit up to `tip` that `commit` made, and that changed a path of a pattern; else None."""
        found = self.ask("rev-list", "--max-count=1", f"--grep={_NONCE}", tip, "--", f":(glob){pattern}")
        return found.decode().strip() or None

    def files(self, commit: str) -> dict[str, str]:
        """Return the blob of each path of a commit."""
        listed = self.ask("ls-tree", "-r", "-z", "--full-tree", commit).decode("utf-8", "surrogateescape")
        entries = (entry.partition("\t") for entry in listed.split("\0")[:-1])
        return {path: kind.split(" ")[2] for kind, _, path in entries if " blob " in kind}

    def read(self, *names: str) -> list[bytes]:
        """Return the contents of blobs, named by id or as `<commit>:<path>`, in that order.

        Raises Refusal where one is no file that is here.
        """
        if not names:
            return []
        if any("\n" in name for name in names):
            raise ValueError("git reads one name a line")
        data = self.ask("cat-file", "--batch", stdin=b"".join(name.encode() + b"\n" for name in names))
        contents, at = [], 0
        for name in names:
            end = data.index(b"\n", at)
            header = data[at:end].split(b" ")
            if len(header) != 3 or header[1] != b"blob":
                raise Refusal(f"{self.folder}: git has no file {name}", "see what `git fsck` says, then run again")
            at = end + 1 + int(header[2])
            contents.append(data[end + 1 : at])
            at += 1
        return contents

    def commit(
        self, parent: str | None, changes: Mapping[str, bytes | None], message: str, at: datetime, who: str
    ) -> str:
        """Make a commit on top of `parent` and return its id; no ref points to it yet.

        `changes` maps paths to new contents, None to remove one; all other paths stay. `at` needs a time zone.
        """
        if at.tzinfo is None:
            raise ValueError("a commit's time needs its zone")
        name = " ".join(_NOT_IN_A_NAME.sub(" ", f"mmsbatch for {who}").split())
        signature = f"{name} <{self.email}> {int(at.timestamp())} {at:%z}".encode()
        text = f"{message.rstrip()}\n\nNonce: {self.nonce()}\n".encode()
        ref, null = _IMPORT_REF.encode(), self.null.encode()
        stream = [
            b"commit %b\nmark :1\nauthor %b\ncommitter %b\n%b" % (ref, signature, signature, _data(text)),
            b"from %b\n" % parent.encode() if parent else b"",
            *(_change(path, content) for path, content in changes.items()),
            # A branch that is taken away again before the end is never written.
            b"get-mark :1\nreset %b\nfrom %b\n\ndone\n" % (ref, null),
        ]
        made = self.ask(*_IMPORTING, "fast-import", "--quiet", "--done", "--date-format=raw", stdin=b"".join(stream))
        return made.decode().strip()


def open_git(folder: Path, environ: Mapping[str, str], timeout: float, run: Run = run_process) -> Git:
    """Return the git around a folder: any folder of a clone, shallow or not, a linked work tree, a bare repository.

    Raises Refusal where there is no git, an old one, no repository, or one that git does not trust.
    """
    program = shutil.which("git", path=environ.get("PATH"))
    if program is None:
        raise Refusal("git is not installed, or not on PATH", f"install git {_version(LEAST_GIT)} or later")
    git = Git(program, folder, timeout, _environment(environ), run)
    _refuse_old(git)
    found = git.call("rev-parse", "--is-shallow-repository", "--show-object-format")
    if found.code != 0:
        raise Refusal(
            f"{folder}: git does not open this repository: {git.words(found)}",
            "run it inside a clone that belongs to this user, or tell git to trust it (`safe.directory`)",
        )
    shallow, object_format = found.out.decode().split()
    settings = _settings(git)
    ours = dict(git.environ)
    if "core.sshcommand" not in settings and not {"GIT_SSH", "GIT_SSH_COMMAND"} & environ.keys():
        ours["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
    email = environ.get("GIT_COMMITTER_EMAIL") or settings.get("user.email") or _NOBODY
    return Git(
        *(program, folder, timeout, ours, run),
        null="0" * (64 if object_format == "sha256" else 40),
        is_shallow=shallow == "true",
        email=_NOT_IN_A_NAME.sub("", email).strip(),
    )


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _OTHER_REPOSITORY
        and not name.startswith("GIT_TRACE")  # it would end up in what we tell
        and not _OUR_SECRET.search(name)  # hooks and helpers of others run in it, and what they say is told
    }
    return {**kept, **_OURS}


def _refuse_old(git: Git) -> None:
    said = git.ask("version").decode()
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < LEAST_GIT:
        raise Refusal(f"{git.program} is {said.strip()}, which is too old", f"install {_version(LEAST_GIT)} or later")


def _settings(git: Git) -> dict[str, str]:
    """Return the two settings of the user that we must know, by their names in small letters."""
    found = git.call("config", "-z", "--get-regexp", r"^(core\.sshcommand|user\.email)$")
    pairs = (each.partition("\n") for each in os.fsdecode(found.out).split("\0") if each)
    return {name: value for name, _, value in pairs}


def _change(path: str, content: bytes | None) -> bytes:
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts) or "\0" in path:
        raise ValueError(f"not a path of a commit: {path!r}")
    raw = path.encode("utf-8", "surrogateescape")
    quoted = b'"%b"' % raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b"D %b\n" % quoted if content is None else b"M 100644 inline %b\n%b" % (quoted, _data(content))


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _command(words: tuple[str, ...]) -> str:
    return next(word for word in words if word != "-c" and "=" not in word)


def _version(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
