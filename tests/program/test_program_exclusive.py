"""An exclusive account: its credit settles what nobody answered, and only where it can tell."""

import json
import signal
import tempfile
from pathlib import Path

import pytest
from campaign_repo import CampaignRepo, Serve, received, wait_until, wire

from mmsbatch.campaign.configuration import Configuration, GatewaySettings
from mmsbatch.cli.holding import hold_account
from mmsbatch.cli.workspace import Workspace
from mmsbatch.errors import Locked
from mmsbatch.record.lock import Holder
from mmsbatch.sandbox import Sandbox, parse_fault
from mmsbatch.sending.clock import Clock

SPEC = "campaigns/sale.yaml"
SETTLED = {"exclusive_account": True, "settle_seconds": 0.3}


def prepare(repo: CampaignRepo, gateway: Sandbox, **settings: object) -> Sandbox:
    """Have six recipients in three chunks."""
    repo.configure(gateway, **{"chunk_size": 2, "concurrency": 1} | SETTLED | settings)
    repo.write_campaign()
    repo.write_rows(range(6))
    return gateway


def everybody() -> list[str]:
    return [wire(place) for place in range(6)]


@pytest.mark.parametrize(
    ("fault", "code", "state", "totals"),
    [
        ("drop-after:2", 3, "accepted", {"rows": 6, "accepted": 4, "pending": 2}),
        ("drop-before:2", 3, "failed", {"rows": 6, "accepted": 2, "pending": 4}),
        ("drop-after:3", 0, "accepted", {"rows": 6, "accepted": 6}),
    ],
    ids=["processed", "not processed", "the last, processed"],
)
def test_a_lost_answer_is_settled_by_what_it_cost(
    fault: str, code: int, state: str, totals: dict[str, int], repo: CampaignRepo, serve: Serve
) -> None:
    gateway = prepare(repo, serve(fault))
    ended = repo.run("apply", SPEC, "--yes")
    assert (ended.code, repo.totals()) == (code, totals)
    (chunk,) = [chunk for chunk in repo.manifest()["chunks"] if chunk.get("presumed")]
    assert (chunk["state"], chunk["resolved"]["by"]) == (state, "mmsbatch, by the credit of the exclusive account")
    assert f"chunk {chunk['id']}: the balance is {gateway.credits:,}" in ended.err
    assert repo.manifest()["runs"][-1]["exit_code"] == code
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert sorted(received(gateway)) == everybody()
    assert repo.totals() == {"rows": 6, "accepted": 6}


@pytest.mark.parametrize(("fault", "sent"), [("latency=60:2", True), ("latency-before=60:2", False)])
def test_a_killed_run_is_settled_by_the_next(fault: str, sent: bool, repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve(fault))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 2 and gateway.credits == 100_000 - 2 - 2 * sent)
    process.kill()
    repo.finish(process)
    gateway.clear_faults()
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 0
    assert ("recorded as sent (presumed)" in ended.err) is sent
    assert sorted(received(gateway)) == everybody()
    assert repo.totals() == {"rows": 6, "accepted": 6}
    assert {run["exit_code"] for run in repo.manifest()["runs"]} == {None, 0}


UNTOLD = {
    "the account is not exclusive": {"exclusive_account": False},
    "the price is not known": {"credits_per_message": {"image": 1}},
    "the price is another": {"credits_per_message": {"text": 2}},
}


@pytest.mark.parametrize("settings", UNTOLD.values(), ids=UNTOLD)
def test_credit_that_cannot_tell_leaves_it_to_a_person(
    settings: dict[str, object], repo: CampaignRepo, serve: Serve
) -> None:
    gateway = prepare(repo, serve("drop-after:2"), **settings)
    for _ in range(2):
        assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}
    assert gateway.requests["send"] == 2


def test_a_top_up_in_between_leaves_it_to_a_person(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve("latency=60:2"))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 2 and gateway.credits == 99_996)
    process.kill()
    repo.finish(process)
    gateway.credits += 50
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 4
    assert "chunk 1-2 stays in doubt: the balance is 100,046, neither 99,996 (sent) nor 99,998 (not sent)" in ended.err


def test_another_campaign_in_between_leaves_it_to_a_person(repo: CampaignRepo, serve: Serve) -> None:
    """It cost just as much as the request whose answer was lost: the balance alone would be misread."""
    gateway = prepare(repo, serve("latency-before=60:2"))
    repo.write_campaign("other")
    repo.write_rows(range(10, 12), "other")
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 2)
    process.kill()
    repo.finish(process)
    gateway.clear_faults()
    assert repo.run("apply", "campaigns/other.yaml", "--yes").code == 0
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}


def test_a_balance_that_fell_after_the_request_and_stands_higher_now_proves_nothing(
    repo: CampaignRepo, serve: Serve
) -> None:
    """It was topped up by just as much as the request cost."""
    gateway = prepare(repo, serve("drop-after:2"), settle_seconds=60)
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: repo.has_record() and repo.journal()[-1]["event"] == "run-ended")
    process.send_signal(signal.SIGTERM)
    assert repo.finish(process).code == 143
    gateway.credits += 2
    prepare(repo, gateway)
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert gateway.requests["send"] == 2


def test_an_account_that_is_billed_later_proves_nothing(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve("drop-after:2", price=0))
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}
    assert gateway.requests["send"] == 2


