"""What a plan is made from, and what carrying it out needs: data only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from mmsbatch.planning.chunking import ChunkPlan, group_by_text, partition
from mmsbatch.planning.outcomes import SortedRows
from mmsbatch.planning.plan import CampaignPlan, ShardPlan
from mmsbatch.planning.preparation import Prepared
from mmsbatch.record.fold import Record
from mmsbatch.record.shard import Shard
from mmsbatch.record.tokens import NumberKeeping, keep_plain


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What is not in the campaign: its record, how the record keeps numbers, the balance, and the clock.

    `record` is None where it cannot be read (`record_unknown` says why); `available` is None offline.
    `shard` is the part to send where it is not all, `shards` into how many parts the plan is shown.
    """

    record: Record | None
    available: Decimal | None
    now: datetime
    keeping: NumberKeeping = field(default_factory=keep_plain)
    late_rows: bool = False
    record_unknown: str = ""
    shard: Shard | None = None
    shards: int = 0

    def with_balance(self, available: Decimal | None) -> "PlanInputs":
        """Return the same with what the campaigns before leave of the balance."""
        return replace(self, available=available)


@dataclass(frozen=True, slots=True)
class PlannedShard:
    """A shard's part as it is carried out: `to_send` are places in `Audience.recipients`.

    What the record holds of its own recipients, whoever sent to them: how many were `reached`, or may have
    been, how many `answered`, and `rejected` among these; with `enough` answers `max_rejected` is looked at.
    """

    plan: ShardPlan
    to_send: Sequence[int]
    reached: int = 0
    answered: int = 0
    rejected: int = 0
    enough: int = 0


@dataclass(frozen=True, slots=True)
class PlannedCampaign:
    """A plan and what its execution needs: the prepared campaign, its sorted rows, and the shard where it is one."""

    plan: CampaignPlan
    prepared: Prepared
    sorted_rows: SortedRows
    first_chunk: int
    canary: int | None
    shard: PlannedShard | None = None
    whole_canary: int | None = None

    def chunks(self) -> Iterator[ChunkPlan]:
        """Make the chunks, one after the other: a large campaign has thousands."""
        to_send = self.shard.to_send if self.shard else self.sorted_rows.to_send
        step = self.shard.plan.shard.total if self.shard else 1
        groups = group_by_text(to_send, self.prepared.rendering.index_of)
        size = self.prepared.settings.chunk_size
        return partition(groups, size, self.plan.revision, self.first_chunk, self.canary, step=step)

    def whole_chunks(self) -> Iterator[ChunkPlan]:
        """Make the chunks of the whole campaign, as a single run would send it: what a saved plan binds."""
        groups = group_by_text(self.sorted_rows.to_send, self.prepared.rendering.index_of)
        return partition(groups, self.prepared.settings.chunk_size, self.plan.revision, canary=self.whole_canary)
