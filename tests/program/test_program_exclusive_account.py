"""An account that nothing else spends from: one run at a time uses it, and its credit settles doubt, or does not."""

import signal
from typing import Any

import pytest
from campaign_repo import CampaignRepo, Serve, received, wait_until, wire

from mmsbatch.sandbox import Sandbox

SPEC, OTHER = "campaigns/sale.yaml", "campaigns/other.yaml"
#: The credit cannot be had when a run ends: what is in doubt stays so.
CREDIT_NOT_TOLD = "status=503@account:2-3"


def configure(repo: CampaignRepo, gateway: Sandbox, exclusive: bool = True, **settings: Any) -> None:
    """Have chunks of two, one after the other; the credit is asked a moment after the last request."""
    known = {"chunk_size": 2, "concurrency": 1, "retries": 0, "settle_seconds": 0.1, "exclusive_account": exclusive}
    repo.configure(gateway, **known | settings)


def prepare(repo: CampaignRepo, serve: Serve, *faults: str, **settings: Any) -> Sandbox:
    """Have six recipients in three chunks."""
    gateway = serve(*faults, credits=100)
    configure(repo, gateway, **settings)
    repo.write_campaign()
    repo.write_rows(range(6))
    return gateway


@pytest.mark.parametrize(
    ("fault", "found", "totals"),
    [
        ("drop-after:2", "sent", {"rows": 6, "accepted": 4, "pending": 2}),
        ("drop-before:2", "not-sent", {"rows": 6, "accepted": 2, "pending": 4}),
    ],
)
def test_credit_settles_what_a_lost_answer_left_in_doubt(
    fault: str, found: str, totals: dict[str, int], repo: CampaignRepo, serve: Serve
) -> None:
    gateway = prepare(repo, serve, fault)
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 3
    assert "the balance is " in ended.err
    assert repo.totals() == totals
    chunk = repo.manifest()["chunks"][1]
    assert (chunk["resolved"]["as"], chunk["presumed"]) == (found, True)
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(6)]
    assert gateway.credits == 94


def test_credit_settles_when_the_next_run_begins(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve, "drop-after:2", CREDIT_NOT_TOLD)
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(6)]
    assert repo.manifest()["chunks"][1]["presumed"] is True


def test_the_credit_is_asked_only_once_the_gateway_is_surely_done(repo: CampaignRepo, serve: Serve) -> None:
    """It goes on with a request that nobody waits for any more, and debits it late."""
    timeout = {"connect": 5, "read": 0.3, "total": 5}
    gateway = prepare(repo, serve, "latency-before=1:2", settle_seconds=2, timeout=timeout)
    assert repo.run("apply", SPEC, "--yes").code == 3
    assert repo.totals() == {"rows": 6, "accepted": 4, "pending": 2}
    assert sorted(received(gateway)) == [wire(place) for place in range(4)]


def test_a_signal_ends_the_waiting_for_the_credit(repo: CampaignRepo, serve: Serve) -> None:
    """A pipeline that stops a run waits for no `settle_seconds`."""
    gateway = prepare(repo, serve, "drop-after:2", settle_seconds=3)
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["account"] == 2)
    wait_until(lambda: repo.journal()[-1]["event"] == "run-ended")
    process.send_signal(signal.SIGTERM)
    assert repo.finish(process).code == 143
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}
    assert gateway.requests["account"] == 2


def test_a_balance_that_somebody_else_spent_from_too_settles_nothing(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve, "drop-after:2", "latency=0.8@account:2", settle_seconds=1)
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["account"] == 2)
    gateway.credits -= 1
    ended = repo.finish(process)
    assert ended.code == 4
    assert "chunk 1-2 stays in doubt: the balance is 95, neither 96 (sent) nor 98 (not sent)" in ended.err
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}


def test_credit_settles_nothing_once_the_account_is_not_exclusive(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve, "drop-after:2", CREDIT_NOT_TOLD)
    assert repo.run("apply", SPEC, "--yes").code == 4
    configure(repo, gateway, exclusive=False)
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}


def test_credit_settles_nothing_of_a_run_that_shared_the_account(repo: CampaignRepo, serve: Serve) -> None:
    """Although this record's runs before and after it had the account to themselves."""
    gateway = prepare(repo, serve, "switch=200:2", "drop-after:3")
    assert repo.run("apply", SPEC, "--yes").code == 3
    configure(repo, gateway, exclusive=False)
    assert repo.run("apply", SPEC, "--yes").code == 4
    configure(repo, gateway)
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}


def test_credit_settles_nothing_once_another_run_held_the_account(repo: CampaignRepo, serve: Serve) -> None:
    """What the other sent would pass for what the chunk in doubt, which never arrived, had cost."""
    gateway = prepare(repo, serve, "drop-before:2", CREDIT_NOT_TOLD)
    assert repo.run("apply", SPEC, "--yes").code == 4
    repo.write_campaign("other")
    repo.write_rows(range(10, 12), "other")
    assert repo.run("apply", OTHER, "--yes").code == 0
    assert repo.run("apply", SPEC, "--yes").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2}
    assert gateway.requests["send"] == 3


def test_one_run_at_a_time_uses_an_exclusive_account(repo: CampaignRepo, serve: Serve) -> None:
    gateway = prepare(repo, serve, "latency=60:1")
    repo.write_campaign("other")
    repo.write_rows(range(10, 12), "other")
    first = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    for command in (["apply", OTHER, "--yes"], ["proof", OTHER, "--to", "06 39 98 00 99"]):
        ended = repo.run(*command)
        assert ended.code == 5
        assert f"another run holds this account: process {first.pid} of marie" in ended.err
    assert gateway.requests["send"] == 1
    first.kill()
    repo.finish(first)
    assert repo.run("apply", OTHER, "--yes").code == 0
