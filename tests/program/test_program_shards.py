"""One campaign by several runners, each with its own checkout: nobody twice, nobody left out, one record in the end."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from campaign_repo import CLIENT_CODE, PASSCODE, CampaignRepo, Ended, Serve, received, wait_until, wire

from mmsbatch.record.chain import encode_line
from mmsbatch.record.journal import read_journal
from mmsbatch.sandbox import Sandbox, SandboxOptions

SPEC = "campaigns/sale.yaml"
JOURNAL = "sale.local.journal.jsonl"
#: Makes checkouts of one campaign.
CheckOut = Callable[..., CampaignRepo]


@pytest.fixture
def check_out(tmp_path: Path) -> Iterator[CheckOut]:
    """Make checkouts of one commit, each on a machine of its own; all are searched for secrets at the end."""
    made: list[CampaignRepo] = []

    def make(
        gateway: Sandbox, places: range = range(8), names: tuple[str, ...] = ("Inès",), **keys: Any
    ) -> CampaignRepo:
        repo = CampaignRepo(tmp_path / f"runner-{len(made)}")
        settings = {name: keys.pop(name) for name in ("chunk_size", "concurrency", "exclusive_account") if name in keys}
        repo.configure(gateway, **({"chunk_size": 2} | settings))
        repo.write_campaign(**keys)
        repo.write_rows(places, names=names)
        made.append(repo)
        return repo

    yield make
    for repo in made:
        repo.check_discretion()


def send(repo: CampaignRepo, shard: str, *more: str) -> Ended:
    return repo.run("apply", SPEC, "--yes", "--shard", shard, *more)


def bring(home: CampaignRepo, *runners: CampaignRepo) -> None:
    """Lay the runners' journals and manifests down as a CI's artifacts, a folder each."""
    for place, runner in enumerate(runners):
        folder = home.root / "artifacts" / f"record-{place}" / "campaigns"
        folder.mkdir(parents=True)
        for file in runner.campaigns.glob("*.json*"):
            shutil.copy(file, folder)


def content(manifest: dict[str, Any]) -> dict[str, Any]:
    """What a manifest says but for times, runs and order, and the port of the gateway."""
    left_out = ("made_from", "runs", "credits")
    of_chunks = ("started_at", "finished_at", "campaign_id", "credits")
    chunks = [{key: value for key, value in each.items() if key not in of_chunks} for each in manifest["chunks"]]
    return {key: value for key, value in manifest.items() if key not in left_out} | {
        "chunks": sorted(chunks, key=lambda chunk: int(chunk["id"].removeprefix("1-"))),
        "gateway": manifest["gateway"] | {"send_url": ""},
        "rejected": sorted(manifest["rejected"], key=lambda each: str(each["source"])),
    }


def members(repo: CampaignRepo) -> dict[str, list[str]]:
    return {line["chunk"]: line["numbers"] for line in repo.journal() if line["event"] == "sending"}


def test_eight_runners_leave_what_one_leaves(check_out: CheckOut, serve: Serve) -> None:
    """2,500 recipients of three texts, one of them rejected; two runners at a time."""
    options = {"reject": frozenset({wire(2400)})}
    alone, together = serve(**options), serve(**options)
    how = {"places": range(2500), "names": ("Inès", "Ana", "Zoé"), "chunk_size": 50}
    single = check_out(alone, **how)
    assert single.run("apply", SPEC, "--yes").code == 0
    runners = [check_out(together, **how) for _ in range(8)]
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(send, runners, [f"{index}/8" for index in range(1, 9)]))
    assert [each.code for each in ended] == [0] * 8
    assert all("the campaign is complete only when all 8 shards are" in each.out for each in ended)
    home = check_out(together, **how)
    bring(home, *runners)
    merged = home.run("merge", "artifacts")
    assert (merged.code, merged.err) == (0, "")
    assert content(home.manifest()) == content(single.manifest())
    assert members(home) == members(single)
    assert received(together) == received(alone)
    assert home.run("status", SPEC, "--verify").code == 0
    sent = len(together.deliveries)
    again = send(home, "3/8")
    assert (again.code, "complete only when" in again.out) == (0, False)
    (home.campaigns / "sale.local.manifest.json").unlink()
    again = home.run("merge", "artifacts", "--format", "json").json["records"][0]
    assert (again["added"], len(again["known"]), again["status"]) == ([], 8, "complete")
    assert content(home.manifest()) == content(single.manifest()), "a manifest that a crash left out is written anew"
    assert len(together.deliveries) == sent


def test_a_shard_that_is_run_twice_sends_once(check_out: CheckOut, serve: Serve) -> None:
    gateway = serve()
    runner = check_out(gateway)
    first, second = send(runner, "1/2"), send(runner, "1/2")
    assert (first.code, second.code) == (0, 0)
    assert "campaigns/sale.yaml: shard 1/2: 4 accepted, of 4 recipients" in first.out
    assert "campaigns/sale.yaml: shard 1/2: nothing to send of its 4 recipients" in second.out
    assert sorted(received(gateway)) == [wire(place) for place in (0, 1, 4, 5)]
    assert runner.totals() == {"rows": 8, "accepted": 4, "pending": 4}
    assert runner.manifest()["status"] == "incomplete"


def test_a_killed_shard_leaves_its_doubt_to_the_merged_record(check_out: CheckOut, serve: Serve) -> None:
    gateway = serve("latency=60:1")
    killed, whole = (check_out(gateway, concurrency=1) for _ in range(2))
    process = killed.start("apply", SPEC, "--yes", "--shard", "1/2")
    wait_until(lambda: gateway.requests["send"] == 1)
    process.kill()
    killed.finish(process)
    assert send(killed, "1/2").code == 4, "its own doubt"
    assert send(whole, "2/2").code == 0
    home = check_out(gateway)
    bring(home, killed, whole)
    merged = home.run("merge", "artifacts")
    assert merged.code == 0
    assert "in doubt       1-1; `mmsbatch status` shows the evidence" in merged.out
    assert home.totals() == {"rows": 8, "accepted": 4, "in_doubt": 2, "pending": 2}
    assert home.run("resolve", SPEC, "--chunk", "1-1", "--as", "sent", "--reason", "seen there").code == 0
    assert home.run("apply", SPEC, "--yes", "--shard", "2/2").code == 0
    assert home.run("apply", SPEC, "--yes", "--shard", "1/2").code == 0
    assert home.totals() == {"rows": 8, "accepted": 8}
    assert len(received(gateway)) == 8
    assert home.run("merge", "artifacts").code == 0, "what was merged, and went on since, is still known"


def keep_on_the_branch(repo: CampaignRepo) -> None:
    config = (repo.root / "mmsbatch.yaml").read_text()
    repo.write("mmsbatch.yaml", config.replace('"numbers": "plain"', '"store": "git", "numbers": "plain"'))


def test_shards_of_one_record_go_on_beside_each_other(check_out: CheckOut, serve: Serve, tmp_path: Path) -> None:
    """One claims and hangs; a run of another shard sends its own, a run of all is kept off."""
    gateway = serve("latency-before=60:1")
    one, two, three = runners = [check_out(gateway, concurrency=1, limits={"credits": 8}) for _ in range(3)]
    remote = str(tmp_path / "remote.git")
    for command in (["--bare", "-b", "main", remote], *(["-b", "main", str(each.root)] for each in runners)):
        subprocess.run(["git", "init", "-q", *command], check=True, env=one.environment())
    for each in runners:
        keep_on_the_branch(each)
        add = ["git", "-C", str(each.root), "remote", "add", "origin", remote]
        subprocess.run(add, check=True, env=one.environment())
    process = one.start("apply", SPEC, "--yes", "--shard", "1/2")
    try:
        wait_until(lambda: gateway.requests["send"] == 1)
        assert send(two, "2/2").code == 0
        assert sorted(received(gateway)) == [wire(place) for place in (2, 3, 6, 7)]
        assert [send(three, shard).code for shard in ("1/2", "1/3")] == [5, 5]
        assert three.run("apply", SPEC, "--yes").code == 5
    finally:
        process.kill()
        one.finish(process)


def test_shards_carry_one_saved_plan_out(check_out: CheckOut, serve: Serve) -> None:
    """Each compares the flows of the whole campaign, and the merged record is of that plan."""
    gateway = serve()
    home, one, two, other = (check_out(gateway) for _ in range(4))
    saved = home.run("plan", SPEC, "--shards", "2", "--save", "plan.json")
    assert saved.code == 0
    assert home.run("plan", SPEC, "--shard", "1/2", "--save", "part.json").code == 2
    for repo in (one, two, other):
        shutil.copy(home.root / "plan.json", repo.root)
    for repo, shard in ((one, "1/2"), (two, "2/2")):
        assert repo.run("apply", "--plan", "plan.json", "--shard", shard).code == 0
        assert repo.run("apply", "--plan", "plan.json", "--shard", shard).code == 0, "again: nothing is left"
    assert len(received(gateway)) == 8
    bring(home, one, two)
    assert home.run("merge", "artifacts").code == 0
    assert home.totals() == {"rows": 8, "accepted": 8}
    assert send(other, "2/2").code == 0, "of no plan"
    apart = check_out(gateway)
    bring(apart, one, other)
    refused = apart.run("merge", "artifacts")
    assert (refused.code, "another saved plan" in refused.err) == (1, True)


def test_others_doubt_keeps_no_shard_from_sending(check_out: CheckOut, serve: Serve) -> None:
    gateway = serve("drop-after:1")
    runner = check_out(gateway)
    assert send(runner, "1/2").code == 4
    assert send(runner, "2/2").code == 0
    assert runner.totals() == {"rows": 8, "accepted": 6, "in_doubt": 2}


# --- what merge refuses


def edited(home: CampaignRepo, file: Path) -> None:
    file.write_text(file.read_text().replace('"state":"accepted"', '"state":"refused"', 1))


def cut(home: CampaignRepo, file: Path) -> None:
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


def sent_twice(home: CampaignRepo, file: Path) -> None:
    assert send(home, "2/2", "--new-campaign").code == 0


def with_another(**values: str) -> Callable[[CampaignRepo, Path], None]:
    def rewrite(home: CampaignRepo, file: Path) -> None:
        digest, lines = "0" * 32, []
        for event in read_journal(file).events:
            changed = {name: value for name, value in values.items() if hasattr(event, name)}
            line, digest = encode_line(type(event).from_json(event.to_json() | changed), digest)
            lines.append(line)
        file.write_bytes(b"".join(lines))
        file.with_name("sale.local.manifest.json").unlink()

    return rewrite


def shared(home: CampaignRepo, file: Path) -> None:
    keep_on_the_branch(home)


def gone(home: CampaignRepo, file: Path) -> None:
    (home.root / SPEC).rename(home.root / "elsewhere.yaml")


#: What was done to the second journal, or around it; exit code; what is said.
REFUSALS = {
    "an edited line": (edited, 1, "the journal is damaged: it does not follow from the line before it"),
    "lost lines": (cut, 1, "was made from"),
    "a shard sent twice": (sent_twice, 1, "chunk 1-2 is in another journal too"),
    "another account": (with_another(account="another"), 1, "it is of another account (another, not "),
    "another input": (
        with_another(campaign_sha256="0" * 64),
        1,
        "sent from another input than shard 1/2: another campaign",
    ),
    "another N": (with_another(shard="2/3"), 1, "it is of 3 shards (shard 2/3), the others are of 2"),
    "a record on a branch": (
        shared,
        1,
        "its runs share a record on the branch mmsbatch-record: nothing is to be merged",
    ),
    "no campaign": (gone, 2, "the journals are of sale.yaml, which is not in . or campaigns"),
}


@pytest.mark.parametrize(("change", "code", "message"), REFUSALS.values(), ids=REFUSALS)
def test_what_does_not_belong_together_changes_nothing(
    change: Callable[[CampaignRepo, Path], None],
    code: int,
    message: str,
    pair: tuple[Path, Path],
    check_out: CheckOut,
    serve: Serve,
) -> None:
    home = check_out(serve())
    for place, folder in enumerate(pair):
        shutil.copytree(folder, home.root / "artifacts" / str(place))
    change(home, home.root / "artifacts" / "1" / JOURNAL)
    before = {path: path.read_bytes() for path in home.campaigns.glob("*.json*")}
    ended = home.run("merge", "artifacts")
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert {path: path.read_bytes() for path in home.campaigns.glob("*.json*")} == before


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The records that two shards of one campaign left."""
    folders = []
    with Sandbox(SandboxOptions(client_code=CLIENT_CODE, passcode=PASSCODE)) as gateway:
        for shard in ("1/2", "2/2"):
            repo = CampaignRepo(tmp_path_factory.mktemp("runner"))
            repo.configure(gateway, chunk_size=2)
            repo.write_campaign()
            repo.write_rows(range(8))
            assert send(repo, shard).code == 0
            folder = repo.root / "record"
            folder.mkdir()
            for file in repo.campaigns.glob("*.json*"):
                shutil.copy(file, folder)
            folders.append(folder)
    yield folders[0], folders[1]


