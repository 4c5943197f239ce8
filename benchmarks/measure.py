"""Running commands in turn, and what they took: seconds, processor seconds, memory at its highest."""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.case import Case, Contender, WrongOutcome


@dataclass(frozen=True, slots=True)
class Run:
    """One process from its start to its end; memory in MB."""

    seconds: float
    processor: float
    memory: float


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
    """Run ours and the peer in turn, so that a busy machine is busy for both. Raises WrongOutcome."""
    contenders = [case.ours, *([case.peer] if case.peer else [])]
    rounds = [[run(each) for each in contenders] for _ in range(case.runs)]
    ours, *peers = (_median(runs) for runs in zip(*rounds, strict=True))
    return Measured(case, ours, peers[0] if peers else None)


def run(contender: Contender) -> Run:
    """Run a command once and check what it printed. Raises WrongOutcome."""
    with TemporaryDirectory() as folder:
        printed = Path(folder) / "printed"
        measured, code = _run(contender.command, printed)
        text = printed.read_text(encoding="utf-8")
    if code:
        raise WrongOutcome(f"{contender.name} ended with exit code {code}:\n{text[-2000:]}")
    contender.check(text)
    return measured


def _run(command: Sequence[str], printed: Path) -> tuple[Run, int]:
    flags = os.O_WRONLY | os.O_CREAT
    to_file = [(os.POSIX_SPAWN_OPEN, 1, str(printed), flags, 0o600), (os.POSIX_SPAWN_OPEN, 2, os.devnull, flags, 0o600)]
    start = time.perf_counter()
    process = os.posix_spawn(command[0], list(command), dict(_environment()), file_actions=to_file)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    taken = Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    return taken, os.waitstatus_to_exitcode(status)


def _environment() -> Iterator[tuple[str, str]]:
    """Give this process's environment without what would be measured along: configuration, and how Python runs."""
    return ((name, value) for name, value in os.environ.items() if not name.startswith(("MMSBATCH_", "PYTHON")))


def _median(runs: Sequence[Run]) -> Run:
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.processor for run in runs),
        max(run.memory for run in runs),
    )
