"""Events with little to say, any events, and whole histories as runs write them."""

from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st

from mmsbatch.record.events import (
    EVENTS,
    AttemptFailed,
    ChunkAnswered,
    ChunkSending,
    DoubtResolved,
    JournalOpened,
    Lease,
    MergedSource,
    ProofAnswered,
    ProofSending,
    RejectedReleased,
    Rejection,
    RunEnded,
    RunStarted,
    Totals,
)
from mmsbatch.record.fold import Record
from mmsbatch.record.states import ChunkState, NumberState

# A busy machine is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

START = datetime(2026, 12, 19, 9, 0, tzinfo=UTC)
AT = "2026-12-19T09:00:00.000Z"
LATER = "2026-12-19T09:00:01.500Z"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ACCEPTED, REFUSED, FAILED, IN_DOUBT = (
    ChunkState.ACCEPTED,
    ChunkState.REFUSED,
    ChunkState.FAILED,
    ChunkState.IN_DOUBT,
)


def number(place):
    return f"3363998{place:04}"


def opened(**changes):
    values = {
        "campaign": "winter-sale.yaml",
        "gateway": "production",
        "send_url": "http://127.0.0.1/send",
        "account": "3f2a9c0d1e4b",
        "numbers": "plain",
    }
    return JournalOpened(at=AT, **(values | changes))


def started(pending=0, revision=1, run="run-1", totals=None, **changes):
    values = {"campaign_name": "Soldes", "campaign_sha256": SHA, "digests": {"template": SHA}}
    totals = totals or Totals(rows=pending, pending=pending)
    kept = values | {"tool": "0.1.0", "holder": "process 1 of zoé on ci"} | changes
    return RunStarted(at=AT, run=run, revision=revision, totals=totals, **kept)


def sending(chunk, *numbers, attempt=1):
    return ChunkSending(at=AT, chunk=chunk, attempt=attempt, recipients=len(numbers) or 1, numbers=numbers)


def claim(chunk, run, *numbers):
    return replace(sending(chunk, *numbers), run=run)


def failed(chunk, attempt=1):
    return AttemptFailed(at=AT, chunk=chunk, attempt=attempt, reason="no connection")


def answered(chunk, state, accepted=0, rejected=(), **changes):
    turned_down = tuple(Rejection(each, "+336••••••99", "list.csv:2") for each in rejected)
    return ChunkAnswered(at=LATER, chunk=chunk, state=state, accepted=accepted, rejected=turned_down, **changes)


def ended(run="run-1", **changes):
    return RunEnded(at=LATER, run=run, **({"exit_code": 0, "reason": "nothing left to send"} | changes))


def resolved(chunk, sent, **changes):
    return DoubtResolved(at=LATER, chunk=chunk, sent=sent, reason="asked support", by="Zoé", **changes)


def released(revision=1):
    return RejectedReleased(at=LATER, revision=revision, reason="a setting", by="Zoé")


def proof(*numbers, name="proof-1"):
    return ProofSending(at=AT, proof=name, revision=1, numbers=numbers)


def proof_answered(name="proof-1", state=ACCEPTED, **changes):
    return ProofAnswered(at=LATER, proof=name, state=state, **changes)