@pytest.mark.parametrize("arguments", [("nowhere",), ("campaigns",), (SPEC,), ("campaigns", "--into", "nowhere")])
def test_what_merge_cannot_do_with_its_arguments(arguments: tuple[str, ...], check_out: CheckOut, serve: Serve) -> None:
    assert check_out(serve()).run("merge", *arguments).code == 2


# --- what CI asks for


def test_the_matrix_names_who_has_something_to_send(check_out: CheckOut, serve: Serve) -> None:
    gateway = serve()
    runner = check_out(gateway)
    plan = ("plan", SPEC, "--shards", "6", "--format", "github-matrix")
    assert runner.run(*plan).out == '{"shard": ["1/6", "2/6", "3/6", "4/6"]}\n'
    assert send(runner, "2/6").code == 0
    assert runner.run(*plan).json == {"shard": ["1/6", "3/6", "4/6"]}
    assert runner.run("apply", SPEC, "--yes").code == 0
    nothing_left = runner.run(*plan)
    assert nothing_left.json == {"shard": ["1/6"]}, "GitHub refuses a matrix without an entry"
    assert "nothing to send" in nothing_left.err
    assert send(runner, "1/6").code == 0


def test_a_plan_that_is_refused_starts_no_jobs(check_out: CheckOut, serve: Serve) -> None:
    runner = check_out(serve(), limits={"recipients": 7})
    refused = runner.run("plan", SPEC, "--shards", "6", "--format", "github-matrix")
    assert (refused.code, refused.out) == (1, "")
    assert "8 recipients, and the limit is 7" in refused.err


