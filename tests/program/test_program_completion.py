"""What shells complete: by the protocol that their scripts speak, and in the shells that are installed."""

import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from campaign_repo import PATIENCE, CampaignRepo

from mmsbatch.cli.completing import campaign_file, campaigns
from mmsbatch.cli.main import COMMANDS, NOT_BUILT

SHELLS = ("bash", "zsh", "fish")
#: Words that are typed, and some of what is offered for the last of them.
OFFERED: Mapping[str, Sequence[str]] = {
    "": list(COMMANDS),
    "va": ["validate"],
    "preview ": list(COMMANDS),  # not built: as if it were not there
    "plan --det": ["--detailed-exitcode"],
    "validate --format gi": ["github", "gitlab"],
    "plan --format m": ["markdown"],
    "apply --format ": ["text", "json"],
    "plan --gateway ": ["sandbox", "second"],
    "schema ca": ["campaign"],
    "init --ci gitl": ["gitlab"],
    "plan camp": ["campaigns", "campaigns/sale.yaml", "campaigns/spring.yml"],
    "apply campaigns/sa": ["campaigns/sale.yaml"],
    "render camp": ["campaigns/sale.yaml", "campaigns/spring.yml"],
    "render campaigns/sale.c": [],
    "validate nowhere/": [],
}


@pytest.fixture
def filled(repo: CampaignRepo) -> CampaignRepo:
    """Two campaigns, and a `mmsbatch` on the PATH."""
    repo.write_yaml("mmsbatch.yaml", {"gateways": {"second": {}}, "default_gateway": "second"})
    repo.write_campaign()
    repo.write_rows(range(2))
    repo.write_yaml("campaigns/spring.yml", {})
    program = repo.home / "bin" / "mmsbatch"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mmsbatch "$@"\n')
    program.chmod(0o755)
    return repo


def environment(repo: CampaignRepo) -> dict[str, str]:
    base = repo.environment()
    return base | {"PATH": f"{repo.home / 'bin'}{os.pathsep}{base['PATH']}", "TERM": "dumb", "PS1": "> "}


def ask(repo: CampaignRepo, shell: str, typed: str) -> list[str]:
    """Ask as the shell's script does; return what is offered."""
    words = f"mmsbatch {typed}"
    told = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
        "fish": {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    ended = repo.run(env=told | {"_MMSBATCH_COMPLETE": f"complete_{shell}"})
    assert (ended.code, ended.err) == (0, "")
    return ended.out.split("\n")


@pytest.mark.parametrize("typed", OFFERED)
def test_what_is_offered(typed: str, filled: CampaignRepo) -> None:
    offered = [line for line in ask(filled, "bash", typed) if line]
    assert offered == list(OFFERED[typed])


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_told_what_each_command_does(shell: str, filled: CampaignRepo) -> None:
    offered = "\n".join(ask(filled, shell, ""))
    for command, help_text in COMMANDS.items():
        assert command in offered
        assert help_text.split(":")[0].split("'")[0] in offered
    assert not [name for name in NOT_BUILT if f'"{name}"' in offered or f"\n{name}\t" in offered]


def test_a_configuration_with_errors_is_no_noise(filled: CampaignRepo) -> None:
    for text in ("gateways: [\n", "gateways: {UPPER: {}}\n", "\x00"):
        filled.write("mmsbatch.yaml", text)
        assert ask(filled, "bash", "plan --gateway s") == ["sandbox", ""]


def test_folders_are_offered_with_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("2026/a.yaml", "2026/b.csv", "empty/c.csv", "mmsbatch.yaml", ".hidden/d.yaml", "one.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert campaigns("") == ["2026", "2026/a.yaml", "one.yaml"]
    assert campaigns("2026/") == ["2026/a.yaml"]
    assert campaigns(f"{tmp_path}/2") == [f"{tmp_path}/2026", f"{tmp_path}/2026/a.yaml"]
    assert campaign_file("2") == ["2026/a.yaml"]
    assert campaigns("none/") == []


# --- real shells


def script(repo: CampaignRepo, shell: str) -> Path:
    """Write a shell's script, as the docs tell."""
    ended = repo.run(env={"_MMSBATCH_COMPLETE": f"source_{shell}"})
    assert ended.code == 0, ended.err
    file = repo.home / f"mmsbatch.{shell}"
    file.write_text(ended.out, encoding="utf-8")
    return file


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(shell), reason=f"no {shell} here")


def type_into(repo: CampaignRepo, command: Sequence[str], *typed: str) -> str:
    """Type into an interactive shell, once it is ready for each; return what it shows until the last has its effect."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        command, cwd=repo.root, env=environment(repo), stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    shown = ""
    for line, _, effect in (each.partition("→") for each in typed):
        os.write(ours, line.encode())
        limit, before = time.monotonic() + PATIENCE, len(shown)
        while effect not in shown[before:]:
            assert time.monotonic() < limit, shown
            shown += os.read(ours, 65536).decode("utf-8", "replace")
    process.kill()
    process.wait()
    os.close(ours)
    return shown


@needs("bash")
def test_bash_completes(filled: CampaignRepo) -> None:
    shown = type_into(
        filled,
        ["bash", "--norc", "--noprofile", "-i"],
        f"source {script(filled, 'bash')}; echo re''ady\n→ready",
        "mmsbatch val\t→validate ",
        "--form\t→--format ",
        "gitl\t→gitlab ",
        "campaigns/sa\t→campaigns/sale.yaml ",
    )
    assert "Traceback" not in shown


@needs("bash")
def test_it_installs_itself_for_the_shell_around(filled: CampaignRepo) -> None:
    command = ["bash", "-c", "mmsbatch --install-completion; exit $?"]
    done = subprocess.run(
        command, cwd=filled.root, env=environment(filled), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    place = filled.home / ".bash_completions" / "mmsbatch.sh"
    assert f"bash completion installed in {place}" in done.stdout
    assert "_MMSBATCH_COMPLETE=complete_bash" in place.read_text(encoding="utf-8")
    assert f"source '{place}'" in (filled.home / ".bashrc").read_text(encoding="utf-8")


@needs("zsh")
def test_zsh_completes(filled: CampaignRepo) -> None:
    shown = type_into(
        filled,
        ["zsh", "-f", "-i"],
        f"autoload -U compinit; compinit -u -D; source {script(filled, 'zsh')}; echo re''ady\n→ready",
        "mmsbatch val\t→validate ",
        "--form\t→--format ",
        "gitl\t→lab ",
        "campaigns/sa\t→sale.yaml ",
    )
    assert "Traceback" not in shown


@needs("fish")
def test_fish_completes(filled: CampaignRepo) -> None:
    for typed, offered in (
        ("va", "validate"),
        ("validate --format gitl", "gitlab"),
        ("plan campaigns/sa", "campaigns/sale.yaml"),
    ):
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {script(filled, 'fish')}; complete -C 'mmsbatch {typed}'"],
            cwd=filled.root,
            env=environment(filled),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split("\t")[0].split("\n")[0] == offered
