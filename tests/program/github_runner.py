"""What a GitHub runner does with a job, as far as our workflows need it: read from the files, never copied.

Steps run in bash as GitHub starts it, with the variables that it sets. Its own actions (checkout, artifacts) and its
command line `gh` are played, on one folder and one bare repository.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from campaign_repo import PATIENCE

SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
REPOSITORY = "firm/mms"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(r"'[^']*'|[A-Za-z_][\w.-]*(?:\(\))?|\d+|&&|\|\||!=|==|!|>|[()]|\s+")
_WORDS = {"&&": " and ", "||": " or ", "!": " not "}


@dataclass
class Job:
    """How a job ended: its outputs, what its steps printed, and its summary."""

    outcome: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    summary: str = ""


class GitHub:
    """One repository on GitHub: `origin` is bare; pull requests, comments and artifacts are in `folder`."""

    def __init__(self, folder: Path, origin: Path, environ: Mapping[str, str]) -> None:
        self.folder, self.origin = folder, origin
        self.environ = {name: value for name, value in environ.items() if not name.startswith("MMSBATCH_")}
        self.secrets: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.runs = 0
        programs = folder / "bin"
        programs.mkdir(parents=True)
        for name, call in (("mmsbatch", "-m mmsbatch"), ("gh", f"{Path(__file__).with_name('fake_gh.py')}")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n')
            (programs / name).chmod(0o755)
        self.environ["PATH"] = f"{programs}{os.pathsep}{self.environ['PATH']}"
        self.state = folder / "state"
        self.state.mkdir()

    # --- what people did on GitHub

    def note(self, name: str, content: Any) -> None:
        (self.state / f"{name}.json").write_text(json.dumps(content))

    def noted(self, name: str) -> Any:
        path = self.state / f"{name}.json"
        return json.loads(path.read_text()) if path.is_file() else []

    # --- jobs

    def run(self, workflow: Path, job: str, sha: str, event: Mapping[str, Any], **needs: Job) -> Job:
        """Run one job of a workflow on a commit; `needs` are the jobs before it."""
        return Run(self, yaml.safe_load(workflow.read_text(encoding="utf-8")), job, sha, event, needs).carry_out()


class Run:
    """One job on a fresh runner."""

    def __init__(
        self, github: GitHub, workflow: Any, name: str, sha: str, event: Mapping[str, Any], needs: Mapping[str, Job]
    ) -> None:
        github.runs += 1
        self.github, self.sha, self.done = github, sha, Job()
        self.workflow, self.job = workflow, workflow["jobs"][name]
        self.temp = github.folder / f"runner-{github.runs}"
        self.workspace = self.temp / "work"
        self.workspace.mkdir(parents=True)
        self.path = github.environ["PATH"]
        self.context: dict[str, Any] = {
            "github": {"event": event, "repository": REPOSITORY, "token": "a-token-of-the-tests", "sha": sha},
            "runner": {"temp": str(self.temp)},
            "secrets": github.secrets,
            "vars": github.variables,
            # The workflow's own variables; the package is what the tests run on.
            "env": dict(workflow.get("env", {})) | {"MMSBATCH": ""},
            "needs": {each: {"outputs": job.outputs, "result": job.outcome} for each, job in needs.items()},
        }

    def carry_out(self) -> Job:
        condition = self.job.get("if", "success()")
        needs = self.context["needs"].values()
        held_up = any(each["result"] != "success" for each in needs) and "cancelled()" not in condition
        if held_up or not self.evaluate(condition, self.context):
            return Job("skipped")
        self._run_steps(self.job["steps"], self.context, {}, self.workspace)
        scope = self.context
        self.done.outputs = {name: self.fill(value, scope) for name, value in self.job.get("outputs", {}).items()}
        return self.done

    def _run_steps(self, steps: Any, context: dict[str, Any], environ: Mapping[str, str], action: Path) -> bool:
        """Run steps of a job or of a composite action; whether all went well."""
        context["steps"], failed = {}, False
        for step in steps:
            context["failed"] = failed
            if failed and "always()" not in step.get("if", "") and "failure()" not in step.get("if", ""):
                continue
            if not self.evaluate(step.get("if", "success()"), context):
                continue
            given = {name: self.fill(value, context) for name, value in step.get("env", {}).items()}
            outputs: dict[str, str] = {}
            if "run" in step:
                ok = self._run_script(step, context, {**environ, **given}, action, outputs)
            else:
                ok = self._use(step, context, {**environ, **given}, outputs)
            if "id" in step:
                outcome = "success" if ok else "failure"
                context["steps"][step["id"]] = {"outputs": outputs, "outcome": outcome}
            failed = failed or not (ok or step.get("continue-on-error", False))
        if failed and context is self.context:
            self.done.outcome = "failure"
        return not failed

    def _run_script(
        self, step: Any, context: Mapping[str, Any], environ: Mapping[str, str], action: Path, outputs: dict[str, str]
    ) -> bool:
        process = self.start(step, context, environ, action)
        printed, _ = process.communicate(timeout=PATIENCE)
        self.done.log += printed
        for line in self._take("output").splitlines():
            name, _, value = line.partition("=")
            outputs[name] = value
        self.path = os.pathsep.join([*reversed(self._take("path").splitlines()), self.path])
        self.done.summary += self._take("summary")
        return process.returncode == 0

    def start(
        self, step: Any, context: Mapping[str, Any], environ: Mapping[str, str], action: Path
    ) -> "subprocess.Popen[str]":
        """Start a step's script as the runner does."""
        script = self.temp / "script.sh"
        script.write_text(self.fill(step["run"], context), encoding="utf-8")
        folder = self.workspace / self.fill(step.get("working-directory", "."), context)
        files = {name: str(self.temp / f"file-{name}") for name in ("output", "path", "summary", "env")}
        for each in files.values():
            Path(each).touch()
        ours = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": self.sha,
            "GITHUB_REF_NAME": "main",
            "GITHUB_RUN_ID": "77",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_ACTOR": "marie",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_ACTION_PATH": str(action),
            "RUNNER_OS": "Linux",
            "GITHUB_OUTPUT": files["output"],
            "GITHUB_PATH": files["path"],
            "GITHUB_ENV": files["env"],
            "GITHUB_STEP_SUMMARY": files["summary"],
            "RUNNER_TEMP": str(self.temp),
            "PATH": self.path,
            "STATE_OF_THE_TESTS": str(self.github.state),
        }
        return subprocess.Popen(
            [*SHELL, str(script)],
            cwd=folder,
            env=self.github.environ | self.context["env"] | dict(environ) | ours,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def _take(self, name: str) -> str:
        file = self.temp / f"file-{name}"
        text = file.read_text(encoding="utf-8")
        file.write_text("")
        return text

    # --- what `uses` names

    def _use(self, step: Any, context: Mapping[str, Any], environ: Mapping[str, str], outputs: dict[str, str]) -> bool:
        given = {name: self.fill(value, context) for name, value in step.get("with", {}).items()}
        if step["uses"].startswith("./"):
            return self.use_action(self.workspace / step["uses"], given, environ, outputs)
        played: dict[str, Callable[[Mapping[str, str]], bool]] = {
            "actions/checkout@v4": self._check_out,
            "actions/upload-artifact@v4": self._upload,
            "actions/download-artifact@v4": self._download,
        }
        return played[step["uses"]](given)

    def use_action(
        self, folder: Path, given: Mapping[str, str], environ: Mapping[str, str], outputs: dict[str, str]
    ) -> bool:
        """Run a composite action's steps, as its `action.yml` has them."""
        action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
        assert not set(given) - set(action["inputs"])
        inputs = {name: str(each.get("default", "")) for name, each in action["inputs"].items()} | dict(given)
        context = {**self.context, "inputs": inputs}
        ok = self._run_steps(action["runs"]["steps"], context, environ, folder)
        outputs |= {name: self.fill(each["value"], context) for name, each in action["outputs"].items()}
        return ok

    def _check_out(self, given: Mapping[str, str]) -> bool:
        """Have the newest commit and nothing of its history, as the action does."""
        for words in (
            ("init", "--quiet"),
            ("remote", "add", "origin", f"file://{self.github.origin}"),
            ("fetch", "--quiet", "--depth=1", "origin", self.sha),
            ("checkout", "--quiet", "--detach", "FETCH_HEAD"),
        ):
            command = ["git", *words]
            subprocess.run(command, cwd=self.workspace, env=self.github.environ, check=True, capture_output=True)
        return True

    def _upload(self, given: Mapping[str, str]) -> bool:
        source, name = Path(given["path"]), given["name"]
        if not source.is_file():
            return False
        target = self.github.state / "artifacts" / name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        head = self.context["github"]["event"].get("pull_request", {}).get("head", {}).get("sha", self.sha)
        run = {"id": self.github.runs, "head_sha": head, "repository_id": 1, "head_repository_id": 1}
        kept = [each for each in self.github.noted("artifacts") if each["name"] != name]
        self.github.note("artifacts", [*kept, {"name": name, "expired": False, "workflow_run": run}])
        return True

    def _download(self, given: Mapping[str, str]) -> bool:
        shutil.copytree(self.github.state / "artifacts" / given["name"], given["path"], dirs_exist_ok=True)
        return True

    # --- expressions

    def fill(self, value: Any, context: Mapping[str, Any]) -> str:
        """Fill in the expressions of a text."""
        return _EXPRESSION.sub(lambda found: _tell(self.evaluate(found[1], context)), _tell(value))

    def evaluate(self, expression: Any, context: Mapping[str, Any]) -> Any:
        """Evaluate what our workflows use of GitHub's expressions."""
        text = str(expression).strip().removeprefix("${{").removesuffix("}}")
        tokens = _TOKEN.findall(text)
        assert "".join(tokens) == text, text
        code = "".join(_WORDS.get(token) or self._code(token) for token in tokens)
        ok = not context.get("failed", False)
        functions = {
            "always": lambda: True,
            "success": lambda: ok,
            "failure": lambda: not ok,
            "cancelled": lambda: False,
        }
        return eval(code, {"__builtins__": {}, "look": lambda path: _look(path, context), **functions})

    def _code(self, token: str) -> str:
        is_path = token[0].isalpha() and not token.endswith("()")
        return f"look({token!r})" if is_path else token


def _look(path: str, context: Mapping[str, Any]) -> Any:
    found: Any = context
    for part in path.split("."):
        found = found.get(part, "") if isinstance(found, Mapping) else ""
    return int(found) if isinstance(found, str) and found.isdecimal() else found


def _tell(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
