"""The pull request's path on GitHub: the workflows that `init` writes and the action, step by step as they are."""

import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from campaign_repo import CLIENT_CODE, PASSCODE, PATIENCE, CampaignRepo, Serve, number, received, wait_until, wire
from git_clones import commit, git
from github_runner import GitHub, Job, Run

from mmsbatch.sandbox import Sandbox

pytestmark = pytest.mark.skipif(not shutil.which("jq"), reason="the workflows want jq, as GitHub's runners have it")
ROOT = Path(__file__).parents[2]
KEY = "a-key-of-the-tests-that-is-long-enough"
CAMPAIGN = "campaigns/sale.yaml"


class Firm:
    """A firm's repository on GitHub, made by `init`, with one campaign to six numbers in three requests."""

    def __init__(self, repo: CampaignRepo, gateway: Sandbox, folder: Path) -> None:
        self.repo, self.gateway = repo, gateway
        self.origin = folder / "origin.git"
        (repo.root / ".git").rmdir()
        git(repo, "init", "--quiet", "--initial-branch=main")
        git(repo, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        git(repo, "remote", "add", "origin", f"file://{self.origin}")
        git(repo, "config", "--file", str(self.origin / "config"), "uploadpack.allowAnySHA1InWant", "true")
        assert repo.run("init", "--ci", "github").code == 0
        for path in (repo.root / "schemas").iterdir():
            repo.adopt(path)  # they have examples of numbers
        for path in repo.campaigns.iterdir():
            path.unlink()
        configure(repo, gateway)
        repo.write_campaign()
        commit(repo, "First")
        git(repo, "push", "--quiet", "origin", "main")
        self.github = GitHub(folder / "github", self.origin, repo.environment())
        self.github.secrets = {
            "MMSBATCH_CLIENTCODE": CLIENT_CODE,
            "MMSBATCH_PASSCODE": PASSCODE,
            "MMSBATCH_PSEUDONYM_KEY": KEY,
        }

    def propose(self, places: range = range(6)) -> str:
        """Open a pull request for so many recipients; return its head commit."""
        git(self.repo, "checkout", "--quiet", "-b", "sale")
        self.repo.write_rows(places)
        return self.push_proposal()

    def push_proposal(self) -> str:
        commit(self.repo, "The sale")
        git(self.repo, "push", "--quiet", "origin", "sale")
        return git(self.repo, "rev-parse", "HEAD").strip()

    def merge(self) -> str:
        """Merge the pull request; return the merge's commit."""
        head = git(self.repo, "rev-parse", "sale").strip()
        git(self.repo, "checkout", "--quiet", "main")
        git(self.repo, "merge", "--quiet", "--no-ff", "--no-edit", "sale")
        git(self.repo, "push", "--quiet", "origin", "main")
        merged = git(self.repo, "rev-parse", "HEAD").strip()
        pull = {"commits": [merged], "head": {"sha": head}, "merged_at": "2026-03-01T08:30:00Z"}
        self.github.note("pulls", [*self.github.noted("pulls"), pull])
        return merged

    def on_pull_request(self, job: str, head: str, repository: str = "firm/mms") -> Job:
        event = {"pull_request": {"number": 7, "head": {"sha": head, "repo": {"full_name": repository}}}}
        return self.run("mms-plan", job, head, event, **({"validate": Job()} if job == "plan" else {}))

    def on_push(self, job: str, sha: str, **needs: Job) -> Job:
        event = {"repository": {"default_branch": "main"}}
        return self.run("mms-apply", job, sha, event, **{name.replace("_", "-"): each for name, each in needs.items()})

    def run(self, workflow: str, job: str, sha: str, event: Mapping[str, Any], **needs: Job) -> Job:
        path = self.repo.root / ".github" / "workflows" / f"{workflow}.yml"
        done = self.github.run(path, job, sha, event, **needs)
        print(done.log)
        for text in (done.log, done.summary):
            assert PASSCODE not in text
            assert KEY not in text
            assert not [place for place in range(100) if wire(place)[2:] in text or number(place) in text]
        return done

    def plan_and_merge(self) -> str:
        assert self.on_pull_request("plan", self.propose()).outcome == "success"
        return self.merge()


def configure(repo: CampaignRepo, gateway: Sandbox, **settings: Any) -> None:
    urls = {"send_url": gateway.send_url, "account_url": gateway.account_url, "fiction_numbers": "accept"}
    local = urls | {"credits_per_message": {"text": 1}, "chunk_size": 2, "concurrency": 1} | settings
    store = {"store": "git", "claim": {"chunks": 1}}
    repo.write_yaml("mmsbatch.yaml", {"default_gateway": "local", "gateways": {"local": local}, "record": store})


@pytest.fixture
def firm(repo: CampaignRepo, serve: Serve, elsewhere: Path) -> Firm:
    return Firm(repo, serve(), elsewhere)


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is no repository of ours: clones in it hold numbers, as their origin does."""
    return tmp_path_factory.mktemp("github")


def everybody() -> list[str]:
    return [wire(place) for place in range(6)]


# --- the whole path


def test_planned_commented_merged_applied_and_run_again(firm: Firm) -> None:
    head = firm.propose()
    assert firm.on_pull_request("validate", head).outcome == "success"
    assert firm.on_pull_request("plan", head).outcome == "success"
    [comment] = firm.github.noted("comments")
    assert comment["body"].startswith("<!-- mmsbatch:plan -->\n")
    assert "6 recipients" in comment["body"]
    assert firm.gateway.requests["send"] == 0

    merged = firm.merge()
    applied = firm.on_push("apply", merged)
    assert (applied.outcome, applied.outputs) == ("success", {"held": "false"})
    assert sorted(received(firm.gateway)) == everybody()
    assert "6 recipients accepted, exit code 0" in applied.summary
    assert "<code>mmsbatch-record:campaigns/sale.local.manifest.json</code>" in applied.summary
    assert '"status": "complete"' in applied.summary
    assert "mmsbatch-record" in git(firm.repo, "ls-remote", "origin")

    again = firm.on_push("apply", merged)
    assert (again.outcome, again.outputs) == ("success", {"held": "false"})
    assert "nothing to send" in again.log
    assert firm.gateway.requests["send"] == 3
    assert firm.on_push("plan-again", merged, apply=again).outcome == "skipped"


def test_a_second_commit_updates_the_one_comment(firm: Firm) -> None:
    firm.on_pull_request("plan", firm.propose())
    firm.github.note(
        "comments", [{"id": 1, "user": {"login": "ines"}, "body": "Fine."}, *firm.github.noted("comments")]
    )
    firm.repo.write_rows(range(5))
    firm.on_pull_request("plan", firm.push_proposal())
    bodies = [each["body"] for each in firm.github.noted("comments")]
    assert len(bodies) == 2
    assert "5 recipients" in bodies[1]
    assert len(firm.github.noted("artifacts")) == 2, "each reviewed commit has its own"


def test_a_refused_plan_is_commented_and_not_kept(firm: Firm) -> None:
    git(firm.repo, "checkout", "--quiet", "-b", "sale")
    firm.repo.write_campaign(limits={"recipients": 5})
    firm.repo.write_rows(range(6))
    head = firm.push_proposal()
    assert firm.on_pull_request("plan", head).outcome == "failure"
    assert "limit" in firm.github.noted("comments")[0]["body"]
    assert firm.github.noted("artifacts") == []


def test_an_invalid_campaign_fails_with_annotations(firm: Firm) -> None:
    git(firm.repo, "checkout", "--quiet", "-b", "sale")
    firm.repo.write_campaign(schedul="2026-12-20 10:00:00")
    firm.repo.write_rows(range(6))
    validated = firm.on_pull_request("validate", firm.push_proposal())
    assert validated.outcome == "failure"
    assert "::error file=campaigns/sale.yaml,line=" in validated.log


def test_a_fork_is_validated_and_planned_without_credentials(firm: Firm) -> None:
    head = firm.propose()
    firm.github.secrets = {}
    validated = firm.on_pull_request("validate", head, "somebody/mms")
    assert validated.outcome == "success"
    assert "MMS plan" in validated.summary
    assert firm.on_pull_request("plan", head, "somebody/mms").outcome == "skipped"
    assert not any(firm.gateway.requests.values())


# --- no plan, or a stale one

#: How the kept plan may be none for this merge.
UNFIT: Mapping[str, Mapping[str, Any]] = {
    "expired": {"expired": True},
    "of a fork": {"workflow_run": {"head_repository_id": 2}},
    "of another commit": {"workflow_run": {"head_sha": "0" * 40}},
}


def test_a_plan_that_is_none_for_this_merge_is_not_carried_out(firm: Firm) -> None:
    merged = firm.plan_and_merge()
    [kept], pulls = firm.github.noted("artifacts"), firm.github.noted("pulls")

    def check_held() -> None:
        held = firm.on_push("apply", merged)
        assert (held.outcome, held.outputs) == ("success", {"held": "true"})
        assert firm.gateway.requests["send"] == 0

    for change in UNFIT.values():
        run = kept["workflow_run"] | change.get("workflow_run", {})
        firm.github.note("artifacts", [kept | change | {"workflow_run": run}])
        check_held()
    firm.github.note("artifacts", [])
    check_held()
    firm.github.note("artifacts", [kept])
    firm.github.note("pulls", [])
    check_held()
    firm.github.note("pulls", pulls)
    assert firm.on_push("apply", merged).outputs == {"held": "false"}, "else something else held it"


def test_a_stale_plan_is_made_anew_and_waits_for_an_approval(firm: Firm) -> None:
    merged = firm.plan_and_merge()
    firm.repo.write_rows(range(7))
    commit(firm.repo, "Changed after the review")
    git(firm.repo, "push", "--quiet", "origin", "main")
    changed = git(firm.repo, "rev-parse", "HEAD").strip()
    [pull] = firm.github.noted("pulls")
    firm.github.note("pulls", [pull | {"commits": [merged, changed]}])
    held = firm.on_push("apply", changed)
    assert (held.outcome, held.outputs) == ("success", {"held": "true"})
    assert "campaigns/sale.yaml: recipients" in held.log
    planned = firm.on_push("plan-again", changed, apply=held)
    assert planned.outputs == {"to-send": "7"}
    assert "sends to 7 recipients" in planned.summary
    assert firm.gateway.requests["send"] == 0
    assert firm.on_push("approve", changed, plan_again=planned).outcome == "success"
    assert firm.on_push("apply-approved", changed, approve=Job()).outcome == "success"
    assert len(received(firm.gateway)) == 7
    planned = firm.on_push("plan-again", changed, apply=held)
    assert planned.outputs == {"to-send": "0"}
    assert firm.on_push("approve", changed, plan_again=planned).outcome == "skipped", "nobody is asked for nothing"


def test_an_approval_that_comes_too_late_sends_nothing(firm: Firm) -> None:
    """Meanwhile the campaign may have been withdrawn: the run of the newest commit sends what is left."""
    merged = firm.plan_and_merge()
    (firm.repo.root / "README.md").write_text("Went on.\n")
    commit(firm.repo, "Something else")
    git(firm.repo, "push", "--quiet", "origin", "main")
    planned = firm.on_push("plan-again", merged, apply=Job(outputs={"held": "true"}))
    assert planned.outputs == {"to-send": "6"}
    assert firm.on_push("approve", merged, plan_again=planned).outcome == "success"
    late = firm.on_push("apply-approved", merged, approve=Job())
    assert late.outcome == "failure"
    assert "main went on" in late.log
    assert firm.gateway.requests["send"] == 0


# --- what ends otherwise


def test_a_run_that_was_stopped_fails_and_goes_on_with_its_plan(
    repo: CampaignRepo, serve: Serve, elsewhere: Path
) -> None:
    firm = Firm(repo, serve("switch=200:2"), elsewhere)
    merged = firm.plan_and_merge()
    applied = firm.on_push("apply", merged)
    assert (applied.outcome, applied.outputs) == ("failure", {"held": ""})
    assert "exit code 3" in applied.summary
    assert firm.on_push("plan-again", merged, apply=applied).outcome == "skipped"
    assert firm.on_push("apply", merged).outcome == "success"
    assert sorted(received(firm.gateway)) == everybody()


def test_doubt_waits_for_a_person_and_not_for_an_approval(repo: CampaignRepo, serve: Serve, elsewhere: Path) -> None:
    firm = Firm(repo, serve("drop-after:2"), elsewhere)
    merged = firm.plan_and_merge()
    for told in ("Not all was sent", "a chunk is in doubt"):
        applied = firm.on_push("apply", merged)
        assert (applied.outcome, applied.outputs) == ("failure", {"held": ""})
        assert told in applied.log
    assert firm.gateway.requests["send"] == 2


def test_manifests_are_proposed_where_it_is_wanted(firm: Firm) -> None:
    merged = firm.plan_and_merge()
    applied = firm.on_push("apply", merged)
    skipped = Job("skipped")
    assert firm.on_push("manifests", merged, apply=applied, apply_approved=skipped).outcome == "skipped"
    firm.github.variables["MMS_MANIFESTS_BY_PULL_REQUEST"] = "true"
    for _ in range(2):
        assert firm.on_push("manifests", merged, apply=applied, apply_approved=skipped).outcome == "success"
    assert firm.github.noted("opened") == [{"head": "mms-manifests", "base": "main", "number": 8}]
    git(firm.repo, "fetch", "--quiet", "origin")
    changed = git(firm.repo, "diff", "--name-only", "origin/main", "origin/mms-manifests").split()
    assert changed == ["campaigns/sale.local.manifest.json"]
    git(firm.repo, "merge", "--quiet", "origin/mms-manifests")
    after = firm.repo.run("plan", CAMPAIGN, env={"MMSBATCH_PSEUDONYM_KEY": KEY})
    assert after.code == 0, after.err
    assert "nothing to send" in after.out


# --- the action itself


def action_run(firm: Firm, **inputs: str) -> tuple[Run, dict[str, Any], Any]:
    """Return a runner with the repository's main checked out, the context, and the action's step that runs the tool."""
    workflow = {"jobs": {"job": {"steps": []}}}
    run = Run(firm.github, workflow, "job", git(firm.repo, "rev-parse", "main").strip(), {}, {})
    assert run._check_out({})
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    filled = {name: str(each.get("default", "")) for name, each in action["inputs"].items()} | inputs
    steps = {"prepare": {"outputs": {"result-file": str(run.temp / "result.txt")}}}
    [step] = [each for each in action["runs"]["steps"] if each["name"] == "Run"]
    return run, {**run.context, "inputs": filled, "steps": steps}, step


def test_a_cancel_reaches_the_tool(repo: CampaignRepo, serve: Serve, elsewhere: Path) -> None:
    """GitHub interrupts the first process of the step, and no other."""
    firm = Firm(repo, serve("latency=0.5"), elsewhere)
    firm.propose()
    firm.merge()
    run, context, step = action_run(firm, command="apply", arguments="--yes")
    environ = {name: run.fill(value, context) for name, value in step["env"].items()} | firm.github.secrets
    process = run.start(step, context, environ, ROOT)
    wait_until(lambda: firm.gateway.requests["send"] == 1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert firm.gateway.requests["send"] == 1
    assert "accepted 2 " in " ".join(firm.repo.run("status", CAMPAIGN).out.split())


def test_inputs_are_words_and_never_code(firm: Firm) -> None:
    code = "$(touch hit) `touch hit`"
    run, context, step = action_run(firm, command="validate", paths=code, gateway="x; touch hit", arguments=code)
    environ = {name: run.fill(value, context) for name, value in step["env"].items()}
    process = run.start(step, context, environ, ROOT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert not list(run.temp.rglob("hit"))
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    for each in yaml.safe_load(action)["runs"]["steps"]:
        assert "${{" not in each["run"], "what is filled into a script runs as code"


def test_inputs_of_several_lines_are_read_to_their_end(firm: Firm) -> None:
    missing = "campaigns/sale.yaml\ncampaigns/missing.yaml\n"
    run, context, step = action_run(firm, command="validate", paths=missing, arguments="--format\njson\n")
    environ = {name: run.fill(value, context) for name, value in step["env"].items()}
    process = run.start(step, context, environ, ROOT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "campaigns/missing.yaml" in str(out)


def test_an_unknown_command_is_refused(firm: Firm) -> None:
    run, _, _ = action_run(firm)
    shutil.copy(ROOT / "action.yml", run.workspace)
    for command in ("send", "", "plan --save x"):
        run.done.log = ""
        assert not run.use_action(run.workspace, {"command": command}, {}, {})
        assert "The command must be validate, plan, apply or status" in run.done.log


def test_the_action_installs_the_version_that_it_came_with(firm: Firm, installed_packages: Mapping[str, str]) -> None:
    firm.propose()
    firm.merge()
    run, _, _ = action_run(firm)
    assert run.use_action(ROOT, {"command": "validate"}, installed_packages, {}), run.done.log
    assert str(run.temp / "mmsbatch-environment" / "bin") in run.path
    assert (run.temp / "mmsbatch-environment" / "bin" / "mmsbatch").is_file()
