"""What a person at a terminal sees, and what a pipe does not."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest
from campaign_repo import PATIENCE, CampaignRepo, Ended, Serve, received

from mmsbatch.sandbox import Sandbox

SPEC = "campaigns/sale.yaml"
_ESCAPE = re.compile(r"\x1b\[")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def gateway(repo: CampaignRepo, serve: Serve) -> Sandbox:
    gateway = serve()
    repo.configure(gateway, chunk_size=2)
    repo.write_campaign()
    repo.write_rows(range(6))
    return gateway


def run_on_terminal(
    repo: CampaignRepo, *arguments: str, typed: str = "", env: Mapping[str, str] | None = None
) -> Ended:
    """Run the program on a terminal of its own; what it shows there is `out`."""
    ours, its = pty.openpty()
    environment = repo.environment() | {"TERM": "xterm-256color"} | dict(env or {})
    process = subprocess.Popen(
        [sys.executable, "-m", "mmsbatch", *arguments],
        cwd=repo.root,
        env=environment,
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    os.write(ours, typed.encode())
    shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    ended = Ended(process.wait(timeout=PATIENCE), shown.decode(), "")
    ended.check_discretion()
    return ended


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that nobody writes any more
        return b""


@pytest.mark.parametrize(("env", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_an_error_has_color_on_a_terminal(env: dict[str, str], colored: bool, repo: CampaignRepo) -> None:
    ended = run_on_terminal(repo, "validate", "nothing.yaml", env=env)
    assert ended.code == 2
    assert bool(_COLOR.search(ended.out)) is colored


@pytest.mark.parametrize(("env", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_findings_have_color_on_a_terminal(
    command: str, env: dict[str, str], colored: bool, repo: CampaignRepo
) -> None:
    repo.write_campaign(state="redy")
    ended = run_on_terminal(repo, command, SPEC, env=env)
    assert ended.code == 1
    assert bool(_COLOR.search(ended.out)) is colored
    assert 'state: "redy"' in ended.out


@pytest.mark.parametrize(("env", "colored"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_progress_has_color_on_a_terminal(
    env: dict[str, str], colored: bool, repo: CampaignRepo, gateway: Sandbox
) -> None:
    ended = run_on_terminal(repo, "apply", SPEC, "--yes", env=env)
    assert ended.code == 0
    assert "6 of 6" in ended.out
    codes = {code for code in _COLOR.findall(ended.out) if re.search(r"3[0-7]|38;", code)}
    assert bool(codes) is colored


def test_a_pipe_has_no_escape_codes(repo: CampaignRepo, gateway: Sandbox) -> None:
    env = {"TERM": "xterm-256color"}
    for arguments in (["apply", SPEC, "--yes"], ["status", SPEC], ["validate", "nothing.yaml"], ["--help"]):
        ended = repo.run(*arguments, env=env)
        assert not _ESCAPE.search(ended.out + ended.err)


@pytest.mark.parametrize(("typed", "code", "sent"), [("y\n", 0, 6), ("n\n", 2, 0), ("\n", 2, 0)])
def test_the_question_on_a_terminal(typed: str, code: int, sent: int, repo: CampaignRepo, gateway: Sandbox) -> None:
    ended = run_on_terminal(repo, "apply", SPEC, typed=typed)
    assert "Send to 6 recipients through local?" in ended.out
    assert ended.code == code
    assert len(received(gateway)) == sent


def test_a_reader_who_goes_away_ends_no_run(repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve("latency=0.3:1")
    repo.configure(gateway, chunk_size=2, concurrency=1)
    repo.write_campaign()
    repo.write_rows(range(6))
    process = repo.start("apply", SPEC, "--yes")
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=PATIENCE) == 0
    assert len(received(gateway)) == 6
    assert repo.totals() == {"rows": 6, "accepted": 6}
