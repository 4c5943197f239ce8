"""Doing the work in turn, and what it took: the medians of all rounds."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.case import Case, Run


@dataclass(frozen=True, slots=True)
class Measured:
    """A case's medians, and the highest memory of ours; those of the peer are None where there is none."""

    case: Case
    ours: Run
    peer: Run | None

    @property
    def ratio(self) -> float | None:
        """Our time as a part of the peer's."""
        return self.ours.seconds / self.peer.seconds if self.peer else None

    @property
    def processor_ratio(self) -> float | None:
        """Our processor time as a part of the peer's: less moved by what else the machine does."""
        return self.ours.processor / self.peer.processor if self.peer else None

    @property
    def is_within(self) -> bool:
        """Whether all that is asked for is kept."""
        is_quick = self.ratio is None or self.case.most is None or self.ratio <= self.case.most
        is_small = self.case.most_memory is None or self.ours.memory <= self.case.most_memory
        return is_quick and is_small


def measure(case: Case) -> Measured:
    """Let ours and the peer work in turn, so that a busy machine is busy for both. Raises WrongOutcome."""
    contenders = [case.ours, *([case.peer] if case.peer else [])]
    rounds = [[each.take() for each in contenders] for _ in range(case.runs)]
    ours, *peers = (_median(runs) for runs in zip(*rounds, strict=True))
    return Measured(case, ours, peers[0] if peers else None)


def _median(runs: Sequence[Run]) -> Run:
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.processor for run in runs),
        max(run.memory for run in runs),
    )
