"""Folds the journals that shards left into one (docs/shards.md). Pure; it refuses what does not belong together.

The lines that are there stay as they are; of each journal what is new follows, shard by shard, in a chain of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mmsbatch.errors import Refusal
from mmsbatch.record.chain import START, Tail, encode_line
from mmsbatch.record.events import (
    ChunkSending,
    Event,
    JournalOpened,
    MergedSource,
    ProofAnswered,
    ProofSending,
    RejectedReleased,
    RunStarted,
    ShardsMerged,
)
from mmsbatch.record.fold import Record
from mmsbatch.record.journal import JournalContent
from mmsbatch.record.revision import READ_AFRESH, rows_of
from mmsbatch.record.shard import Shard, read_shard
from mmsbatch.record.states import REACHED, NumberState

_NOTHING_WRITTEN = "nothing was written"


@dataclass(frozen=True, slots=True)
class Source:
    """A journal to take in: its file as the user would name it, and what it holds."""

    name: str
    content: JournalContent

    @property
    def digests(self) -> Sequence[str]:
        """The digests of its lines: where two are the same, so is all before."""
        return self.content.lines.digests

    def as_merged(self, shards: Iterable[str]) -> MergedSource:
        """Say how much of it was taken in."""
        return MergedSource(tuple(shards), len(self.digests), self.digests[-1])


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge: the lines to add behind those that are there, and the record with them.

    `added` and `known` name the sources with something new, and those without; `missing` are shards that nobody
    brought while rows are pending. `lists_differ` is whether the shards read different suppression lists.
    """

    lines: bytes
    record: Record
    tail: Tail
    added: Sequence[tuple[str, MergedSource]]
    known: Sequence[str]
    missing: Sequence[str]
    lists_differ: bool = False


def merge(target: JournalContent, sources: Sequence[Source], at: str) -> Merged:
    """Take in what the target's journal lacks of the sources'; `at` is the time now.

    Raises Refusal where they are not of one campaign, account, input and N, or sent to the same recipient.
    """
    _raise_if_strangers(target, sources)
    merging, distinct = _Merging(target), _without_copies(sources)
    merging.begin_as(distinct)
    for part in sorted((_Part.of(source, merging) for source in distinct), key=_Part.order):
        merging.take(part.source)
    return merging.conclude(at, [source.name for source in sources])


@dataclass(frozen=True, slots=True)
class _Part:
    """A source by what is new in it: its events from `known` lines on, and the runs among them."""

    source: Source
    known: int
    runs: Sequence[RunStarted]

    @classmethod
    def of(cls, source: Source, merging: "_Merging") -> "_Part":
        known = merging.count_known(source)
        return cls(source, known, [each for each in source.content.events[known:] if isinstance(each, RunStarted)])

    @property
    def events(self) -> Sequence[Event]:
        """What is new in it."""
        return self.source.content.events[self.known :]

    @property
    def shards(self) -> list[str]:
        """The shards whose runs are in the whole source."""
        found = (each.shard for each in self.source.content.events if isinstance(each, RunStarted) and each.shard)
        return list(dict.fromkeys(found))

    def order(self) -> tuple[bool, int, str]:
        """Sort by shard; first what makes rejected numbers pending again: its own alone were meant."""
        releases = any(isinstance(each, RejectedReleased) for each in self.events)
        first = min((read_shard(run.shard).index for run in self.runs if run.shard), default=0)
        return not releases, first, self.source.name


