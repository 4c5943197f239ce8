"""Real processes killed at random instants, and real files that may grow no more: held against a real gateway."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from campaign_repo import CLIENT_CODE, PASSCODE, PATIENCE, CampaignRepo, wire

from mmsbatch.record.events import ChunkSending
from mmsbatch.record.journal import read_journal
from mmsbatch.sandbox import Sandbox, SandboxOptions, parse_fault

SPEC = "campaigns/sale.yaml"
PEOPLE = 40
#: Lets no file of the program grow beyond a size: the disk is full.
LIMITED = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
runpy.run_module("mmsbatch", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[CampaignRepo]:
    repo = CampaignRepo(tmp_path)
    yield repo
    repo.check_discretion()


@pytest.fixture
def gateway() -> Iterator[Sandbox]:
    options = SandboxOptions(
        client_code=CLIENT_CODE,
        passcode=PASSCODE,
        reject=frozenset({wire(7)}),
        faults=(parse_fault("latency=0.02"),),
    )
    with Sandbox(options) as sandbox:
        yield sandbox


def prepare(repo: CampaignRepo, gateway: Sandbox) -> None:
    repo.configure(gateway, chunk_size=2, concurrency=3, max_in_doubt=2)
    repo.write_campaign()
    repo.write_rows(range(PEOPLE), names=["Inès", "Noé"])


def taken(gateway: Sandbox) -> Counter[str]:
    counts = Counter(delivery.number for delivery in gateway.deliveries)
    assert not [number for number, count in counts.items() if count > 1], "sent twice"
    return counts


def check_promises(repo: CampaignRepo, gateway: Sandbox) -> list[dict]:
    """Hold the record against what the gateway took; return the chunks in doubt, with their numbers."""
    records = repo.run("status", SPEC, "--format", "json").json["records"]
    if not records:
        assert not taken(gateway)
        return []
    assert repo.run("status", SPEC, "--verify").code == 0
    [status] = records
    totals = dict(status["totals"])
    assert totals.pop("rows") == sum(totals.values())
    events = read_journal(repo.campaigns / "sale.local.journal.jsonl").events
    numbers = {event.chunk: event.numbers for event in events if isinstance(event, ChunkSending) and event.numbers}
    accepted = [chunk for chunk in status["chunks"] if chunk["state"] == "accepted"]
    doubtful = [chunk for chunk in status["chunks"] if chunk["state"] == "in-doubt"]
    got = taken(gateway)
    known = {number for chunk in (*accepted, *doubtful) for number in numbers[chunk["id"]]}
    assert set(got) <= known, "taken, and the record does not know"
    answered = [chunk for chunk in accepted if "resolved" not in chunk]  # a person's word is for a whole chunk
    assert sum(chunk["accepted"] for chunk in answered) <= len(got)
    return [{"id": chunk["id"], "sent": set(numbers[chunk["id"]]) & set(got)} for chunk in doubtful]


def resolve_as_the_gateway_knows_it(repo: CampaignRepo, gateway: Sandbox) -> None:
    for chunk in check_promises(repo, gateway):
        found = "sent" if chunk["sent"] else "not-sent"
        ended = repo.run("resolve", SPEC, "--chunk", chunk["id"], "--as", found, "--reason", "the gateway's log")
        assert ended.code == 0, ended


def finish(repo: CampaignRepo, gateway: Sandbox) -> None:
    gateway.clear_faults()
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 0, ended
    assert not check_promises(repo, gateway)
    assert sorted(taken(gateway)) == [wire(place) for place in range(PEOPLE) if place != 7]
    assert repo.manifest()["totals"]["accepted"] + repo.manifest()["totals"]["rejected"] == PEOPLE


def test_a_process_killed_at_random_instants(repo: CampaignRepo, gateway: Sandbox, torture: bool) -> None:
    chance = random.Random(4711)
    prepare(repo, gateway)
    for _ in range(60 if torture else 4):
        process = repo.start("apply", SPEC, "--yes")
        sends = gateway.requests["send"] + chance.randint(1, 4)
        gateway.wait_for_requests(sends, timeout=chance.uniform(0.3, 1.5))
        process.send_signal(chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        repo.finish(process)
        resolve_as_the_gateway_knows_it(repo, gateway)
    finish(repo, gateway)


@pytest.mark.parametrize("place", range(3))
def test_a_file_that_may_grow_no_more(place: int, repo: CampaignRepo, gateway: Sandbox, torture: bool) -> None:
    prepare(repo, gateway)
    sizes = range(100 + place, 14_000, 97) if torture else [500 + 900 * place, 3000 + 900 * place, 6000 + 900 * place]
    for size in sizes:
        # -B: Python would leave what it compiles cut off as well, for everybody.
        command = [sys.executable, "-B", "-c", LIMITED, str(size), "apply", SPEC, "--yes"]
        ended = subprocess.run(
            command, cwd=repo.root, env=repo.environment() | _path(), capture_output=True, timeout=PATIENCE, check=False
        )
        assert ended.returncode in (0, 1, 3, 4), ended
        assert b"Traceback" not in ended.stderr
        if ended.returncode == 1:
            assert b"nothing was sent" in ended.stderr + ended.stdout or b"make room" in ended.stderr + ended.stdout
        resolve_as_the_gateway_knows_it(repo, gateway)
    finish(repo, gateway)


def _path() -> dict[str, str]:
    return {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
