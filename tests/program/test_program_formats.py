"""Findings as the systems get them that review campaigns: the right place, the same bytes, nobody's number."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from campaign_repo import CampaignRepo
from junitparser import JUnitXml
from sarif_kit.validate import validation_errors

from mmsbatch.cli.sources import from_checkout
from mmsbatch.reports.formats import FORMATS

#: What must be seen nowhere: people, and what somebody wrote where it does not belong.
NOBODY = ("Zoé", "Durand", "hunter2")
BAD = {
    "campaigns/keys.yaml": """\
version: 1
name: Soldes
mesage: {type: text, text: hunter2}
passcode: hunter2
message:
  type: text
  text: |
    Bonjour {{ prenom }}, c'est {{ nom }}
recipients:
  file: rows.csv
""",
    "campaigns/list.yaml": """\
version: 1
name: Soldes
message: {type: text, text: "Bonjour {{ prenom }}"}
recipients:
  list:
    - {phone: "06 39 98 00 O1", prenom: Zoé Durand}
    - phone: 0639980012
      prenom: Zoé
      nom: {de: Durand}
    - "06 39 98 00 1"
""",
    "campaigns/rows.yaml": """\
version: 1
name: Soldes
message: {type: text, text: "Bonjour {{ prenom }}, à {{ ville }}"}
recipients: {file: rows.csv}
suppress:
  - {file: stop.csv}
""",
    "campaigns/rows.csv": "phone;prenom;mail\n06 39 98 00 1;Zoé;zoe.durand\n6,40E+08;Zoé;x\n06 39 98 00 12;Zoé\n",
    "campaigns/stop.csv": "phone;nom\n06 39 98 00 O2;Durand\n",
    "campaigns/syntax.yaml": "version: 1\nname: Soldes: hiver\nrecipients: {list: [Zoé, 06 39 98 00 12\n",
    "campaigns/fine.yaml": """\
