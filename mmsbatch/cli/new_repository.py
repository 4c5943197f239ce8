"""What a repository of campaigns begins with: which files, and what stands in them. Reads templates, writes nothing."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mmsbatch import __version__
from mmsbatch.resources import schema_text, template_text

_URL = re.compile(r"(?:[a-z][a-z+]*://)?(?:[^@/]*@)?(?P<host>[^@:/]+)[:/]")
_PLAIN = re.compile("[A-Za-z][A-Za-z0-9_-]*")


class Host(StrEnum):
    """Whose pipelines run."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is there already. `remote` is empty where there is none, `branch` the one that pull requests go to."""

    host: Host = Host.NONE
    remote: str = ""
    branch: str = "main"
    has_campaigns: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A file to be. Of one that is there already, `adds_lines` wants its lines in it; `hint` says what else to do."""

    path: str
    text: str
    adds_lines: bool = False
    hint: str = ""


def host_name(url: str) -> str:
    """Return the host of a remote's URL, without user and port; empty for a path."""
    match = _URL.match(url)
    return match["host"].lower() if match else ""


def guess_host(url: str) -> Host:
    """Guess from a remote's URL whose pipelines run: hosts mostly are called after what they run."""
    name = host_name(url)
    return next((host for host in (Host.GITHUB, Host.GITLAB) if host.value in name), Host.NONE)


def draft_files(around: Surroundings) -> Iterator[Draft]:
    """Give the files that make a repository ready, in the order in which they are told."""
    record = "record-git.yaml" if around.remote else "record-folder.yaml"
    yield Draft(
        "mmsbatch.yaml", _fill("mmsbatch.yaml", RECORD=_fill(record, REMOTE=_scalar(around.remote)).rstrip("\n"))
    )
    if not around.has_campaigns:
        yield Draft("campaigns/first.yaml", _fill("campaign.yaml"))
        yield Draft("campaigns/first.csv", _fill("recipients.csv"))
    for name in ("campaign", "config"):
        yield Draft(f"schemas/{name}.schema.json", schema_text(name))
    yield Draft(".vscode/settings.json", _fill("vscode-settings.json"), hint="add its `yaml.schemas`: docs/editors.md")
    yield Draft(".gitignore", _fill("gitignore"), adds_lines=True)
    yield Draft(".gitattributes", _fill("gitattributes"), adds_lines=True)
    yield Draft(".pre-commit-config.yaml", _fill("pre-commit-config.yaml"), hint="add the hook: docs/ci.md")
    if around.host is Host.GITHUB:
        yield from _github(around)
    elif around.host is Host.GITLAB:
        yield from _gitlab()


def _github(around: Surroundings) -> Iterator[Draft]:
    branch = json.dumps(around.branch)[1:-1]
    yield Draft(".github/actions/mmsbatch/action.yml", template_text("action.yml"))
    yield Draft(".github/workflows/mms-plan.yml", _fill("github-plan.yml"))
    yield Draft(".github/workflows/mms-apply.yml", _fill("github-apply.yml", BRANCH=branch))


def _gitlab() -> Iterator[Draft]:
    template = ".gitlab/mmsbatch.gitlab-ci.yml"
    yield Draft(template, template_text("mmsbatch.gitlab-ci.yml"))
    yield Draft(".gitlab-ci.yml", _fill("gitlab-ci.yml"), hint=f"include {template} in it: docs/ci.md")


def _fill(name: str, **values: str) -> str:
    """Return a template of `templates/init/` with its `@NAMES@` filled in."""
    text = template_text(f"init/{name}")
    for key, value in {"VERSION": __version__, **values}.items():
        text = text.replace(f"@{key}@", value)
    return text


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def missing_lines(wanted: str, there: str) -> list[str]:
    """Return the lines that a file lacks, comments aside."""
    known = {line.strip() for line in there.splitlines()}
    return [line for line in wanted.splitlines() if line.strip() not in known and not line.startswith("#")]
