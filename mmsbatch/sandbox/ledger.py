"""The account's credits: in memory, or in a JSON file that outlives the server."""

import json
import os
import threading
from pathlib import Path

from mmsbatch.sandbox.statuses import RefusalError


class Ledger:
    """A balance that is debited once per accepted recipient; safe to use from any thread."""

    def __init__(self, start: int, file: Path | None) -> None:
        self._lock = threading.Lock()
        self._file = file
        self._balance = _read_balance(file) if file and file.exists() else start
        self._save()

    @property
    def balance(self) -> int:
        """The credits left."""
        with self._lock:
            return self._balance

    def set_balance(self, credits_left: int) -> None:
        """Top up, or empty, the account."""
        with self._lock:
            self._balance = credits_left
            self._save()

    def debit(self, needed: int) -> int:
        """Take `needed` credits and return what is left; statuses 103 and 104 where that cannot be."""
        with self._lock:
            if needed > self._balance:
                raise _shortage(needed, self._balance)
            self._balance -= needed
            self._save()
            return self._balance

    def _save(self) -> None:
        if self._file is not None:
            _write_balance(self._file, self._balance)


def _shortage(needed: int, available: int) -> RefusalError:
    if available <= 0:
        return RefusalError(103)
    return RefusalError(104, needed=needed, available=available)


def _read_balance(file: Path) -> int:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    balance = content.get("credits") if isinstance(content, dict) else None
    if not isinstance(balance, int) or isinstance(balance, bool):
        raise ValueError(f'{file}: not a credits file of the sandbox, which reads {{"credits": 100}}')
    return balance


def _write_balance(file: Path, balance: int) -> None:
    # Replaced whole: a reader, or a crash, never meets half a file.
    scratch = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    scratch.write_text(json.dumps({"credits": balance}) + "\n", encoding="utf-8")
    scratch.replace(file)
