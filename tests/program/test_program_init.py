"""`init`: an empty repository is made ready, a used one loses nothing."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from campaign_repo import CampaignRepo
from git_clones import commit, git
from test_program_terminal import run_on_terminal

from mmsbatch import __version__
from mmsbatch.cli.new_repository import Host, guess_host, host_name

ROOT = Path(__file__).parents[2]
EVERYWHERE = {
    "mmsbatch.yaml",
    "campaigns/first.yaml",
    "campaigns/first.csv",
    "schemas/campaign.schema.json",
    "schemas/config.schema.json",
    ".vscode/settings.json",
    ".gitignore",
    ".gitattributes",
    ".pre-commit-config.yaml",
}
PIPELINES = {
    "github": {
        ".github/actions/mmsbatch/action.yml",
        ".github/workflows/mms-plan.yml",
        ".github/workflows/mms-apply.yml",
    },
    "gitlab": {".gitlab/mmsbatch.gitlab-ci.yml", ".gitlab-ci.yml"},
    "none": set[str](),
}


@pytest.fixture
def empty(repo: CampaignRepo) -> CampaignRepo:
    """A repository without a commit, on the branch `trunk`."""
    (repo.root / ".git").rmdir()
    repo.campaigns.rmdir()
    git(repo, "init", "--quiet", "--initial-branch=trunk")
    return repo


def files_of(repo: CampaignRepo) -> dict[str, bytes]:
    """Return what stands in the work tree; what `init` wrote counts as a user's."""
    found = [path for path in repo.root.rglob("*") if path.is_file() and ".git" not in path.parts]
    for path in found:
        repo.adopt(path)
    return {str(path.relative_to(repo.root)): path.read_bytes() for path in found}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://github.com/firm/mms.git", "github"),
        ("git@github.com:firm/mms.git", "github"),
        ("ssh://git@github.firm.example:2222/firm/mms", "github"),
        ("https://x:a-token@gitlab.com/firm/mms.git", "gitlab"),
        ("git@gitlab.firm.example:firm/mms.git", "gitlab"),
        ("https://git.firm.example/gitlab/mms.git", "none"),
        ("/srv/github/mms.git", "none"),
        ("../github.com/mms.git", "none"),
        ("file:///srv/gitlab/mms.git", "none"),
        ("", "none"),
    ],
)
def test_the_host_is_known_by_the_remote(url: str, host: str) -> None:
    assert guess_host(url) == Host(host)
    assert "token" not in host_name(url)


@pytest.mark.parametrize(("url", "host"), [("git@github.com:firm/mms.git", "github"), ("git@gitlab.com:f/m", "gitlab")])
def test_an_empty_repository_is_made_ready(url: str, host: str, empty: CampaignRepo) -> None:
    git(empty, "remote", "add", "upstream", url)
    ended = empty.run("init")
    assert ended.code == 0, ended.err
    written = files_of(empty)
    assert set(written) == EVERYWHERE | PIPELINES[host]
    assert [line.split()[0] for line in ended.out.splitlines()] == ["created"] * len(written)
    text = b"".join(written.values()).decode()
    assert not [name for name in ("@VERSION@", "@BRANCH@", "@RECORD@", "@REMOTE@") if name in text]
    assert f"mmsbatch=={__version__}" in text
    record = yaml.safe_load(written["mmsbatch.yaml"])["record"]
    assert record == {"store": "git", "remote": "upstream", "branch": "mmsbatch-record"}
    assert host != "github" or '"trunk"' in written[".github/workflows/mms-apply.yml"].decode()

    assert empty.run("validate", "campaigns").out == "1 file checked: 0 errors, 0 warnings\n"
    assert "3 accepted, of 3 recipients" in empty.run("apply", "campaigns").out
    commit(empty, "Ready")
    assert not [name for name in git(empty, "ls-files").split() if "sandbox" in name or name.endswith(".lock")]

    again = empty.run("init")
    assert again.code == 0
    assert {line.split()[0] for line in again.out.splitlines()} == {"unchanged"}
    assert not git(empty, "status", "--porcelain")


def test_without_a_remote_no_pipeline_is_written(empty: CampaignRepo) -> None:
    ended = empty.run("init")
    assert ended.code == 0
    written = files_of(empty)
    assert set(written) == EVERYWHERE
    assert "record" not in yaml.safe_load(written["mmsbatch.yaml"])
    assert "there is no git remote that says whose pipelines run; --ci github or --ci gitlab does" in ended.err


def test_an_unknown_host_is_named_without_its_credentials(empty: CampaignRepo) -> None:
    git(empty, "remote", "add", "origin", "https://marie:a-token@git.firm.example/mms.git")
    ended = empty.run("init")
    assert "the git remote's host git.firm.example says not whose pipelines run" in ended.err
    assert "a-token" not in ended.out + ended.err
    assert b"a-token" not in b"".join(files_of(empty).values())
    assert empty.run("init", "--ci", "gitlab").code == 0
    assert set(files_of(empty)) == EVERYWHERE | PIPELINES["gitlab"]


def test_a_folder_that_is_not_there_yet(repo: CampaignRepo, tmp_path: Path) -> None:
    ended = repo.run("init", str(tmp_path / "new" / "campaigns"), "--ci", "none")
    assert ended.code == 0
    assert (tmp_path / "new" / "campaigns" / "mmsbatch.yaml").is_file()
    for path in (tmp_path / "new").rglob("*"):
        repo.adopt(path)


