"""What was reviewed is what is sent: plans saved in one clone, carried out in another, refused once stale."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from campaign_repo import CampaignRepo, Ended, Serve, number, received, urls_of, wire
from git_clones import clone, commit, git, pull, push_to_remote, run_later, start_git
from jsonschema import Draft202012Validator

from mmsbatch.planning.saved import digest_json
from mmsbatch.resources import schema_text
from mmsbatch.sandbox import Sandbox

SPEC, PLAN = "campaigns/sale.yaml", "plan.json"
HOUR = 3600


@pytest.fixture
def gateway(repo: CampaignRepo, serve: Serve) -> Sandbox:
    """A gateway, and a campaign of six recipients in three chunks, with a suppression list."""
    gateway = serve()
    repo.configure(gateway, chunk_size=2, concurrency=1)
    write_campaign(repo)
    repo.write_rows(range(6))
    repo.write("campaigns/stop.csv", f"phone\n{number(90)}\n{number(91)}\n")
    return gateway


def write_campaign(repo: CampaignRepo, name: str = "sale", **keys: Any) -> None:
    repo.write_campaign(name, **({"suppress": [{"file": "stop.csv"}]} | keys))


def save(repo: CampaignRepo, *arguments: str) -> dict[str, Any]:
    ended = repo.run("plan", *(arguments or (SPEC,)), "--save", PLAN)
    assert ended.code == 0, ended.err
    return read(repo)


def read(repo: CampaignRepo) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads((repo.root / PLAN).read_text(encoding="utf-8"))
    return plan


def write(repo: CampaignRepo, plan: dict[str, Any]) -> None:
    (repo.root / PLAN).write_text(json.dumps(plan), encoding="utf-8")


def apply(repo: CampaignRepo, *arguments: str) -> Ended:
    return repo.run("apply", "--plan", PLAN, *arguments)


def told(ended: Ended) -> str:
    """Return the standard error of a refusal, its blank space drawn together."""
    assert ended.code == 1, ended.err
    return " ".join(ended.err.split())


# --- the whole path


def test_a_pull_request_is_planned_merged_and_sent_from_a_fresh_clone(
    repo: CampaignRepo, gateway: Sandbox, tmp_path: Path
) -> None:
    start_git(repo)
    git(repo, "checkout", "--quiet", "-b", "sale-of-two")
    repo.write_rows(range(8))
    commit(repo, "Two more")
    reviewed = save(repo)
    (repo.root / PLAN).rename(tmp_path / PLAN)
    git(repo, "checkout", "--quiet", "main")
    git(repo, "merge", "--quiet", "--no-ff", "--no-edit", "sale-of-two")
    first, second = clone(repo, tmp_path / "first"), clone(repo, tmp_path / "second")
    artifact = str(tmp_path / PLAN)
    assert first.run("apply", "--plan", artifact).code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(8)]
    assert [event["plan"] for event in first.journal() if event["event"] == "run-started"] == [reviewed["digest"]]
    commit(first, "Record of the sale")
    pull(second, first)
    again = second.run("apply", "--plan", artifact)
    assert again.code == 0
    assert "nothing to send: of 8 rows, 8 already sent" in again.out
    assert gateway.requests["send"] == 4
    for each in (first, second):
        each.check_discretion()


def test_a_clone_without_the_record_of_another_plan_is_stale(
    repo: CampaignRepo, gateway: Sandbox, tmp_path: Path
) -> None:
    """A plan of before a send is not good after it: who was sent is not what was reviewed."""
    start_git(repo)
    save(repo)
    (repo.root / PLAN).rename(tmp_path / PLAN)
    assert repo.run("apply", SPEC, "--yes").code == 0
    repo.write_rows(range(8))
    commit(repo, "Record, and two more")
    other = clone(repo, tmp_path / "other")
    refused = told(other.run("apply", "--plan", str(tmp_path / PLAN)))
    assert "campaigns/sale.yaml: recipients" in refused
    assert gateway.requests["send"] == 3
    other.check_discretion()


def test_a_second_pipeline_of_the_same_commit_finds_nothing_left(
    repo: CampaignRepo, gateway: Sandbox, tmp_path: Path
) -> None:
    """The record is on a branch of the remote: a job that is run again asks there, and not in its checkout."""
    path = repo.root / "mmsbatch.yaml"
    kept = path.read_text(encoding="utf-8").replace('{"numbers": "plain"}', '{"store": "git", "numbers": "plain"}')
    repo.write("mmsbatch.yaml", kept)
    start_git(repo)
    remote = push_to_remote(repo, tmp_path / "remote.git")
    assert "--offline asks nobody" in told(repo.run("plan", SPEC, "--offline", "--save", PLAN))
    save(repo)
    (repo.root / PLAN).rename(tmp_path / PLAN)
    codes = []
    for place in range(2):
        runner = clone(repo, tmp_path / f"runner-{place}", remote)
        codes.append(runner.run("apply", "--plan", str(tmp_path / PLAN), env={"CI": "true"}).code)
        runner.check_discretion()
    assert codes == [0, 0]
    assert sorted(received(gateway)) == [wire(place) for place in range(6)]


def test_a_saved_plan_has_the_schema_and_no_number(repo: CampaignRepo, gateway: Sandbox) -> None:
    plan = save(repo)
    Draft202012Validator(json.loads(schema_text("plan"))).validate(plan)
    text = (repo.root / PLAN).read_text(encoding="utf-8")
    assert "Inès" not in text
    assert not [place for place in range(6) if wire(place)[2:] in text]
    assert plan["campaigns"][0]["media"] == "not checked"
    assert plan["max_age_seconds"] == 72 * HOUR


def test_the_same_inputs_give_the_same_plan_but_for_its_creation(
    repo: CampaignRepo, gateway: Sandbox, tmp_path: Path
) -> None:
    start_git(repo)
    plans = [save(repo), save(repo)]
    other = clone(repo, tmp_path / "other")
    plans.append(save(other))
    assert len({each.pop("created")["at"] for each in plans}) == 3
    assert plans[0] == plans[1] == plans[2]


def test_the_plan_is_put_there_as_a_whole(repo: CampaignRepo, gateway: Sandbox) -> None:
    (repo.root / PLAN).write_text("{}")
    save(repo)
    assert [path.name for path in repo.root.iterdir() if "plan" in path.name] == [PLAN]


# --- what is stale

Change = Callable[[CampaignRepo, Serve], Any]


def other_message(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def change_settings(repo: CampaignRepo, gateway: dict[str, str], **settings: Any) -> None:
    repo.configure(gateway, **({"chunk_size": 2, "concurrency": 1} | settings))


def configured(repo: CampaignRepo) -> dict[str, str]:
    text = (repo.root / "mmsbatch.yaml").read_text(encoding="utf-8")
    local = json.loads(text.partition("gateways: ")[2].partition("\n")[0])["local"]
    return {key: local[key] for key in ("send_url", "account_url")}


STALE: dict[str, tuple[Change, list[str]]] = {
    "the text": (
        lambda repo, serve: write_campaign(repo, message=other_message("Bonjour {{ prenom }}, -50 %. STOP au 36180")),
        ["campaign file", "template (message.text)"],
    ),
    "a constant": (
        lambda repo, serve: write_campaign(repo, variables={"ville": "Nice"}),
        ["campaign file", "variables"],
    ),
    "the medium": (
        lambda repo, serve: write_campaign(
            repo,
            message={
                "type": "image",
                "text": "Bonjour {{ prenom }}, -30 % demain. STOP au 36180",
                "image": {"url": "http://www.example.com/a.jpg"},
            },
        ),
        ["campaign file", "media"],
    ),
    "the revision": (lambda repo, serve: write_campaign(repo, revision=2), ["campaign file"]),
    "a draft": (lambda repo, serve: write_campaign(repo, state="draft"), ["campaign file"]),
    "one row more": (lambda repo, serve: repo.write_rows(range(7)), ["recipients"]),
    "one row less": (lambda repo, serve: repo.write_rows(range(5)), ["recipients"]),
    "other names": (lambda repo, serve: repo.write_rows(range(6), names=["Noé"]), ["recipients"]),
    "the gateway's settings": (
        lambda repo, serve: change_settings(repo, configured(repo), chunk_size=3),
        ["settings of the gateway local"],
    ),
    "the gateway's address": (
        lambda repo, serve: change_settings(repo, urls_of(serve())),
        ["gateway's send_url", "settings of the gateway local"],
    ),
    "the record": (
        lambda repo, serve: repo.run("apply", SPEC, "--yes", "--max-duration", "1h"),
        ["record (who was sent, rejected, in doubt)"],
    ),
    "a shorter suppression list": (
        lambda repo, serve: repo.write("campaigns/stop.csv", f"phone\n{number(90)}\n"),
        ["suppression list stop.csv has fewer entries"],
    ),
}


def test_a_stale_plan_names_what_changed_and_sends_nothing(repo: CampaignRepo, gateway: Sandbox, serve: Serve) -> None:
    reviewed = save(repo)
    inputs = {path: path.read_text(encoding="utf-8") for path in repo.root.rglob("*.*") if path.is_file()}
    for case, (change, names) in STALE.items():
        change(repo, serve)
        before = gateway.requests["send"]
        refused = told(apply(repo))
        assert "plan.json is stale: it was made" in refused, case
        assert [name for name in names if name not in refused] == [], case
        assert refused.count(" reviewed ") == refused.count(" now ") == len(names), case
        assert gateway.requests["send"] == before, case
        for path, text in inputs.items():
            path.write_text(text, encoding="utf-8")
        if case == "one row more":
            assert f"reviewed {reviewed['campaigns'][0]['digests']['recipients']} now " in refused


def test_what_cannot_be_read_any_more_is_stale(repo: CampaignRepo, gateway: Sandbox) -> None:
    save(repo)
    repo.write("campaigns/sale.csv", "phone;prenom\nnot a number;Inès\n")
    assert "plan.json is stale" in told(apply(repo))
    (repo.campaigns / "sale.yaml").unlink()
    assert "plan.json is stale: campaigns/sale.yaml: there is no such file" in told(apply(repo))
    assert gateway.requests["send"] == 0


def test_a_plan_for_one_gateway_is_not_for_another(repo: CampaignRepo, gateway: Sandbox) -> None:
    save(repo)
    assert "made for the gateway local, not for sandbox" in told(apply(repo, "--gateway", "sandbox"))
    assert apply(repo, "--gateway", "local").code == 0
    assert len(received(gateway)) == 6


def test_a_plan_goes_to_its_gateway_whatever_the_default_is(repo: CampaignRepo, gateway: Sandbox) -> None:
    save(repo, SPEC, "--gateway", "sandbox")
    assert apply(repo).code == 0
    assert gateway.requests["send"] == 0
    assert repo.totals("sale.sandbox") == {"rows": 6, "accepted": 6}


def test_another_account_is_stale(repo: CampaignRepo, gateway: Sandbox, serve: Serve) -> None:
    """The address is the same, and so are the settings: only who answers is another."""
    save(repo)
    other = {"MMSBATCH_CLIENTCODE": "somebody-else", "MMSBATCH_CLIENT": "SOMEBODY"}
    assert repo.run("apply", "--plan", PLAN, env=other).code == 6  # this gateway does not know them
    assert gateway.requests["send"] == 0


# --- differences that are none


def test_lists_that_grew_hold_back_whom_they_name(repo: CampaignRepo, gateway: Sandbox) -> None:
    save(repo)
    repo.write("campaigns/stop.csv", "phone\n" + "".join(f"{number(place)}\n" for place in (90, 91, 2, 3)))
    ended = apply(repo)
    assert ended.code == 0, ended.err
    assert "campaigns/sale.yaml: reviewed 6, sending 4: 2 newly suppressed" in ended.err
    assert sorted(received(gateway)) == [wire(place) for place in (0, 1, 4, 5)]


def test_lists_that_grew_without_anybody_here_are_no_matter(repo: CampaignRepo, gateway: Sandbox) -> None:
    save(repo)
    repo.write("campaigns/stop.csv", "phone\n" + "".join(f"{number(place)}\n" for place in (90, 91, 92)))
    ended = apply(repo)
    assert ended.code == 0
    assert "suppressed" not in ended.err
    assert len(received(gateway)) == 6


def test_an_audience_that_grew_by_another_list_is_refused(repo: CampaignRepo, gateway: Sandbox) -> None:
    """As many entries, and one of the audience is not among them any more."""
    repo.write("campaigns/stop.csv", f"phone\n{number(0)}\n{number(91)}\n")
    save(repo)
    repo.write("campaigns/stop.csv", f"phone\n{number(90)}\n{number(91)}\n{number(92)}\n")
    refused = told(apply(repo))
    assert "campaigns/sale.yaml: recipients to send to reviewed 5 now 6" in refused
    assert gateway.requests["send"] == 0


def test_a_plan_that_was_cut_short_goes_on(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=200:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    save(repo)
    assert apply(repo).code == 3
    assert repo.totals() == {"rows": 6, "accepted": 2, "pending": 4}
    assert apply(repo).code == 0
    assert apply(repo).code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(6)]


def test_a_plan_that_was_cut_short_goes_on_with_fewer(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=200:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    write_campaign(repo)
    repo.write_rows(range(6))
    repo.write("campaigns/stop.csv", f"phone\n{number(90)}\n")
    save(repo)
    assert apply(repo).code == 3
    repo.write("campaigns/stop.csv", f"phone\n{number(90)}\n{number(5)}\n")
    ended = apply(repo)
    assert ended.code == 0
    assert "reviewed 6, 2 sent before, sending 3: 1 newly suppressed" in ended.err
    assert sorted(received(gateway)) == [wire(place) for place in range(5)]


def test_doubt_of_this_plan_is_settled_and_it_goes_on(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("drop-before:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    save(repo)
    assert apply(repo).code == 4
    assert apply(repo).code == 4
    settle = ("resolve", SPEC, "--chunk", "1-2", "--as", "not-sent", "--reason", "asked")
    assert repo.run(*settle).code == 0
    assert apply(repo).code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(6)]


def test_a_cut_short_plan_is_stale_once_another_run_went_on(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=200:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    save(repo)
    assert apply(repo).code == 3
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert "record (who was sent, rejected, in doubt)" in told(apply(repo))
    assert gateway.requests["send"] == 4


def test_a_changed_text_needs_no_mixed_where_it_was_reviewed(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=200:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    assert repo.run("apply", SPEC, "--yes").code == 3
    repo.write_campaign(message=other_message("Bonjour {{ prenom }}, -50 %. STOP au 36180"))
    assert repo.run("apply", SPEC, "--yes").code == 1
    save(repo)
    assert apply(repo).code == 0
    assert len(received(gateway)) == 6


# --- time


def test_an_expired_plan_is_refused_with_its_age(repo: CampaignRepo, gateway: Sandbox) -> None:
    save(repo)
    assert run_later(repo, 71 * HOUR, "apply", "--plan", PLAN, "--leave-in-doubt", "--gateway", "sandbox").code == 1
    refused = told(run_later(repo, 73 * HOUR, "apply", "--plan", PLAN))
    assert "age: it has expired reviewed good for 3 d (plan_max_age) now 3 d 1 h" in refused
    assert gateway.requests["send"] == 0
    assert run_later(repo, 71 * HOUR, "apply", "--plan", PLAN).code == 0


def test_a_run_that_began_in_time_goes_on_later(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=200:2")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    save(repo)
    assert apply(repo).code == 3
    assert run_later(repo, 99 * HOUR, "apply", "--plan", PLAN).code == 0
    assert len(received(gateway)) == 6


def test_the_configuration_says_how_old_a_plan_may_be(repo: CampaignRepo, gateway: Sandbox) -> None:
    path = repo.root / "mmsbatch.yaml"
    repo.write("mmsbatch.yaml", path.read_text(encoding="utf-8") + "plan_max_age: 90m\n")
    assert save(repo)["max_age_seconds"] == 5400
    assert "good for 1 h 30 min" in told(run_later(repo, 2 * HOUR, "apply", "--plan", PLAN))


def test_a_plan_of_the_future_is_refused(repo: CampaignRepo, gateway: Sandbox) -> None:
    save(repo)
    assert "clock: the plan is of the future" in told(run_later(repo, -HOUR, "apply", "--plan", PLAN))
    assert run_later(repo, -60, "apply", "--plan", PLAN).code == 0


# --- what is no plan, or not this one any more


@dataclass(frozen=True)
class Edit:
    """A change of the plan's file, and words of the refusal."""

    change: Callable[[dict[str, Any]], Any]
    words: str = "the saved plan was edited"