version: 1
name: Soldes
message: {type: text, text: Bonjour}
recipients: {list: ["06 39 98 00 12"]}
""",
}
#: Where the annotations must point: what stands on the line.
PLACES = {
    ("campaigns/keys.yaml", "schema-unknown-key"): {"mesage:", "passcode:"},
    ("campaigns/list.yaml", "schema-type"): {"nom: {de"},
    ("campaigns/list.yaml", "unquoted-number"): {"phone: 0639980012"},
    ("campaigns/syntax.yaml", "yaml-syntax"): {"name: Soldes: hiver"},
    ("campaigns/rows.csv", "number-length"): {"06 39 98 00 1;"},
    ("campaigns/rows.csv", "number-scientific"): {"6,40E+08"},
    ("campaigns/rows.csv", "csv-cells"): {"06 39 98 00 12;Zoé"},
    ("campaigns/stop.csv", "suppression-unreadable"): {"06 39 98 00 O2"},
}


@pytest.fixture
def bad(repo: CampaignRepo) -> CampaignRepo:
    for name, text in BAD.items():
        repo.write(name, text)
    repo.write("mmsbatch.yaml", "version: 1\ngateways: {sandbox: {chunk_size: 20}}\ndefault_gateway: sandbox\n")
    return repo


@pytest.mark.parametrize("name", FORMATS)
def test_nobody_is_seen_and_the_bytes_are_the_same(name: str, bad: CampaignRepo) -> None:
    first = bad.run("validate", "campaigns", "--format", name)
    assert first.code == 1
    assert first == bad.run("validate", "campaigns", "--format", name)
    assert not any(word in first.out for word in NOBODY)
    assert not re.search(r"[0-9]{2}(?:[ .-]?[0-9]{2}){2}", first.out), "six digits and more"
    assert "schema-unknown-key" in first.out


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_gets_what_the_screen_gets(name: str, bad: CampaignRepo) -> None:
    shown = bad.run("validate", "campaigns", "--format", name)
    written = bad.run("validate", "campaigns", "--format", name, "-o", "report.txt")
    assert (written.code, written.out) == (1, "")
    assert (bad.root / "report.txt").read_text(encoding="utf-8") == shown.out


def places_in(name: str, out: str) -> set[tuple[str, str, int]]:
    """Return the places of a report: file, rule, line."""
    if name == "github":
        found = re.findall(
            r"^::(?:error|warning) file=([^,]+),line=([0-9]+),col=[0-9]+,title=([a-z0-9-]+)::", out, re.M
        )
        return {(file, rule, int(line)) for file, line, rule in found}
    if name == "gitlab":
        return {(e["location"]["path"], e["check_name"], e["location"]["lines"]["begin"]) for e in json.loads(out)}
    if name == "sarif":
        return {_place_of(result) for result in json.loads(out)["runs"][0]["results"]}
    found = re.findall(r"^(?:.*[>\"])?([a-z/]+\.[a-z]+):([0-9]+):[0-9]+: .*", out, re.M)
    return {(file, "", int(line)) for file, line in found}


def _place_of(result: Mapping[str, Any]) -> tuple[str, str, int]:
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], result["ruleId"], physical["region"]["startLine"]


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif", "junit", "text"])
def test_the_places_are_those_that_are_meant(name: str, bad: CampaignRepo) -> None:
    found = places_in(name, bad.run("validate", "campaigns", "--format", name).out)
    lines = {
        (file, rule if name in ("github", "gitlab", "sarif") else "", number)
        for (file, rule), starts in PLACES.items()
        for number, line in enumerate(BAD[file].splitlines(), 1)
        if any(start in line for start in starts)
    }
    assert found >= lines


def test_each_document_is_read_by_its_own(bad: CampaignRepo) -> None:
    assert validation_errors(bad.run("validate", "campaigns", "--format", "sarif").json) == []
    read = JUnitXml.fromstring(bad.run("validate", "campaigns", "--format", "junit").out.encode())
    assert read.tests > read.failures > 5
    assert [case.name for suite in read for case in suite if suite.name == "campaigns/fine.yaml"] == [
        "campaigns/fine.yaml"
    ]


def test_whatever_is_wrong_with_campaigns_is_told_in_documents_that_are_read(repo: CampaignRepo) -> None:
    folder = Path(__file__).parents[1] / "campaign" / "negative" / "campaign"
    for source in folder.glob("*.y*ml"):
        repo.write_bytes(f"campaigns/{source.name}", source.read_bytes())
    repo.write("campaigns/odd, name: 100%.yaml", "version: 2\n")
    sarif, junit, gitlab = (
        repo.run("validate", "campaigns", "--format", name) for name in ("sarif", "junit", "gitlab")
    )
    assert validation_errors(sarif.json) == []
    files = {entry["location"]["path"] for entry in gitlab.json}
    assert len(files) > 30
    assert "campaigns/odd, name: 100%.yaml" in files
    assert {suite.name for suite in JUnitXml.fromstring(junit.out.encode())} >= files


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\x0c"])
def test_lines_that_others_count_differently_are_not_shown(sign: str, repo: CampaignRepo) -> None:
    repo.write("campaigns/sale.yaml", f'version: 2\nrecipients:\n  list:\n    - "06{sign}name: Zoé"\n')
    ended = repo.run("validate", "campaigns/sale.yaml")
    assert ended.code == 1
    assert " | " not in ended.out


# --- which format, and when


@pytest.mark.parametrize(
    ("env", "arguments", "starts"),
    [
        ({"GITHUB_ACTIONS": "true"}, [], "::notice "),
        ({"GITHUB_ACTIONS": "true"}, ["--format", "text"], "campaigns/keys.yaml:"),
        ({"GITHUB_ACTIONS": "true"}, ["--format", "json"], "{"),
        ({"GITHUB_ACTIONS": "false"}, [], "campaigns/keys.yaml:"),
        ({"GITHUB_ACTIONS": ""}, [], "campaigns/keys.yaml:"),
        ({"GITLAB_CI": "true", "CI": "true"}, [], "campaigns/keys.yaml:"),
    ],
)
def test_github_is_the_default_where_it_is_seen(
    env: dict[str, str], arguments: list[str], starts: str, bad: CampaignRepo
) -> None:
    assert bad.run("validate", "campaigns", *arguments, env=env).out.startswith(starts)


@pytest.mark.parametrize("name", FORMATS)
def test_quiet_is_silent_to_people_and_leaves_documents_whole(name: str, bad: CampaignRepo) -> None:
    ended = bad.run("validate", "campaigns/fine.yaml", "--quiet", "--format", name)
    assert ended.code == 0
    assert bool(ended.out) == (name not in ("text", "github"))


@pytest.mark.parametrize("name", FORMATS)
def test_a_broken_configuration_is_told_in_every_format(name: str, bad: CampaignRepo) -> None:
    bad.write("mmsbatch.yaml", "version: 1\npasscode: hunter2\n")
    ended = bad.run("validate", "campaigns", "--format", name)
    assert ended.code == 1
    assert "mmsbatch.yaml" in ended.out
    assert "hunter2" not in ended.out


# --- where files lie in the checkout


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
@pytest.mark.parametrize("name", ["github", "gitlab", "junit", "sarif"])
def test_paths_are_from_the_checkouts_root(name: str, variable: str, bad: CampaignRepo) -> None:
    """Wherever the command runs, and whatever part of the checkout the repository is."""
    ended = bad.run("validate", "./campaigns/../campaigns", "--format", name, env={variable: str(bad.root.parent)})
    assert "repo/campaigns/keys.yaml" in ended.out
    assert str(bad.root) not in ended.out


@pytest.mark.parametrize(
    ("environ", "folder", "file", "expected"),
    [
        ({}, "repo", "campaigns/a.yaml", "campaigns/a.yaml"),
        ({}, "repo/campaigns", "a.yaml", "campaigns/a.yaml"),
        ({}, "repo/campaigns", "../data/./a.csv", "data/a.csv"),
        ({}, "repo", "link/a.yaml", "campaigns/a.yaml"),
        ({}, "repo", "campaigns/link.yaml", "campaigns/link.yaml"),
        ({}, ".", "repo/campaigns/a.yaml", "campaigns/a.yaml"),
        ({}, "repo", "../outside.csv", "../outside.csv"),
        ({"GITHUB_WORKSPACE": "."}, "repo", "campaigns/a.yaml", "repo/campaigns/a.yaml"),
        ({"GITHUB_WORKSPACE": "elsewhere"}, "repo", "campaigns/a.yaml", "campaigns/a.yaml"),
        ({"GITHUB_WORKSPACE": "workspace"}, "repo", "campaigns/a.yaml", "campaigns/a.yaml"),
        ({"CI_PROJECT_DIR": "repo"}, "repo/campaigns", "a.yaml", "campaigns/a.yaml"),
        ({"GITHUB_WORKSPACE": ""}, "repo", "campaigns/a.yaml", "campaigns/a.yaml"),
    ],
)
def test_a_path_from_the_checkout(
    environ: dict[str, str], folder: str, file: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("repo/.git", "repo/campaigns", "repo/data", "elsewhere"):
        (tmp_path / each).mkdir(parents=True)
    (tmp_path / "repo" / "link").symlink_to("campaigns")
    (tmp_path / "repo" / "campaigns" / "link.yaml").symlink_to("../data/real.yaml")
    (tmp_path / "workspace").symlink_to("repo")
    monkeypatch.chdir(tmp_path / folder)
    place = from_checkout({name: str(tmp_path / value) if value else "" for name, value in environ.items()})
    assert place(file) == expected