def test_gitlab_tells_a_job_its_shard(check_out: CheckOut, serve: Serve) -> None:
    gateway = serve()
    runner = check_out(gateway)
    job = {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "4"}
    assert runner.run("apply", SPEC, "--yes", "--shard", "auto", env=job).code == 0
    assert list(received(gateway)) == [wire(2), wire(3)]
    assert runner.run("apply", SPEC, "--yes", "--shard", "auto").code == 2


USAGE = {
    "no shard": (("apply", SPEC, "--yes", "--shard", "9/8"), "--shard 9/8: the last of 8 is 8/8"),
    "both": (("plan", SPEC, "--shard", "1/8", "--shards", "8"), "say one of the two"),
    "too many": (("plan", SPEC, "--shards", "257"), "--shards 257: from 1 to 256 are possible"),
    "none": (("plan", SPEC, "--shards", "0"), "--shards 0: from 1 to 256 are possible"),
    "a matrix of what": (("plan", SPEC, "--format", "github-matrix"), "--format github-matrix asks for --shards"),
}


@pytest.mark.parametrize(("arguments", "message"), USAGE.values(), ids=USAGE)
def test_wrong_usage(arguments: tuple[str, ...], message: str, check_out: CheckOut, serve: Serve) -> None:
    ended = check_out(serve()).run(*arguments)
    assert ended.code == 2
    assert message in ended.err


