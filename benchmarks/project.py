"""A project with a campaign to many, as a user has it, and the gateway that it goes to."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from benchmarks.case import WrongOutcome
from benchmarks.gateway_process import GatewayProcess, Taken
from benchmarks.process import Ended, Process
from benchmarks.rows import FIRST_NAMES, write_plain
from benchmarks.workplace import Workplace

CHUNK_SIZE = 200
#: Requests in flight; fewer where there are few chunks, so that a run has a middle.
_IN_FLIGHT = 32
LATENCY = 0.1

_CONFIGURATION = """\
version: 1
default_gateway: production
gateways:
  production:
    send_url: {gateway.send_url}
    account_url: {gateway.account_url}
    chunk_size: {chunk_size}
    concurrency: {threads}
    credits_per_message: {{text: 1}}
record: {{numbers: plain}}
"""
_CAMPAIGN = """\
version: 1
name: Soldes
message: {{type: text, text: {text}}}
recipients: {{file: sale.csv, phone: mobile}}
"""


class Project:
    """A folder with configuration, campaign and recipients; each row is a recipient, each first name fills a chunk."""

    def __init__(self, place: Workplace, gateway: GatewayProcess, text: str) -> None:
        self.place, self.gateway = place, gateway
        self.recipients = place.rows
        self.chunks = -(-place.rows // CHUNK_SIZE)
        self.threads = max(1, min(_IN_FLIGHT, self.chunks // 5))
        folder = place.folder / "project"
        folder.mkdir(exist_ok=True)
        self.campaign = folder / "sale.yaml"
        self.journal, self.manifest = folder / "sale.journal.jsonl", folder / "sale.manifest.json"
        self.body = place.folder / "body"
        written = _CONFIGURATION.format(gateway=gateway, chunk_size=CHUNK_SIZE, threads=self.threads)
        (folder / "mmsbatch.yaml").write_text(written, encoding="utf-8")
        self.campaign.write_text(_CAMPAIGN.format(text=json.dumps(text)), encoding="utf-8")
        write_plain(folder / "sale.csv", place.rows, names=min(self.chunks, FIRST_NAMES))
        self.forget()

    @property
    def settings(self) -> Mapping[str, str]:
        """What is in the environment: credentials of nobody."""
        return {"MMSBATCH_CLIENTCODE": "benchmark", "MMSBATCH_PASSCODE": "benchmark-passcode"}

    def command(self, name: str, *options: str) -> list[str]:
        """Return a command on the campaign."""
        return [self.place.mmsbatch, name, str(self.campaign), *options]

    def start_apply(self, *options: str, on_terminal: bool = False) -> Process:
        """Begin to send; only what the gateway gets from now on is told by it."""
        self.gateway.taken()
        command = self.command("apply", "--yes", "--folder-record", *options)
        return Process(command, self.settings, on_terminal=on_terminal)

    def apply(self, *options: str, on_terminal: bool = False) -> tuple[Ended, Taken]:
        """Send, or go on; raises WrongOutcome where that does not end well."""
        with self.start_apply(*options, on_terminal=on_terminal) as process:
            ended = process.end()
        ended.check("mmsbatch apply")
        return ended, self.gateway.taken()

    def forget(self) -> None:
        """Be a campaign that was never sent."""
        self.journal.unlink(missing_ok=True)
        self.manifest.unlink(missing_ok=True)

    def check_sent(self, taken: Taken, before: Iterable[str] = ()) -> None:
        """Raise WrongOutcome where not each number was sent once, some of them `before`, or the record has it wrong."""
        times = Counter(taken.numbers)
        times.update(before)
        totals = json.loads(self.manifest.read_text(encoding="utf-8"))["totals"]
        found = {
            "numbers": len(times),
            "most often": max(times.values(), default=0),
            "accepted": totals["accepted"],
            "rows": totals["rows"],
        }
        wanted = {"numbers": self.recipients, "most often": 1, "accepted": self.recipients, "rows": self.recipients}
        if found != wanted:
            raise WrongOutcome(f"sent: {found}, not {wanted}")
        if taken.most_at_once > self.threads:
            raise WrongOutcome(f"{taken.most_at_once} requests in flight, not {self.threads}")


@contextmanager
def open_project(place: Workplace, text: str) -> Iterator[Project]:
    """Give a project whose gateway runs as long as the block."""
    with GatewayProcess(LATENCY) as gateway:
        yield Project(place, gateway, text)
