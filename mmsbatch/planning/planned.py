"""What a plan is made from, and what carrying it out needs: data only."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from mmsbatch.planning.chunking import ChunkPlan, group_by_text, partition
from mmsbatch.planning.outcomes import SortedRows
from mmsbatch.planning.plan import CampaignPlan
from mmsbatch.planning.preparation import Prepared
from mmsbatch.record.fold import Record
from mmsbatch.record.tokens import NumberKeeping, keep_plain


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What is not in the campaign: its record, how the record keeps numbers, the balance, and the clock.

    `record` is None where it cannot be read (`record_unknown` says why); `available` is None offline.
    """

    record: Record | None
    available: Decimal | None
    now: datetime
    keeping: NumberKeeping = field(default_factory=keep_plain)
    late_rows: bool = False
    record_unknown: str = ""

    def with_balance(self, available: Decimal | None) -> "PlanInputs":
        """Return the same with what the campaigns before leave of the balance."""
        return replace(self, available=available)


@dataclass(frozen=True, slots=True)
class PlannedCampaign:
    """A plan and what its execution needs: the prepared campaign and its sorted rows."""

    plan: CampaignPlan
    prepared: Prepared
    sorted_rows: SortedRows
    first_chunk: int
    canary: int | None

    def chunks(self) -> Iterator[ChunkPlan]:
        """Make the chunks, one after the other: a large campaign has thousands."""
        groups = group_by_text(self.sorted_rows.to_send, self.prepared.rendering.index_of)
        size = self.prepared.settings.chunk_size
        return partition(groups, size, self.plan.revision, self.first_chunk, self.canary)
