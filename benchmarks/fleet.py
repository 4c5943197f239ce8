"""Runners that send one campaign together: clones of a bare repository whose hook takes its time over each push."""

import json
import math
import re
import shutil
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.case import WrongOutcome
from benchmarks.gateway_process import GatewayProcess, Taken
from benchmarks.process import Process
from benchmarks.rows import write_plain
from benchmarks.workplace import Workplace

CHUNK_SIZE = 200
_BRANCH = "mmsbatch-record"
_CONFIGURATION = """\
version: 1
default_gateway: production
gateways:
  production:
    send_url: {gateway.send_url}
    account_url: {gateway.account_url}
    chunk_size: {chunk_size}
    concurrency: {setting.in_flight}
    credits_per_message: {{text: 1}}
record: {{numbers: plain{store}}}
"""
_CAMPAIGN = """\
version: 1
name: Soldes
message: {type: text, text: "Bonjour, -30 % dès demain. STOP au 36180"}
recipients: {file: sale.csv, phone: mobile}
"""
#: Counts the pushes that came, those included that others were quicker than.
_HOOK = "#!/bin/sh\necho >> tries\nexec sleep {push}\n"
_CLAIMED = re.compile(r"(?:([0-9]+) chunks [0-9-]+ to|chunk) [0-9-]+ claimed")
_CREDENTIALS = {"MMSBATCH_CLIENTCODE": "benchmark", "MMSBATCH_PASSCODE": "benchmark-passcode"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated: so many recipients in requests of 200, sent by so many runners at a time.

    `latency` is what a request takes in seconds, `limit` how many a second the gateway takes up, `in_flight` how
    many each runner has under way. `push` is what the remote takes for a push in seconds, None for a record in the
    folder. `claim` is `record.claim.chunks`.
    """

    recipients: int
    latency: float
    in_flight: int
    runners: int = 1
    push: float | None = None
    limit: float = math.inf
    claim: int = 50

    @property
    def chunks(self) -> int:
        """How many requests it takes."""
        return -(-self.recipients // CHUNK_SIZE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: seconds from the first start to the last end, and from the first POST to the last answer.

    `tries` are pushes that reached the remote, `windows` the claims in chunks, in the order of the branch.
    `processor` is what all runners took together, in seconds.
    """

    seconds: float
    sending: float
    requests: int
    processor: float
    pushes: int = 0
    tries: int = 0
    windows: Sequence[int] = ()

    @property
    def rate(self) -> float:
        """Requests a second, from the first POST to the last answer."""
        return self.requests / self.sending

    @property
    def window(self) -> str:
        """The smallest, the middle and the largest claim."""
        if not self.windows:
            return "–"
        return f"{min(self.windows)} / {statistics.median(self.windows):.0f} / {max(self.windows)}"


def simulate(place: Workplace, setting: Setting) -> Outcome:
    """Let all runners begin at once, and wait for the last. Raises WrongOutcome where not each number was sent once."""
    home = place.folder / "fleet"
    home.mkdir()
    try:
        with GatewayProcess(setting.latency, setting.limit) as gateway:
            return Fleet(place, home, gateway, setting).send()
    finally:
        shutil.rmtree(home)


class Fleet:
    """The repository, its clones, and what they send."""

    def __init__(self, place: Workplace, home: Path, gateway: GatewayProcess, setting: Setting) -> None:
        self._place, self._gateway, self._setting = place, gateway, setting
        self._bare, seed = home / "remote.git", home / "seed"
        _git(home, "init", "-q", "--bare", "-b", "main", "remote.git")
        _git(home, "init", "-q", "-b", "main", "seed")
        store = "" if setting.push is None else f", store: git, claim: {{chunks: {setting.claim}}}"
        written = _CONFIGURATION.format(gateway=gateway, chunk_size=CHUNK_SIZE, setting=setting, store=store)
        (seed / "mmsbatch.yaml").write_text(written, encoding="utf-8")
        (seed / "sale.yaml").write_text(_CAMPAIGN, encoding="utf-8")
        write_plain(seed / "sale.csv", setting.recipients, names=1)
        who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com")
        for words in (["add", "."], [*who, "commit", "-q", "-m", "Campaign"], ["push", "-q", str(self._bare), "main"]):
            _git(seed, *words)
        self._clones = [home / f"runner-{number}" for number in range(1, setting.runners + 1)]
        for clone in self._clones:
            _git(home, "clone", "-q", "--depth", "1", f"file://{self._bare}", clone.name)
        hook = self._bare / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_HOOK.format(push=setting.push or 0), encoding="utf-8")
        hook.chmod(0o755)

    def send(self) -> Outcome:
        """Send, and look at what the gateway got and what the record says."""
        commands = self._commands()  # installs the program, where that was not done yet
        started = time.monotonic()
        with ExitStack() as stack:
            runners = [stack.enter_context(Process(command, _CREDENTIALS)) for command in commands]
            ended = [runner.end() for runner in runners]
            seconds = time.monotonic() - started
        for each in ended:
            each.check("mmsbatch apply")
        taken = self._gateway.taken()
        self._check(taken)
        processor = sum(each.run.processor for each in ended)
        outcome = Outcome(seconds, taken.seconds, taken.posts, processor)
        return outcome if self._setting.push is None else self._with_pushes(outcome)

    def _commands(self) -> list[list[str]]:
        common = [self._place.mmsbatch, "apply", "--yes", "--quiet"]
        common += ["--folder-record"] if self._setting.push is None else []
        count = self._setting.runners
        return [
            [*common, str(clone / "sale.yaml"), *(["--shard", f"{number}/{count}"] if count > 1 else [])]
            for number, clone in enumerate(self._clones, start=1)
        ]

    def _with_pushes(self, outcome: Outcome) -> Outcome:
        subjects = _git(self._bare, "log", "--reverse", "--format=%s", _BRANCH).splitlines()
        found = [match for subject in subjects if (match := _CLAIMED.search(subject))]
        windows = [int(match[1] or 1) for match in found]
        if sum(windows) != self._setting.chunks:
            raise WrongOutcome(f"{sum(windows)} chunks claimed, not {self._setting.chunks}")
        tries = (self._bare / "tries").read_bytes().count(b"\n")
        return Outcome(
            outcome.seconds, outcome.sending, outcome.requests, outcome.processor, len(subjects), tries, windows
        )

    def _check(self, taken: Taken) -> None:
        times = Counter(taken.numbers)
        manifest = json.loads(self._manifest())
        totals, wanted = manifest["totals"], self._setting.recipients
        found = (len(times), max(times.values(), default=0), totals["accepted"], totals["rows"], taken.posts)
        if found != (wanted, 1, wanted, wanted, self._setting.chunks) or manifest["status"] != "complete":
            raise WrongOutcome(f"numbers, most often, accepted, rows, requests: {found}; {manifest['status']}")
        if taken.most_at_once > self._setting.in_flight * self._setting.runners:
            raise WrongOutcome(f"{taken.most_at_once} requests in flight")

    def _manifest(self) -> str:
        """Return the manifest of the whole: the branch's, the only runner's, or that of all journals merged."""
        if self._setting.push is not None:
            return _git(self._bare, "show", f"{_BRANCH}:sale.manifest.json")
        if len(self._clones) == 1:
            return (self._clones[0] / "sale.manifest.json").read_text(encoding="utf-8")
        into = self._bare.with_name("seed")
        command = [self._place.mmsbatch, "merge", *map(str, self._clones), "--into", str(into)]
        with Process(command, _CREDENTIALS) as process:
            process.end().check("mmsbatch merge")
        return (into / "sale.manifest.json").read_text(encoding="utf-8")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise WrongOutcome(f"git {words[0]}: {done.stderr}")
    return done.stdout
