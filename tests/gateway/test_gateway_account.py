from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from mmsbatch.campaign.configuration import GatewaySettings, Timeout
from mmsbatch.errors import GatewayRefusal
from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.account import AccountState, query_account
from mmsbatch.gateway.credentials import Credentials, Secret
from mmsbatch.gateway.exchange import Answered, Exchange, Lost, NotSent

CREDENTIALS = Credentials("login", Secret("s3cr+t"), "LOGIN", "other")
SETTINGS = GatewaySettings(account_url="http://127.0.0.1/account", timeout=Timeout(1, 2, 3))


class FakePoster:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.posts: list[tuple[str, bytes, Timeout]] = []

    def post(self, url: str, body: bytes, timeout: Timeout) -> Exchange:
        self.posts.append((url, body, timeout))
        return self.exchange


def query(exchange: Exchange) -> AccountState:
    return query_account(FakePoster(exchange), SETTINGS, CREDENTIALS)


@pytest.mark.parametrize("status", [100, 300])
def test_an_active_account(status: int) -> None:
    body = f"Status={status}\r\nStatusText= Compte actif\r\nCredits=416,5".encode()
    assert query(Answered(200, body)) == AccountState(Decimal("416.5"), status)


def test_what_is_asked() -> None:
    poster = FakePoster(Answered(200, b"Status=300\nCredits=1\n"))
    query_account(poster, SETTINGS, CREDENTIALS)
    ((url, body, timeout),) = poster.posts
    assert (url, timeout) == ("http://127.0.0.1/account", Timeout(1, 2, 3))
    assert parse_qsl(body.decode()) == [("clientcode", "login"), ("passcode", "s3cr+t"), ("info", "other")]


@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        (
            Answered(200, b"Status=301\nStatusText=Compte inexistant\n"),
            "status 301, no such account (Compte inexistant)",
        ),
        (Answered(200, b"Status=302\nCredits=4\n"), "status 302, not yours to see"),
        (Answered(200, b"Status=303\n"), "status 303, account inactive"),
        (Answered(200, b"Status=102\n"), "status 102, no account for these credentials"),
        (Answered(200, b"Status=200\n"), "status 200, not allowed to use the module"),
        (Answered(200, b"Status=101\nCredits=4\n"), "status 101, which the manual does not list"),
        (Answered(200, b"Status=999\nStatusText=le 0639980012\n"), "which the manual does not list (le ••••••••12)"),
        (Answered(200, b""), "the answer has no Status line"),
        (Answered(200, b"Status=300\nCredits=4\n", complete=False), "the answer was cut off"),
        (Answered(200, b"\x1f\x8b", complete=False, reason="its coding cannot be read"), "its coding cannot be read"),
        (Answered(404, b"Status=300\nCredits=4\n"), "HTTP 404"),
        (Answered(302, b""), "HTTP 302"),
        (Answered(500, b""), "HTTP 500"),
        (Answered(200, b"Status=300\n"), "no readable Credits"),
        (Answered(200, b"Status=300\nCredits=beaucoup\n"), "no readable Credits"),
        (NotSent("no connection: Connection refused"), "no connection: Connection refused"),
        (Lost("the connection was reset"), "the connection was reset"),
    ],
)
def test_everything_else_is_refused(exchange: Exchange, told: str) -> None:
    with pytest.raises(GatewayRefusal) as caught:
        query(exchange)
    assert told in caught.value.message
    assert caught.value.exit_code == ExitCode.GATEWAY
    assert "s3cr" not in caught.value.message + caught.value.hint


def test_credentials_that_the_charset_lacks() -> None:
    credentials = Credentials("login", Secret("s3cr€t"), "LOGIN", "other")
    poster = FakePoster(Lost("never asked"))
    with pytest.raises(GatewayRefusal, match="charset iso-8859-1 lacks") as caught:
        query_account(poster, GatewaySettings(charset="iso-8859-1"), credentials)
    assert caught.value.__suppress_context__
    assert poster.posts == []
