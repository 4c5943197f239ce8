"""Opens the records of a call for writing, under their locks, and says what a former run left behind."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from mmsbatch.campaign.model import Campaign
from mmsbatch.cli.caller import this_process
from mmsbatch.cli.console import Console
from mmsbatch.cli.records import RecordAccess, writing_record
from mmsbatch.cli.workspace import Workspace
from mmsbatch.errors import Locked, Refusal
from mmsbatch.record.book import RecordBook
from mmsbatch.record.lock import HeldLock, Holder, account_lock, hold_lock, opening_lock
from mmsbatch.record.shared.rivals import claiming_run
from mmsbatch.record.tokens import NumberKeeping
from mmsbatch.reports.wording import list_chunks
from mmsbatch.sending.clock import Clock

#: Of more chunks in doubt the number is told.
SHOWN_LOST = 5


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record open for writing, and how it keeps numbers."""

    book: RecordBook
    keeping: NumberKeeping


class AccountLock(Protocol):
    """A lock on an account, of this machine's kernel or on the remote that keeps the records."""

    @property
    def former(self) -> Holder | None:
        """Who held it last, None where that is not known."""

    def sign(self, holder: Holder) -> None:
        """Write down who holds it, what was spent on last, and whether a request may be open."""

    def is_held(self) -> bool:
        """Whether it is ours still."""


class ExclusiveAccount:
    """An account for as long as a call holds it, and who spent from it last.

    Without `exclusive_account` nothing is held, and no balance means anything. A request that nobody
    heard of may be debited for `settle_seconds` more: until then the account is not at rest, whoever
    spends meanwhile.
    """

    def __init__(self, lock: AccountLock | None, holder: Holder, settle_seconds: float, clock: Clock) -> None:
        self._lock, self._holder, self._settle_seconds, self._clock = lock, holder, settle_seconds, clock
        former = lock.former if lock is not None else None
        self._record = former.record if former else ""
        self._rests_from = 0.0
        if former is not None and not former.at_rest:
            self._disturb()

    def was_last(self, book: RecordBook) -> bool:
        """Whether nobody spent since this record's last run: only then does the balance say anything of it."""
        return self._lock is not None and self._record == book.name

    def is_held(self) -> bool:
        """Whether the account is ours still. Raises RecordUnreachable where the remote does not say."""
        return self._lock is not None and self._lock.is_held()

    @property
    def is_at_rest(self) -> bool:
        """Whether no request may still be debited: only from such a balance can a run be followed."""
        return self._lock is not None and self._clock.monotonic() >= self._rests_from

    def begin(self, book: RecordBook) -> None:
        """Write down that this record's run, or proof, spends now."""
        self._sign(book.name, at_rest=False)

    def end(self, book: RecordBook, *, is_in_doubt: bool) -> None:
        """Write down that it ended, and whether it left a request open."""
        if is_in_doubt:
            self._disturb()
        self._sign(book.name, at_rest=self.is_at_rest)

    def _disturb(self) -> None:
        self._rests_from = self._clock.monotonic() + self._settle_seconds

    def _sign(self, record: str, at_rest: bool) -> None:
        self._record = record
        if self._lock is not None:
            self._lock.sign(replace(self._holder, record=record, at_rest=at_rest))


@contextmanager
def hold_account(
    workspace: Workspace, account: str, holder: Holder, clock: Clock, warn: Callable[[str], None]
) -> Iterator[ExclusiveAccount]:
    """Hold an account for the block, if it is exclusive: on this machine, and where records are shared on all.

    Raises Locked, naming the holder, where another run has it.
    """
    settings = workspace.settings
    if not settings.exclusive_account:
        yield ExclusiveAccount(None, holder, settings.settle_seconds, clock)
        return
    with hold_lock(account_lock(_shared_folder(), account), holder, "account") as here:
        if not workspace.has_shared_records:
            yield ExclusiveAccount(here, holder, settings.settle_seconds, clock)
            return
        from mmsbatch.cli.shared_stores import open_account_refs  # noqa: PLC0415 - most calls need no git

        refs = open_account_refs(workspace.configuration.store, workspace.folder, os.environ)
        with refs.hold(account, holder, warn) as everywhere:
            yield ExclusiveAccount(everywhere, holder, settings.settle_seconds, clock)


def hold_opening(account: str, holder: Holder) -> AbstractContextManager[HeldLock]:
    """Hold the right to begin a record for an account, for as long as its first lines take.

    Two runs that begin at the same moment, on copies of a campaign or under two names of one account,
    would not find each other's record otherwise.
    """
    return hold_lock(opening_lock(_shared_folder(), account), holder, "account's new record", is_brief=True)


def _shared_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except OSError as error:
        raise Refusal(
            "there is no folder for temporary files, where runs of one account find each other",
            "set TMPDIR to one that all runs on this machine share",
        ) from error


class RecordHolder:
    """Opens records one after the other; a run of a `shard` of them goes along with those of the others."""

    def __init__(
        self,
        access: RecordAccess,
        console: Console,
        clock: Clock,
        environ: Mapping[str, str],
        shard: str | None = None,
    ) -> None:
        self._access, self._console, self._clock, self._environ = access, console, clock, environ
        self._shard = shard

    @contextmanager
    def hold(self, campaign: Campaign) -> Iterator[HeldRecord]:
        """Open a campaign's record for the block. Raises Locked, Refusal."""
        paths, store = self._access.paths(campaign), self._access.store
        with store.hold(paths, this_process(self._environ, self._clock.stamp())) as content:
            keeping = self._access.check(campaign, content.record)
            with writing_record():
                book = store.open_book(paths, content, self._clock.monotonic)
                book.catch_up()
            self._tell(campaign, book)
            self._raise_if_claimed(campaign, book)
            yield HeldRecord(book, keeping)

    def _tell(self, campaign: Campaign, book: RecordBook) -> None:
        journal = self._access.store.show(book.paths.journal)
        if book.unended:
            self._console.warn(f"{journal}: its last line lost its line break; whole otherwise, it counts as written")
        if book.torn:
            self._console.warn(f"{journal}: its last line was cut short, as by a crash: {book.torn} bytes dropped")
        for chunk in book.lost[:SHOWN_LOST]:
            self._console.warn(f"{campaign.file}: chunk {chunk.id} is in doubt: {chunk.reason}")
        if len(book.lost) > SHOWN_LOST:
            self._console.warn(
                f"{campaign.file}: … and {len(book.lost) - SHOWN_LOST:,} chunks more, to {book.lost[-1].id}"
            )

    def _raise_if_claimed(self, campaign: Campaign, book: RecordBook) -> None:
        """Refuse where another run claims chunks, and nobody can tell that it is gone. Raises Locked."""
        run = claiming_run(book.record, self._shard)
        if run is None:
            return
        claimed = [chunk.id for chunk in book.record.claimed if chunk.run and chunk.run.run == run.run]
        raise Locked(
            f"{campaign.file}: run {run.run} claims {list_chunks(claimed)}: {run.holder}",
            "wait until it ended; if that runner is gone, settle what it claimed: `mmsbatch status` shows it, "
            "`mmsbatch resolve` takes your finding",
        )
