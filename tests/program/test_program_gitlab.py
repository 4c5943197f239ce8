"""The merge request's path on GitLab: the jobs of the template, line by line as they are."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from campaign_repo import CampaignRepo, Serve, received, wire
from git_clones import commit, git
from gitlab_runner import COMMENT_TOKEN, GitLab, extended, read_template, run_job, serve_gitlab
from junitparser import JUnitXml

from mmsbatch.sandbox import Sandbox

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="the template wants curl, as its image has it")
ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "mmsbatch.gitlab-ci.yml"
JOBS = read_template(TEMPLATE)[1]
KEY = {"MMSBATCH_PSEUDONYM_KEY": "a-key-of-the-tests-that-is-long-enough"}


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with serve_gitlab() as gitlab:
        yield gitlab


class Project:
    """A project with one campaign to six numbers, its branch `sale` proposed."""

    def __init__(self, repo: CampaignRepo, gateway: Sandbox, gitlab: GitLab, folder: Path) -> None:
        self.repo, self.gateway, self.gitlab, self.folder = repo, gateway, gitlab, folder
        self.origin = folder / "origin.git"
        (repo.root / ".git").rmdir()
        git(repo, "init", "--quiet", "--initial-branch=main")
        git(repo, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        git(repo, "remote", "add", "origin", f"file://{self.origin}")
        urls = {"send_url": gateway.send_url, "account_url": gateway.account_url, "fiction_numbers": "accept"}
        local = urls | {"credits_per_message": {"text": 1}, "chunk_size": 2}
        record = {"store": "git"}
        repo.write_yaml("mmsbatch.yaml", {"default_gateway": "local", "gateways": {"local": local}, "record": record})
        commit(repo, "First")
        git(repo, "checkout", "--quiet", "-b", "sale")
        repo.write_campaign()
        repo.write_rows(range(6))
        self.commit("The sale")
        self.program = folder / "bin" / "mmsbatch"
        self.program.parent.mkdir()
        self.program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mmsbatch "$@"\n')
        self.program.chmod(0o755)
        self.jobs = 0

    def commit(self, message: str) -> str:
        commit(self.repo, message)
        git(self.repo, "push", "--quiet", "--all", "origin")
        return git(self.repo, "rev-parse", "HEAD").strip()

    def merge(self) -> str:
        git(self.repo, "checkout", "--quiet", "main")
        git(self.repo, "merge", "--quiet", "--no-ff", "--no-edit", "sale")
        git(self.repo, "push", "--quiet", "--all", "origin")
        return git(self.repo, "rev-parse", "HEAD").strip()

    def run(
        self, name: str, branch: str, artifacts: Path | None = None, **environ: str
    ) -> tuple[CompletedProcess[str], Path]:
        """Run a job on a fresh clone of a branch; return how it ended, and the folder that it worked in."""
        self.jobs += 1
        work = self.folder / f"job-{self.jobs}"
        git(self.repo, "clone", "--quiet", "--depth=50", "--branch", branch, f"file://{self.origin}", str(work))
        if artifacts:
            shutil.copy(artifacts / "mms-plan.json", work)
        base = self.repo.environment()
        path = f"{self.program.parent}{os.pathsep}{base['PATH']}"
        sha = git(self.repo, "rev-parse", branch).strip()
        done = run_job(
            extended(JOBS, name), self.gitlab, work, base | {"PATH": path, "CI_COMMIT_SHA": sha} | KEY | environ
        )
        assert not [place for place in range(100) if wire(place)[2:] in done.stdout]
        return done, work


@pytest.fixture
def project(repo: CampaignRepo, serve: Serve, gitlab: GitLab, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(repo, serve(), gitlab, tmp_path_factory.mktemp("gitlab"))


def test_planned_merged_applied_and_run_again(project: Project) -> None:
    planned, work = project.run("mmsbatch-plan", "sale", MMS_COMMENT_TOKEN=COMMENT_TOKEN)
    assert planned.returncode == 0, planned.stdout
    assert COMMENT_TOKEN not in planned.stdout
    head = git(project.repo, "rev-parse", "sale").strip()
    assert list(project.gitlab.plans) == [head]
    [note] = project.gitlab.notes
    assert note["body"] == (work / "mms-plan.md").read_text(encoding="utf-8")
    assert project.gateway.requests["send"] == 0

    project.merge()
    applied, _ = project.run("mmsbatch-apply", "main")
    assert applied.returncode == 0, applied.stdout
    assert sorted(received(project.gateway)) == [wire(place) for place in range(6)]
    assert "mmsbatch-record" in git(project.repo, "ls-remote", "origin")

    again, _ = project.run("mmsbatch-apply", "main")
    assert again.returncode == 0, again.stdout
    assert "nothing to send" in again.stdout


def test_a_second_plan_updates_the_one_comment(project: Project) -> None:
    project.gitlab.notes.append({"id": 1, "body": "Fine."})
    for places, told in ((range(6), "6 recipients"), (range(5), "5 recipients")):
        project.repo.write_rows(places)
        project.commit("Rows")
        project.run("mmsbatch-plan", "sale", MMS_COMMENT_TOKEN=COMMENT_TOKEN)
        assert len(project.gitlab.notes) == 2
        assert told in project.gitlab.notes[1]["body"]


def test_a_stale_plan_is_made_anew_and_waits_for_somebody(project: Project) -> None:
    planned, _ = project.run("mmsbatch-plan", "sale")
    assert planned.returncode == 0, planned.stdout
    assert not project.gitlab.notes, "without a token nobody is commented to"
    project.merge()
    project.repo.write_rows(range(7))
    commit(project.repo, "One more, after the review")
    git(project.repo, "commit", "--quiet", "--amend", "--no-edit")
    git(project.repo, "push", "--quiet", "origin", "main")
    refused, _ = project.run("mmsbatch-apply", "main")
    assert refused.returncode == 1
    assert "No plan is kept" in refused.stdout
    assert JOBS["mmsbatch-apply"]["allow_failure"] == {"exit_codes": [1]}
    assert JOBS["mmsbatch-apply-approved"]["rules"][0]["when"] == "manual"
    again, work = project.run("mmsbatch-plan-again", "main")
    assert again.returncode == 0, again.stdout
    assert project.gateway.requests["send"] == 0
    applied, _ = project.run("mmsbatch-apply-approved", "main", work)
    assert applied.returncode == 0, applied.stdout
    assert len(received(project.gateway)) == 7


def test_what_a_fork_proposes_is_planned_offline(project: Project) -> None:
    planned, _ = project.run("mmsbatch-plan-offline", "sale", MMSBATCH_CLIENTCODE="", MMSBATCH_PASSCODE="")
    assert planned.returncode == 0, planned.stdout
    assert not any(project.gateway.requests.values())


def test_findings_become_reports(project: Project) -> None:
    project.repo.write_campaign(schedul="2026-12-20 10:00:00")
    project.commit("Mistyped")
    validated, work = project.run("mmsbatch-validate", "sale")
    assert validated.returncode == 1
    reports = JOBS["mmsbatch-validate"]["artifacts"]["reports"]
    [finding] = json.loads((work / reports["codequality"]).read_text(encoding="utf-8"))
    assert finding["check_name"] == "schema-unknown-key"
    assert finding["location"]["path"] == "campaigns/sale.yaml"
    assert JUnitXml.fromfile(str(work / reports["junit"])).failures == 1


def test_the_record_is_pushed_with_its_own_token(project: Project) -> None:
    """The token is in no URL, and in no file: git asks for it where it needs it."""
    work = project.folder / "pushing"
    git(project.repo, "clone", "--quiet", f"file://{project.origin}", str(work))
    job: dict[str, Any] = extended(JOBS, "mmsbatch-apply") | {
        "script": ["printf 'protocol=https\\nhost=x\\n\\n' | git credential fill", "git remote get-url origin"]
    }
    environ: Mapping[str, str] = project.repo.environment() | {"MMS_PUSH_TOKEN": "push-token-of-the-tests"}
    done = run_job(job, project.gitlab, work, environ)
    assert "username=mmsbatch\npassword=push-token-of-the-tests\n" in done.stdout
    assert f"{project.gitlab.url}/firm/mms.git" in done.stdout
    assert "push-token-of-the-tests" not in (work / ".git" / "config").read_text(encoding="utf-8")
