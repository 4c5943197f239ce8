"""What a GitLab runner does with a job of our template, and the part of GitLab's API that the template uses."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from campaign_repo import PATIENCE

_INPUT = re.compile(r"\$\[\[ inputs\.([a-z-]+) \]\]")
PROJECT, JOB_TOKEN, COMMENT_TOKEN = "/api/v4/projects/1", "job-token-of-the-tests", "comment-token-of-the-tests"


class Reference(list[str]):
    """The value of `!reference [job, key]`."""


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_constructor("!reference", lambda loader, node: Reference(loader.construct_sequence(node)))


def read_template(path: Path, **given: str) -> tuple[Any, dict[str, Any]]:
    """Return the header, and the jobs with the inputs filled in, as GitLab does it."""
    head, body = path.read_text(encoding="utf-8").split("\n---\n")
    spec = yaml.safe_load(head)
    inputs = {name: each["default"] for name, each in spec["spec"]["inputs"].items()} | given
    jobs = yaml.load(_INPUT.sub(lambda found: inputs[found[1]], body), _Loader)
    return spec, jobs


def extended(jobs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a job with what it extends and refers to."""
    job = dict(jobs[name])
    if "extends" in job:
        job = extended(jobs, job.pop("extends")) | job
    for part in ("before_script", "script"):
        lines: list[str] = []
        for line in job.get(part, ()):
            lines += jobs[line[0]][line[1]] if isinstance(line, Reference) else [line]
        job[part] = lines
    return job


@dataclass
class GitLab:
    """What the API keeps: plans by commit, and the notes of one merge request."""

    plans: dict[str, bytes] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


class _Api(BaseHTTPRequestHandler):
    gitlab: GitLab

    def log_message(self, *_: object) -> None:
        pass

    def _plan_commit(self) -> str | None:
        found = re.fullmatch(f"{PROJECT}/packages/generic/mms-plan/([0-9a-f]{{40}})/mms-plan.json", self.path)
        return found[1] if found and self.headers["JOB-TOKEN"] == JOB_TOKEN else None

    def do_GET(self) -> None:
        if (commit := self._plan_commit()) in self.gitlab.plans:
            self._answer(200, self.gitlab.plans[str(commit)])
        elif self._is_notes():
            self._answer(200, json.dumps(self.gitlab.notes).encode())
        else:
            self._answer(404)

    def do_PUT(self) -> None:
        if commit := self._plan_commit():
            self.gitlab.plans[commit] = self._body()
            self._answer(201)
        elif self._is_notes():
            [note] = [each for each in self.gitlab.notes if self.path.endswith(f"/{each['id']}")]
            note["body"] = self._text()
            self._answer(200)
        else:
            self._answer(404)

    def do_POST(self) -> None:
        if self._is_notes():
            self.gitlab.notes.append({"id": 100 + len(self.gitlab.notes), "body": self._text()})
        self._answer(201 if self._is_notes() else 404)

    def _is_notes(self) -> bool:
        path = urlsplit(self.path).path
        is_ours = path.startswith(f"{PROJECT}/merge_requests/7/notes")
        return is_ours and self.headers["PRIVATE-TOKEN"] == COMMENT_TOKEN

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _text(self) -> str:
        return parse_qs(self._body().decode())["body"][0]

    def _answer(self, code: int, body: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serve_gitlab() -> Iterator[GitLab]:
    """Serve the API on loopback for the block."""
    gitlab = GitLab()
    handler = type("Api", (_Api,), {"gitlab": gitlab})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        gitlab.url = f"http://127.0.0.1:{server.server_port}"
        yield gitlab
        server.shutdown()
        thread.join()


def run_job(
    job: Mapping[str, Any], gitlab: GitLab, folder: Path, environ: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a job's script in a checkout, as GitLab's runner does in bash."""
    variables = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{gitlab.url}/api/v4",
        "CI_PROJECT_ID": "1",
        "CI_JOB_TOKEN": JOB_TOKEN,
        "CI_MERGE_REQUEST_IID": "7",
        "CI_PROJECT_URL": f"{gitlab.url}/firm/mms",
    }
    given = {**environ, **variables}
    own = {name: _expand(value, given) for name, value in job["variables"].items()}
    # The tests' own mmsbatch stands in for what would be installed.
    lines = [line for line in job["before_script"] if "/tmp/mmsbatch-" not in line]
    script = "\n".join(["set -eo pipefail", *lines, *job["script"]])
    return subprocess.run(
        ["bash", "-c", script],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=given | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def _expand(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$([A-Z0-9_]+)", lambda found: values.get(found[1], ""), text)