def younger(plan: dict[str, Any]) -> None:
    plan["created"]["at"] = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="milliseconds")[:23] + "Z"


def of_a_newer_format(plan: dict[str, Any]) -> None:
    plan["version"] = 2
    plan["digest"] = digest_json({key: value for key, value in plan.items() if key not in ("created", "digest")})


EDITS = {
    "more recipients": Edit(lambda plan: plan["campaigns"][0].update(to_send=7)),
    "younger": Edit(younger),
    "a newer format": Edit(of_a_newer_format, "has the newer format 2; this mmsbatch reads format 1"),
}


def test_an_edited_plan_is_refused(repo: CampaignRepo, gateway: Sandbox) -> None:
    text = json.dumps(save(repo))
    for edit in EDITS.values():
        plan = json.loads(text)
        edit.change(plan)
        write(repo, plan)
        assert edit.words in told(apply(repo))
    assert gateway.requests["send"] == 0
    write(repo, json.loads(text))  # other blank space is no edit
    assert apply(repo).code == 0


def test_a_report_is_no_saved_plan(repo: CampaignRepo, gateway: Sandbox) -> None:
    for style, words in (
        ("json", "a report of `--format json`, not a saved plan"),
        ("text", "no saved plan: not JSON"),
    ):
        assert repo.run("plan", SPEC, "--format", style, "-o", PLAN).code == 0
        refused = told(apply(repo))
        assert words in refused
        assert "a saved plan comes from `mmsbatch plan SPECS --save FILE`" in refused
    assert gateway.requests["send"] == 0


