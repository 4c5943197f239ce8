"""The README's commands, run in order in a copy of the examples: what it shows is what happens."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from mmsbatch.exitcodes import ExitCode

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n\$ mmsbatch (?P<command>.*)\n(?P<output>(?:.*\n)*?)```")
#: What differs from run to run.
RATE = re.compile(r"[0-9,]+/s")


def run(command: str, folder: Path) -> str:
    environ = {
        name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
    }
    done = subprocess.run(
        [sys.executable, "-m", "mmsbatch", *command.split()],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return RATE.sub("N/s", done.stdout)


def test_every_command_prints_what_the_readme_shows(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "campaigns", tmp_path / "campaigns", ignore=shutil.ignore_patterns("*.sandbox.*"))
    shutil.copy(ROOT / "mmsbatch.yaml", tmp_path)
    blocks = list(BLOCK.finditer(README))
    assert len(blocks) >= 5
    for block in blocks:
        assert run(block["command"], tmp_path) == RATE.sub("N/s", block["output"]), block["command"]


def test_the_campaign_shown_is_the_example() -> None:
    assert (ROOT / "campaigns" / "winter-sale.yaml").read_text(encoding="utf-8") in README


def test_the_exit_codes_are_those_of_the_registry() -> None:
    for code in ExitCode:
        if code is not ExitCode.SOMETHING_TO_SEND:
            assert f"| {code.value} | {code.meaning} |" in README


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
