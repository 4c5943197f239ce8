"""A world for runs: a real record on disk, and a gateway, a courier and a clock made up for the test."""

import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs

import yaml
from jsonschema import Draft202012Validator

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import MessageType
from mmsbatch.campaign.reader import read_campaign
from mmsbatch.gateway.credentials import Credentials, Secret
from mmsbatch.gateway.exchange import Answered, Lost, NotSent
from mmsbatch.planning.planned import PlanInputs
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.planning.preparation import prepare
from mmsbatch.record.book import RecordBook
from mmsbatch.record.journal import read_journal
from mmsbatch.record.paths import BESIDE
from mmsbatch.record.tokens import keep_plain
from mmsbatch.resources import schema_text
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.context import RunContext
from mmsbatch.sending.courier import Delivery
from mmsbatch.sending.interruption import Interruption
from mmsbatch.sending.opening import ensure_opened
from mmsbatch.sending.run import CampaignRun

START = datetime(2026, 12, 19, 9, 0, tzinfo=UTC)  # 10:00 in Paris
CREDENTIALS = Credentials("login", Secret("s3cret"), "LOGIN", "login")
REFUSED_CONNECTION = NotSent("no connection: Connection refused")
NO_ANSWER = Lost("nothing came for 60 s")
_LINE, _MANIFEST = (Draft202012Validator(json.loads(schema_text(name))) for name in ("journal", "manifest"))


def number(place):
    return f"3363998{place:04}"


def answer(status=100, invalid=(), ids=None, **lines):
    told = {"Status": status, **lines}
    if invalid:
        told["InvalidNums"] = "|".join(map(number, invalid))
    if ids is not None:
        told["IDs"] = "".join(f"<MOBILEPHONE>{number(place)}</MOBILEPHONE>" for place in ids) + "</RECOVERIDS>"
    return Answered(200, "".join(f"{key}={value}\n" for key, value in told.items()).encode())


OK = answer()


@dataclass(frozen=True)
class After:
    """An answer that takes its time; without an exchange it never comes."""

    seconds: float = 0.0
    exchange: object = None


NEVER = After()


@dataclass(frozen=True)
class Signalled:
    """Signals arrive while the request is under way."""

    signals: tuple
    then: object


@dataclass(frozen=True)
class Post:
    """A request as it left: when, what will come of it, what was on disk by then, what it held."""

    at: float
    chunk: str
    step: object
    events: tuple
    manifest: str
    numbers: tuple
    text: str


class FakeCourier:
    """Posts at once and delivers in due time; waiting moves the clock."""

    def __init__(self, world, script):
        self._world, self._script = world, deque(script)
        self._due = []
        self.most = 0

    def send(self, chunk, body):
        step = self._script.popleft() if self._script else OK
        self._world.note_post(chunk, body, step)
        if isinstance(step, Signalled):
            for number_of in step.signals:
                self._world.interruption.request(number_of, self._world.seconds)
            step = step.then
        step = step if isinstance(step, After) else After(0.0, step)
        due = self._world.seconds + step.seconds if step.exchange else float("inf")
        self._due.append((due, len(self._world.posts), Delivery(chunk, step.exchange)))
        self.most = max(self.most, len(self._due))

    def wait(self, seconds):
        assert seconds > 0 or self._due, "waiting without end"
        first = min(self._due, default=(float("inf"), 0, None))
        if first[0] > self._world.seconds + seconds:
            self._world.seconds += seconds
            return None
        self._due.remove(first)
        self._world.seconds = max(self._world.seconds, first[0])
        return first[2]

    def arrived(self):
        here = sorted(each for each in self._due if each[0] <= self._world.seconds)
        self._due = [each for each in self._due if each not in here]
        return [delivery for _, _, delivery in here]


