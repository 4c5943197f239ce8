"""Records on a branch of the git remote, from a user's chair: claims, doubt, locks, and what is said of them."""

import json
import re
import signal
import subprocess
import time

import pytest
from campaign_repo import received, urls_of, wait_until

SHARED = {"store": "git", "numbers": "plain", "claim": {"chunks": 2}}


@pytest.fixture
def shared(repo, serve):
    """A clone whose remote keeps the record; ten recipients in five chunks, one at a time."""

    def git(*words):
        done = subprocess.run(
            ["git", *words], cwd=repo.root, env=repo.environment(), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def configure(gateway, **settings):
        local = {**urls_of(gateway), "fiction_numbers": "accept", "credits_per_message": {"text": 1}}
        local |= {"chunk_size": 2, "concurrency": 1} | settings
        content = {"default_gateway": "local", "gateways": {"local": local}, "record": SHARED}
        repo.write_yaml("mmsbatch.yaml", content)

    git("init", "-q", "-b", "main")
    git("init", "-q", "--bare", str(repo.home / "remote.git"))
    git("remote", "add", "origin", str(repo.home / "remote.git"))
    repo.git, repo.share = git, configure
    repo.write_campaign()
    repo.write_rows(range(10))
    return repo


def records(shared):
    return shared.run("status", "campaigns/sale.yaml", "--format", "json").json["records"]


def hang(shared, serve, *options):
    """Start a run and kill it while its first request is under way; return the gateway."""
    gateway = serve("latency-before=60:1")
    shared.share(gateway, timeout={"read": 20})
    process = shared.start("apply", "campaigns/sale.yaml", "--yes", *options)
    wait_until(lambda: gateway.requests["send"] == 1)
    return gateway, process


def hang_and_kill(shared, serve, *options):
    """Kill a run in the middle of its first request; return the gateway."""
    gateway, process = hang(shared, serve, *options)
    process.kill()
    process.communicate()
    return gateway


def assert_sound(shared):
    verified = shared.run("status", "campaigns/sale.yaml", "--verify")
    assert (verified.code, "1 problem" in verified.out) == (0, False), verified.out


def test_what_one_clone_sent_another_knows(shared, serve):
    gateway = serve()
    shared.share(gateway)
    first = shared.run("apply", "campaigns/sale.yaml", "--yes", env={"CI": "true"})
    assert (first.code, len(received(gateway))) == (0, 10)
    assert "mmsbatch-record:campaigns/sale.local.manifest.json" in first.out
    assert not shared.has_record()
    again = shared.run("apply", "campaigns/sale.yaml", "--yes")
    assert (again.code, len(received(gateway))) == (0, 10)
    assert "nothing to send" in again.out
    (record,) = records(shared)
    assert (record["status"], record["totals"]["accepted"]) == ("complete", 10)
    subjects = shared.git("log", "--format=%s", "origin/mmsbatch-record").splitlines()
    assert "record begun" in subjects[-1]
    assert "2 chunks 1-1 to 1-2 claimed" in subjects[-1]
    assert "ended with 0" in subjects[0]


def test_a_rehearsal_needs_no_remote(shared, serve):
    shared.share(serve())
    shared.git("remote", "remove", "origin")
    assert shared.run("apply", "campaigns/sale.yaml", "--gateway", "sandbox").code == 0
    assert shared.has_record()


def test_a_plan_offline_says_that_it_does_not_know(shared, serve):
    shared.share(serve())
    shared.run("apply", "campaigns/sale.yaml", "--yes")
    made = shared.run("plan", "campaigns/sale.yaml", "--offline", "--format", "json")
    assert made.json["campaigns"][0]["to_send"] is None
    assert "--offline asks nobody" in shared.run("plan", "campaigns/sale.yaml", "--offline").out


def test_a_run_that_goes_on_holds_the_campaign_and_says_who_it_is(shared, serve):
    _, process = hang(shared, serve)
    try:
        rival = shared.run("apply", "campaigns/sale.yaml", "--yes", env={"TMPDIR": str(shared.root)})
        assert rival.code == 5
        assert re.search(r"run [0-9a-f]{12} claims 1-1[, ].*: process \d+ of marie", rival.err)
        told = shared.run("status", "campaigns/sale.yaml").out
        assert re.search(r"claimed +1-1[, ].* by run [0-9a-f]{12} at .*: process \d+ of marie", told)
        settled = shared.run(
            *("resolve", "campaigns/sale.yaml", "--chunk", "1-1", "--as", "not-sent", "--reason", "I thought so")
        )
        assert (settled.code, "is being sent" in settled.err) == (5, True)
    finally:
        process.kill()
        process.communicate()


def test_what_a_killed_run_claimed_is_in_doubt_and_settled_together(shared, serve):
    gateway = hang_and_kill(shared, serve)
    assert_sound(shared)
    assert not list(shared.home.glob("mmsbatch-record-*")), "what the killed run left in TMPDIR is gone, too"
    refused = shared.run("apply", "campaigns/sale.yaml", "--yes")
    assert (refused.code, "in doubt: campaigns/sale.yaml 1-1, 1-2" in refused.err) == (4, True)
    (record,) = records(shared)
    claimed = record["chunks"]  # the next window, too, where the kill came late
    assert {chunk["state"] for chunk in claimed} == {"in-doubt"}
    named = ("--chunk", f"1-1..{claimed[-1]['id']}")
    settled = shared.run("resolve", "campaigns/sale.yaml", *named, "--as", "not-sent", "--reason", "none seen")
    assert (settled.code, f"{2 * len(claimed)} recipients pending again" in settled.out) == (0, True)
    assert_sound(shared)
    shared.share(serve())
    assert shared.run("apply", "campaigns/sale.yaml", "--yes").code == 0
    assert records(shared)[0]["totals"]["accepted"] == 10
    assert received(gateway) == {}


def test_a_manifest_is_sound_whoever_is_gone_by_then(shared, serve):
    """The second run knew that the first was gone, and wrote so; that it would be gone itself it did not know."""
    shared.write_rows(range(2000))  # more than the first can claim before it is killed
    hang_and_kill(shared, serve)
    hang_and_kill(shared, serve, "--leave-in-doubt")
    (record,) = records(shared)
    assert {chunk["state"] for chunk in record["chunks"]} == {"in-doubt"}
    assert_sound(shared)


def test_a_manifest_that_was_edited_is_found_beside_what_is_in_doubt(shared, serve):
    hang_and_kill(shared, serve)
    edited = shared.home / "by-hand"
    shared.git("worktree", "add", "-q", str(edited), "mmsbatch-record")
    manifest = edited / "campaigns" / "sale.local.manifest.json"
    manifest.write_text(manifest.read_text().replace('"accepted": 0', '"accepted": 2'))
    author = ("-c", "user.name=Marie", "-c", "user.email=marie@example.com")
    shared.git("-C", str(edited), *author, "commit", "-q", "-a", "-m", "by hand")
    shared.git("-C", str(edited), "push", "-q", "origin", "mmsbatch-record")
    verified = shared.run("status", "campaigns/sale.yaml", "--verify")
    assert (verified.code, "edited" in verified.out) == (1, True)


@pytest.mark.parametrize(
    ("chunks", "said"),
    [
        (("1-9",), "chunk 1-9 is not in doubt"),
        (("1-1..1-9",), "names a chunk that is not there"),
        (("1-1", "1-9"), "chunk 1-9 is not in doubt"),
    ],
)
def test_a_chunk_that_is_not_there_settles_nothing(shared, serve, chunks, said):
    hang_and_kill(shared, serve)
    named = [word for chunk in chunks for word in ("--chunk", chunk)]
    told = shared.run("resolve", "campaigns/sale.yaml", *named, "--as", "sent", "--reason", "seen")
    assert (told.code, said in told.err) == (2, True)
    assert records(shared)[0]["status"] == "in-doubt"


def test_an_exclusive_account_stays_locked_until_somebody_names_the_lock(shared, serve):
    gateway = serve("latency-before=60:1")
    shared.share(gateway, timeout={"read": 20}, exclusive_account=True, settle_seconds=1)
    process = shared.start("apply", "campaigns/sale.yaml", "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    process.kill()
    process.communicate()
    shared.write_campaign(
        "other", message={"type": "text", "text": "Autre. STOP au 36180"}, recipients={"file": "sale.csv"}
    )
    locked = shared.run("apply", "campaigns/other.yaml", "--yes", env={"TMPDIR": str(shared.root)})
    assert locked.code == 5
    lock = locked.err.partition("mmsbatch unlock ")[2][:12]
    assert shared.run("unlock", "0" * 12).code == 2
    opened = shared.run("unlock", lock)
    assert (opened.code, "given back" in opened.out) == (0, True)
    shared.share(serve(), exclusive_account=True, settle_seconds=1)
    assert shared.run("apply", "campaigns/other.yaml", "--yes").code == 0


def test_a_record_beside_the_campaign_is_taken_over(shared, serve):
    gateway = serve()
    shared.share(gateway)
    folder = json.dumps(SHARED | {"store": "folder"}).replace(', "claim": {"chunks": 2}', "")
    config = (shared.root / "mmsbatch.yaml").read_text()
    shared.write("mmsbatch.yaml", config.replace(json.dumps(SHARED), folder))
    assert shared.run("apply", "campaigns/sale.yaml", "--yes").code == 0
    assert shared.has_record()
    shared.write("mmsbatch.yaml", config)
    shared.write_rows(range(12))
    again = shared.run("apply", "campaigns/sale.yaml", "--yes", "--late-rows")
    assert (again.code, len(received(gateway))) == (0, 12)
    assert records(shared)[0]["totals"]["accepted"] == 12


@pytest.mark.parametrize("pushes", [0, 1], ids=["the first claim", "the last answers"])
def test_a_cancelled_job_does_not_wait_for_a_push_that_hangs(shared, serve, pushes):
    """Pipelines kill ten seconds after they ask."""
    gateway = serve("latency-before=60:1") if pushes else serve()
    shared.share(gateway, timeout={"read": 20})
    count, hook = shared.home / "pushes", shared.home / "remote.git" / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\necho >> {count}\n[ $(wc -l < {count}) -le {pushes} ] || exec sleep 20\n")
    hook.chmod(0o755)
    process = shared.start("apply", "campaigns/sale.yaml", "--yes")
    wait_until(lambda: gateway.requests["send"] == 1 if pushes else count.exists())
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    ended = shared.finish(process)
    assert ended.code == 143
    assert time.monotonic() - began < 15, "9.5 s by its clock, and what a busy machine adds; the push takes 20"
    assert "there was no time left to wait for the remote" in ended.out + ended.err


def keep_in_folder(shared, gateway):
    """Send all, with the record beside the campaign as it was kept before; then share records."""
    shared.share(gateway)
    config = (shared.root / "mmsbatch.yaml").read_text()
    shared.write("mmsbatch.yaml", config.replace(json.dumps(SHARED), '{"store": "folder", "numbers": "plain"}'))
    assert shared.run("apply", "campaigns/sale.yaml", "--yes").code == 0
    shared.write("mmsbatch.yaml", config)


@pytest.mark.parametrize("keeps_file", [True, False], ids=["copied", "renamed"])
def test_what_is_still_kept_beside_another_file_is_not_sent_again(shared, serve, keeps_file):
    gateway = serve()
    keep_in_folder(shared, gateway)
    sale, other = shared.campaigns / "sale.yaml", shared.campaigns / "other.yaml"
    shared.write("campaigns/other.yaml", sale.read_text())
    if not keeps_file:
        sale.unlink()
    ended = shared.run("apply", "campaigns/other.yaml", "--yes")
    assert ended.code == 1, ended.out
    assert "sale.local.journal.jsonl" in ended.err
    assert len(received(gateway)) == 10
    assert other.is_file()


def test_status_knows_what_is_still_kept_beside_the_campaign(shared, serve):
    keep_in_folder(shared, serve())
    (record,) = records(shared)
    assert record["totals"]["accepted"] == 10