@dataclass(slots=True)
class _Merging:
    """The journal as it grows."""

    target: JournalContent
    record: Record = field(init=False)
    lines: list[bytes] = field(default_factory=list)
    digests: list[str] = field(init=False)
    events: list[Event] = field(init=False)
    added: list[tuple[str, MergedSource]] = field(default_factory=list)
    lists_differ: bool = False
    first: RunStarted | None = None

    def __post_init__(self) -> None:
        self.events, self.digests = list(self.target.events), list(self.target.lines.digests)
        self.record = Record(self.events)

    def begin_as(self, sources: Sequence[Source]) -> None:
        """Take over what all sources begin with, where the target is just behind that: the record they started from."""
        common = min(_count_common(sources[0].digests, each.digests) for each in sources)
        is_behind = _count_common(self.digests, sources[0].digests) == len(self.digests)
        if len(sources) > 1 and is_behind:
            for event in sources[0].content.events[len(self.digests) : common]:
                self._append(event)

    def count_known(self, source: Source) -> int:
        """Count the lines of a source that are here: from a common beginning, or taken in by an earlier merge."""
        digests = source.digests
        merged = (each for event in self.target.events for each in _merged_in(event))
        taken = (each.lines for each in merged if digests[each.lines - 1 : each.lines] == (each.digest,))
        return max(_count_common(self.digests, digests), *taken, 0)

    def take(self, source: Source) -> None:
        """Take in what is new of a source. Raises Refusal where it does not belong here."""
        part = _Part.of(source, self)
        if not any(not isinstance(each, JournalOpened) for each in part.events):
            return
        self._raise_if_unfit(part)
        is_continued = _count_common(self.digests, part.source.digests) == len(self.digests)
        names = _ProofNames(len(self.record.proofs))
        for event in part.events:
            if isinstance(event, JournalOpened) and self.digests:
                continue
            self._append(names.rename(event if is_continued else self._recount(event)))
        self.added.append((part.source.name, part.source.as_merged(part.shards)))

    def conclude(self, at: str, names: Sequence[str]) -> Merged:
        """Write down what was taken in, and say what is missing."""
        if self.added:
            self._append(ShardsMerged(at=at, sources=tuple(each for _, each in self.added)))
        data, taken = b"".join(self.lines), {name for name, _ in self.added}
        self.record.close_interrupted()
        length = self.target.tail.length + self.target.tail.unended + len(data)
        tail = Tail(self.digests[-1] if self.digests else START, length, len(self.digests))
        known = [name for name in names if name not in taken]
        return Merged(data, self.record, tail, self.added, known, self._find_missing(), self.lists_differ)

    def _append(self, event: Event) -> None:
        line, digest = encode_line(event, self.digests[-1] if self.digests else START)
        self.lines.append(line)
        self.digests.append(digest)
        self.events.append(event)
        self.record.apply(event)

    def _recount(self, event: Event) -> Event:
        """Have a run count the rows as it would have, had it known what is merged before it."""
        if not isinstance(event, RunStarted):
            return event
        revision = self.record.revision(event.revision)
        last = revision.runs[-1].started if revision.runs else None
        if last is None or rows_of(last) != rows_of(event):
            return event
        totals = revision.totals
        if event.late_sent and not last.late_sent:
            totals = replace(totals, pending=totals.pending + totals.late, late=0)
        return replace(event, totals=totals)

    # --- what does not belong together

    def _raise_if_unfit(self, part: _Part) -> None:
        for run in part.runs:
            _raise_if_no_shard(part, run)
        for run in part.runs:
            self.first = self.first or next(self._others_runs(part, run.revision), run)
            self._raise_if_other_input(part, run, self.first)
        self._raise_if_chunk_twice(part)
        self._raise_if_overlapping(part)
        self._raise_if_released(part)

    def _others_runs(self, part: _Part, revision: int) -> Iterator[RunStarted]:
        """Give the shards' runs of a revision that are here, and that this part does not know."""
        begun_with = _count_common(self.digests, part.source.digests)
        runs = (each for each in self.events[begun_with:] if isinstance(each, RunStarted) and each.shard)
        yield from (run for run in runs if run.revision == revision)

    def _raise_if_other_input(self, part: _Part, run: RunStarted, first: RunStarted) -> None:
        name = part.source.name
        if _total(run) != _total(first):
            raise Refusal(
                f"{name}: it is of {_total(run)} shards (shard {run.shard}), the others are of {_total(first)}",
                f"{_NOTHING_WRITTEN}: shards of another division share recipients; merge those of one",
            )
        if run.revision != first.revision:
            raise Refusal(
                f"{name}: it is of revision {run.revision}, the others are of revision {first.revision}",
                f"{_NOTHING_WRITTEN}: merge the shards of one revision at a time",
            )
        differing = _name_differences(run, first)
        if differing:
            raise Refusal(
                f"{name}: shard {run.shard} was sent from another input than shard {first.shard}: "
                f"another {', another '.join(differing)}",
                f"{_NOTHING_WRITTEN}: only shards of one input leave nobody out and reach nobody twice",
            )
        self.lists_differ = self.lists_differ or run.digests != first.digests

    def _raise_if_chunk_twice(self, part: _Part) -> None:
        for event in part.events:
            if not isinstance(event, ChunkSending) or not event.numbers:
                continue
            if event.chunk in self.record.revision(int(event.chunk.partition("-")[0])).chunks:
                raise Refusal(
                    f"{part.source.name}: chunk {event.chunk} is in another journal too: a shard was sent twice, "
                    "by runs that did not know of each other",
                    f"{_NOTHING_WRITTEN}; compare both: who is in the two of them got it twice",
                )

    def _raise_if_overlapping(self, part: _Part) -> None:
        """Hold that nobody was reached by this part and by what it does not know."""
        for number, revision in part.source.content.record.revisions.items():
            new, here = (
                revision.chunks.keys() - self.record.revision(number).chunks.keys(),
                self.record.revision(number),
            )
            reached = {
                each for chunk in new for each, state in revision.chunks[chunk].states().items() if state in REACHED
            }
            for chunk in here.chunks.values():
                if chunk.id in revision.chunks or reached.isdisjoint(chunk.numbers):
                    continue
                twice = [each for each in reached.intersection(chunk.numbers) if chunk.state_of(each) in REACHED]
                if twice:
                    raise Refusal(
                        f"{part.source.name}: {len(twice):,} of its recipients were reached by chunk {chunk.id} too, "
                        f"of {_told_by(chunk.run)}",
                        f"{_NOTHING_WRITTEN}: a record says of each recipient once what became of it; leave one out",
                    )

    def _raise_if_released(self, part: _Part) -> None:
        """Hold that rejected numbers are made pending again by whoever saw them rejected."""
        for event in part.events:
            if not isinstance(event, RejectedReleased):
                continue
            known = part.source.content.record.revision(event.revision).chunks
            for chunk in self.record.revision(event.revision).chunks.values():
                if chunk.id not in known and NumberState.REJECTED in chunk.exceptions.values():
                    raise Refusal(
                        f"{part.source.name}: it makes rejected numbers pending again, and chunk {chunk.id} of "
                        f"{_told_by(chunk.run)} has some that were not meant",
                        f"{_NOTHING_WRITTEN}: merge this journal before the others",
                    )

    def _find_missing(self) -> Sequence[str]:
        """Name the shards of the newest division that nobody brought, as long as rows are pending."""
        revision = self.record.highest
        here = [run.started for run in revision.runs if run.started.shard] if revision else []
        if revision is None or not here or not revision.totals.pending:
            return ()
        total, brought = _total(here[-1]), {run.shard for run in here}
        return [shard for index in range(1, total + 1) if (shard := str(Shard(index, total))) not in brought]


