"""The hook, by pre-commit itself: cloned, built and run on a repository of campaigns."""

import shutil
import subprocess
import sys
from pathlib import Path

from campaign_repo import CampaignRepo
from git_clones import commit, git

ROOT = Path(__file__).parents[2]
#: What the package is built from.
PARTS = ("mmsbatch", "schemas", "templates", "action.yml", "pyproject.toml", "README.md", "LICENSE")


def test_try_repo(repo: CampaignRepo, installed_packages: dict[str, str]) -> None:
    ours = CampaignRepo(repo.root.parent / "ours")
    for part in (*PARTS, ".pre-commit-hooks.yaml"):
        source, target = ROOT / part, ours.root / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for path in ours.root.rglob("*"):
        repo.adopt(path)
    for each in (ours, repo):
        (each.root / ".git").rmdir()
        git(each, "init", "--quiet")
    commit(ours, "The hook")
    repo.write_campaign()
    repo.write("campaigns/sale.csv", "phone;prenom\n06 39 98 00 01;Inès\n06 39 98 00;Noé\n")
    repo.write_yaml("mmsbatch.yaml", {"default_gateway": "sandbox"})
    commit(repo, "A campaign")

    # The campaign is looked at, though the CSV alone changed.
    command = ("try-repo", str(ours.root), "mmsbatch-validate", "--files", "campaigns/sale.csv")
    refused = subprocess.run(
        [sys.executable, "-m", "pre_commit", *command],
        cwd=repo.root,
        env=repo.environment() | installed_packages | {"PRE_COMMIT_HOME": str(repo.home / "pre-commit")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "campaigns/sale.csv:3:1: error: " in refused.stdout
    assert "06 39 98 00\n" not in refused.stdout
    for path in (repo.home / "pre-commit").rglob("*"):
        repo.adopt(path)
