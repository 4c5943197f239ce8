"""Asking for the account's state and credit before anything is sent (manual 3)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from mmsbatch.campaign.configuration import GatewaySettings, Timeout
from mmsbatch.errors import GatewayRefusal
from mmsbatch.gateway.answer import Answer, read_answer
from mmsbatch.gateway.credentials import Credentials
from mmsbatch.gateway.exchange import Answered, Exchange, Lost, NotSent
from mmsbatch.gateway.form import encode_form
from mmsbatch.gateway.statuses import ACCOUNT_STATUSES, ACTIVE_ACCOUNT

_HINTS = {
    102: "check the credentials in the environment",
    200: "the account may not use this module, or this machine's address is not registered: ask the support",
    301: "check the login to be checked (…_ACCOUNT; default: the client code)",
    302: "check the login to be checked (…_ACCOUNT; default: the client code)",
    303: "ask the support to activate the account",
}


class Posts(Protocol):
    """What can POST: `mmsbatch.gateway.http.Poster`."""

    def post(self, url: str, body: bytes, timeout: Timeout) -> Exchange:
        """Send one request, once."""
        ...


@dataclass(frozen=True, slots=True)
class AccountState:
    """An active account: its credit, and the status that said so."""

    credits: Decimal
    status: int


def query_account(poster: Posts, settings: GatewaySettings, credentials: Credentials) -> AccountState:
    """Ask the gateway for the account's credit; nothing is sent to anyone.

    Raises GatewayRefusal where the account is not active, or its credit cannot be had.
    """
    body = _encode_question(credentials, settings.charset)
    exchange = poster.post(settings.account_url, body, settings.timeout)
    match exchange:
        case NotSent(reason) | Lost(reason):
            raise GatewayRefusal(f"the account could not be checked: {reason}", "nothing was sent; try again later")
        case Answered():
            return read_account(_read_whole(exchange, credentials.hide))


def read_account(answer: Answer) -> AccountState:
    """Read an answer of the account endpoint (3.2, 3.3).

    Raises GatewayRefusal for everything but an active account with its credit: a guard that
    cannot be checked fails.
    """
    if answer.status not in ACTIVE_ACCOUNT:
        raise GatewayRefusal(
            f"the account could not be checked: {_describe(answer)}", _HINTS.get(answer.status or 0, "")
        )
    if answer.credits is None:
        raise GatewayRefusal(
            f"the account is active (status {answer.status}), but the answer has no readable Credits",
            "nothing was sent; check account_url",
        )
    return AccountState(answer.credits, answer.status)


def _encode_question(credentials: Credentials, charset: str) -> bytes:
    fields = {
        "clientcode": credentials.client_code,
        "passcode": credentials.passcode.reveal(),
        "info": credentials.account,
    }
    try:
        return encode_form(fields, charset)
    except UnicodeEncodeError:
        # Without its cause, which holds the passcode.
        raise GatewayRefusal(f"the credentials hold a character that the charset {charset} lacks") from None


def _read_whole(exchange: Answered, hide: Callable[[str], str]) -> Answer:
    if not 200 <= exchange.http_status < 300:
        hint = "nothing was sent; try again later" if exchange.http_status >= 500 else "check account_url"
        raise GatewayRefusal(f"the account could not be checked: HTTP {exchange.http_status}", hint)
    if not exchange.complete:
        told = exchange.reason or "the answer was cut off"
        raise GatewayRefusal(f"the account could not be checked: {told}", "try again later")
    return read_answer(exchange.body, exchange.complete, hide)


def _describe(answer: Answer) -> str:
    if answer.status is None:
        return answer.problem
    known = ACCOUNT_STATUSES.get(answer.status)
    meaning = known.meaning if known else "which the manual does not list"
    told = f" ({answer.status_text})" if answer.status_text else ""
    return f"status {answer.status}, {meaning}{told}"