USED: Mapping[str, str] = {
    "mmsbatch.yaml": "version: 1\ndefault_gateway: sandbox\n",
    ".vscode/settings.json": '{"editor.rulers": [120]}\n',
    ".gitignore": "__pycache__/\n*.lock",
    ".gitattributes": "*.png binary\n",
    ".pre-commit-config.yaml": "repos: []\n",
    ".gitlab-ci.yml": "stages: [build]\n",
}


@pytest.fixture
def used(empty: CampaignRepo) -> CampaignRepo:
    """A repository with a campaign, and files of its own under the names that `init` writes."""
    for name, text in USED.items():
        empty.write(name, text)
    empty.write_campaign()
    empty.write_rows(range(2))
    return empty


def test_a_used_repository_keeps_what_it_has(used: CampaignRepo) -> None:
    before = files_of(used)
    ended = used.run("init")  # GitLab is known by its file
    assert ended.code == 0, ended.err
    after = files_of(used)
    assert before.items() <= after.items()
    assert set(after) - set(before) == {
        "schemas/campaign.schema.json",
        "schemas/config.schema.json",
        ".gitlab/mmsbatch.gitlab-ci.yml",
    }
    told = ended.out.splitlines()
    assert "kept       mmsbatch.yaml: it differs from what init writes" in told
    place = told.index("kept       .gitignore")
    assert [line.strip() for line in told[place + 1 : place + 5]] == [
        "add the line .*.manifest.json.tmp",
        "add the line .*.journal.jsonl.tmp",
        "add the line *.sandbox.journal.jsonl",
        "add the line *.sandbox.manifest.json",
    ]
    assert "           include .gitlab/mmsbatch.gitlab-ci.yml in it: docs/ci.md" in told


def test_force_replaces_files_and_adds_lines(used: CampaignRepo) -> None:
    ended = used.run("init", "--force")
    assert ended.code == 0
    written = files_of(used)
    assert written[".gitignore"].decode().startswith("__pycache__/\n*.lock\n.*.manifest.json.tmp\n")
    assert written[".gitattributes"].decode() == "*.png binary\n*.journal.jsonl -text -merge\n"
    assert "yaml.schemas" in json.loads(written[".vscode/settings.json"])
    assert "extended   .gitignore" in ended.out
    assert "replaced   mmsbatch.yaml" in ended.out
    assert {line.split()[0] for line in used.run("init").out.splitlines()} == {"unchanged"}


def test_on_a_terminal_it_asks_for_each_file(used: CampaignRepo) -> None:
    before = files_of(used)
    answers = {"mmsbatch.yaml": "n", ".vscode/settings.json": "y", ".gitignore": "y", ".gitattributes": "n"}
    typed = "".join(f"{answer}\n" for answer in answers.values()) + "n\n" * 2
    ended = run_on_terminal(used, "init", typed=typed)
    assert ended.code == 0, ended.out
    assert "mmsbatch.yaml is there, and differs; replace it? [y/N]" in ended.out
    assert ".gitattributes lacks *.journal.jsonl -text -merge; add it? [y/N]" in ended.out
    after = files_of(used)
    assert {name for name in before if after[name] != before[name]} == {".vscode/settings.json", ".gitignore"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ci", "jenkins"], "--ci jenkins is not known"),
        (["campaigns"], "lies inside the repository"),
        (["mmsbatch.yaml"], "mmsbatch.yaml is a file: name a folder"),
        (["mmsbatch.yaml/below"], "the folder cannot be made"),
    ],
)
def test_what_is_no_place_for_a_repository(arguments: list[str], words: str, used: CampaignRepo) -> None:
    before = files_of(used)
    ended = used.run("init", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert files_of(used) == before


def test_a_place_that_is_taken_is_told(empty: CampaignRepo) -> None:
    empty.write("campaigns", "a file\n")
    ended = empty.run("init")
    assert ended.code == 2
    assert "it cannot be written" in ended.err
    (empty.root / "campaigns").unlink()
    (empty.root / ".gitignore").mkdir()
    assert "kept       .gitignore: it is no file" in empty.run("init").out
    files_of(empty)


def test_what_pipelines_are_given_is_what_is_shipped(empty: CampaignRepo) -> None:
    for host in ("github", "gitlab"):
        empty.run("init", "--ci", host)
    written = files_of(empty)
    assert written[".github/actions/mmsbatch/action.yml"] == (ROOT / "action.yml").read_bytes()
    shipped = ROOT / "templates" / "mmsbatch.gitlab-ci.yml"
    assert written[".gitlab/mmsbatch.gitlab-ci.yml"] == shipped.read_bytes()
    for name in ("campaign", "config"):
        assert written[f"schemas/{name}.schema.json"] == (ROOT / "schemas" / f"{name}.schema.json").read_bytes()


def test_the_first_campaign_fits_the_schema_that_its_first_line_names(empty: CampaignRepo) -> None:
    empty.run("init")
    files_of(empty)
    for file in ("campaigns/first.yaml", "mmsbatch.yaml"):
        path = empty.root / file
        named = path.read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
        schema = path.parent / named
        command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
