"""What commands refuse to do to a record, and what they say of one: doubt, time, reports, `--verify`."""

import pytest
from campaign_repo import CampaignRepo, Serve, wait_until

from mmsbatch.sandbox import Sandbox

SPEC = "campaigns/sale.yaml"
JOURNAL, MANIFEST = "sale.local.journal.jsonl", "sale.local.manifest.json"


@pytest.fixture
def ready(repo: CampaignRepo, serve: Serve) -> Sandbox:
    """A gateway, and a campaign of six recipients in three chunks."""
    gateway = serve()
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    return gateway


# --- doubt


def test_doubt_that_is_left_decides_the_code_though_nothing_is_left_to_send(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("drop-after:1")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.run("apply", SPEC, "--yes", "--leave-in-doubt").code == 4
    assert gateway.requests["send"] == 1


def test_only_a_chunk_in_doubt_can_be_resolved(repo: CampaignRepo, ready: Sandbox) -> None:
    """Said to be not sent, an accepted chunk would be sent to all of its recipients again."""
    assert repo.run("apply", SPEC, "--yes").code == 0
    before = repo.journal()
    ended = repo.run("resolve", SPEC, "--chunk", "1-1", "--as", "not-sent", "--reason", "I think so")
    assert ended.code == 2
    assert "chunk 1-1 is not in doubt" in ended.err
    assert repo.journal() == before


def test_a_copied_journal_is_not_resolved(repo: CampaignRepo, serve: Serve) -> None:
    repo.configure(serve("drop-after:1"))
    repo.write_campaign()
    repo.write_rows(range(2))
    assert repo.run("apply", SPEC, "--yes").code == 4
    repo.write_campaign("copy")
    copied = repo.campaigns / "copy.local.journal.jsonl"
    copied.write_bytes((repo.campaigns / JOURNAL).read_bytes())
    ended = repo.run("resolve", "campaigns/copy.yaml", "--chunk", "1-1", "--as", "sent", "--reason", "asked")
    assert ended.code == 1
    assert "it is a copy of the record of sale.yaml, which has its own" in ended.err
    assert copied.read_bytes() == (repo.campaigns / JOURNAL).read_bytes()


def test_a_manifest_that_a_crash_left_behind_is_brought_up_to_date(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency-before=60:1")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    process.kill()
    repo.finish(process)
    assert repo.run("apply", SPEC, "--yes").code == 4
    [chunk] = repo.manifest()["chunks"]
    assert (chunk["state"], chunk["reason"]) == ("in-doubt", "the run ended before the answer was written down")


# --- reports


@pytest.mark.parametrize("name", [JOURNAL, MANIFEST, "sale.yaml", "sale.csv", "sale.local.lock"])
def test_a_report_replaces_no_file_of_a_campaign(name: str, repo: CampaignRepo, ready: Sandbox) -> None:
    (repo.campaigns / name).touch()
    before = (repo.campaigns / name).read_bytes()
    ended = repo.run("apply", SPEC, "--yes", "-o", f"campaigns/{name}")
    assert ended.code == 2
    assert "a report must not replace a campaign, its recipients or its record" in ended.err
    assert (repo.campaigns / name).read_bytes() == before
    assert not any(ready.requests.values())
