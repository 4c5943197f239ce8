"""What a gateway or a person says may hold a secret or a number: neither comes through to output and files."""

from urllib.parse import quote_plus

from campaign_repo import CLIENT_CODE, PASSCODE, CampaignRepo, Serve, number

SPEC = "campaigns/sale.yaml"
ECHO = f"compte {CLIENT_CODE}, code {PASSCODE}"
MASKED = "compte •••, code •••"


def prepare(repo: CampaignRepo, serve: Serve, *faults: str) -> None:
    repo.configure(serve(*faults), retries=0)
    repo.write_campaign()
    repo.write_rows(range(2))


def test_an_echoed_secret_is_masked_in_the_record(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve, f"garbage=Status=102\nStatusText={ECHO}\nCampaignID={PASSCODE}:1")
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 6
    assert MASKED in ended.out
    [chunk] = repo.manifest()["chunks"]
    assert (chunk["status_text"], chunk["campaign_id"]) == (MASKED, "•••")
    repo.check_discretion()


def test_an_echoed_secret_is_masked_in_what_account_tells(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve, f"garbage=Status=302\nStatusText={ECHO}@account:1-2")
    for command in (["account"], ["apply", SPEC, "--yes"]):
        ended = repo.run(*command)
        assert ended.code == 6
        assert MASKED in ended.err


def test_an_echoed_secret_is_masked_in_what_a_proof_tells(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve, f"garbage=Status=102\nStatusText={ECHO}:1")
    ended = repo.run("proof", SPEC, "--to", number(1))
    assert ended.code == 6
    assert repo.journal()[-1]["status_text"] == MASKED
    repo.check_discretion()


def test_a_number_in_a_reason_is_masked(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve, "drop-after:1")
    assert repo.run("apply", SPEC, "--yes").code == 4
    reason = f"asked who has {number(1)}"
    assert repo.run("resolve", SPEC, "--chunk", "1-1", "--as", "sent", "--reason", reason).code == 0
    assert repo.journal()[-1]["reason"].startswith("asked who has •")
    assert repo.manifest()["chunks"][0]["resolved"]["reason"].endswith("•01")
    repo.check_discretion()


def test_an_echoed_secret_is_masked_whole_wherever_a_text_is_cut(repo: CampaignRepo, serve: Serve) -> None:
    """Its digits are not masked before it, nothing is cut within it, and it may come percent-encoded."""
    encoded = quote_plus(PASSCODE)
    prepare(
        repo, serve, f"garbage=Status=102\nStatusText={'x' * 190}{PASSCODE} {encoded}\nCampaignID={'y' * 60}{PASSCODE}"
    )
    repo.run("apply", SPEC, "--yes")
    [chunk] = repo.manifest()["chunks"]
    assert chunk["status_text"] == f"{'x' * 190}••• •••"
    assert chunk["campaign_id"] == f"{'y' * 60}•••"


def test_a_report_through_a_link_replaces_no_record(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve)
    assert repo.run("apply", SPEC, "--yes").code == 0
    journal = repo.campaigns / "sale.local.journal.jsonl"
    before = journal.read_bytes()
    (repo.root / "report.txt").symlink_to(journal)
    ended = repo.run("plan", SPEC, "--offline", "-o", "report.txt")
    assert ended.code == 2
    assert "a report must not replace a campaign, its recipients or its record" in ended.err
    assert journal.read_bytes() == before
