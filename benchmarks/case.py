"""What is compared: two ways to do the same work, and what the one may cost of the other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from benchmarks.workplace import Workplace


class WrongOutcome(Exception):
    """Something was quick, and did not do its work."""


@dataclass(frozen=True, slots=True)
class Run:
    """What doing the work once took: the time that is compared, processor time, memory in MB at its highest.

    The time is that of a whole process, or the part of it that the case's `work` names.
    """

    seconds: float
    processor: float
    memory: float


class Contender(Protocol):
    """One of those who are compared."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    def take(self) -> Run:
        """Do the work once, and check what came of it. Raises WrongOutcome where that is not what must come out."""


@dataclass(frozen=True, slots=True)
class Work:
    """A contender that is more than a command."""

    name: str
    take: Callable[[], Run]


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table.

    `most` is the largest ratio of our time to the peer's, None where none is asked for; `aim` is what is
    hoped for. `most_memory` is in MB. `runs` is how often each is run, one after the other in turn.
    """

    work: str
    ours: Contender
    peer: Contender | None = None
    most: float | None = None
    aim: float | None = None
    most_memory: int | None = None
    runs: int = 7


#: A benchmark makes its data in the workplace and gives its cases; each is measured before the next is asked for.
Benchmark = Callable[["Workplace"], Iterable[Case]]
