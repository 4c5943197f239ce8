"""Every exit code of the contract, reached by a real process."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from campaign_repo import CampaignRepo, Ended, Serve, wait_until, wire

from mmsbatch.exitcodes import ExitCode

SPEC = "campaigns/sale.yaml"


def prepare(repo: CampaignRepo, serve: Serve, *faults: str, **settings: object) -> None:
    """Have six recipients in three chunks."""
    repo.configure(serve(*faults), **{"chunk_size": 2, "concurrency": 1} | settings)
    repo.write_campaign()
    repo.write_rows(range(6))


def send_all(repo: CampaignRepo, serve: Serve) -> Ended:
    prepare(repo, serve)
    return repo.run("apply", SPEC, "--yes")


def go_over_a_limit(repo: CampaignRepo, serve: Serve) -> Ended:
    prepare(repo, serve)
    repo.write_campaign(limits={"recipients": 5})
    return repo.run("apply", SPEC, "--yes")


def say_no_yes(repo: CampaignRepo, serve: Serve) -> Ended:
    prepare(repo, serve)
    return repo.run("apply", SPEC)


def lose_the_right_half_way(repo: CampaignRepo, serve: Serve) -> Ended:
    prepare(repo, serve, "switch=200:2")
    return repo.run("apply", SPEC, "--yes")


def lose_an_answer(repo: CampaignRepo, serve: Serve) -> Ended:
    prepare(repo, serve, "drop-after:2")
    return repo.run("apply", SPEC, "--yes")


def meet_another_run(repo: CampaignRepo, serve: Serve) -> Ended:
    gateway = serve("latency=60")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    other = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    ended = repo.run("apply", SPEC, "--yes")
    other.kill()
    repo.finish(other)
    assert f"another run holds this campaign: process {other.pid} of marie" in ended.err
    return ended


def use_a_wrong_passcode(repo: CampaignRepo, serve: Serve) -> Ended:
    prepare(repo, serve)
    return repo.run("apply", SPEC, "--yes", env={"MMSBATCH_PASSCODE": "wrong"})


def plan_in_detail(repo: CampaignRepo, serve: Serve) -> Ended:
    prepare(repo, serve)
    return repo.run("plan", SPEC, "--detailed-exitcode")


def have_a_broken_library(repo: CampaignRepo, serve: Serve) -> Ended:
    """A library that raises what nobody expects, with a secret and a number in its text."""
    prepare(repo, serve)
    repo.write(
        "broken/yaml.py",
        "import os\nraise RuntimeError(os.environ['MMSBATCH_PASSCODE'], ''.join(['06', '39980001']))\n",
    )
    path = os.pathsep.join([str(repo.root / "broken"), *filter(None, [repo.environment().get("PYTHONPATH")])])
    return repo.run("apply", SPEC, "--yes", env={"PYTHONPATH": path})


def stop_by(number: signal.Signals) -> Callable[[CampaignRepo, Serve], Ended]:
    """Send a signal while two requests are in flight; those are awaited, no other starts."""

    def stop(repo: CampaignRepo, serve: Serve) -> Ended:
        gateway = serve("latency=0.7")
        repo.configure(gateway, chunk_size=1, concurrency=2)
        repo.write_campaign()
        repo.write_rows(range(12))
        process = repo.start("apply", SPEC, "--yes")
        wait_until(lambda: gateway.requests["send"] == 2)
        process.send_signal(number)
        ended = repo.finish(process)
        assert repo.totals() == {"rows": 12, "accepted": 2, "pending": 10}
        assert [chunk["state"] for chunk in repo.manifest()["chunks"]] == ["accepted", "accepted"]
        assert repo.journal()[-1]["reason"] == f"stopped by {number.name}"
        return ended

    return stop


WAYS: dict[ExitCode, Callable[[CampaignRepo, Serve], Ended]] = {
    ExitCode.DONE: send_all,
    ExitCode.REFUSED: go_over_a_limit,
    ExitCode.USAGE: say_no_yes,
    ExitCode.INCOMPLETE: lose_the_right_half_way,
    ExitCode.IN_DOUBT: lose_an_answer,
    ExitCode.LOCKED: meet_another_run,
    ExitCode.GATEWAY: use_a_wrong_passcode,
    ExitCode.SOMETHING_TO_SEND: plan_in_detail,
    ExitCode.FAULT: have_a_broken_library,
    ExitCode.INTERRUPTED: stop_by(signal.SIGINT),
    ExitCode.TERMINATED: stop_by(signal.SIGTERM),
}


@pytest.mark.parametrize("code", WAYS, ids=lambda code: code.name)
def test_code_is_reached(code: ExitCode, repo: CampaignRepo, serve: Serve) -> None:
    ended = WAYS[code](repo, serve)
    assert ended.code == code, ended


def test_every_code_has_a_way() -> None:
    assert set(WAYS) == set(ExitCode)


def test_fault_leaves_a_log_without_secrets(repo: CampaignRepo, serve: Serve) -> None:
    ended = have_a_broken_library(repo, serve)
    first, _, hint = ended.err.partition("\n")
    told, _, name = first.partition("; the log is ")
    assert told == "error: this is a fault of mmsbatch itself (RuntimeError)"
    assert "`mmsbatch status`" in hint
    log = Path(name).read_text(encoding="utf-8")
    assert "command: apply\nRuntimeError\n" in log
    assert "  yaml.py:2 in <module>" in log
    # That neither passcode nor number is in it is held for every file by `repo`.
    assert Path(name).is_relative_to(repo.root.parent)


def test_impatience_ends_the_waiting(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=60")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 1)
    wait_until(lambda: ends_on_ctrl_c(process))
    assert repo.finish(process).code == ExitCode.INTERRUPTED
    assert repo.totals() == {"rows": 2, "in_doubt": 2}
    assert repo.run("apply", SPEC, "--yes").code == ExitCode.IN_DOUBT
    assert gateway.requests["send"] == 1


def ends_on_ctrl_c(process: "subprocess.Popen[str]") -> bool:
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    return process.returncode is not None


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_a_signal_before_anything_is_sent(
    number: signal.Signals, code: ExitCode, repo: CampaignRepo, serve: Serve
) -> None:
    gateway = serve("latency=60@account")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["account"] == 1)
    process.send_signal(number)
    ended = repo.finish(process)
    assert ended.code == code
    assert ended.err == "error: stopped\n    `mmsbatch status` shows what was sent before, if anything was\n"
    assert gateway.requests["send"] == 0


def test_an_interrupted_campaign_continues(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=0.7:1-2")
    repo.configure(gateway, chunk_size=1, concurrency=2)
    repo.write_campaign()
    repo.write_rows(range(8))
    process = repo.start("apply", SPEC, "--yes")
    wait_until(lambda: gateway.requests["send"] == 2)
    process.send_signal(signal.SIGTERM)
    repo.finish(process)
    assert repo.run("apply", SPEC, "--yes").code == ExitCode.DONE
    assert sorted(delivery.number for delivery in gateway.deliveries) == [wire(place) for place in range(8)]
