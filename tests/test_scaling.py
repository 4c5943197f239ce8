"""The simulation of several runners: small runs of it, and that it sees what went wrong."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from benchmarks import fleet, scaling, workplace
from benchmarks.case import WrongOutcome
from benchmarks.fleet import Outcome, Setting, simulate
from benchmarks.gateway_process import GatewayProcess, Taken

SMALL = Setting(1_000, latency=0.01, in_flight=2)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(workplace.Workplace, "mmsbatch", str(Path(sys.executable).with_name("mmsbatch")))
    return workplace.Workplace(tmp_path)


def test_two_runners_push_in_turn(place):
    outcome = simulate(place, replace(SMALL, runners=2, push=0.5, claim=1))
    assert (outcome.requests, sum(outcome.windows)) == (5, 5)
    assert 4 <= outcome.pushes <= outcome.tries, "each begins, and ends"
    assert outcome.seconds > 4 * 0.5, "the remote takes its time over each push"
    assert outcome.sending < outcome.seconds
    assert not list(place.folder.iterdir())


def test_folders_are_merged_to_be_counted(place):
    outcome = simulate(place, replace(SMALL, runners=2))
    assert (outcome.requests, outcome.pushes, outcome.window) == (5, 0, "–")


def test_requests_wait_in_line():
    body = urlencode({"XMLFlow": "<DATA><MOBILEPHONE>33600000001</MOBILEPHONE></DATA>"})

    def post(url):
        connection = HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=30)
        connection.request("POST", urlsplit(url).path, body)
        connection.getresponse().read()
        connection.close()

    with GatewayProcess(0.01, rate=20) as gateway, ThreadPoolExecutor(5) as posting:
        start = time.monotonic()
        list(posting.map(post, [gateway.send_url] * 5))
        assert time.monotonic() - start >= 4 / 20 + 0.01


NUMBERS = tuple(f"3360000000{place}" for place in range(4))


@pytest.mark.parametrize(
    ("numbers", "accepted", "status", "at_once"),
    [
        (NUMBERS[:3], 4, "complete", 1),
        ((*NUMBERS[:3], NUMBERS[0]), 4, "complete", 1),
        ((*NUMBERS, NUMBERS[0]), 4, "complete", 1),
        (NUMBERS, 3, "complete", 1),
        (NUMBERS, 4, "incomplete", 1),
        (NUMBERS, 4, "complete", 3),
    ],
    ids=["one lost", "one for another", "one twice", "miscounted", "unfinished", "more in flight than asked for"],
)
def test_what_went_wrong_is_no_measurement(numbers, accepted, status, at_once, place):
    home = place.folder / "fleet"
    home.mkdir()
    with GatewayProcess(0) as gateway:
        world = fleet.Fleet(place, home, gateway, Setting(4, latency=0, in_flight=2))
    manifest = home / "runner-1" / "sale.manifest.json"

    def check(numbers, accepted, status, at_once):
        manifest.write_text(json.dumps({"status": status, "totals": {"rows": 4, "accepted": accepted}}))
        world._check(Taken(1, 0.0, 1.0, at_once, numbers, ""))

    check(NUMBERS, 4, "complete", 2)
    with pytest.raises(WrongOutcome):
        check(numbers, accepted, status, at_once)


def test_a_runner_that_fails_is_no_measurement(place, monkeypatch):
    monkeypatch.setattr(fleet, "_CREDENTIALS", {})
    with pytest.raises(WrongOutcome, match="mmsbatch apply ended with exit code"):
        simulate(place, SMALL)


BLOCK = scaling.Block("Two", [SMALL, replace(SMALL, push=2, runners=2)], most=1.25)
OUTCOMES = [Outcome(10.0, 8.0, 80, 1.0), Outcome(12.5, 10.0, 80, 2.0, pushes=6, tries=9, windows=(50, 10, 20))]


def test_a_table_compares_with_its_first_line():
    title, _, _, _, *lines = scaling.table(BLOCK, OUTCOMES).splitlines()
    assert title == "**Two**"
    assert [line.replace(" ", "").strip("|").split("|") for line in lines] == [
        ["1×2", "folder", "10.0s", "1.00", "10.0", "–", "–", "–"],
        ["2×2", "git,push2s", "12.5s", "1.25", "8.0", "6", "9", "10/20/50"],
    ]


def test_what_takes_too_long_is_over():
    assert scaling.is_within(BLOCK, OUTCOMES)
    assert not scaling.is_within(BLOCK, [OUTCOMES[0], replace(OUTCOMES[1], seconds=12.6)])
    assert scaling.is_within(replace(BLOCK, most=None), [OUTCOMES[0], replace(OUTCOMES[1], seconds=99.0)])


def test_every_block_begins_with_one_runner_and_its_folder():
    for block in scaling.blocks(200_000):
        first = block.settings[0]
        assert (first.runners, first.push) == (1, None)
        assert len(set(block.settings)) == len(block.settings) > 1


def test_all_is_simulated_printed_kept_and_put_on_the_page(tmp_path, monkeypatch, capsys):
    page = tmp_path / "scaling.md"
    page.write_text(f"before\n{scaling.BEGIN}old\n{scaling.END}after\n")
    monkeypatch.setattr(scaling, "PAGE", page)
    monkeypatch.setattr(scaling, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(scaling, "blocks", lambda rows: [BLOCK])
    monkeypatch.setattr(scaling, "simulate", lambda place, setting: OUTCOMES[setting.push is not None])
    assert scaling.main(["--page"]) == 0
    table = scaling.table(BLOCK, OUTCOMES)
    assert page.read_text() == f"before\n{scaling.BEGIN}{table}{scaling.END}after\n"
    assert capsys.readouterr().out == f"{table}\n"
    kept = json.loads((tmp_path / "kept" / "scaling.json").read_text())
    assert [each["outcome"]["pushes"] for each in kept] == [0, 6]
    with pytest.raises(SystemExit):
        scaling.main(["--page", "--rows", "1000"])
    assert "--page without --rows" in capsys.readouterr().err