@dataclass(slots=True)
class _ProofNames:
    """Proofs are counted in each journal: those that are taken in are counted on."""

    used: int
    names: dict[str, str] = field(default_factory=dict)

    def rename(self, event: Event) -> Event:
        """Return the event under its proof's new name."""
        if isinstance(event, ProofSending):
            self.used += 1
            self.names[event.proof] = f"proof-{self.used}"
        if isinstance(event, ProofSending | ProofAnswered):
            return replace(event, proof=self.names.get(event.proof, event.proof))
        return event


def _raise_if_strangers(target: JournalContent, sources: Sequence[Source]) -> None:
    """Hold that all are of one campaign, gateway and account, and keep numbers in one way."""
    first = target.opened or sources[0].content.opened
    for source in sources:
        for name, what in _IDENTITY.items():
            here, there = getattr(first, name), getattr(source.content.opened, name)
            if here != there:
                raise Refusal(
                    f"{source.name}:1: it is of another {what} ({there}, not {here})",
                    f"{_NOTHING_WRITTEN}: merge the journals of one campaign and account",
                )


#: What the first lines have in common, and how it is called.
_IDENTITY = {
    "campaign": "campaign",
    "gateway": "gateway",
    "account": "account",
    "numbers": "way of keeping numbers",
    "key_check": "pseudonym key",
}


def _raise_if_no_shard(part: _Part, run: RunStarted) -> None:
    if run.lease is not None:
        raise Refusal(
            f"{part.source.name}: its runs share one record already",
            "nothing is to be merged: `mmsbatch status` shows it",
        )
    if run.shard is None:
        raise Refusal(
            f"{part.source.name}: run {run.run} of it was no shard's: it sent to everybody that was left",
            f"{_NOTHING_WRITTEN}: only what was sent with `apply --shard` can be merged",
        )


def _without_copies(sources: Sequence[Source]) -> list[Source]:
    """Leave out a journal that another one begins with: an older copy, or the same twice."""
    kept: list[Source] = []
    for source in sorted(sources, key=lambda each: (-len(each.digests), each.name)):
        if not any(_count_common(each.digests, source.digests) == len(source.digests) for each in kept):
            kept.append(source)
    return kept


def _count_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the lines with which both begin: in a chain, one equal digest makes all before it equal."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[middle - 1] == other[middle - 1] else (low, middle - 1)
    return low


def _merged_in(event: Event) -> Sequence[MergedSource]:
    return event.sources if isinstance(event, ShardsMerged) else ()


def _total(run: RunStarted) -> int:
    return read_shard(run.shard).total if run.shard else 1


def _name_differences(run: RunStarted, other: RunStarted) -> list[str]:
    found = ["campaign file"] if run.campaign_sha256 != other.campaign_sha256 else []
    parts = sorted(run.digests.keys() | other.digests.keys())
    found += [
        part for part in parts if not part.startswith(READ_AFRESH) and run.digests.get(part) != other.digests.get(part)
    ]
    found += ["saved plan"] if run.plan != other.plan else []
    return found or (["count of rows"] if run.totals.rows != other.totals.rows else [])


def _told_by(run: RunStarted | None) -> str:
    return f"shard {run.shard}" if run and run.shard else "a run that was no shard's"
