"""What is refused before anything is sent: guards, identities, credentials."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from campaign_repo import CLIENT_CODE, PASSCODE, CampaignRepo, Serve, received, urls_of, wait_until

from mmsbatch.sandbox import Sandbox

SPEC = "campaigns/sale.yaml"
KEY = {"MMSBATCH_PSEUDONYM_KEY": "a-key-of-the-tests"}


@dataclass(frozen=True)
class Case:
    """A refusal: what is different from a campaign that would be sent, the exit code, and words that tell why."""

    code: int
    told: str
    campaign: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    gateway: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)


COLLECTOR = "http://gateway.collector.example/amsmodule.sendmms.v2.php"
REAL = "http://api.msinnovations.com/amsmodule.sendmms.v2.php"
CASES = {
    "over the recipients' limit": Case(1, "6 recipients, and the limit is 5", campaign={"limits": {"recipients": 5}}),
    "over the credits' limit": Case(1, "6 credits, and the limit is 5", campaign={"limits": {"credits": 5}}),
    "credits' limit without a price": Case(
        1, "cannot be checked", campaign={"limits": {"credits": 50}}, configuration={"credits_per_message": {}}
    ),
    "credit short": Case(1, "needs 6 credits, and the account has 5", gateway={"credits": 5}),
    "schedule past": Case(1, "minutes in the past", campaign={"schedule": "2020-12-20 10:00:00"}),
    "account inactive": Case(6, "status 303", gateway={"account_status": 303}),
    "no such account": Case(6, "status 102", env={"MMSBATCH_PASSCODE": "wrong"}),
    "no credentials": Case(6, "MMSBATCH_PASSCODE not set", env={"MMSBATCH_PASSCODE": ""}),
    "account_url edited": Case(
        6, "the host gateway.collector.example is not allowed", configuration={"account_url": COLLECTOR}
    ),
    "fiction numbers, real gateway": Case(
        1, "[number-fiction]", configuration={"send_url": REAL, "fiction_numbers": "refuse"}
    ),
    "fiction numbers accepted, real gateway": Case(1, "[config-fiction]", configuration={"send_url": REAL}),
    "plain numbers in git, not chosen": Case(
        1, "phone numbers in plain text inside a git work tree", configuration={"plain_numbers": False}
    ),
    "CI, record in the folder": Case(1, "say --folder-record", env={"CI": "true"}),
    "draft": Case(0, "", campaign={"state": "draft"}),
    "empty message": Case(1, "[message-empty]", campaign={"message": {"type": "text", "text": "{{ '' }}"}}),
    "file outside": Case(1, "[file-outside]", campaign={"recipients": {"file": "../../home/.gitconfig"}}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_refused_before_anything_is_sent(case: Case, repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve(**case.gateway)
    repo.configure(gateway, **case.configuration)
    repo.write_campaign(**case.campaign)
    repo.write_rows(range(6))
    ended = repo.run("apply", SPEC, "--yes", env=case.env)
    assert ended.code == case.code
    assert case.told in ended.err
    assert gateway.requests["send"] == 0
    assert not repo.has_record()


@pytest.fixture
def ready(repo: CampaignRepo, serve: Serve) -> Sandbox:
    gateway = serve()
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(6))
    return gateway


@pytest.mark.parametrize("ci", [{"CI": "true"}, {"CI": "1"}])
def test_ci_with_a_folder_that_is_carried_on(ci: dict[str, str], repo: CampaignRepo, ready: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--gateway", "sandbox", env=ci).code == 0
    assert repo.run("apply", SPEC, "--yes", "--folder-record", env=ci).code == 0
    assert len(received(ready)) == 6


# --- whose record is it?


def rename(repo: CampaignRepo, suffixes: tuple[str, ...]) -> None:
    for suffix in suffixes:
        (repo.campaigns / f"sale{suffix}").rename(repo.campaigns / f"winter{suffix}")


def test_a_renamed_campaign_is_found_out(repo: CampaignRepo, ready: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    rename(repo, (".yaml",))
    refused = repo.run("apply", "campaigns/winter.yaml", "--yes")
    assert refused.code == 1
    assert "winter.yaml has no record, and sale.local.journal.jsonl has no campaign: renamed?" in refused.err
    assert repo.run("plan", "campaigns/winter.yaml").code == 1
    rename(repo, (".local.journal.jsonl", ".local.manifest.json"))
    assert repo.run("apply", "campaigns/winter.yaml", "--yes").code == 0
    assert ready.requests["send"] == 1


def test_a_new_campaign_beside_an_old_journal(repo: CampaignRepo, ready: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    rename(repo, (".yaml", ".csv"))
    repo.write_campaign("winter")
    repo.write_rows(range(6, 8), "winter")
    assert repo.run("apply", "campaigns/winter.yaml", "--yes").code == 1
    assert repo.run("apply", "campaigns/winter.yaml", "--yes", "--new-campaign").code == 0
    assert len(received(ready)) == 8


def test_another_account_is_refused(repo: CampaignRepo, ready: Sandbox, serve: Serve) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    other = serve(client_code="somebody-else")
    repo.configure(other)
    refused = repo.run("apply", SPEC, "--yes", env={"MMSBATCH_CLIENTCODE": "somebody-else"})
    assert refused.code == 1
    assert "the record of another account" in refused.err
    assert other.requests["send"] == 0


def test_one_account_under_two_names_is_refused(repo: CampaignRepo, ready: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    twin = {**urls_of(ready), "fiction_numbers": "accept"}
    repo.write_yaml(
        "mmsbatch.yaml",
        {"default_gateway": "twin", "gateways": {"local": twin, "twin": twin}, "record": {"numbers": "plain"}},
    )
    refused = repo.run("apply", SPEC, "--yes")
    assert refused.code == 1
    assert "for the same account, under the gateway local" in refused.err
    assert ready.requests["send"] == 1


EDITS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "an edit": lambda lines: [*lines[:2], lines[2].replace(b'"attempt":1', b'"attempt":2'), *lines[3:]],
    "a missing line": lambda lines: [*lines[:2], *lines[3:]],
    "a line twice": lambda lines: [*lines[:3], *lines[2:]],
    "no first line": lambda lines: lines[1:],
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_damaged_journal_sends_nothing(
    edit: Callable[[list[bytes]], list[bytes]], repo: CampaignRepo, ready: Sandbox
) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    journal = repo.campaigns / "sale.local.journal.jsonl"
    journal.write_bytes(b"".join(edit(journal.read_bytes().splitlines(keepends=True))))
    for command in (["apply", SPEC, "--yes"], ["plan", SPEC], ["status", SPEC]):
        ended = repo.run(*command)
        assert ended.code == 1
        assert "the journal is damaged" in ended.err
    assert ready.requests["send"] == 1


# --- the pseudonym key


@pytest.fixture
def with_key(repo: CampaignRepo, ready: Sandbox) -> Sandbox:
    """A campaign sent under a key; two rows came since."""
    repo.configure(ready, plain_numbers=False)
    assert repo.run("apply", SPEC, "--yes", env=KEY).code == 0
    repo.write_rows(range(8))
    return ready


def test_a_journal_under_a_key_holds_no_number(repo: CampaignRepo, with_key: Sandbox) -> None:
    text = (repo.campaigns / "sale.local.journal.jsonl").read_text(encoding="utf-8")
    assert "39980" not in text
    assert not any(KEY["MMSBATCH_PSEUDONYM_KEY"] in path.read_text() for path in repo.campaigns.iterdir())
    again = repo.run("apply", SPEC, "--yes", "--late-rows", env=KEY)
    assert again.code == 0
    assert len(received(with_key)) == 8


@pytest.mark.parametrize("env", [{}, {"MMSBATCH_PSEUDONYM_KEY": "another"}], ids=["missing", "another"])
def test_without_its_key_nobody_is_sent_to(env: dict[str, str], repo: CampaignRepo, with_key: Sandbox) -> None:
    for command in (["apply", SPEC, "--yes"], ["plan", SPEC]):
        ended = repo.run(*command, env=env)
        assert ended.code == 1
        assert "MMSBATCH_PSEUDONYM_KEY" in ended.err
    assert with_key.requests["send"] == 1
    offline = repo.run("plan", SPEC, "--offline", "--format", "json", env=env)
    plan = offline.json["campaigns"][0]
    assert offline.code == 0
    assert (plan["rows"], plan["to_send"], plan["already_sent"]) == (8, None, None)
    assert "MMSBATCH_PSEUDONYM_KEY" in plan["record_unknown"]


# --- secrets (that they are in no output and no file is held by `repo` in every test)


def test_an_edited_send_url_gets_nothing(repo: CampaignRepo, ready: Sandbox) -> None:
    repo.configure(ready, send_url=COLLECTOR, fiction_numbers="refuse")
    ended = repo.run("account")
    assert ended.code == 6
    assert "the host gateway.collector.example is not allowed to receive the credentials" in ended.err
    assert not any(ready.requests.values())


def test_a_redirect_takes_no_passcode_along(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("redirect=307:1", "redirect=308@account:3")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    assert repo.run("apply", SPEC, "--yes").code == 6
    assert gateway.requests["send"] == 1
    assert repo.run("account").code == 0
    assert repo.run("account").code == 6
    assert gateway.requests["send"] == 1


def test_credentials_may_come_from_files(repo: CampaignRepo, ready: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path.with_name(f"{tmp_path.name}-secrets")  # not among what is searched for secrets
    folder.mkdir()
    (folder / "code").write_text(f"{CLIENT_CODE}\n")
    (folder / "pass").write_text(f"{PASSCODE}\n")
    env = {"MMSBATCH_CLIENTCODE": "", "MMSBATCH_PASSCODE": ""}
    env |= {"MMSBATCH_CLIENTCODE_FILE": str(folder / "code"), "MMSBATCH_PASSCODE_FILE": str(folder / "pass")}
    assert repo.run("apply", SPEC, "--yes", env=env).code == 0
    both = repo.run("account", env=env | {"MMSBATCH_PASSCODE": PASSCODE})
    assert both.code == 6
    assert "MMSBATCH_PASSCODE and MMSBATCH_PASSCODE_FILE are both set" in both.err


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_no_argument_list_holds_the_passcode(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=60")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    assert PASSCODE.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.kill()
    repo.finish(process)


def test_answers_that_echo_secrets_are_masked(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("garbage=Status=116\nStatusText=see 0639980001:1")
    repo.configure(gateway, retries=0)
    repo.write_campaign()
    repo.write_rows(range(2))
    ended = repo.run("apply", SPEC, "--yes")
    assert ended.code == 3
    assert "see ••••••••01" in ended.out


def test_a_job_that_runs_again_and_finds_no_record_sends_nothing(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve()
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(6))
    again = {"CI": "true", "GITHUB_RUN_ATTEMPT": "2"}
    lost = repo.run("apply", SPEC, "--yes", "--folder-record", env=again)
    assert (lost.code, "record of its first attempt is not here" in lost.err) == (1, True)
    assert gateway.requests["send"] == 0
    assert repo.run("apply", SPEC, "--yes", "--folder-record", env=again | {"GITHUB_RUN_ATTEMPT": "1"}).code == 0
    found = repo.run("apply", SPEC, "--yes", "--folder-record", env=again)
    assert (found.code, len(received(gateway))) == (0, 6)


def test_a_job_that_runs_again_may_say_that_the_first_attempt_sent_nothing(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve()
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(6))
    again = {"CI": "true", "GITHUB_RUN_ATTEMPT": "2"}
    assert repo.run("apply", SPEC, "--yes", "--folder-record", "--new-campaign", env=again).code == 0
    assert len(received(gateway)) == 6


def test_a_job_that_runs_again_and_lost_the_record_of_its_revision_sends_nothing(
    repo: CampaignRepo, serve: Serve
) -> None:
    """What was committed is the record of an earlier revision: the first attempt's went with its runner."""
    gateway = serve()
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(6))
    assert repo.run("apply", SPEC, "--yes").code == 0
    repo.write_campaign(revision=2)
    again = {"CI": "true", "GITHUB_RUN_ATTEMPT": "2"}
    assert repo.run("apply", SPEC, "--yes", "--folder-record", env=again).code == 1
    assert len(received(gateway)) == 6
