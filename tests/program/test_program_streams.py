"""What cannot be said changes nothing: full disks and closed streams behind standard output and error."""

import os
import subprocess
import sys

import pytest
from campaign_repo import PATIENCE, CampaignRepo, Serve

SPEC = "campaigns/sale.yaml"
needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full here")  # noqa: PTH110


def run_through_a_shell(repo: CampaignRepo, redirection: str, *arguments: str, **env: str) -> int:
    command = f'exec "$0" -m mmsbatch "$@" {redirection}'
    environment = repo.environment() | env
    shell = ["sh", "-c", command, sys.executable, *arguments]
    return subprocess.run(shell, cwd=repo.root, env=environment, timeout=PATIENCE, check=False).returncode


@needs_full
@pytest.mark.parametrize(
    "redirection",
    [
        ">/dev/full 2>/dev/null",
        ">/dev/null 2>/dev/full",
        ">/dev/full 2>/dev/full",
        ">&- 2>&-",
        "2>&-",
        ">&- 2>/dev/null",
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_run_that_cannot_be_told_of_is_no_other(
    redirection: str, unbuffered: str, repo: CampaignRepo, serve: Serve
) -> None:
    repo.configure(serve())
    repo.write_campaign()
    repo.write_rows(range(6))
    code = run_through_a_shell(repo, f"{redirection} </dev/null", "apply", SPEC, "--yes", PYTHONUNBUFFERED=unbuffered)
    assert code == 0
    assert repo.totals() == {"rows": 6, "accepted": 6}
    assert repo.journal()[-1]["event"] == "run-ended"


@needs_full
def test_a_report_that_was_asked_for_and_cannot_be_had_is_told(repo: CampaignRepo, serve: Serve) -> None:
    repo.configure(serve())
    repo.write_campaign()
    repo.write_rows(range(2))
    assert run_through_a_shell(repo, ">/dev/full 2>/dev/null", "plan", SPEC, "--offline") == 2


def test_a_report_file_that_cannot_be_written_in_the_end_is_no_other_result(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=0.4")
    repo.configure(gateway)
    repo.write_campaign()
    repo.write_rows(range(2))
    process = repo.start("apply", SPEC, "--yes", "-o", "out/report.txt")
    ended = repo.finish(process)
    assert ended.code == 2, "there is no such folder, and nothing was sent"
    (repo.root / "out").mkdir()
    process = repo.start("apply", SPEC, "--yes", "-o", "out/report.txt")
    assert gateway.wait_for_requests(1)
    (repo.root / "out").rmdir()
    ended = repo.finish(process)
    assert ended.code == 0
    assert "out/report.txt: the report cannot be written: No such file or directory; what was done" in ended.err


def test_names_that_the_terminal_lacks_are_told_somehow(repo: CampaignRepo, serve: Serve) -> None:
    repo.configure(serve())
    repo.write_campaign("été")
    repo.write_rows(range(2), "été")
    ended = repo.run("apply", "campaigns/été.yaml", "--yes", env={"PYTHONIOENCODING": "ascii"})
    assert ended.code == 0
    assert "\\xe9t\\xe9" in ended.out
