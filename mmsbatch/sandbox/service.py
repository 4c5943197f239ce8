"""What the two modules do with a form, apart from HTTP (manual, sections 1 to 3)."""

import hmac
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict

from mmsbatch.sandbox.answer import Answer, campaign_id, refuse
from mmsbatch.sandbox.faultplan import Struck
from mmsbatch.sandbox.flow import Flow, read_flow
from mmsbatch.sandbox.ledger import Ledger
from mmsbatch.sandbox.media import MediaShelf
from mmsbatch.sandbox.numbers import to_wire
from mmsbatch.sandbox.options import Delivery, SandboxOptions
from mmsbatch.sandbox.statuses import ACCOUNT_TEXTS, RefusalError

SEND_FIELDS = ("clientcode", "passcode", "XMLFlow")
ACCOUNT_FIELDS = ("clientcode", "passcode", "info")
_ACTIVE = (100, 300)


class Service:
    """The gateway behind the endpoints; safe to use from any thread."""

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
        status = self._options.account_status
        if status in _ACTIVE and not _is_login(form["info"], self._options.client_code):
            status = 301
        left = self.ledger.balance if status in _ACTIVE else None
        return Answer(status, ACCOUNT_TEXTS[status], left)

    def _send(self, form: dict[str, bytes], request: int, struck: Struck) -> Answer:
        if not self._is_known(form):
            raise RefusalError(102)
        if (switch := struck.number("switch")) is not None:
            raise RefusalError(switch)
        flow = read_flow(form["XMLFlow"], self._options.charset, self._options.client_code.upper())
        for medium in flow.media:
            self._media.check(medium)
        taken, invalid = self._sort_numbers(flow.numbers)
        if not taken:
            raise RefusalError(123)
        left = self.ledger.debit(len(taken) * self._options.price)
        self._deliver(flow, taken, request)
        return self._answer(flow, taken, invalid, left=left, request=request, struck=struck)

    def _is_known(self, form: dict[str, bytes]) -> bool:
        code, passcode = self._options.client_code.encode(), self._options.passcode.encode()
        given = hmac.compare_digest(form["passcode"], passcode)
        return hmac.compare_digest(form["clientcode"], code) and given

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
                with self._options.log_file.open("a", encoding="utf-8") as log:
                    log.write(lines)

    def _answer(
        self, flow: Flow, taken: list[str], invalid: list[str], *, left: int, request: int, struck: Struck
    ) -> Answer:
        status = 101 if flow.date else 100
        ids = None if struck.has("no-ids") else [each for each in taken if each not in self._options.unaccounted]
        return Answer(
            status,
            refuse(RefusalError(status)).text,
            left,
            invalid,
            campaign_id(request) if self._options.pro_account else None,
            ids,
            struck.number("cut-ids"),
        )


def _is_login(info: bytes, client_code: str) -> bool:
    return info.decode("utf-8", "replace").casefold() == client_code.casefold()
