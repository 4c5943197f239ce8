"""Where files are looked for, and which ones a campaign may name."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mmsbatch.campaign import places
from mmsbatch.campaign.campaign_parser import parse_campaign
from mmsbatch.campaign.places import (
    Reach,
    campaign_files,
    find_configuration,
    repository_root,
    resolve_named_file,
    twin_campaign,
)
from mmsbatch.errors import InvalidInput, UsageProblem

CAMPAIGN = b"""{version: 1, name: x, message: {type: text, text: x},
 recipients: {file: clients.csv}, suppress: [{file: stop.csv}]}"""


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "config").touch()
    (root / "campaigns" / "2026").mkdir(parents=True)
    return root


def touch(*paths):
    for path in paths:
        path.touch()


def test_repository_root_is_the_nearest(repository):
    campaign = repository / "campaigns" / "2026" / "sale.yaml"
    assert repository_root(campaign) == repository
    (repository / "campaigns" / ".git").write_text("gitdir: elsewhere")  # a submodule's
    assert repository_root(campaign) == repository / "campaigns"


def test_no_repository(tmp_path):
    assert repository_root(tmp_path / "sale.yaml") is None


def test_configuration_is_the_nearest_up_to_the_root(repository):
    campaign = repository / "campaigns" / "2026" / "sale.yaml"
    touch(repository.parent / "mmsbatch.yaml")
    assert find_configuration(campaign) is None
    touch(repository / "mmsbatch.yaml")
    assert find_configuration(campaign) == repository / "mmsbatch.yaml"
    touch(repository / "campaigns" / "mmsbatch.yaml")
    assert find_configuration(campaign) == repository / "campaigns" / "mmsbatch.yaml"


def test_outside_of_git_the_search_goes_up_through_one_owner_s_folders(tmp_path, monkeypatch):
    campaign = tmp_path / "own" / "campaigns" / "sale.yaml"
    campaign.parent.mkdir(parents=True)
    touch(tmp_path / "mmsbatch.yaml")
    assert find_configuration(campaign) == tmp_path / "mmsbatch.yaml"
    theirs = tmp_path.resolve()
    monkeypatch.setattr(places, "_owner", lambda folder: 1 if folder == theirs or folder in theirs.parents else 0)
    assert find_configuration(campaign) is None


def test_a_misnamed_configuration_is_not_passed_over(repository):
    touch(repository / "mmsbatch.yml")
    with pytest.raises(UsageProblem, match=r"mmsbatch\.yml"):
        find_configuration(repository / "campaigns" / "sale.yaml")


def test_a_missing_folder_has_no_configuration(tmp_path):
    assert find_configuration(tmp_path / "none" / "sale.yaml") is None


def test_a_folder_means_its_campaigns_in_name_order(tmp_path):
    names = ["b.yaml", "a.yml", "c.yaml", "mmsbatch.yaml", ".hidden.yaml", "a.csv", "a.manifest.json"]
    touch(*(tmp_path / name for name in names))
    (tmp_path / "folder.yaml").mkdir()
    assert [path.name for path in campaign_files([tmp_path])] == ["a.yml", "b.yaml", "c.yaml"]


def test_a_link_that_leads_nowhere_is_not_passed_over(tmp_path):
    (tmp_path / "a.yaml").symlink_to("gone.yaml")
    assert [path.name for path in campaign_files([tmp_path])] == ["a.yaml"]


def test_an_unreadable_folder_is_a_usage_problem(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageProblem, match="Permission denied"):
        campaign_files([tmp_path])


def test_each_campaign_once_and_files_as_given(tmp_path):
    touch(tmp_path / "a.yaml", tmp_path / "b.yaml")
    given = [tmp_path / "b.yaml", tmp_path, tmp_path / "." / "a.yaml", tmp_path / "none.txt"]
    assert [path.name for path in campaign_files(given)] == ["b.yaml", "a.yaml", "none.txt"]


def test_twins(tmp_path):
    touch(tmp_path / "a.yaml", tmp_path / "a.yml", tmp_path / "b.yaml")
    assert twin_campaign(tmp_path / "a.yaml") == "a.yml"
    assert twin_campaign(tmp_path / "a.yml") == "a.yaml"
    assert twin_campaign(tmp_path / "b.yaml") is None
    assert twin_campaign(tmp_path / "b.txt") == "b.yaml"
    assert twin_campaign(Path()) is None


@pytest.mark.parametrize("name", ["clients.csv", "../clients.csv", "../../clients.csv", "./x/../clients.csv"])
def test_files_of_the_repository_may_be_named(repository, name):
    folder = repository / "campaigns" / "2026"
    assert Reach.of(folder / "sale.yaml").locate(name) == Path(os.path.normpath(folder / name))


@pytest.mark.parametrize(
    "name",
    [
        "../../../clients.csv",
        "/etc/passwd",
        "../../.git/config",
        "../../.GIT/config",
        "a\0b",
        "link-outside.csv",
        "link-folder/clients.csv",
        "link-git",
    ],
)
def test_other_files_may_not(repository, name):
    folder = repository / "campaigns" / "2026"
    (folder / "link-outside.csv").symlink_to(repository.parent / "clients.csv")
    (folder / "link-folder").symlink_to(repository.parent)
    (folder / "link-git").symlink_to(repository / ".git" / "config")
    assert Reach.of(folder / "sale.yaml").locate(name) is None


def test_a_circle_of_links_is_refused_or_stays_inside(repository):
    folder = repository / "campaigns"
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    path = Reach.of(folder / "sale.yaml").locate("a")
    assert path is None or path.is_relative_to(repository)


def test_outside_of_git_only_the_campaign_s_folder(tmp_path):
    assert Reach.of(tmp_path / "sale.yaml").locate("x/clients.csv") == tmp_path / "x" / "clients.csv"
    for name in ("../clients.csv", "..", "../..", "x/../../clients.csv"):
        assert Reach.of(tmp_path / "sale.yaml").locate(name) is None


def test_named_files_are_resolved_or_refused_at_their_place(repository):
    path = repository / "campaigns" / "sale.yaml"
    campaign, _ = parse_campaign(CAMPAIGN, path, "sale.yaml", Reach.of(path))
    assert resolve_named_file(campaign, "clients.csv") == repository / "campaigns" / "clients.csv"
    (repository / "campaigns" / "stop.csv").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput) as raised:
        resolve_named_file(campaign, "stop.csv")
    (found,) = raised.value.diagnostics
    assert (found.rule, found.line, found.column) == ("file-outside", 2, 53)
    with pytest.raises(InvalidInput) as raised:
        resolve_named_file(replace(campaign, suppress=()), "../../x.csv")
    assert raised.value.diagnostics[0].rule == "file-outside"
