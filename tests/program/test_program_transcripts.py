"""Whole sessions: exit code, standard output and standard error of every command, held as files."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from campaign_repo import PATIENCE, CampaignRepo, Ended, Serve, wire

from mmsbatch.sandbox import Sandbox, parse_fault

HERE = Path(__file__).parent
TRANSCRIPTS = sorted((HERE / "transcripts").glob("*.txt"))
REJECTED = frozenset({wire(9999)})
PORT = "127.0.0.1:8018"
_VOLATILE = (
    (re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"), "TIME"),
    (re.compile(r'(?<="id": ")[0-9a-f]{12}(?=")'), "RUN"),
    (re.compile(r'(?<="digest": ")[0-9a-f]{32}(?=")'), "DIGEST"),
    (re.compile(r"process [0-9]+"), "process PID"),
    (re.compile(r"made [0-9 a-z]+ ago"), "made AGE ago"),
    (re.compile(r"[0-9,]+/s\b"), "N/s"),
    (re.compile(re.escape(f" on {socket.gethostname()},")), " on HOST,"),
)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(transcript: Path, repo: CampaignRepo, serve: Serve) -> None:
    gateway = serve(reject=REJECTED, credits=100)
    place_example(repo, gateway)
    expected = transcript.read_text(encoding="utf-8")
    seen = "".join(replay(expected, repo, gateway))
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        transcript.write_text(seen, encoding="utf-8")
    assert seen == expected


def place_example(repo: CampaignRepo, gateway: Sandbox) -> None:
    """Copy the example with the gateway's port in place, and put `mmsbatch` on the PATH."""
    for source in sorted((HERE / "example").rglob("*.*")):
        text = source.read_text(encoding="utf-8").replace(PORT, urlsplit(gateway.send_url).netloc)
        repo.write(str(source.relative_to(HERE / "example")), text)
    program = repo.home / "mmsbatch"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mmsbatch "$@"\n')
    program.chmod(0o755)


def replay(transcript: str, repo: CampaignRepo, gateway: Sandbox) -> Iterator[str]:
    """Go through a session; return its lines as they are this time."""
    for line in transcript.splitlines(keepends=True):
        if line.startswith(("#", "%", "$", "\n")):
            yield line
        if line.startswith("% "):
            happen(gateway, *line.removeprefix("% ").split())
        if line.startswith("$ "):
            yield show(call(line.removeprefix("$ "), repo), repo, gateway)


def happen(gateway: Sandbox, what: str, value: str) -> None:
    if what == "credits":
        gateway.credits = int(value)
    else:
        assert what == "fault"
        gateway.add_fault(parse_fault(value))


def call(command: str, repo: CampaignRepo) -> Ended:
    environment = repo.environment()
    environment["PATH"] = f"{repo.home}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [shutil.which("sh") or "sh", "-c", command],
        cwd=repo.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    ended.check_discretion(numbers_shown="--show-numbers" in command)
    return ended


def show(ended: Ended, repo: CampaignRepo, gateway: Sandbox) -> str:
    lines = [f"= {ended.code}"]
    lines += [f"| {line}".rstrip() for line in ended.out.splitlines()]
    lines += [f"! {line}".rstrip() for line in ended.err.splitlines()]
    text = "\n".join([*lines, ""]).replace(urlsplit(gateway.send_url).netloc, PORT).replace(str(repo.root), "/repo")
    for pattern, name in _VOLATILE:
        text = pattern.sub(name, text)
    return text
