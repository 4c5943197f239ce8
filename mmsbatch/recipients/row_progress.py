"""Tells how many rows were read so far, now and then: to tell of each batch would cost more than it is worth."""

from collections.abc import Callable
from dataclasses import dataclass

OnRows = Callable[[int], None]

_EVERY = 50_000


@dataclass(slots=True)
class RowProgress:
    """Counts rows; `on_rows`, where there is one, is told their number every 50,000."""

    on_rows: OnRows | None = None
    _rows: int = 0
    _told: int = 0

    def add(self, rows: int) -> None:
        """Count a batch of them."""
        self._rows += rows
        if self.on_rows and self._rows - self._told >= _EVERY:
            self._told = self._rows
            self.on_rows(self._rows)
