"""A record that is not what was written: refused with its line, nothing sent, nothing overwritten."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from campaign_repo import CampaignRepo, Serve, wire

from mmsbatch.record.chain import encode_line, read_lines
from mmsbatch.record.events import ChunkAnswered, ChunkSending, Event
from mmsbatch.record.states import ChunkState
from mmsbatch.sandbox import Sandbox

SPEC = "campaigns/sale.yaml"
Lines = list[bytes]


AT = "2026-12-19T09:00:00.000Z"
STRANGE = ChunkAnswered(at=AT, chunk="1-77", state=ChunkState.REFUSED)
MISCOUNTED = ChunkSending(at=AT, chunk="1-9", attempt=1, recipients=1, numbers=(wire(7), wire(8)))


def forge(event: Event, lines: Lines) -> Lines:
    """Add a line whose digest fits."""
    return [*lines, encode_line(event, read_lines(b"".join(lines)).tail.digest)[0]]


def of_a_newer_version(lines: Lines) -> Lines:
    return [lines[0].replace(b'"version":1', b'"version":9'), *lines[1:]]


BROKEN = "it does not follow from the line before it: edited, missing lines, or merged from two branches"
#: What is done to the journal's lines, the line that is named, and what is said of it.
DAMAGES: dict[str, tuple[Callable[[Lines], Lines], int, str]] = {
    "edited": (lambda lines: [*lines[:3], lines[3].replace(b"accepted", b"refused"), *lines[4:]], 4, BROKEN),
    "its first line edited": (
        lambda lines: [lines[0].replace(b"sale", b"mail"), *lines[1:]],
        1,
        "not as it was",
    ),
    "a line in the middle gone": (lambda lines: [*lines[:3], *lines[4:]], 4, BROKEN),
    "two lines swapped": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 4, BROKEN),
    "merged by git from two branches": (lambda lines: [*lines, *lines[4:]], 10, BROKEN),
    "with a conflict's markers": (lambda lines: [*lines[:4], b"<<<<<<< HEAD\n", *lines[4:]], 5, "it is not JSON"),
    "line ends changed": (lambda lines: [line.replace(b"\n", b"\r\n") for line in lines], 1, "CR LF"),
    "of a newer version": (of_a_newer_version, 1, "it is of the newer format 9, and this version knows 1"),
    "a line that speaks of nothing": (
        partial(forge, STRANGE),
        10,
        "it speaks of a revision, chunk or proof that no line before it names",
    ),
    "a line that counts wrongly": (
        partial(forge, MISCOUNTED),
        10,
        "it counts its numbers otherwise than it lists them",
    ),
}


def journal_of(repo: CampaignRepo) -> Path:
    return repo.campaigns / "sale.local.journal.jsonl"


def manifest_of(repo: CampaignRepo) -> Path:
    return repo.campaigns / "sale.local.manifest.json"


@pytest.fixture
def sent(repo: CampaignRepo, serve: Serve) -> Sandbox:
    """A campaign of six in three chunks, two of them sent, and the third refused."""
    gateway = serve("switch=200:3")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    assert repo.run("apply", SPEC, "--yes").code == 3
    return gateway


def files(repo: CampaignRepo) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in repo.campaigns.iterdir() if path.suffix != ".lock"}


def assert_refused(repo: CampaignRepo, gateway: Sandbox, *told: str) -> None:
    """Every command that would act on the record refuses it, says why, and leaves everything as it is."""
    before, requests = files(repo), gateway.requests["send"]
    resolve = ("resolve", SPEC, "--chunk", "1-1", "--as", "sent", "--reason", "asked")
    for arguments in (("apply", SPEC, "--yes"), ("plan", SPEC), ("status", SPEC, "--verify"), resolve):
        ended = repo.run(*arguments)
        assert ended.code == 1, arguments
        for text in told:
            assert text in ended.out + ended.err, arguments
    assert files(repo) == before
    assert gateway.requests["send"] == requests


@pytest.mark.parametrize(("damage", "line", "reason"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_journal_is_refused(
    damage: Callable[[Lines], Lines], line: int, reason: str, repo: CampaignRepo, sent: Sandbox
) -> None:
    journal = journal_of(repo)
    journal.write_bytes(b"".join(damage(journal.read_bytes().splitlines(keepends=True))))
    assert_refused(repo, sent, f"sale.local.journal.jsonl:{line}: the journal", reason)


#: What is left of the journal's lines, and what the manifest beside it knows better.
LOST: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "gone": (lambda lines: [], "knows of 1-1"),
    "its last lines gone": (lambda lines: lines[:-2], "was made from 9 lines, and the journal beside it has 7"),
    "its last requests gone": (lambda lines: lines[:4], "knows of 1-2"),
}


@pytest.mark.parametrize(("left", "told"), LOST.values(), ids=LOST)
def test_a_journal_that_went_back_in_time_is_refused(
    left: Callable[[Lines], Lines], told: str, repo: CampaignRepo, sent: Sandbox
) -> None:
    journal = journal_of(repo)
    journal.write_bytes(b"".join(left(journal.read_bytes().splitlines(keepends=True))))
    before = files(repo)
    for arguments in (("apply", SPEC, "--yes"), ("plan", SPEC)):
        ended = repo.run(*arguments)
        assert ended.code == 1
        assert f"sale.local.manifest.json {told}" in ended.err
    assert files(repo) == before
    assert sent.requests["send"] == 3


def test_the_journal_of_another_campaign_is_refused(repo: CampaignRepo, sent: Sandbox) -> None:
    message, rows = {"type": "text", "text": "STOP au 36180"}, {"file": "other.csv"}
    repo.write_yaml("campaigns/other.yaml", {"name": "Autre", "message": message, "recipients": rows})
    repo.write_rows(range(10, 12), "other")
    (repo.campaigns / "sale.yaml").unlink()
    journal_of(repo).rename(repo.campaigns / "other.local.journal.jsonl")
    manifest_of(repo).unlink()
    ended = repo.run("apply", "campaigns/other.yaml", "--yes")
    assert ended.code == 1
    assert "other.local.journal.jsonl:1: it is the record of another campaign: sale.yaml, sent as" in ended.err
    assert sent.requests["send"] == 3


def test_a_manifest_that_was_edited_is_told_by_verify_and_written_anew(repo: CampaignRepo, sent: Sandbox) -> None:
    manifest = manifest_of(repo)
    content = json.loads(manifest.read_text())
    content["totals"]["accepted"] += 1
    manifest.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    ended = repo.run("status", SPEC, "--verify")
    assert ended.code == 1
    assert "sale.local.manifest.json does not say what the journal says: edited" in ended.out
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert repo.run("status", SPEC, "--verify").code == 0


NOTES: dict[str, tuple[Callable[[CampaignRepo], object], str]] = {
    "whole": (lambda repo: None, "campaigns/sale.local.journal.jsonl: whole, 9 lines"),
    "torn": (
        lambda repo: journal_of(repo).open("ab").write(b'{"event":"sen'),
        "note: its last line was cut short, as by a crash: 13 bytes, dropped by the next run",
    ),
    "unended": (
        lambda repo: journal_of(repo).write_bytes(journal_of(repo).read_bytes()[:-1]),
        "note: its last line lacks its line break, written by the next run",
    ),
    "without a manifest": (
        lambda repo: manifest_of(repo).unlink(),
        "note: there is no manifest: the next run writes it",
    ),
}


@pytest.mark.parametrize(("change", "told"), NOTES.values(), ids=NOTES)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_no_damage_is_told_and_goes_on(
    change: Callable[[CampaignRepo], object], told: str, repo: CampaignRepo, sent: Sandbox
) -> None:
    change(repo)
    ended = repo.run("status", SPEC, "--verify")
    assert ended.code == 0
    assert told in ended.out
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert repo.totals() == {"rows": 6, "accepted": 6}
    assert "journal.jsonl: whole," in repo.run("status", SPEC, "--verify").out


def test_verify_names_all_that_is_wrong_in_all_records(repo: CampaignRepo, sent: Sandbox) -> None:
    repo.write_campaign("other")
    journal = journal_of(repo)
    journal.with_name("gone.journal.jsonl").write_bytes(journal.read_bytes())
    journal.write_bytes(journal.read_bytes().replace(b"accepted", b"refused", 1))
    ended = repo.run("status", "campaigns", "--verify", "--format", "json")
    assert ended.code == 1
    problems = {each["journal"]: [problem["message"] for problem in each["problems"]] for each in ended.json["records"]}
    assert problems["campaigns/gone.journal.jsonl"] == ["its campaign file is gone: renamed?"]
    assert problems["campaigns/sale.local.journal.jsonl"][0].endswith(f":2: the journal is damaged: {BROKEN}")
