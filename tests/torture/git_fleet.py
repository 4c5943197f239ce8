"""Many clones of one bare repository, each with a machine's name of its own, and the real program run in them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaign_repo import CLIENT_CODE, PASSCODE, PATIENCE, Ended, number, wire
from log_gateway import LogGateway

BRANCH = "mmsbatch-record"
SPEC = "campaigns/sale.yaml"
JOURNAL = "campaigns/sale.local.journal.jsonl"
SHALLOW = ("--depth", "1", "--no-single-branch")
_PLAIN = re.compile(r"(?:33|0)[ .-]?6[ .-]?39[ .-]?98(?:[ .-]?[0-9]){4}")
#: A clone's processes believe to be on a machine of this name, and of this number where there is one, as in a
#: container that shares its host's name; read by Python as it starts.
_MACHINE = """
import os, socket
_name, _real = os.environ["MACHINE"], os.uname()
os.uname = lambda: os.uname_result((_real.sysname, _name, *_real[2:]))
socket.gethostname = lambda: _name
if _number := int(os.environ.get("PROCESS", "0")):
    os.getpid = lambda: _number
"""


def git(folder: Path, *words: str) -> str:
    """Run git as somebody without settings, and return what it says."""
    environ = {"PATH": os.environ["PATH"], "HOME": "/", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    who = {f"GIT_{role}_{what}": "zoe@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environ | who, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip("\n")


#: Chunks of these states want a person, once nothing runs any more.
_OPEN = ("in-doubt", "sending", "pending")
Started = subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone, and the machine that it is on."""

    folder: Path
    machine: str


