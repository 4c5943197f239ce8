"""`apply` on what is finished reads no recipients, and says what it would say if it did.

Each change is tried twice, on the same files: by the program, and by the program made to plan always.
"""

import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from campaign_repo import PASSCODE, CampaignRepo, Ended, Serve, number, wire

from mmsbatch.record.lock import Holder, hold_lock
from mmsbatch.sandbox import Sandbox

SPEC = "campaigns/sale.yaml"
JOURNAL, MANIFEST = "campaigns/sale.local.journal.jsonl", "campaigns/sale.local.manifest.json"
#: Runs the program as if no record ever looked complete.
_PLANNING = """
import mmsbatch.cli.finished as finished
from mmsbatch.cli.entry import main
finished.looks_complete = lambda manifest: False
main()
"""
#: What reads recipients; Python can tell what it loads.
_READER = "mmsbatch.recipients.audience"


@pytest.fixture
def gateway(serve: Serve) -> Sandbox:
    return serve(reject=frozenset({wire(1)}), unaccounted=frozenset({wire(2)}))


@pytest.fixture
def finished(repo: CampaignRepo, gateway: Sandbox) -> CampaignRepo:
    """A campaign to eight rows that is finished: accepted, rejected, unaccounted, a duplicate, one suppressed."""
    repo.configure(gateway, chunk_size=3)
    repo.write("campaigns/stop.csv", f"phone\n{number(5)}\n")
    repo.write_campaign(suppress=[{"file": "stop.csv"}], limits={"max_rejected": 1})
    repo.write_rows([*range(7), 0])
    assert repo.run("apply", SPEC, "--yes").code == 0
    return repo


def apply(repo: CampaignRepo, *arguments: str, plans: bool = False, env: dict[str, str] | None = None) -> Ended:
    program = ("-c", _PLANNING) if plans else ("-m", "mmsbatch")
    return repo.finish(repo.start("apply", *(arguments or (SPEC, "--yes")), env=env, program=program))


def reads_recipients(repo: CampaignRepo, *arguments: str) -> bool:
    ended = apply(repo, *arguments, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert "mmsbatch.cli.finished" in ended.err
    return _READER in ended.err


def test_what_is_finished_is_told_from_the_record(finished: CampaignRepo, gateway: Sandbox) -> None:
    before, asked = read_files(finished.root), gateway.requests["account"]
    ended = apply(finished)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"{SPEC}: nothing to send: of 8 rows, 4 already sent, 1 rejected, 1 unaccounted for, 1 suppressed, "
        f"1 duplicate\nmanifest: {MANIFEST}\n"
    )
    assert not reads_recipients(finished)
    assert not reads_recipients(finished, SPEC, "--yes", "--format", "json")
    assert gateway.requests["account"] == asked + 3  # the account is always asked
    assert gateway.requests["send"] == 2
    assert read_files(finished.root) == before


def read_files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"}


# --- what changed since

Change = Callable[[CampaignRepo], Any]


