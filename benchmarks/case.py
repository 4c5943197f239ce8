"""What is compared: two commands that do the same work, and what the one may cost of the other."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.workplace import Workplace


class WrongOutcome(Exception):
    """A command was quick, and did not do its work."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A command; `check` is given what it printed and raises WrongOutcome where that is not what must come out."""

    name: str
    command: Sequence[str]
    check: Callable[[str], None] = lambda _: None


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


#: A benchmark makes its data in the workplace and gives its cases.
Benchmark = Callable[["Workplace"], Iterable[Case]]
