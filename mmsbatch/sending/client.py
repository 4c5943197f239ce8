"""The send endpoint's client. Nothing outside of this package can get at it."""

from collections.abc import Mapping
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


def make_client(environ: Mapping[str, str]) -> SendClient:
    """Make a client; it holds no connection between requests."""
    return SendClient(Poster(environ))