def edit(name: str, old: str, new: str) -> Change:
    def change(repo: CampaignRepo) -> None:
        path = repo.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def add(name: str, text: str) -> Change:
    def change(repo: CampaignRepo) -> None:
        with (repo.root / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def call(*arguments: str) -> Change:
    def change(repo: CampaignRepo) -> None:
        assert repo.run(*arguments).code == 0

    return change


def cut(name: str, count: int) -> Change:
    def change(repo: CampaignRepo) -> None:
        path = repo.root / name
        path.write_bytes(path.read_bytes()[:-count])

    return change


RELEASE = ("resolve", SPEC, "--rejected", "--as", "not-sent", "--reason", "a setting of the account")
CHANGES: dict[str, Change] = {
    "another row": add("campaigns/sale.csv", f"{number(9)};Inès\n"),
    "a row less": edit("campaigns/sale.csv", f"{number(3)};Inès\n", ""),
    "another name": edit("campaigns/sale.csv", f"{number(3)};Inès", f"{number(3)};Zoé"),
    "a number that cannot be read": add("campaigns/sale.csv", "no number;Inès\n"),
    "another suppression": add("campaigns/stop.csv", f"{number(6)}\n"),
    "nobody suppressed": edit("campaigns/stop.csv", number(5), number(8)),
    "a list that cannot be read": edit("campaigns/stop.csv", number(5), "?"),
    "no list": lambda repo: (repo.campaigns / "stop.csv").unlink(),
    "no recipients": lambda repo: (repo.campaigns / "sale.csv").unlink(),
    "another text": edit(SPEC, "demain", "samedi"),
    "another name of the campaign": edit(SPEC, "Soldes", "Ventes"),
    "a draft": add(SPEC, "state: draft\n"),
    "what is no campaign": add(SPEC, "color: red\n"),
    "revision raised": add(SPEC, "revision: 2\n"),
    "late rows sent": add("campaigns/sale.csv", f"{number(9)};Inès\n"),
    "fiction refused": edit("mmsbatch.yaml", '"accept"', '"refuse"'),
    "another price": edit("mmsbatch.yaml", '"text": 1', '"text": 2'),
    "an exclusive account": edit("mmsbatch.yaml", '"chunk_size": 3', '"chunk_size": 3, "exclusive_account": true'),
    "what is no configuration": add("mmsbatch.yaml", "color: red\n"),
    "rejected released": call(*RELEASE),
    "a torn line": add(JOURNAL, '{"event":"sending",'),
    "no last line break": cut(JOURNAL, 1),
    "no end of the run": cut(JOURNAL, 60),
    "a damaged journal": edit(JOURNAL, '"exit_code":0', '"exit_code":3'),
    "no manifest": lambda repo: (repo.root / MANIFEST).unlink(),
    "a manifest that cannot be read": add(MANIFEST, "<<<<<<<\n"),
    "a manifest that knows more": edit(MANIFEST, '"lines": 7', '"lines": 9'),
    "an edited manifest": edit(MANIFEST, '"accepted": 4', '"accepted": 5'),
    "a manifest of another line": edit(MANIFEST, '"digest": "', '"digest": "0'),
    "records on a branch": edit("mmsbatch.yaml", '"numbers": "plain"', '"numbers": "plain", "store": "git"'),
    "a manifest left behind": edit(MANIFEST, '"lines": 7', '"lines": 6'),
    "no journal": lambda repo: (repo.root / JOURNAL).unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changed_apply_says_what_a_plan_says(
    change: Change, finished: CampaignRepo, gateway: Sandbox, tmp_path: Path
) -> None:
    change(finished)
    arguments = (SPEC, "--yes", "--late-rows") if change is CHANGES["late rows sent"] else (SPEC, "--yes")
    twin = tmp_path / "twin"
    shutil.copytree(finished.root, twin)
    before = gateway.requests["send"]
    planned = apply(finished, *arguments, plans=True)
    sent, files = gateway.requests["send"] - before, normalized(finished.root)
    shutil.rmtree(finished.root)
    shutil.copytree(twin, finished.root)
    shutil.rmtree(twin)
    assert without_amounts(apply(finished, *arguments)) == without_amounts(planned)
    assert gateway.requests["send"] - before == 2 * sent
    written = normalized(finished.root)
    assert (written.keys() if sent else written) == (files.keys() if sent else files)


def without_amounts(ended: Ended) -> Ended:
    """Leave out how quick it was, and what the account has left: the gateway is asked twice."""
    return replace(ended, err=re.sub("[0-9][0-9,]*", "N", ended.err))


def normalized(root: Path) -> dict[str, str]:
    """Return what lies there, as far as two runs write the same."""
    found = {
        str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in root.rglob("*") if path.is_file()
    }
    for name in filter(found.__contains__, (JOURNAL, MANIFEST)):
        found[name] = _OF_EACH_RUN.sub("", found[name])
    return {name: text for name, text in found.items() if not name.endswith(".lock")}


#: Times, runs, digests, what the account had: of each run its own.
_OF_EACH_RUN = re.compile(
    r'"(at|[a-z]*_at|id|run|digest|holder|by|campaign_id|credits|credits_[a-z]*|before|after)": ?("[^"]*"|[0-9.]+),?'
)


@pytest.mark.parametrize(
    "change",
    ["another row", "another suppression", "another text", "fiction refused", "rejected released", "a torn line"],
)
def test_what_is_not_as_it_was_is_read_again(change: str, finished: CampaignRepo) -> None:
    CHANGES[change](finished)
    assert reads_recipients(finished)


# --- how it is called


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        ((SPEC,), {}),
        ((SPEC, "--yes", "--format", "json"), {}),
        ((SPEC, "--yes", "--quiet"), {}),
        ((SPEC, "--yes", "--late-rows"), {}),
        ((SPEC, "--yes", "--recipients", "campaigns/sale.csv"), {}),
        ((SPEC, "--yes", "--recipients", "campaigns/stop.csv"), {}),
        ((SPEC, "--yes", "--shard", "1/2"), {}),
        ((SPEC, "--yes", "--gateway", "sandbox"), {}),
        ((SPEC, "--yes", "--gateway", "nowhere"), {}),
        ((SPEC, "--yes", "--config", "nowhere.yaml"), {}),
        ((SPEC, "campaigns/nowhere.yaml", "--yes"), {}),
        ((SPEC, "--yes"), {"CI": "true"}),
        ((SPEC, "--yes", "--folder-record"), {"CI": "true"}),
        ((SPEC, "--yes"), {"MMSBATCH_PASSCODE": "another-one"}),
        ((SPEC, "--yes"), {"MMSBATCH_PASSCODE": ""}),
        ((SPEC, "--yes"), {"MMSBATCH_CLIENTCODE": "another"}),
        ((SPEC, "--yes"), {"GITHUB_RUN_ATTEMPT": "2"}),
    ],
)
def test_however_it_is_called_apply_says_what_a_plan_says(
    arguments: tuple[str, ...], env: dict[str, str], finished: CampaignRepo
) -> None:
    if "sandbox" in arguments:
        apply(finished, *arguments)
    before = read_files(finished.root)
    assert apply(finished, *arguments, env=env) == apply(finished, *arguments, env=env, plans=True)
    assert read_files(finished.root) == before


