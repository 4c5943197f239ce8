"""The send endpoint's client. Nothing outside of this package can get at it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.gateway.exchange import Exchange
from mmsbatch.gateway.http import Poster


@dataclass(frozen=True, slots=True)
class SendClient:
    """Posts bodies to a gateway's send endpoint, once each."""

    poster: Poster

    def submit(self, settings: GatewaySettings, body: bytes) -> Exchange:
        """Send one body (manual 1.1); what became of it is the exchange."""
        return self.poster.post(settings.send_url, body, settings.timeout)


@contextmanager
def open_client(environ: Mapping[str, str]) -> Iterator[SendClient]:
    """Open connections for the block."""
    poster = Poster(environ)
    try:
        yield SendClient(poster)
    finally:
        poster.close()
