"""Opens the records of a call for writing, under their locks, and says what a former run left behind."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import Campaign
from mmsbatch.cli.console import Console, shown_path
from mmsbatch.cli.records import RecordAccess, this_process, writing_record
from mmsbatch.record.book import RecordBook, hold_record
from mmsbatch.record.lock import Holder, account_lock, hold_lock
from mmsbatch.record.paths import record_paths
from mmsbatch.record.tokens import NumberKeeping
from mmsbatch.sending.clock import Clock


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record open for writing, and how it keeps numbers.

    `held_last` is whether no other run on this machine used the exclusive account since this record's
    last one: only then does the balance say anything of it.
    """

    book: RecordBook
    keeping: NumberKeeping
    held_last: bool


def hold_account(
    settings: GatewaySettings, account: str, campaigns: Sequence[Path], holder: Holder, stack: ExitStack
) -> Sequence[str]:
    """Hold an exclusive account's lock for the stack's life; return the journals of who held it before.

    Raises Locked, naming the holder, where another run on this machine has it.
    """
    if not settings.exclusive_account:
        return ()
    records = [str(record_paths(campaign, settings.name).journal) for campaign in campaigns]
    lock = account_lock(Path(tempfile.gettempdir()), account)
    former = stack.enter_context(hold_lock(lock, replace(holder, records=records), "account"))
    return former.records if former else ()


class RecordHolder:
    """Opens one record after the other, all held until the stack closes."""

    def __init__(self, access: RecordAccess, console: Console, clock: Clock, stack: ExitStack) -> None:
        self._access, self._console, self._clock, self._stack = access, console, clock, stack

    def hold(self, campaigns: Sequence[Campaign], environ: Mapping[str, str]) -> list[HeldRecord]:
        """Open the records, and the exclusive account before them."""
        holder = this_process(environ, self._clock.stamp())
        settings, account = self._access.settings, self._access.account
        former = hold_account(settings, account, [each.path for each in campaigns], holder, self._stack)
        return [self._open(campaign, holder, former) for campaign in campaigns]

    def _open(self, campaign: Campaign, holder: Holder, former: Sequence[str]) -> HeldRecord:
        paths = record_paths(campaign.path, self._access.settings.name)
        content = self._stack.enter_context(hold_record(paths, holder))
        keeping = self._access.check(campaign, content.record)
        with writing_record():
            book = RecordBook(paths, content, self._clock.monotonic)
            book.catch_up()
        if book.torn:
            self._console.warn(
                f"{shown_path(paths.journal)}: its last line was cut short, as by a crash: {book.torn} bytes dropped"
            )
        for chunk in book.lost:
            self._console.warn(f"{campaign.file}: chunk {chunk.id} is in doubt: {chunk.reason}")
        return HeldRecord(book, keeping, str(paths.journal) in former)