# --- any events

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_counts = st.integers(0, 10**6)
_credits = st.none() | st.decimals(-(10**9), 10**9, places=2)
_numbers = st.integers(0, 9999).map(number) | st.just("q1ZPZ0ZzX3c2bGl0dGxlMA")
_lists = st.lists(_numbers, max_size=3).map(tuple)
_filled = st.lists(_numbers, min_size=1, max_size=3).map(tuple)
_statuses = st.none() | st.integers(100, 200)
_shards = st.lists(st.sampled_from(["1/1", "3/8"]), min_size=1, max_size=2).map(tuple)
_FIELDS = {
    "at": st.integers(0, 10**9).map(
        lambda ms: f"{START + timedelta(milliseconds=ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"
    ),
    "chunk": st.tuples(st.integers(1, 9), st.integers(1, 99)).map("{0[0]}-{0[1]}".format),
    "attempt": st.integers(1, 9),
    "recipients": st.integers(1, 200),
    "revision": st.integers(1, 9),
    "exit_code": st.integers(0, 143),
    "http_status": st.none() | st.integers(100, 599),
    "status": _statuses,
    "state": st.sampled_from([ACCEPTED, REFUSED, FAILED, IN_DOUBT]),
    "totals": st.builds(Totals, **{item.name: _counts for item in fields(Totals)}),
    "digests": st.dictionaries(_texts, st.just(SHA), max_size=3),
    "rejected": st.lists(st.builds(Rejection, _numbers, _texts, _texts), max_size=2).map(tuple),
    "unaccounted": _lists,
    "campaign_sha256": st.just(SHA),
    "version": st.just(1),
    "outside": _counts,
    "outside_open": _lists,
    "chunks": _counts,
    "accepted": _counts,
    "sent": st.booleans(),
    "late_sent": st.booleans(),
    "exclusive": st.booleans(),
    "plan": st.none() | st.just(SHA),
    "settings": st.none() | st.just(SHA),
    "presumed": st.booleans(),
    "numbers": _lists,
    "lease": st.none() | st.builds(Lease, _texts, st.integers(1, 99999), _texts),
    "shard": st.none() | st.sampled_from(["1/1", "3/8"]),
    "sources": st.lists(
        st.builds(MergedSource, _shards, st.integers(1, 999), st.just(SHA[:32])), min_size=1, max_size=2
    ).map(tuple),
}
_CREDITS = ("credits", "credits_before", "credits_after", "per_message")
_MAYBE = ("key_check", "scheduled_for", "status_text", "campaign_id")
_SPECIAL = {
    JournalOpened: {"numbers": st.sampled_from(["plain", "token"])},
    ProofSending: {"numbers": _filled},
    ChunkSending: {"run": st.none() | _texts},
}


def _strategy(event, name):
    if name in _CREDITS:
        return _credits
    if name in _MAYBE:
        return st.none() | _texts
    return _SPECIAL.get(event, {}).get(name, _FIELDS.get(name, _texts))


def events_of(event):
    built = st.builds(event, **{item.name: _strategy(event, item.name) for item in fields(event)})
    return built.map(_count_numbers) if event is ChunkSending else built


def _count_numbers(request):
    """A first attempt has its numbers with it, and counts them."""
    return replace(request, recipients=len(request.numbers) or request.recipients)


any_events = st.one_of([events_of(event) for event in EVENTS.values() if event is not JournalOpened])
any_journals = st.tuples(events_of(JournalOpened), st.lists(any_events, max_size=5)).map(lambda two: [two[0], *two[1]])


# --- histories as runs write them