def test_one_that_is_not_finished_has_all_planned(finished: CampaignRepo, gateway: Sandbox) -> None:
    finished.write_campaign("autumn")
    finished.write_rows([7, 8], "autumn")
    ended = apply(finished, "campaigns", "--yes")
    assert ended.code == 0
    assert f"{SPEC}: nothing to send: of 8 rows" in ended.out
    assert "campaigns/autumn.yaml: 2 accepted, of 2 recipients" in ended.out
    assert not reads_recipients(finished, "campaigns", "--yes")
    assert gateway.requests["send"] == 3


def test_another_run_keeps_it_out(finished: CampaignRepo) -> None:
    with hold_lock(finished.campaigns / "sale.local.lock", Holder(1, "ci", "marie", "09:00")):
        ended = apply(finished)
    assert ended.code == 5
    assert "another run holds this campaign: process 1 of marie on ci, since 09:00" in ended.err


def test_an_account_that_cannot_be_asked_is_told_once(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve()
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    assert repo.run("apply", SPEC, "--yes").code == 0
    gateway.stop()
    ended = apply(repo)
    assert ended == apply(repo, plans=True)
    assert ended.code == 6
    assert not reads_recipients(repo)


def test_an_exclusive_account_is_always_held(repo: CampaignRepo, serve: Serve) -> None:
    repo.configure(serve(), exclusive_account=True, settle_seconds=0.1)
    repo.write_campaign()
    repo.write_rows(range(2))
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert reads_recipients(repo)


def test_a_list_in_the_campaign_is_not_read_again_either(repo: CampaignRepo, serve: Serve) -> None:
    repo.configure(serve())
    repo.write_campaign(recipients={"list": [{"phone": number(0), "prenom": "Inès"}]})
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert not reads_recipients(repo)
    assert apply(repo) == apply(repo, plans=True)


def test_recipients_that_can_be_read_but_once_are_left_to_the_plan(repo: CampaignRepo, serve: Serve) -> None:
    repo.configure(serve())
    repo.write_campaign()
    pipe = repo.campaigns / "sale.csv"
    os.mkfifo(pipe)
    for rows, code, told in [(2, 0, "2 accepted"), (3, 0, "nothing to send: of 3 rows, 2 already sent, 1 late")]:
        text = "phone;prenom\n" + "".join(f"{number(place)};Inès\n" for place in range(rows))
        with ThreadPoolExecutor(1) as writer:
            written = writer.submit(pipe.write_text, text, encoding="utf-8")
            ended = repo.run("apply", SPEC, "--yes")
            assert written.result() == len(text)
        assert (ended.code, told in ended.out) == (code, True)


def test_a_secret_that_can_be_read_but_once_is_read_once(finished: CampaignRepo) -> None:
    CHANGES["another row"](finished)
    secret = finished.home / "passcode"
    os.mkfifo(secret)
    with ThreadPoolExecutor(1) as writer:
        written = writer.submit(secret.write_text, PASSCODE + "\n")
        finished.adopt(secret)
        ended = apply(finished, env={"MMSBATCH_PASSCODE": "", "MMSBATCH_PASSCODE_FILE": str(secret)})
        assert written.result()
    secret.unlink()
    assert (ended.code, ended.err) == (0, "")
    assert "1 late" in ended.out


def test_a_campaign_that_can_be_read_but_once_is_read_once(finished: CampaignRepo) -> None:
    campaign = finished.root / SPEC
    text = campaign.read_text(encoding="utf-8")
    campaign.unlink()
    os.mkfifo(campaign)
    with ThreadPoolExecutor(1) as writer:
        written = writer.submit(campaign.write_text, text, encoding="utf-8")
        ended = apply(finished)
        assert written.result()
    assert (ended.code, "nothing to send" in ended.out) == (0, True)


def test_a_wrong_option_stands_in_the_summary(finished: CampaignRepo) -> None:
    summary = finished.root / "summary.md"
    ended = apply(finished, SPEC, "--yes", "--max-duration", "long", env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert ended.code == 2
    assert "MMS apply: refused, exit code 2" in summary.read_text(encoding="utf-8")
