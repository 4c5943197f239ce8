"""At most once, nothing lost: what reaches a gateway over HTTP, and what the record says of it."""

import signal
from collections import Counter
from math import ceil
from typing import Any

import pytest
from campaign_repo import CampaignRepo, Serve, number, received, urls_of, wait_until, wire

from mmsbatch.sandbox import Sandbox

SPEC = "campaigns/sale.yaml"


def places(*ranges: range) -> list[str]:
    return sorted(wire(place) for each in ranges for place in each)


@pytest.fixture
def ready(repo: CampaignRepo, serve: Serve) -> Sandbox:
    """A gateway, and a campaign of six recipients in three chunks."""
    gateway = serve()
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    return gateway


# --- one run after another


def test_each_number_gets_its_own_text_once(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve(credits=1000)
    names = ["Inès"] * 250 + ["Noé"] * 150 + ["Zoë & <fils>"] * 50
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(450), names=names)
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert received(gateway) == {
        wire(place): f"Bonjour {name}, -30 % demain. STOP au 36180" for place, name in enumerate(names)
    }
    assert gateway.requests["send"] == sum(ceil(count / 200) for count in Counter(names).values())
    assert gateway.credits == 550
    assert repo.totals() == {"rows": 450, "accepted": 450}


def test_run_again_sends_nothing(repo: CampaignRepo, ready: Sandbox) -> None:
    for _ in range(2):
        assert repo.run("apply", SPEC, "--yes").code == 0
    assert ready.requests["send"] == 3


def test_a_row_after_completion_is_late(repo: CampaignRepo, ready: Sandbox) -> None:
    repo.run("apply", SPEC, "--yes")
    repo.write_rows(range(7))
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert ready.requests["send"] == 3
    assert repo.run("apply", SPEC, "--yes", "--late-rows").code == 0
    assert ready.requests["send"] == 4
    assert sorted(received(ready)) == places(range(7))
    assert repo.totals() == {"rows": 7, "accepted": 7}


