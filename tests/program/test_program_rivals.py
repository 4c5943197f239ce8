"""Two runs at once, on one campaign, on its copies, under two names of its account: one sends."""

import fcntl
import os
import signal
from pathlib import Path

import pytest
from campaign_repo import CampaignRepo, Serve, received, wait_until, wire

from mmsbatch.sandbox import Sandbox

SPEC = "campaigns/sale.yaml"


def prepare(repo: CampaignRepo, gateway: Sandbox) -> Sandbox:
    """Have six recipients in three chunks."""
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    return gateway


def everybody() -> list[str]:
    return [wire(place) for place in range(6)]


def same_through_a_link(repo: CampaignRepo) -> str:
    (repo.campaigns / "link.yaml").symlink_to("sale.yaml")
    return "campaigns/link.yaml"


def same_through_a_linked_folder(repo: CampaignRepo) -> str:
    (repo.root / "linked").symlink_to("campaigns")
    return "linked/sale.yaml"


WAYS = {
    "its path": lambda repo: SPEC,
    "..": lambda repo: "campaigns/../campaigns/sale.yaml",
    "the whole path": lambda repo: str(repo.campaigns / "sale.yaml"),
    "a link": same_through_a_link,
    "a linked folder": same_through_a_linked_folder,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_one_campaign_reached_in_two_ways_is_sent_by_one(way, repo: CampaignRepo, serve: Serve) -> None:
    gateway, other_way = prepare(repo, serve("latency=60")), way(repo)
    process = repo.start("apply", SPEC, "--yes", env={"GITHUB_RUN_ID": "77", "GITHUB_REPOSITORY": "firm/mms"})
    wait_until(lambda: gateway.requests["send"] == 1)
    rival = repo.run("apply", other_way, "--yes")
    assert rival.code == 5
    assert f"another run holds this campaign: process {process.pid} of marie on {os.uname().nodename}" in rival.err
    assert rival.err.split("since 20")[1].split("\n")[0].endswith("/firm/mms/actions/runs/77")
    process.kill()
    repo.finish(process)
    assert repo.run("apply", other_way, "--yes").code == 4, "the dead hold nothing"
    assert gateway.requests["send"] == 1


def test_two_campaigns_are_sent_side_by_side(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve("latency=60:1"))
    repo.write_campaign("other")
    repo.write_rows(range(10, 12), "other")
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    assert repo.run("apply", "campaigns/other.yaml", "--yes").code == 0
    process.kill()
    repo.finish(process)


def test_copies_in_one_call_are_sent_once(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve())
    (repo.campaigns / "twin.yaml").hardlink_to(repo.campaigns / "sale.yaml")
    ended = repo.run("apply", "campaigns", "--yes")
    assert ended.code == 3
    assert "campaigns/twin.yaml: not begun: twin.yaml has no record, and the very same file was sent as" in ended.out
    assert sorted(received(gateway)) == everybody()


@pytest.mark.parametrize("twin", [False, True], ids=["another gateway's name", "a copy"])
def test_runs_that_begin_at_once_do_not_both_send(twin: bool, repo: CampaignRepo, serve: Serve) -> None:
    """Each looked for the other's record, and found none, before either wrote its first line."""
    gateway = serve("latency=0.4@account")
    urls = {"send_url": gateway.send_url, "account_url": gateway.account_url, "fiction_numbers": "accept"}
    repo.write_yaml(
        "mmsbatch.yaml",
        {"gateways": {"local": urls, "backup": urls}, "default_gateway": "local", "record": {"numbers": "plain"}},
    )
    repo.write_campaign()
    repo.write_rows(range(6))
    (repo.campaigns / "twin.yaml").write_bytes((repo.campaigns / "sale.yaml").read_bytes())
    others = ["campaigns/twin.yaml"] if twin else [SPEC, "--gateway", "backup"]
    processes = [repo.start("apply", *arguments, "--yes") for arguments in ([SPEC], others)]
    assert sorted(repo.finish(process).code for process in processes) == [0, 1]
    assert sorted(received(gateway)) == everybody()


def test_a_later_campaign_that_cannot_be_begun_does_not_hide_the_earlier(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve())
    repo.write_campaign("zero")
    repo.write_rows(range(10, 12), "zero")
    (repo.campaigns / "zero.local.journal.jsonl").symlink_to("nowhere")
    ended = repo.run("apply", "campaigns", "--yes", "--format", "json")
    assert ended.code == 3
    first, second = ended.json["campaigns"]
    assert first["accepted"] == 6
    assert "the record cannot be written" in second["stopped"]["message"]
    assert sorted(received(gateway)) == everybody()


def test_a_journal_that_something_holds_on_to_stops_the_run_in_time(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve("latency=0.6"))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    with Path(repo.campaigns / "sale.local.journal.jsonl").open("rb") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX)
        process.send_signal(signal.SIGTERM)
        assert repo.finish(process).code == 143
    assert repo.run("status", SPEC, "--exit-code").code == 4
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert gateway.requests["send"] == 1


def test_rows_that_left_the_input_unsent_are_told(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve("switch=200:2"))
    assert repo.run("apply", SPEC, "--yes").code == 3
    repo.write_rows(range(2))
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 0
    assert "4 rows that were still to be sent are no longer in the input, or suppressed" in ended.err
    repo.write_rows(range(6))
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert repo.totals() == {"rows": 6, "accepted": 4, "late": 2}, "those the gateway had refused are no late rows"