def test_what_another_campaign_of_the_same_call_spent_is_not_taken_for_the_lost_request(
    repo: CampaignRepo, serve: Serve
) -> None:
    gateway = prepare(repo, serve("drop-before:1"), settle_seconds=60)
    repo.write_rows(range(2))
    repo.write_campaign("other")
    repo.write_rows(range(10, 12), "other")
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: repo.has_record() and repo.journal()[-1]["event"] == "run-ended")
    process.send_signal(signal.SIGTERM)
    repo.finish(process)
    gateway.add_fault(parse_fault("status=503@account:3"))
    prepare(repo, gateway, settle_seconds=0.1)
    repo.write_rows(range(2))
    assert repo.run("apply", "campaigns", "--yes", "--leave-in-doubt").code == 4
    assert repo.totals("other.local") == {"rows": 2, "accepted": 2}
    gateway.clear_faults()
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 2, "in_doubt": 2}


def test_the_balance_after_a_settlement_is_the_next_campaigns_start(repo: CampaignRepo, serve: Serve) -> None:
    """Two lost answers, one after the other: the first was sent, the second was not."""
    gateway = prepare(repo, serve("drop-after:3", "drop-before:4"))
    repo.write_campaign("zero")
    repo.write_rows(range(10, 12), "zero")
    assert repo.run("apply", "campaigns", "--yes").code == 3
    assert [chunk["state"] for chunk in repo.manifest("zero.local")["chunks"]] == ["failed"]
    assert repo.manifest()["credits"] == {"before": 100_000, "after": 99_994, "used": 6, "per_message": 1}
    assert repo.run("apply", "campaigns", "--yes").code == 0
    assert sorted(received(gateway)) == [*everybody(), wire(10), wire(11)]


def test_two_chunks_in_doubt_are_a_persons(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve("drop-after:2-3"), concurrency=2, max_in_doubt=2)
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals()["in_doubt"] == 4


def test_the_account_is_locked_for_other_campaigns(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve("latency=60"))
    repo.write_campaign("other")
    repo.write_rows(range(10, 12), "other")
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    rival = repo.run("apply", "campaigns/other.yaml", "--yes")
    proof = repo.run("proof", "campaigns/other.yaml", "--to", "06 39 98 00 77")
    process.kill()
    repo.finish(process)
    for ended in (rival, proof):
        assert ended.code == 5
        assert f"another run holds this account: process {process.pid} of marie" in ended.err
    assert gateway.requests["send"] == 1


def test_a_signal_ends_the_settling(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve("drop-after:2"), settle_seconds=60)
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: repo.has_record() and repo.journal()[-1]["event"] == "run-ended")
    process.send_signal(signal.SIGTERM)
    assert repo.finish(process).code == 143
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}


def test_what_a_revision_cost_is_known(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve(reject=frozenset({wire(3)})), concurrency=2)
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert repo.manifest()["credits"] == {"before": 100_000, "after": 99_995, "used": 5, "per_message": 1}


def test_what_a_revision_cost_is_nobodys_where_others_may_spend(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve(), exclusive_account=False)
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert repo.manifest()["credits"]["used"] is None


def test_the_journal_says_who_decided_and_from_what(repo: CampaignRepo, serve: Serve) -> None:
    prepare(repo, serve("drop-after:2"))
    repo.run("apply", SPEC, "--yes")
    (resolved,) = [event for event in repo.journal() if event["event"] == "resolved"]
    told = {key: resolved[key] for key in ("chunk", "sent", "presumed", "credits_after")}
    assert told == {"chunk": "1-2", "sent": True, "presumed": True, "credits_after": 99_996}
    assert json.dumps(resolved["reason"]) == '"the balance is 99,996; it would be 99,996 if sent, 99,998 if not"'


def test_the_credit_is_asked_only_once_the_gateway_is_surely_done(repo: CampaignRepo, serve: Serve) -> None:
    """It goes on with a request that nobody waits for any more, and debits it late."""
    timeout = {"connect": 5, "read": 0.8, "total": 5}
    gateway = prepare(repo, serve("latency-before=1.5:2"), settle_seconds=2, timeout=timeout)
    assert repo.run("apply", SPEC, "--yes").code == 3
    assert repo.totals() == {"rows": 6, "accepted": 4, "pending": 2}
    assert sorted(received(gateway)) == everybody()[:4]


def test_an_account_that_is_not_exclusive_any_more_leaves_it_to_a_person(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve("drop-after:2", "status=503@account:2-3"))
    assert repo.run("apply", SPEC, "--yes").code == 4
    prepare(repo, gateway, exclusive_account=False)
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}


def test_a_run_that_shared_the_account_leaves_its_doubt_to_a_person(repo: CampaignRepo, serve: Serve) -> None:
    """Although this record's runs before and after it had the account to themselves."""
    gateway = prepare(repo, serve("switch=200:2", "drop-after:3"))
    assert repo.run("apply", SPEC, "--yes").code == 3
    prepare(repo, gateway, exclusive_account=False)
    assert repo.run("apply", SPEC, "--yes").code == 4
    prepare(repo, gateway)
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}


def test_one_holder_at_a_time_has_an_exclusive_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings, holder = GatewaySettings(exclusive_account=True), Holder(1, "elsewhere", "zoé", "yesterday")
    with (
        hold_account(Workspace(Configuration(), settings), "3f2a9c0d1e4b", holder, Clock(), warn=print),
        pytest.raises(Locked, match="another run holds this account: process 1 of zoé on elsewhere"),
        hold_account(Workspace(Configuration(), settings), "3f2a9c0d1e4b", holder, Clock(), warn=print),
    ):
        pass


def test_a_proof_that_is_debited_late_is_not_taken_for_the_lost_request(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(
        repo, serve("latency-before=4:1", "drop-before:2"), timeout={"connect": 5, "read": 0.8, "total": 10}
    )
    repo.write_rows(range(2))
    assert repo.run("proof", SPEC, "--to", "06 39 98 00 77", "--to", "06 39 98 00 78").code == 4
    prepare(repo, gateway, settle_seconds=5)
    repo.write_rows(range(2))
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 2, "in_doubt": 2}
