"""What each shard of a campaign would send, and its share of the limits. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.planning.chunking import count_by_text, count_chunks
from mmsbatch.planning.guards import REJECTED_FROM
from mmsbatch.planning.outcomes import Recorded, SortedRows
from mmsbatch.planning.plan import ShardPlan
from mmsbatch.planning.planned import PlannedShard
from mmsbatch.planning.preparation import Prepared
from mmsbatch.planning.shards import choose, divide, share_of
from mmsbatch.record.revision import RevisionRecord
from mmsbatch.record.shard import Shard
from mmsbatch.record.states import ANSWERED, REACHED, NumberState

#: What the estimate takes for a request where nobody measured one.
SECONDS_PER_REQUEST = 1.0


def estimate_seconds(settings: GatewaySettings, chunks: int) -> int:
    """Return about how long so many requests take."""
    seconds = chunks * SECONDS_PER_REQUEST / settings.concurrency
    if settings.requests_per_second:
        seconds = max(seconds, chunks / settings.requests_per_second)
    return round(seconds) if chunks else 0


@dataclass(frozen=True, slots=True)
class Division:
    """What a campaign is divided from. `canary` is that of the whole, None once it is over."""

    prepared: Prepared
    rows: SortedRows
    recorded: Recorded
    revision: RevisionRecord
    canary: int | None

    def plan_shards(self, shards: Sequence[Shard]) -> Iterator[PlannedShard]:
        """Plan some shards, or all, of one N."""
        if not shards:
            return
        parts = divide(self.prepared.rendering.index_of, self.prepared.settings.chunk_size, shards[0].total)
        weights = [self._weigh(part) for part in parts]
        numbers = self.prepared.audience.recipients.numbers
        states = list(self.recorded.states_of(numbers)) if self.recorded.numbers else []  # once, for all shards
        for shard in shards:
            part = parts[shard.index - 1]
            counted = Counter(map(states.__getitem__, part) if states else ())
            yield self._plan(shard, part, counted, weights[shard.index - 1], sum(weights))

    def _weigh(self, part: Sequence[int]) -> int:
        """Count whom the limits are for: those of a shard who are not suppressed."""
        numbers, suppressed = self.prepared.audience.recipients.numbers, self.prepared.suppressed
        if not suppressed:
            return len(part)
        return sum(1 for place in part if numbers[place] not in suppressed)

    def _plan(
        self, shard: Shard, part: Sequence[int], states: Counter[NumberState | None], weight: int, whole: int
    ) -> PlannedShard:
        rendering, settings = self.prepared.rendering, self.prepared.settings
        limits, price = self.prepared.campaign.limits, self._price()
        to_send = choose(part, self.rows.to_send, len(rendering.index_of))
        answered = sum(states[state] for state in ANSWERED)
        share = max(1, limits.canary * weight // whole) if limits.canary and whole else REJECTED_FROM
        canary = share if self.canary and to_send and answered < share else None
        sizes = count_by_text(to_send, rendering.index_of).values()
        chunks = count_chunks(sizes, settings.chunk_size, canary)
        plan = ShardPlan(
            shard=shard,
            recipients=len(part),
            to_send=len(to_send),
            chunks=chunks,
            required=len(to_send) * price,
            estimated_seconds=estimate_seconds(settings, chunks),
            credit_cap=None if limits.credits is None else share_of(limits.credits, weight, whole),
            canary=canary,
            in_doubt_chunks=self._find_doubt(shard, part),
        )
        reached = sum(states[state] for state in REACHED)
        rejected, enough = states[NumberState.REJECTED], min(share, REJECTED_FROM)
        return PlannedShard(plan, to_send, reached, answered, rejected, enough)

    def _price(self) -> Decimal:
        return self.prepared.settings.credits_per_message.get(self.prepared.campaign.message.type, Decimal(1))

    def _find_doubt(self, shard: Shard, part: Sequence[int]) -> tuple[str, ...]:
        """Name the chunks in doubt that hold one of its recipients, or have a number of its own.

        A chunk whose recipients all left the input is still somebody's.
        """
        doubtful = self.revision.in_doubt
        numbers = map(self.prepared.audience.recipients.numbers.__getitem__, part)
        own = set(self.recorded.kept(numbers)) if doubtful else set()
        return tuple(
            chunk.id
            for chunk in doubtful
            if shard.owns(int(chunk.id.rpartition("-")[2])) or not own.isdisjoint(chunk.numbers)
        )
