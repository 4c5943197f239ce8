"""Run in a copy that says another version than what is installed: wherever tests start Python, the copy's code runs."""

import subprocess
import sys

from campaign_repo import CampaignRepo

import mmsbatch

VERSION = "of-the-copy"


def test_in_this_process() -> None:
    assert mmsbatch.__version__ == VERSION


def test_in_the_program(repo: CampaignRepo) -> None:
    assert repo.run("--version").out == f"mmsbatch {VERSION}\n"


def test_in_python_started_elsewhere(tmp_path) -> None:
    command = [sys.executable, "-c", "import mmsbatch; print(mmsbatch.__version__)"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True).stdout == f"{VERSION}\n"
