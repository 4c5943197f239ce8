"""Real git repositories of campaigns, and the program run at another time: what a pull request's path is made of."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from campaign_repo import CampaignRepo, Ended

#: Runs the program with its clock moved on by so many seconds.
_MOVED = """
import random, sys, time
from datetime import UTC, datetime, timedelta
from mmsbatch.sending.clock import Clock
seconds = float(sys.argv.pop(1))
Clock.__init__.__defaults__ = (lambda: datetime.now(UTC) + timedelta(seconds=seconds), time.monotonic, random.random)
from mmsbatch.cli.entry import main
main()
"""


def start_git(repo: CampaignRepo) -> None:
    """Make the repository a real one, with all that is there as its first commit on `main`."""
    (repo.root / ".git").rmdir()
    git(repo, "init", "--quiet", "--initial-branch=main")
    repo.write(".gitignore", "*.lock\n")
    commit(repo, "First")


def commit(repo: CampaignRepo, message: str) -> None:
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--allow-empty", "--message", message)


def push_to_remote(repo: CampaignRepo, folder: Path) -> Path:
    """Make a remote, and push `main` there."""
    git(repo, "init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    git(repo, "remote", "add", "origin", str(folder))
    git(repo, "push", "--quiet", "origin", "main")
    return folder


def clone(repo: CampaignRepo, folder: Path, remote: Path | None = None) -> CampaignRepo:
    """Clone a repository's `main`, or that of its remote, into a folder of its own, as a pipeline does."""
    cloned = CampaignRepo(folder)
    for path in (cloned.campaigns, cloned.root / ".git", cloned.root):
        path.rmdir()
    git(repo, "clone", "--quiet", "--branch", "main", str(remote or repo.root), str(cloned.root))
    for path in filter(Path.is_file, cloned.root.rglob("*")):
        cloned.adopt(path)
        repo.adopt(path)
    return cloned


def pull(repo: CampaignRepo, other: CampaignRepo) -> None:
    """Take over what another clone committed to `main`."""
    git(repo, "pull", "--quiet", "--ff-only", str(other.root), "main")


def git(repo: CampaignRepo, *arguments: str) -> str:
    identity = ("-c", "user.name=Marie Durand", "-c", "user.email=marie@example.com", "-c", "gc.auto=0")
    command = ["git", *identity, *arguments]
    environ = repo.environment()
    done = subprocess.run(command, cwd=repo.root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_later(repo: CampaignRepo, seconds: float, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run the program as if so many seconds had gone by."""
    return repo.finish(repo.start(*arguments, env=env, program=("-c", _MOVED, str(seconds))))