class Fleet:
    """A bare repository whose campaign has so many people, and clones of it. `settings` are the gateway's keys."""

    def __init__(self, folder: Path, gateway: LogGateway, people: int, claim: Mapping[str, Any], **settings: Any):
        self.folder, self.gateway, self.people = folder, gateway, people
        self.bare, self.away = folder / "remote.git", folder / "away.git"
        self.clones: list[Clone] = []
        self._started: list[Started] = []
        (folder / "machine").mkdir()
        (folder / "machine" / "sitecustomize.py").write_text(_MACHINE)
        git(folder, "init", "-q", "--bare", "-b", "main", "remote.git")
        git(folder, "init", "-q", "-b", "main", "seed")
        self._write(folder / "seed", claim, settings)
        for words in (("add", "."), ("commit", "-q", "-m", "one"), ("push", "-q", str(self.bare), "main")):
            git(folder / "seed", *words)

    def _write(self, root: Path, claim: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        local = {"send_url": self.gateway.url, "account_url": self.gateway.url, "fiction_numbers": "accept"}
        record = {"store": "git", "branch": BRANCH, "numbers": "plain", "claim": dict(claim)}
        configuration = {"version": 1, "default_gateway": "local", "gateways": {"local": local | dict(settings)}}
        message = {"type": "text", "text": "Bonjour, -30 % demain. STOP au 36180"}
        campaign = {"version": 1, "name": "Soldes", "message": message, "recipients": {"file": "sale.csv"}}
        (root / "campaigns").mkdir()
        (root / "mmsbatch.yaml").write_text(json.dumps(configuration | {"record": record}))
        (root / SPEC).write_text(json.dumps(campaign))
        (root / "campaigns" / "sale.csv").write_text("\n".join(["phone", *map(number, range(self.people)), ""]))

    def clone(self, *options: str, machine: str = "", detached: bool = False) -> Clone:
        """Clone it, over its protocol: a clone that copies files is never shallow."""
        name = f"clone-{len(self.clones)}"
        git(self.folder, "clone", "-q", *options, f"file://{self.bare}", name)
        if detached:
            git(self.folder / name, "checkout", "-q", "--detach")
        (self.folder / f"{name}-tmp").mkdir()
        clone = Clone(self.folder / name, machine or name)
        self.clones.append(clone)
        return clone

    # --- the program

    def start(self, clone: Clone, *arguments: str, process: int = 0) -> Started:
        kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        python = [str(self.folder / "machine"), *filter(None, [os.environ.get("PYTHONPATH")])]
        ours = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(python),
            "MACHINE": clone.machine,
            "PROCESS": str(process),
            "HOME": str(self.folder),
            "TMPDIR": f"{clone.folder}-tmp",
            "USER": "marie",
            "LOGNAME": "marie",
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "MMSBATCH_CLIENTCODE": CLIENT_CODE,
            "MMSBATCH_PASSCODE": PASSCODE,
        }
        started = subprocess.Popen(
            [sys.executable, "-m", "mmsbatch", *arguments],
            cwd=clone.folder,
            env=kept | ours,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._started.append(started)
        return started

    def close(self) -> None:
        """Leave no process of the program behind."""
        for process in self._started:
            with process:
                process.kill()

    def finish(self, process: Started, patience: float = PATIENCE) -> Ended:
        out, err = process.communicate(timeout=patience)
        ended = Ended(process.returncode, out, err)
        ended.check_discretion()
        assert "Traceback" not in err, err
        return ended

    def run(self, clone: Clone, *arguments: str, patience: float = PATIENCE) -> Ended:
        return self.finish(self.start(clone, *arguments), patience)

    def apply(self, clone: Clone, *more: str) -> Ended:
        return self.run(clone, "apply", SPEC, "--yes", *more)

    # --- the remote

    def hook(self, name: str, script: str) -> None:
        path = self.bare / "hooks" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def unhook(self, *names: str) -> None:
        for name in names:
            (self.bare / "hooks" / name).unlink(missing_ok=True)

    def take_away(self) -> None:
        self.bare.rename(self.away)

    def bring_back(self) -> None:
        self.away.rename(self.bare)

    def back_up(self, name: str) -> Path:
        shutil.copytree(self.bare, self.folder / name)
        return self.folder / name

    def put_back(self, name: str) -> None:
        shutil.rmtree(self.bare)
        shutil.copytree(self.folder / name, self.bare)

    def edit(self, changes: Mapping[str, bytes | None], message: str = "by hand") -> None:
        """Write the branch as a person does: check it out elsewhere, commit, push."""
        work = self.folder / "by-hand"
        git(self.folder, "clone", "-q", "--branch", BRANCH, str(self.bare), work.name)
        for name, content in changes.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                (work / name).unlink()
            else:
                (work / name).write_bytes(content)
        for words in (("add", "-A"), ("commit", "-q", "-m", message), ("push", "-q")):
            git(work, *words)
        shutil.rmtree(work)

    # --- the record, read without the program

    def commits(self) -> list[str]:
        """The branch's commits, oldest first; none where there is no branch."""
        found = git(self.bare, "for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}")
        return git(self.bare, "rev-list", "--reverse", found).split() if found else []

    def journal(self, commit: str = BRANCH) -> str:
        """The journal as of a commit, its pieces put together."""
        names = git(self.bare, "ls-tree", "-r", "--name-only", commit).splitlines()
        pieces = sorted(name for name in names if name.startswith(JOURNAL))
        return "".join(f"{git(self.bare, 'cat-file', 'blob', f'{commit}:{piece}')}\n" for piece in pieces)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal().splitlines()] if self.commits() else []

    def numbers_of(self) -> dict[str, list[str]]:
        """The numbers of each chunk that was ever claimed."""
        return {each["chunk"]: each["numbers"] for each in self.events() if each.get("numbers") and "chunk" in each}

    # --- what must hold

    def check_announced(self, numbers: Sequence[str]) -> None:
        """When a request arrives, the remote has its numbers."""
        where = self.bare if self.bare.exists() else self.away
        found = subprocess.run(
            ["git", "grep", "-h", "-o", "-F", *(word for each in numbers for word in ("-e", each)), BRANCH],
            cwd=where,
            capture_output=True,
            text=True,
            check=False,
        )
        missing = set(numbers) - set(found.stdout.split())
        assert not missing, f"{len(missing)} numbers were sent before the remote had them"

    def check_branch(self) -> None:
        """Linear, append-only, readable, and no number in what `git log` shows."""
        commits = self.commits()
        if not commits:
            return
        assert not git(self.bare, "rev-list", "--merges", BRANCH)
        parents = [len(line.split()) - 1 for line in git(self.bare, "rev-list", "--parents", BRANCH).splitlines()]
        assert sorted(parents) == [0] + [1] * (len(commits) - 1)
        log = git(self.bare, "log", "--format=%an %ae %cn %ce%n%B", BRANCH)
        assert not _PLAIN.search(log)
        assert PASSCODE not in log
        assert CLIENT_CODE not in log.lower()
        for subject in git(self.bare, "log", "--format=%s", BRANCH).splitlines():
            assert re.match("campaigns/sale.local: [a-z0-9]", subject), subject
        before = ""
        for commit in commits:
            journal = self.journal(commit)
            assert journal.startswith(before), f"{commit} takes back what was written"
            before = journal

    def check_promises(self, clone: Clone) -> dict[str, Any] | None:
        """Hold the record against the gateway's log; return it, None where there is none."""
        self.gateway.come_to_rest()
        self.gateway.check()
        records = self.run(clone, "status", SPEC, "--format", "json").json["records"]
        taken = self.gateway.counts
        if not records:
            assert not taken, "sent, and no record"
            return None
        verified = self.run(clone, "status", SPEC, "--verify")
        assert verified.code == 0, verified
        [record] = records
        totals = dict(record["totals"])
        assert totals.pop("rows") == sum(totals.values()), record["totals"]
        numbers = self.numbers_of()
        states = {chunk["id"]: chunk["state"] for chunk in record["chunks"]}
        known = {
            each for chunk, state in states.items() if state not in ("refused", "failed") for each in numbers[chunk]
        }
        assert taken.keys() <= known, "taken, and the record does not know"
        for chunk in record["chunks"]:
            if chunk["state"] == "accepted":
                assert taken.keys() >= set(numbers[chunk["id"]]), "accepted, and never taken"
        return record

    def check_all_sent(self, clone: Clone) -> None:
        record = self.check_promises(clone)
        assert record is not None
        assert record["totals"] | {"rows": self.people, "accepted": self.people} == record["totals"], record["totals"]
        assert sorted(self.gateway.counts) == [wire(place) for place in range(self.people)]
        self.check_branch()

    def settle(self, clone: Clone, tries: int = 1) -> None:
        """Settle what is in doubt, or claimed by whoever is gone, as the gateway's log has it.

        A remote that refuses pushes, or loses its answers, is asked again.
        """
        for left in reversed(range(tries)):
            record = self.check_promises(clone)
            chunks = [each["id"] for each in (record or {"chunks": []})["chunks"] if each["state"] in _OPEN]
            ended = [self._resolve(clone, chunks, found) for found in ("sent", "not-sent")]
            if not any(ended):
                if chunks:
                    self.check_promises(clone)
                return
            assert left, ended

    def _resolve(self, clone: Clone, chunks: Sequence[str], found: str) -> int:
        """Settle those of the chunks of which the gateway's log says so; return the code."""
        numbers, taken = self.numbers_of(), self.gateway.counts.keys()
        named = [each for each in chunks if taken.isdisjoint(numbers[each]) is (found == "not-sent")]
        words = [word for each in named for word in ("--chunk", each)]
        settle = ("resolve", SPEC, *words, "--as", found, "--reason", "the gateway's log")
        return self.run(clone, *settle).code if named else 0


def stop(processes: Iterable[Started], sent: signal.Signals) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(sent)