# --- flags


def test_what_does_not_go_with_a_plan(repo: CampaignRepo, gateway: Sandbox) -> None:
    save(repo)
    for given, named in (
        (SPEC, "campaign files"),
        *((each, each) for each in ("--late-rows", "--new-campaign", "--mixed")),
    ):
        ended = apply(repo, given)
        assert ended.code == 2
        assert f"--plan and {named} exclude each other" in ended.err


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("campaigns/sale.yaml", "must not replace a campaign"),
        ("campaigns/sale.local.manifest.json", "must not replace a campaign"),
        ("nowhere/plan.json", "cannot be written there"),
        ("campaigns", "cannot be written there"),
        ("/dev/null", "it is no file"),
    ],
)
def test_where_no_plan_is_saved(place: str, words: str, repo: CampaignRepo, gateway: Sandbox) -> None:
    ended = repo.run("plan", SPEC, "--save", place)
    assert ended.code == 2
    assert words in ended.err
    assert gateway.requests["account"] == 0


def test_report_and_plan_are_two_files(repo: CampaignRepo, gateway: Sandbox) -> None:
    assert repo.run("plan", SPEC, "--save", PLAN, "-o", f"./{PLAN}").code == 2


def test_there_is_no_such_plan(repo: CampaignRepo, gateway: Sandbox) -> None:
    assert repo.run("apply", "--plan", PLAN).code == 2


