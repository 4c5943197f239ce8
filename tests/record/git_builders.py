"""Real repositories in a folder: a bare one that decides, and clones of it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from mmsbatch.record.shared.git import Git, open_git
from mmsbatch.record.shared.git_process import Run, run_process
from mmsbatch.record.shared.git_remote import GitBranch, open_branch

BRANCH = "mmsbatch-record"
REF = f"refs/heads/{BRANCH}"
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
PARIS = AT.astimezone(timezone(timedelta(hours=1)))
TIMEOUT = 30.0


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return what a user without any setting of git has."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "zoé",
        "GIT_AUTHOR_EMAIL": "zoe@example.com",
        "GIT_COMMITTER_NAME": "zoé",
        "GIT_COMMITTER_EMAIL": "zoe@example.com",
        **more,
    }


def git(folder: Path, *words: str) -> str:
    """Run the user's git, and return what it says."""
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_bare(folder: Path, *options: str) -> Path:
    """Make a bare repository with two commits on `main`."""
    git(folder, "init", "-q", "--bare", "-b", "main", *options, "decides.git")
    bare = folder / "decides.git"
    tree = git(bare, "mktree")
    first = git(bare, "commit-tree", "-m", "one", tree)
    git(bare, "update-ref", "refs/heads/main", git(bare, "commit-tree", "-m", "two", "-p", first, tree))
    return bare


def make_clone(bare: Path, name: str, *options: str) -> Path:
    """Clone it beside itself; over its protocol, for a clone that copies files is never shallow."""
    git(bare.parent, "clone", "-q", *options, f"file://{bare}", name)
    return bare.parent / name


def see(folder: Path, timeout: float = TIMEOUT, run: Run = run_process, **more: str) -> GitBranch:
    """Return the record's branch as a run in a folder sees it; nothing is waited for."""
    seen = open_branch(open_git(folder, environment(folder, **more), timeout, run), "origin", BRANCH)
    return replace(seen, remote=replace(seen.remote, pause=lambda _: None))


def grow(branch: GitBranch, changes: Mapping[str, bytes | None], parent: str | None = None) -> str:
    """Make a commit that nobody has."""
    return make(branch.remote.git, changes, parent)


def make(seen: Git, changes: Mapping[str, bytes | None], parent: str | None = None) -> str:
    return seen.commit(parent, changes, "Claim chunks 1 to 3", AT, "ci on runner-1")


def install(folder: Path, name: str, script: str) -> None:
    """Put a hook into a repository, or another script into a folder."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