def test_a_row_before_completion_is_not_late(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=200:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    assert repo.run("apply", SPEC, "--yes").code == 3
    repo.write_rows(range(8))
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert sorted(received(gateway)) == places(range(8))


def test_a_campaign_reached_through_a_link_is_one(repo: CampaignRepo, ready: Sandbox) -> None:
    (repo.campaigns / "link.yaml").symlink_to("sale.yaml")
    for spec in (SPEC, "campaigns/link.yaml", "campaigns"):
        assert repo.run("apply", spec, "--yes").code == 0
    assert sorted(received(ready)) == places(range(6))
    assert [path.name for path in repo.campaigns.glob("*.jsonl")] == ["sale.local.journal.jsonl"]


def test_rehearsals_mark_nobody(repo: CampaignRepo, ready: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--gateway", "sandbox").code == 0
    assert repo.run("proof", SPEC, "--to", number(1), "--to", number(2)).code == 0
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert Counter(delivery.number for delivery in ready.deliveries) == Counter(places(range(6), range(1, 3)))
    assert repo.totals() == {"rows": 6, "accepted": 6}


# --- rows that are not sent


OUTCOMES: dict[str, tuple[dict[str, Any], str, dict[str, int]]] = {
    "duplicate": ({}, f"{number(1)};Noé\n0033639980001;Inès\n", {"rows": 6, "accepted": 4, "duplicates": 2}),
    "invalid, skipped": (
        {"recipients": {"file": "sale.csv", "on_invalid": "skip"}},
        "not a number;Noé\n;Noé\n",
        {"rows": 6, "accepted": 4, "invalid": 2},
    ),
    "suppressed": (
        {"suppress": [{"file": "stop.csv", "phone": "mobile"}]},
        "+33639980004;Noé\n",
        {"rows": 5, "accepted": 4, "suppressed": 1},
    ),
    "rejected": ({}, f"{number(9999)};Noé\n", {"rows": 5, "accepted": 4, "rejected": 1}),
    "unaccounted": ({}, f"{number(9998)};Noé\n", {"rows": 5, "accepted": 4, "unaccounted": 1}),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_every_row_has_one_outcome(case: str, repo: CampaignRepo, serve: Serve) -> None:
    keys, rows, totals = OUTCOMES[case]
    gateway = serve(reject=frozenset({wire(9999)}), unaccounted=frozenset({wire(9998)}))
    repo.configure(gateway)
    repo.write_campaign(**keys)
    first = "".join(f"{number(place)};Inès\n" for place in range(4))
    repo.write("campaigns/sale.csv", f"phone;prenom\n{first}{rows}")
    repo.write("campaigns/stop.csv", f"mobile\n{number(4)}\n")
    for _ in range(2):
        assert repo.run("apply", SPEC, "--yes").code == 0
        assert repo.totals() == totals
    assert set(places(range(4))) <= set(received(gateway))
    assert repo.manifest()["rejected"] == (
        [{"phone": "+336••••••99", "source": "sale.csv:6", "chunk": "1-2"}] if case == "rejected" else []
    )


# --- what the network does


LOST = {"in_doubt": 2, "pending": 4}
MISHAPS: dict[str, tuple[int, dict[str, int]]] = {
    "drop-before:1": (4, LOST),
    "drop-before=reset:1": (4, LOST),
    "drop-after:1": (4, LOST),
    "drop-after=reset:1": (4, LOST),
    "truncate=5:1": (4, LOST),
    "truncate-headers=20:1": (4, LOST),
    "status=503:1": (4, LOST),
    "status-after=500:1": (4, LOST),
    "empty:1": (4, LOST),
    "garbage=<html>:1": (4, LOST),
    "latency=5:1": (4, LOST),
    "redirect=307:1": (6, {"pending": 6}),
    "status=404:1": (6, {"pending": 6}),
    "switch=117:1": (3, {"pending": 6}),
    "truncate=100:1": (0, {"accepted": 4, "unaccounted": 2}),
    "cut-ids=1:1": (0, {"accepted": 5, "unaccounted": 1}),
    "latin-1": (0, {"accepted": 6}),
    "crlf": (0, {"accepted": 6}),
    "no-ids": (0, {"accepted": 6}),
    "drip=0.001": (0, {"accepted": 6}),
    "chunked": (0, {"accepted": 6}),
    "no-length": (0, {"accepted": 6}),
}


@pytest.mark.parametrize("fault", MISHAPS)
def test_a_mishap_sends_nobody_twice(fault: str, repo: CampaignRepo, serve: Serve) -> None:
    code, outcomes = MISHAPS[fault]
    gateway = serve(fault)
    timeout = {"connect": 5, "read": 1 if "latency" in fault else 5, "total": 10}
    repo.configure(gateway, chunk_size=2, concurrency=1, retries=0, timeout=timeout)
    repo.write_campaign()
    repo.write_rows(range(6))
    assert repo.run("apply", SPEC, "--yes").code == code
    assert repo.totals() == {"rows": 6, **outcomes}
    requests = gateway.requests["send"]
    again = repo.run("apply", SPEC, "--yes")
    if code in (0, 4):  # nothing may be sent that could have been
        assert again.code == code
        assert gateway.requests["send"] == requests
    else:
        assert again.code == 0
        assert sorted(received(gateway)) == places(range(6))


def test_a_gateway_that_is_not_there(repo: CampaignRepo, serve: Serve) -> None:
    gateway, gone = serve(), serve()
    urls = urls_of(gateway) | {"send_url": gone.send_url}
    gone.stop()
    repo.configure(urls, retries=0)
    repo.write_campaign()
    repo.write_rows(range(6))
    ended = repo.run("apply", SPEC, "--yes")
    assert (ended.code, repo.totals()) == (6, {"rows": 6, "pending": 6})
    assert "Connection refused" in ended.out
    repo.configure(gateway)
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert sorted(received(gateway)) == places(range(6))


def test_a_medium_that_cannot_be_fetched_at_first(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=116:1")
    repo.configure(gateway)
    image = {"type": "image", "text": "STOP au 36180", "image": {"url": "http://www.example.com/a.jpg"}}
    repo.write_campaign(message=image)
    repo.write_rows(range(3))
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert gateway.requests["send"] == 2
    assert {delivery.media for delivery in gateway.deliveries} == {("http://www.example.com/a.jpg",)}
    assert [chunk["attempts"] for chunk in repo.manifest()["chunks"]] == [2]


# --- crashes and doubt


@pytest.mark.parametrize("found", ["sent", "not-sent"])
def test_a_crash_leaves_doubt_for_a_person(found: str, repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency-before=60:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 2)
    process.send_signal(signal.SIGKILL)
    assert repo.finish(process).code == -signal.SIGKILL

    again = repo.run("apply", SPEC, "--yes")
    assert again.code == 4
    assert f"in doubt: {SPEC} 1-2; nothing was sent" in again.err
    assert gateway.requests["send"] == 2
    assert repo.run("apply", SPEC, "--yes", "--leave-in-doubt").code == 4
    assert repo.totals() == {"rows": 6, "accepted": 4, "in_doubt": 2}

    assert repo.run("resolve", SPEC, "--chunk", "1-2", "--as", found, "--reason", "asked the support").code == 0
    assert repo.run("apply", SPEC, "--yes").code == 0
    expected = places(range(6)) if found == "not-sent" else places(range(2), range(4, 6))
    assert sorted(received(gateway)) == expected
    assert repo.totals() == {"rows": 6, "accepted": 6}
    resolved = repo.manifest()["chunks"][1]["resolved"]
    assert (resolved["as"], resolved["by"], resolved["reason"]) == (found, "Marie Durand", "asked the support")


def test_a_torn_last_line_is_cut_back(repo: CampaignRepo, ready: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    journal = repo.campaigns / "sale.local.journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"event":"sending","at":"2026')
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 0
    assert "its last line was cut short" in ended.err
    assert ready.requests["send"] == 3


def test_the_manifest_follows_while_a_request_lasts(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=20:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 2)
    wait_until(lambda: repo.totals() == {"rows": 6, "accepted": 2, "in_doubt": 2, "pending": 2})
    assert repo.manifest()["chunks"][1]["state"] == "sending"
    process.kill()
    repo.finish(process)


# --- what changes between runs


def test_a_changed_message_needs_consent(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=200:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    repo.run("apply", SPEC, "--yes")
    repo.write_campaign(message={"type": "text", "text": "Bonjour {{ prenom }}, -40 %. STOP au 36180"})
    refused = repo.run("apply", SPEC, "--yes")
    assert refused.code == 1
    assert "[plan-mixed]" in refused.err
    assert "2 got the former message, 4 get this one" in repo.run("plan", SPEC).out
    assert gateway.requests["send"] == 2
    assert repo.run("apply", SPEC, "--yes", "--mixed").code == 0
    assert Counter(received(gateway).values()) == {
        "Bonjour Inès, -30 % demain. STOP au 36180": 2,
        "Bonjour Inès, -40 %. STOP au 36180": 4,
    }


def test_a_raised_revision_sends_again_and_says_so(repo: CampaignRepo, ready: Sandbox) -> None:
    repo.run("apply", SPEC, "--yes")
    repo.write_campaign(revision=2)
    assert "sends AGAIN to 6 who got revision 1" in repo.run("plan", SPEC).out
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert Counter(delivery.number for delivery in ready.deliveries) == Counter(places(range(6)) * 2)
    assert [each["totals"]["accepted"] for each in repo.manifest()["revisions"]] == [6]
    repo.write_campaign(revision=1)
    lowered = repo.run("apply", SPEC, "--yes")
    assert lowered.code == 1
    assert "[plan-revision]" in lowered.err
    assert ready.requests["send"] == 6


def test_a_canary_that_fails_keeps_the_rest_back(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve(reject=frozenset(places(range(2))))
    repo.configure(gateway)
    repo.write_campaign(limits={"canary": 3})
    repo.write_rows(range(9))
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 3
    assert "2 of the canary's 3 numbers were rejected (67%)" in ended.out
    assert gateway.requests["send"] == 1


def test_a_canary_that_passes_lets_the_rest_go(repo: CampaignRepo, ready: Sandbox) -> None:
    repo.write_campaign(limits={"canary": 1})
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert Counter(delivery.request for delivery in ready.deliveries) == {1: 1, 2: 2, 3: 2, 4: 1}


def test_a_schedule_goes_on_the_wire(repo: CampaignRepo, ready: Sandbox) -> None:
    repo.write_campaign(schedule="2099-07-14T08:00:00Z")
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert {delivery.date for delivery in ready.deliveries} == {"2099-07-14 10:00:00"}
    assert {chunk["status"] for chunk in repo.manifest()["chunks"]} == {101}


# --- several campaigns


def test_a_stop_leaves_later_campaigns_untouched(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("drop-after:1")
    repo.configure(gateway)
    for name, first in (("first", 0), ("second", 10)):
        repo.write_campaign(name)
        repo.write_rows(range(first, first + 3), name)
    ended = repo.run("apply", "campaigns", "--yes")
    assert ended.code == 4
    assert "campaigns/second.yaml: not begun: the campaign before it stopped" in ended.out
    assert sorted(received(gateway)) == places(range(3))


def test_one_invalid_campaign_refuses_all(repo: CampaignRepo, ready: Sandbox) -> None:
    repo.write_campaign("other", message={"type": "text", "text": "{{ nom }}"})
    repo.write_rows([7], "other")
    ended = repo.run("apply", "campaigns", "--yes")
    assert ended.code == 1
    assert "[template-undefined]" in ended.err
    assert not any(ready.requests.values())


def test_recipients_may_be_named_at_run_time(repo: CampaignRepo, ready: Sandbox) -> None:
    repo.write_campaign(recipients={"phone": "phone"})
    assert repo.run("apply", SPEC, "--yes").code == 2
    rows = repo.write("../home/rows.csv", f"phone;prenom\n{number(7)};Inès\n")
    assert repo.run("apply", SPEC, "--yes", "--recipients", str(rows)).code == 0
    assert sorted(received(ready)) == places(range(7, 8))