def test_an_account_for_one_run_at_a_time_is_not_for_shards(check_out: CheckOut, serve: Serve) -> None:
    """What others spend meanwhile would settle doubt wrongly."""
    gateway = serve()
    ended = send(check_out(gateway, exclusive_account=True), "1/2")
    assert ended.code == 2
    assert "local has `exclusive_account: true`, and shards spend side by side" in ended.err
    assert not gateway.deliveries


def test_a_plan_adds_up_for_the_whole_and_tells_the_part(check_out: CheckOut, serve: Serve) -> None:
    runner = check_out(serve(), limits={"credits": 10})
    (campaign,) = runner.run("plan", SPEC, "--shard", "2/3", "--format", "json").json["campaigns"]
    assert (campaign["rows"], campaign["to_send"], campaign["chunks"], campaign["credits"]["required"]) == (8, 8, 4, 8)
    assert campaign["shard"] == {
        "index": 2,
        "total": 3,
        "recipients": 2,
        "to_send": 2,
        "chunks": 1,
        "credits": {"required": 2},
        "limits": {"credits": 2.5, "canary": None},
        "in_doubt_chunks": [],
    }
    (campaign,) = runner.run("plan", SPEC, "--shards", "3", "--format", "json").json["campaigns"]
    assert [each["to_send"] for each in campaign["shards"]] == [4, 2, 2]
    assert sum(each["limits"]["credits"] for each in campaign["shards"]) <= 10
    text = runner.run("plan", SPEC, "--shard", "2/3").out
    assert "  shard 2/3: sends to 2 of 8 recipients in 1 request\n" in text
    assert "  shard 2/3              2  1 request, 2 credits of at most 2.5\n" in text


def test_the_answer_as_json_names_the_shard(check_out: CheckOut, serve: Serve) -> None:
    found = send(check_out(serve()), "2/4", "--format", "json").json["campaigns"][0]
    assert (found["shard"], found["recipients"], found["accepted"]) == ("2/4", 2, 2)
    assert json.dumps(found)
