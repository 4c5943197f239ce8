"""What the tests of the HTTP client post, and how long they let it take."""

from collections.abc import Callable

from loopback_server import Server

from mmsbatch.campaign.configuration import Timeout
from mmsbatch.gateway.exchange import Exchange
from mmsbatch.gateway.verdict import Fate, judge

NUMBERS = ("33639980012", "33639980013")
BODY = b"clientcode=login&passcode=s3cret&XMLFlow=%3CDATA%3E" + b"33639980012" * 1000
SUCCESS = b"Status=100\nCredits=5\n"
OFTEN = Timeout(connect=5, read=5, total=10)
SHORT = Timeout(connect=0.4, read=0.4, total=5)
HASTY = Timeout(connect=5, read=5, total=0.4)

Serve = Callable[..., Server]


def fate_of(exchange: Exchange) -> Fate:
    return judge(exchange, NUMBERS, scheduled=False).fate
