"""Which faults hit which request, counted while the sandbox runs."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from mmsbatch.sandbox.faults import Fault


@dataclass(frozen=True, slots=True)
class Struck:
    """The faults of one request, in the order in which they were set."""

    faults: tuple[Fault, ...] = ()

    def has(self, name: str) -> bool:
        """Whether the fault happens."""
        return self.find(name) is not None

    def find(self, *names: str) -> Fault | None:
        """Return the first fault of one of these names."""
        return next((fault for fault in self.faults if fault.name in names), None)

    def seconds(self, name: str) -> float:
        """Return a fault's value in seconds; 0 where it does not happen."""
        fault = self.find(name)
        return float(fault.value) if fault else 0.0

    def number(self, name: str) -> int | None:
        """Return a fault's value as an integer; None where it does not happen."""
        fault = self.find(name)
        return int(fault.value) if fault else None


class FaultPlan:
    """The faults in force; may change while requests come in."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._lock = threading.Lock()
        self._entries = [_Entry(fault) for fault in faults]

    def add(self, fault: Fault) -> None:
        """Put one more fault in force."""
        with self._lock:
            self._entries.append(_Entry(fault))

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._entries.clear()

    def strike(self, endpoint: str, number: int) -> Struck:
        """Return what hits the endpoint's nth request, and count it as happened."""
        with self._lock:
            hit = [entry for entry in self._entries if entry.is_due(endpoint, number)]
            for entry in hit:
                entry.happened += 1
        return Struck(tuple(entry.fault for entry in hit))


@dataclass(slots=True)
class _Entry:
    fault: Fault
    happened: int = 0

    def is_due(self, endpoint: str, number: int) -> bool:
        fault = self.fault
        if fault.limit and self.happened >= fault.limit:
            return False
        return fault.endpoint == endpoint and fault.hits(number)
