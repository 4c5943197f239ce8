"""What we ship for pipelines is what GitHub, GitLab and pre-commit read: held against their own schemas."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from gitlab_runner import extended, read_template
from test_readme import run

from mmsbatch.cli.new_repository import Host, Surroundings, draft_files
from mmsbatch.exitcodes import ExitCode
from mmsbatch.sending.interruption import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "mmsbatch.gitlab-ci.yml"
WORKFLOWS = [each for each in draft_files(Surroundings(Host.GITHUB)) if "/workflows/" in each.path]
APPLY = yaml.safe_load(next(each.text for each in WORKFLOWS if each.path.endswith("apply.yml")))
PLAN = yaml.safe_load(next(each.text for each in WORKFLOWS if each.path.endswith("plan.yml")))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def check(schema: str, *files: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_has_githubs_schema() -> None:
    check("github-actions", ROOT / "action.yml")


def test_the_workflows_have_githubs_schema(tmp_path: Path) -> None:
    """It knows `queue: max` too."""
    files = []
    for each in WORKFLOWS:
        files.append(tmp_path / Path(each.path).name)
        files[-1].write_text(each.text, encoding="utf-8")
    assert len(files) == 2
    check("github-workflows", *files)
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[1].text.replace("queue: max", "queue: most"), encoding="utf-8")
    with pytest.raises(AssertionError, match="most"):
        check("github-workflows", broken)


def test_the_template_has_gitlabs_schema(tmp_path: Path) -> None:
    """Header and jobs are two documents to YAML, and `!reference` is resolved: the schema is for one, without it."""
    header, jobs = read_template(TEMPLATE)
    included = {"include": [{"local": "x.yml", "inputs": {}}]}
    parts = {"header": header | included, "jobs": {name: extended(jobs, name) for name in jobs}}
    for draft in draft_files(Surroundings(Host.GITLAB)):
        if draft.path == ".gitlab-ci.yml":
            parts["including"] = yaml.safe_load(draft.text)
    for name, content in parts.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    assert len(parts) == 3
    check("gitlab-ci", *(tmp_path / f"{name}.json" for name in parts))


def test_the_hook_is_one_that_pre_commit_takes() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    assert subprocess.run(command, check=False).returncode == 0


def test_the_hook_of_init_is_one_that_pre_commit_takes(tmp_path: Path) -> None:
    [draft] = [each for each in draft_files(Surroundings()) if each.path == ".pre-commit-config.yaml"]
    (tmp_path / draft.path).write_text(draft.text, encoding="utf-8")
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(tmp_path / draft.path)]
    assert subprocess.run(command, check=False).returncode == 0


# --- what no schema says


def steps(workflow: Any) -> list[Any]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_pull_requests_of_forks_meet_no_secret() -> None:
    assert list(PLAN[True]) == ["pull_request"], "`on` is true to YAML 1.1"
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    for job in PLAN["jobs"].values():
        assert ("secrets." in json.dumps(job)) == (job.get("if") == own)


def test_every_job_says_what_its_token_may() -> None:
    for workflow in (PLAN, APPLY):
        assert workflow["permissions"] == {}
        assert all("permissions" in job for job in workflow["jobs"].values())
    writers = {name for name, job in APPLY["jobs"].items() if job["permissions"].get("contents") == "write"}
    assert writers == {"apply", "apply-approved", "manifests"}
    assert not [job for job in PLAN["jobs"].values() if job["permissions"].get("contents") == "write"]


def test_every_job_that_sends_queues_in_its_environment() -> None:
    sending = [
        job
        for job in APPLY["jobs"].values()
        if any(step.get("with", {}).get("command") == "apply" for step in job["steps"])
    ]
    assert len(sending) == 2
    for job in sending:
        assert job["concurrency"] == {"group": "mms-apply", "queue": "max"}
        assert job["environment"] == "mms-production"
    assert "concurrency" not in APPLY, "a run that waits for an approval must keep no send waiting"
    assert "concurrency" not in APPLY["jobs"]["approve"]
    assert APPLY["jobs"]["approve"]["environment"] == "mms-approval"


def test_nothing_that_somebody_else_wrote_is_filled_into_a_script() -> None:
    for step in [*steps(PLAN), *steps(APPLY), *ACTION["runs"]["steps"]]:
        assert "${{" not in step.get("run", ""), step


def test_the_tool_takes_the_place_of_the_shell() -> None:
    [run] = [step for step in ACTION["runs"]["steps"] if step["name"] == "Run"]
    assert run["run"].splitlines()[-1].startswith("exec mmsbatch ")
    jobs = read_template(TEMPLATE)[1]
    for name in ("mmsbatch-apply", "mmsbatch-apply-approved"):
        assert jobs[name]["script"][-1].startswith("exec mmsbatch apply ")


def test_gitlab_jobs_that_send_do_so_one_at_a_time_from_the_default_branch() -> None:
    jobs = read_template(TEMPLATE)[1]
    for name in ("mmsbatch-apply", "mmsbatch-apply-approved"):
        job = extended(jobs, name)
        assert job["resource_group"] == "mmsbatch"
        assert job["interruptible"] is False
        assert all("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"] for rule in job["rules"])


# --- the page


PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n# ([^\n]*)\n(.*?)```", PAGE, re.DOTALL)
SHIPPED = {draft.path: draft.text for host in Host for draft in draft_files(Surroundings(host))}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[0])
def test_what_the_page_shows_is_what_is_shipped(block: tuple[str, str], tmp_path: Path) -> None:
    name, text = block
    if name == "shards":
        (tmp_path / "shards.yml").write_text(f"on: push\n{text}", encoding="utf-8")
        check("github-workflows", tmp_path / "shards.yml")
    elif name == ".pre-commit-config.yaml":
        [hook] = yaml.safe_load(text)["repos"][0]["hooks"]
        [ours] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
        assert hook == {"id": ours["id"]}
    else:
        assert text in SHIPPED[name]


def test_other_pages_show_what_init_writes() -> None:
    editors, record = ((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("editors", "record"))
    assert SHIPPED[".vscode/settings.json"] in editors
    for name in (".gitignore", ".gitattributes"):
        lines = [line for line in SHIPPED[name].splitlines() if not line.startswith("#")]
        assert "\n".join(["```", *lines, "```"]) in record, name


def test_every_block_is_looked_at() -> None:
    assert len(BLOCKS) == PAGE.count("```yaml")


def test_every_exit_code_has_its_meaning_and_what_to_do() -> None:
    for code in ExitCode:
        assert re.search(rf"^\| {code:d} \| {re.escape(code.meaning)} \| .+ \|$", PAGE, re.MULTILINE)


def test_the_page_names_every_input_output_and_job() -> None:
    header, jobs = read_template(TEMPLATE)
    for name in (*ACTION["inputs"], *ACTION["outputs"], *header["spec"]["inputs"]):
        assert f"`{name}`" in PAGE, name
    for name in jobs:
        assert name.startswith(".") or f"`{name}`" in PAGE, name


def test_the_page_names_every_environment_and_secret() -> None:
    text = "".join(SHIPPED.values())
    named = set(re.findall(r"secrets\.(\w+)|environment: (mms-\w+)|vars\.(\w+)", text))
    named |= set(re.findall(r"\b(MMS_\w+_TOKEN)()()", text))
    assert named
    for name in map("".join, named):
        assert f"`{name}`" in PAGE, name


def test_the_time_that_a_run_has_fits_into_what_github_gives() -> None:
    assert "SIGTERM after 7.5 s" in PAGE
    assert PATIENCE_SECONDS < 7.5
    assert f"awaited for {PATIENCE_SECONDS:g} s" in PAGE


def test_commands_on_the_page_are_taken(tmp_path: Path) -> None:
    """Every command is known, with its options: they are run in a repository that `init` made."""
    assert run("init --ci github", tmp_path).startswith("created")
    commands = re.findall(r"^(?:exec )?mmsbatch (validate|plan|apply|init)(.*)", PAGE, re.MULTILINE)
    assert len(commands) >= 5
    for command, rest in commands:
        arguments = f"{command}{rest.partition('  ')[0]}"
        told = run(arguments, tmp_path)
        assert "error" not in told.replace("0 errors", ""), told
