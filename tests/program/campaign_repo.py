"""A repository of campaigns in a folder of its own, and the real program run in it as its users run it.

Whatever a test is about, two promises are checked on the way: neither passcode nor client code is in
anything that the program prints or writes, and numbers are plain only in inputs and journals.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmsbatch.sandbox import Sandbox

#: Starts gateways: faults in words, the other options as SandboxOptions has them.
Serve = Callable[..., Sandbox]

CLIENT_CODE, PASSCODE = "client-of-the-tests", "Zk7%passcode+of&the=tests"
#: How long anything may take before a test fails instead of hanging.
PATIENCE = 30.0
_NUMBER = re.compile(r"(?:33|0)[ .-]?6[ .-]?39[ .-]?98(?:[ .-]?[0-9]){4}")


def number(place: int) -> str:
    """Return the nth number reserved for fiction, as people write it."""
    return f"06 39 98 {place // 100:02} {place % 100:02}"


def wire(place: int) -> str:
    """Return the same as it goes on the wire."""
    return f"3363998{place:04}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call of the program ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def check_discretion(self, numbers_shown: bool = False) -> None:
        for text in (self.out, self.err):
            assert PASSCODE not in text
            assert CLIENT_CODE not in text.lower()
            assert numbers_shown or not _NUMBER.search(text)


class CampaignRepo:
    """A git work tree with campaigns under `campaigns/`; the gateway of the configuration is called `local`."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "repo", folder / "home"
        self.campaigns = self.root / "campaigns"
        for each in (self.campaigns, self.home, self.root / ".git"):
            each.mkdir(parents=True)
        (self.home / ".gitconfig").write_text("[user]\n\tname = Marie Durand\n")
        self._inputs: set[Path] = set()

    def adopt(self, path: Path) -> None:
        """Count a file as written by a user, wherever it lies."""
        self._inputs.add(path.resolve())

    # --- what a user writes

    def write(self, name: str, text: str) -> Path:
        return self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, content: bytes) -> Path:
        path = (self.root / name).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._inputs.add(path)
        return path

    def configure(self, gateway: Sandbox | Mapping[str, str], plain_numbers: bool = True, **settings: Any) -> None:
        """Write mmsbatch.yaml with the gateway `local`; settings are the gateway's keys."""
        urls = urls_of(gateway) if isinstance(gateway, Sandbox) else gateway
        local = {**urls, "fiction_numbers": "accept", "credits_per_message": {"text": 1, "image": 1}, **settings}
        record = {"record": {"numbers": "plain"}} if plain_numbers else {}
        self.write_yaml("mmsbatch.yaml", {"default_gateway": "local", "gateways": {"local": local}, **record})

    def write_campaign(self, name: str = "sale", **keys: Any) -> str:
        """Write a campaign, by default a text to the rows of `<name>.csv`; return its path from the root."""
        message = {"type": "text", "text": "Bonjour {{ prenom }}, -30 % demain. STOP au 36180"}
        campaign = {"name": "Soldes", "message": message, "recipients": {"file": f"{name}.csv"}}
        return self.write_yaml(f"campaigns/{name}.yaml", campaign | keys)

    def write_rows(self, places: Iterable[int], name: str = "sale", names: Sequence[str] = ("Inès",)) -> None:
        """Write `<name>.csv`: these numbers, and first names in turn."""
        rows = [f"{number(place)};{names[index % len(names)]}" for index, place in enumerate(places)]
        self.write(f"campaigns/{name}.csv", "\n".join(["phone;prenom", *rows, ""]))

    def write_yaml(self, name: str, content: Mapping[str, Any]) -> str:
        lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in ({"version": 1} | content).items()]
        self.write(name, "\n".join([*lines, ""]))
        return name

    # --- the program

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        return self.finish(self.start(*arguments, env=env), numbers_shown="--show-numbers" in arguments)

    def start(
        self, *arguments: str, env: Mapping[str, str] | None = None, program: Sequence[str] = ("-m", "mmsbatch")
    ) -> "subprocess.Popen[str]":
        """Start the program, or a script that changes it first (`-c TEXT`)."""
        return subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=self.root,
            env=self.environment() | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def finish(self, process: "subprocess.Popen[str]", numbers_shown: bool = False) -> Ended:
        out, err = process.communicate(timeout=PATIENCE)
        ended = Ended(process.returncode, out, err)
        ended.check_discretion(numbers_shown)
        return ended

    def environment(self) -> dict[str, str]:
        """Return a clean environment: no CI, no proxy, nothing of the person who runs the tests.

        PYTHONPATH stays: whoever runs the tests on other code than what is installed means the program too.
        """
        kept = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE_", "PYTHONPATH"))}
        return kept | {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "USER": "marie",
            "LOGNAME": "marie",
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "MMSBATCH_CLIENTCODE": CLIENT_CODE,
            "MMSBATCH_PASSCODE": PASSCODE,
        }

    # --- the record

    def journal(self, name: str = "sale.local") -> list[dict[str, Any]]:
        lines = (self.campaigns / f"{name}.journal.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def manifest(self, name: str = "sale.local") -> dict[str, Any]:
        """Return the manifest; its totals must add up to its rows."""
        found: dict[str, Any] = json.loads((self.campaigns / f"{name}.manifest.json").read_text(encoding="utf-8"))
        totals = dict(found["totals"])
        assert totals.pop("rows") == sum(totals.values())
        return found

    def totals(self, name: str = "sale.local") -> dict[str, int]:
        """Return the outcomes that occur."""
        return {outcome: count for outcome, count in self.manifest(name)["totals"].items() if count}

    def has_record(self) -> bool:
        return any(self.campaigns.glob("*.journal.jsonl"))

    def check_discretion(self) -> None:
        """Hold that no secret is in any file, and no plain number but in inputs and journals."""
        for folder, _, names in os.walk(self.root.parent):  # passes over what others' programs are just removing
            for path in (Path(folder, name) for name in names):
                with suppress(FileNotFoundError):
                    self._check_file(path)

    def _check_file(self, path: Path) -> None:
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes().decode("utf-8", "replace")
            assert PASSCODE not in text, path
            assert CLIENT_CODE not in text.lower(), path
            if path not in self._inputs and not path.name.endswith((".journal.jsonl", ".unpublished.jsonl")):
                assert not _NUMBER.search(text), path


def received(gateway: Sandbox) -> dict[str, str]:
    """Return the text that each number got; nobody may have got two."""
    texts = {delivery.number: delivery.text for delivery in gateway.deliveries}
    assert len(texts) == len(gateway.deliveries)
    return texts


def urls_of(gateway: Sandbox) -> dict[str, str]:
    return {"send_url": gateway.send_url, "account_url": gateway.account_url}


def wait_until(is_so: Callable[[], bool]) -> None:
    """Poll until something can be seen; fail rather than hang."""
    limit = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.01)