# --- what is saved, and what is not


def test_a_refused_plan_is_not_saved(repo: CampaignRepo, gateway: Sandbox) -> None:
    write_campaign(repo, limits={"recipients": 5})
    ended = repo.run("plan", SPEC, "--save", PLAN)
    assert ended.code == 1
    assert "not saved: the plan is refused" in ended.err
    assert not (repo.root / PLAN).exists()


def test_a_plan_that_does_not_know_the_record_is_not_saved(repo: CampaignRepo, gateway: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes", env={"MMSBATCH_PSEUDONYM_KEY": "a-key-of-the-tests"}).code == 0
    ended = repo.run("plan", SPEC, "--offline", "--save", PLAN)
    assert "not saved: nobody can tell what is left to send" in told(ended)
    assert not (repo.root / PLAN).exists()


def test_a_plan_made_offline_is_applied(repo: CampaignRepo, gateway: Sandbox) -> None:
    plan = save(repo, SPEC, "--offline")
    assert plan["gateway"]["account"] is None
    assert apply(repo).code == 0
    assert len(received(gateway)) == 6


def test_nothing_to_send_can_be_saved_and_applied(repo: CampaignRepo, gateway: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    assert save(repo)["campaigns"][0]["to_send"] == 0
    ended = apply(repo)
    assert ended.code == 0
    assert "nothing to send" in ended.out
    write_campaign(repo, state="draft")
    assert save(repo)["campaigns"] == []
    ended = apply(repo)
    assert ended.code == 0
    assert "the plan holds no campaign" in ended.out


def test_the_plan_holds_late_rows(repo: CampaignRepo, gateway: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    repo.write_rows(range(8))
    assert save(repo, SPEC, "--late-rows")["options"]["late_rows"] is True
    assert apply(repo).code == 0
    assert len(received(gateway)) == 8


def test_the_plan_holds_that_the_campaign_is_new(repo: CampaignRepo, gateway: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    for suffix in (".yaml", ".csv"):
        (repo.campaigns / f"sale{suffix}").unlink()
    write_campaign(repo, "winter")
    repo.write_rows(range(6, 8), "winter")
    save(repo, "campaigns/winter.yaml", "--new-campaign")
    assert apply(repo).code == 0
    assert len(received(gateway)) == 8


def test_recipients_of_elsewhere_are_bound(repo: CampaignRepo, gateway: Sandbox, tmp_path: Path) -> None:
    def write_elsewhere(name: str, places: range) -> str:
        rows = "".join(f"{number(place)};Inès\n" for place in places)
        return str(repo.write(str(tmp_path / name), f"phone;prenom\n{rows}"))

    write_campaign(repo, recipients={})
    file = write_elsewhere("elsewhere.csv", range(10, 14))
    save(repo, SPEC, "--recipients", file)
    (tmp_path / "elsewhere.csv").rename(tmp_path / "moved.csv")
    assert apply(repo).code == 1  # it is not where it lay
    other = write_elsewhere("other.csv", range(10, 15))
    assert "campaigns/sale.yaml: recipients" in told(apply(repo, "--recipients", other))
    repo.adopt(tmp_path / "moved.csv")
    assert apply(repo, "--recipients", str(tmp_path / "moved.csv")).code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(10, 14)]


def test_several_campaigns_in_one_plan(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("switch=200:4")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    for name, places in (("a", range(3)), ("b", range(3, 6)), ("c", range(6, 8))):
        repo.write_campaign(name)
        repo.write_rows(places, name)
    save(repo, "campaigns")
    assert apply(repo).code == 3  # stops in b
    assert len(received(gateway)) == 5
    assert apply(repo).code == 0
    assert sorted(received(gateway)) == [wire(place) for place in range(8)]
    assert "nothing to send" in apply(repo).out


def test_from_another_folder_of_the_repository(repo: CampaignRepo, gateway: Sandbox) -> None:
    """Paths are those of the repository, wherever in it one stands."""
    save(repo)
    repo.root = repo.campaigns
    assert repo.run("apply", "--plan", f"../{PLAN}").code == 0
    assert len(received(gateway)) == 6
    repo.root = repo.campaigns.parent