class History:
    """Writes events as runs do: sends what is pending, in chunks, and gets any answer."""

    def __init__(self, draw):
        self._draw = draw
        self.numbers = [number(place) for place in range(draw(st.integers(1, 8)))]
        self.events = []
        self.record = Record()
        self._take(opened())
        for run in range(draw(st.integers(1, 3))):
            self._run(f"run-{run}")
            self._decide()

    def _take(self, event):
        self.events.append(event)
        self.record.apply(event)

    def _open(self):
        """Take for lost what the run before it had not told, as whoever opens the record does."""
        self.record.close_interrupted()

    def _begin(self, run, totals):
        return started(run=run, totals=totals)

    def _end(self):
        """The process is gone, in good order or not."""

    def _run(self, run):
        self._open()
        revision = self.record.revision(1)
        states = Counter(state.value for state in revision.states().values())
        known = revision.states()
        pending = [each for each in self.numbers if known.get(each) in (None, NumberState.RELEASED)]
        del states["released"]
        totals = Totals(rows=len(self.numbers) + 2, pending=len(pending), duplicates=1, invalid=1, **states)
        self._take(self._begin(run, totals))
        size, first = self._draw(st.integers(1, 4)), revision.next_chunk()
        flying = {}
        for place, start in enumerate(range(0, len(pending), size), start=first):
            chunk, members = f"1-{place}", pending[start : start + size]
            flying[chunk] = members, self._send(chunk, members)
        for chunk in self._draw(st.permutations(sorted(flying))):
            if self._draw(st.integers(0, 9)) == 0:
                return self._end()  # the process died here
            self._answer(chunk, *flying[chunk])
        self._take(ended(run))
        return self._end()

    def _send(self, chunk, members):
        """Send it, trying again some times; return whether its last attempt is under way, not waiting for the next."""
        self._take(sending(chunk, *members))
        for attempt in range(2, self._draw(st.integers(2, 4))):
            self._take(failed(chunk, attempt - 1))
            if attempt == 3 and self._draw(st.booleans()):
                return False
            self._take(sending(chunk, attempt=attempt))
        return True

    def _answer(self, chunk, members, is_under_way):
        possible = [ACCEPTED, ACCEPTED, REFUSED, FAILED, IN_DOUBT] if is_under_way else [FAILED]
        state = self._draw(st.sampled_from(possible))
        if state is not ACCEPTED:
            self._take(answered(chunk, state))
            return
        fates = [self._draw(st.sampled_from("aaru")) for _ in members]
        of = {fate: tuple(each for each, its in zip(members, fates, strict=True) if its == fate) for fate in "aru"}
        self._take(answered(chunk, state, len(of["a"]), of["r"], unaccounted=of["u"]))

    def _decide(self):
        self._open()
        for chunk in self._unsettled():
            if self._draw(st.booleans()):
                self._take(resolved(chunk.id, self._draw(st.booleans())))
        if self.record.revision(1).count(NumberState.REJECTED) and self._draw(st.booleans()):
            self._take(released())

    def _unsettled(self):
        return self.record.revision(1).in_doubt


class SharedHistory(History):
    """Writes events as the runs of many machines do: some that died are known to be gone, of others nobody can tell.

    `views` has what each that wrote believed at its end: the record, how many events there were, whom it took for dead.
    """

    def __init__(self, draw):
        self.gone, self.views = set(), []
        super().__init__(draw)
        self._look()

    def is_alive(self, run):
        return run.run not in self.gone

    def _look(self):
        self.views.append((self.record, len(self.events), frozenset(self.gone)))

    def _open(self):
        self._look()
        self.record = Record(self.events)
        self.record.close_interrupted(self.is_alive)

    def _begin(self, run, totals):
        self._name = run
        self._exclusive = self._draw(st.booleans())
        kept = {"lease": Lease("runner", 1), "campaign_sha256": self._draw(st.sampled_from([SHA, SHA[::-1]]))}
        account = {"credits_before": Decimal(100), "per_message": Decimal(1), "exclusive": self._exclusive}
        return replace(super()._begin(run, totals), **kept, **account)

    def _end(self):
        if self._draw(st.booleans()):
            self.gone.add(self._name)

    def _run(self, run):
        self._open()
        if not self.record.claimed:  # whoever may be sending is waited for
            super()._run(run)

    def _take(self, event):
        if isinstance(event, ChunkSending):
            event = replace(event, run=self._name)
        if isinstance(event, RunEnded) and self._exclusive:
            accepted = self.record.revision(1).count(NumberState.ACCEPTED)
            event = replace(event, credits_after=Decimal(100 - accepted))
        super()._take(event)

    def _unsettled(self):
        revision = self.record.revision(1)
        return [*revision.in_doubt, *revision.claimed]


@st.composite
def histories(draw):
    return History(draw)


@st.composite
def shared_histories(draw):
    return SharedHistory(draw)
