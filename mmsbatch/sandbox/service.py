"""What the two modules do with a form, apart from HTTP (manual, sections 1 to 3)."""

import hmac
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mmsbatch.sandbox.answer import Answer, campaign_id, refuse
from mmsbatch.sandbox.faultplan import Struck
from mmsbatch.sandbox.flow import Flow, read_flow
from mmsbatch.sandbox.ledger import Ledger
from mmsbatch.sandbox.media import MediaShelf
from mmsbatch.sandbox.numbers import to_wire
from mmsbatch.sandbox.options import Delivery, SandboxOptions
from mmsbatch.sandbox.statuses import ACCOUNT_TEXTS, SEND_TEXTS, RefusalError

SEND_FIELDS = ("clientcode", "passcode", "XMLFlow")
ACCOUNT_FIELDS = ("clientcode", "passcode", "info")
_ACTIVE = (100, 300)


class Service:
    """The gateway behind the endpoints; safe to use from any thread.

    Checked in this order: credentials, flow, media, numbers, and the credit last: a flow that is wrong
    is told so even where it could not be paid for. A number sent twice is taken, and paid, twice.
    Wrong credentials are 102 at both endpoints: the table in 3.3 has nothing for them.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self.ledger = Ledger(options.credits, options.credits_file)
        self._options = options
        self._lock = threading.Lock()
        self._deliveries: list[Delivery] = []
        self._media = MediaShelf(
            options.media_sizes, options.media_limits_kb, options.fetch_media, options.media_origin
        )

    @property
    def deliveries(self) -> list[Delivery]:
        """What was taken so far, in order."""
        with self._lock:
            return list(self._deliveries)

    def send(self, form: dict[str, bytes], request: int, struck: Struck) -> Answer:
        """Process one send; a refusal is an answer too."""
        try:
            return self._send(form, request, struck)
        except RefusalError as refusal:
            return refuse(refusal)

    def tell_account(self, form: dict[str, bytes]) -> Answer:
        """Answer a question about the account (section 3)."""
        if not self._is_known(form):
            return Answer(102, ACCOUNT_TEXTS[102])
        status = self._account_status(form["info"].decode("utf-8", "replace"))
        left = self.ledger.balance if status in _ACTIVE else None
        return Answer(status, ACCOUNT_TEXTS[status], left)

    def _send(self, form: dict[str, bytes], request: int, struck: Struck) -> Answer:
        if not self._is_known(form):
            raise RefusalError(102)
        switch = struck.number("switch")
        if switch == 200:
            raise RefusalError(switch)
        flow = read_flow(form["XMLFlow"], self._options.charset, self._options.client_code.upper())
        for medium in flow.media:
            self._media.check(medium)
        if switch is not None:
            raise RefusalError(switch)
        taken, invalid = self._sort_numbers(flow.numbers)
        if not taken:
            raise RefusalError(123)
        left = self.ledger.debit(len(taken) * self._options.price_of(flow.msgclass))
        self._deliver(flow, taken, request)
        return self._answer(flow, taken, invalid, left=left, request=request, struck=struck)

    def _is_known(self, form: dict[str, bytes]) -> bool:
        code, passcode = self._options.client_code.encode(), self._options.passcode.encode()
        given = hmac.compare_digest(form["passcode"], passcode)
        return hmac.compare_digest(form["clientcode"], code) and given

    def _account_status(self, login: str) -> int:
        if login in self._options.foreign_accounts:
            return 302
        if login in self._options.inactive_accounts:
            return 303
        # A login is the same in any case: CLIENT wants it in capitals (1.2).
        own = login.upper() == self._options.client_code.upper()
        return self._options.account_status if own or self._options.account_status not in _ACTIVE else 301

    def _sort_numbers(self, numbers: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the numbers that are taken, in wire form, and the others as received."""
        taken, invalid = [], []
        for number in numbers:
            wire = to_wire(number)
            if wire is None or wire in self._options.reject:
                invalid.append(number)
            else:
                taken.append(wire)
        return taken, invalid

    def _deliver(self, flow: Flow, taken: Sequence[str], request: int) -> None:
        media = tuple(medium.url for medium in flow.media)
        new = [Delivery(number, flow.text, flow.msgclass, media, flow.date, flow.campaign, request) for number in taken]
        with self._lock:
            self._deliveries += new
            if self._options.log_file is not None:
                lines = "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in new)
                _append_private(self._options.log_file, lines)

    def _answer(
        self, flow: Flow, taken: list[str], invalid: list[str], *, left: int, request: int, struck: Struck
    ) -> Answer:
        status = 101 if flow.date else 100
        ids = None if struck.has("no-ids") else [each for each in taken if each not in self._options.unaccounted]
        return Answer(
            status,
            SEND_TEXTS[status],
            left,
            invalid,
            campaign_id(request) if self._options.pro_account else None,
            ids,
            struck.number("cut-ids"),
        )


def _append_private(file: Path, lines: str) -> None:
    """Append to a file that only its owner reads: numbers and texts are personal data."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as log:
        log.write(lines)
