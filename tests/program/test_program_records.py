"""What commands refuse to do to a record, and what they say of one: doubt, time, reports, `--verify`."""

from pathlib import Path

import pytest
from campaign_repo import CampaignRepo, Serve, received, wait_until, wire

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


# --- a record that lost something


def test_a_journal_that_went_back_in_time_is_refused(repo: CampaignRepo, ready: Sandbox) -> None:
    """As by a checkout of an older commit: without the refusal, everybody would be sent to again."""
    assert repo.run("apply", SPEC, "--yes").code == 0
    journal = repo.campaigns / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    for kept, *command in ((-1, "plan", SPEC), (0, "plan", SPEC, "--offline"), (0, "apply", SPEC, "--yes")):
        journal.write_bytes(b"".join(lines[:kept]))
        ended = repo.run(*command)
        assert ended.code == 1
        assert "the journal lost lines, or is another one" in ended.err
    assert ready.requests["send"] == 3
    journal.write_bytes(b"".join(lines))
    assert repo.run("plan", SPEC, "--detailed-exitcode").code == 0


def test_verify_names_what_is_wrong(repo: CampaignRepo, ready: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert repo.run("status", SPEC, "--verify").code == 0
    journal, manifest = repo.campaigns / JOURNAL, repo.campaigns / MANIFEST
    was = journal.read_text(encoding="utf-8"), manifest.read_text(encoding="utf-8")

    manifest.write_text(was[1].replace('"accepted": 6', '"accepted": 5'), encoding="utf-8")
    edited = repo.run("status", SPEC, "--verify")
    assert (edited.code, f"{MANIFEST} does not say what the journal says: edited" in edited.out) == (1, True)
    manifest.write_text(was[1], encoding="utf-8")

    journal.write_text(was[0].partition("\n")[0] + "\n", encoding="utf-8")
    behind = repo.run("status", SPEC, "--verify")
    assert (behind.code, "the journal lost lines, or is another one" in behind.out) == (1, True)
    journal.write_text(was[0].replace('"accepted":2', '"accepted":1'), encoding="utf-8")
    damaged = repo.run("status", SPEC, "--verify")
    assert (damaged.code, "the journal is damaged" in damaged.out) == (1, True)
    journal.write_text(was[0], encoding="utf-8")

    (repo.campaigns / "sale.yaml").rename(repo.campaigns / "winter.yaml")
    lost = repo.run("status", "campaigns/winter.yaml", "--verify")
    assert (lost.code, "its campaign file is gone: renamed?" in lost.out) == (1, True)


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


# --- time


def test_no_request_starts_after_the_longest_duration(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=0.6:1-3")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    ended = repo.run("apply", SPEC, "--yes", "--max-duration", "1s")
    assert ended.code == 3
    assert "s have passed, and `--max-duration` is 1 s" in ended.out
    assert "nothing is wrong: run again to go on" in ended.out
    assert repo.totals()["pending"] == 6 - 2 * gateway.requests["send"]
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(6)]


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


def test_a_report_that_cannot_be_written_does_not_change_what_apply_says(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=0.5:1")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    folder = Path(repo.root / "reports")
    folder.mkdir()
    process = repo.start("apply", SPEC, "--yes", "-o", "reports/today.txt")
    wait_until(lambda: gateway.requests["send"] == 1)
    folder.rmdir()
    ended = repo.finish(process)
    assert ended.code == 0
    assert "the report cannot be written: No such file or directory; what was done is in the record" in ended.err
    assert repo.totals() == {"rows": 2, "accepted": 2}