@dataclass
class World:
    """One campaign, its record, and the time; `run` carries it out against a script of exchanges."""

    folder: object
    seconds: float = 0.0
    jitter: float = 1.0
    posts: list = field(default_factory=list)
    notices: list = field(default_factory=list)
    progress: list = field(default_factory=list)
    interruption: Interruption = field(default_factory=Interruption)
    keeping: object = field(default_factory=keep_plain)
    courier: object = None
    prepared: object = None

    @property
    def clock(self):
        return Clock(lambda: START + timedelta(seconds=self.seconds), lambda: self.seconds, lambda: self.jitter)

    @property
    def paths(self):
        return BESIDE.paths(self.folder / "winter-sale.yaml", "production")

    def prepare(self, people=6, names=(), limits=None, gateway=None, **campaign):
        """Prepare a campaign to so many people, or to these places, each in turn with one of the names."""
        text = 'Bonjour {{ prenom | default("à tous") }}'
        entries = [
            {"phone": number(place)} | ({"prenom": names[place % len(names)]} if names else {})
            for place in (range(people) if isinstance(people, int) else people)
        ]
        written = {
            "version": 1,
            "name": "Soldes",
            "message": {"type": "text", "text": text},
            "recipients": {"list": entries},
        }
        path = self.folder / "winter-sale.yaml"
        content = written | campaign | ({"limits": limits} if limits else {})
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
        read, found = read_campaign(path, "winter-sale.yaml")
        settings = {"chunk_size": 2, "concurrency": 1, "retries": 2, "accept_fiction": True}
        priced = {"credits_per_message": {MessageType.TEXT: Decimal(1)}}
        prepared, more = prepare(read, GatewaySettings(**(settings | priced | (gateway or {}))))
        assert prepared, [*found, *more]
        return prepared

    def run(self, *script, disk=None, late_rows=False, shard=None, **campaign):
        """Plan and carry out one run; return its outcome."""
        prepared = self.prepared = self.prepare(**campaign)
        book = self.open_book(disk)
        inputs = PlanInputs(book.record, Decimal(1000), START, self.keeping, late_rows, shard=shard)
        planned = plan_campaign(prepared, inputs)
        return self.carry_out(planned, book, *script)

    def open_book(self, disk=None):
        """Open the record as the program does: what a crash left is brought up to date first."""
        book = RecordBook(self.paths, read_journal(self.paths.journal), self.clock.monotonic, disk)
        book.catch_up()
        return book

    def carry_out(self, planned, book, *script):
        """Carry a plan out against a script of exchanges; return how it ended."""
        ensure_opened(
            book,
            "winter-sale.yaml",
            settings=planned.prepared.settings,
            account=CREDENTIALS.fingerprint,
            keeping=self.keeping,
            clock=self.clock,
        )
        self.courier = FakeCourier(self, script)
        run = CampaignRun(planned, self._context(book))
        run.begin()
        outcome = run.carry_out()
        self.check_files()
        return outcome

    def _context(self, book):
        return RunContext(
            book=book,
            courier=self.courier,
            credentials=CREDENTIALS,
            keeping=self.keeping,
            clock=self.clock,
            interruption=self.interruption,
            watcher=self,
            run_id="run",
            holder="process 1 of zoé on ci",
            credits_before=Decimal(1000),
        )

    def on_notice(self, text):
        self.notices.append(text)

    def on_progress(self, progress):
        self.progress.append(progress)

    def note_post(self, chunk, body, step):
        fields = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        flow = fields["XMLFlow"]
        self.posts.append(
            Post(
                at=self.seconds,
                chunk=chunk,
                step=step,
                events=read_journal(self.paths.journal).events,
                manifest=self.paths.manifest.read_text(encoding="utf-8") if self.paths.manifest.exists() else "",
                numbers=tuple(re.findall("<MOBILEPHONE>([0-9]{11})</MOBILEPHONE>", flow)),
                text=re.search("<MESSAGE>(.*)</MESSAGE>", flow)[1],
            )
        )

    def check_files(self):
        """Whatever a run wrote is described by the schemas, and tells no secret."""
        written = self.paths.journal.read_text(encoding="utf-8")
        for line in written.splitlines():
            _LINE.validate(json.loads(line))
        if self.paths.manifest.exists():
            shown = self.paths.manifest.read_text(encoding="utf-8")
            _MANIFEST.validate(json.loads(shown))
            written += shown
            assert number(0)[:8] not in shown, "the manifest holds a number"
        assert not re.search("s3cret|login", written, re.IGNORECASE)

    @property
    def events(self):
        return read_journal(self.paths.journal).events

    @property
    def manifest(self):
        return json.loads(self.paths.manifest.read_text(encoding="utf-8"))

    @property
    def states(self):
        return {chunk["id"]: chunk["state"] for chunk in self.manifest["chunks"]}

    @property
    def totals(self):
        return {name: count for name, count in self.manifest["totals"].items() if count and name != "rows"}
