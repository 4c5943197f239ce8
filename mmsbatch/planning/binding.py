"""What a plan binds, taken from the inputs at hand: for saving, and for comparing with what was saved. Pure."""

from pathlib import Path

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.planning.digests import digest_settings
from mmsbatch.planning.preparation import Prepared
from mmsbatch.planning.saved import BoundCampaign, BoundGateway

#: The parts that a campaign's message is made of, and its recipients: as `Prepared.digests` names them.
PARTS = ("template", "variables", "media", "recipients")


def bind_gateway(settings: GatewaySettings, account: str) -> BoundGateway:
    """Bind a gateway's effective settings, defaults included; `account` is a fingerprint, empty where not known."""
    return BoundGateway(settings.name, settings.recorded_url, account, digest_settings(settings))


def bind_campaign(prepared: Prepared, root: Path, to_send: int, record: str) -> BoundCampaign:
    """Bind a campaign's files, and its record by digest."""
    campaign = prepared.campaign
    return BoundCampaign(
        file=bound_path(campaign.path, root),
        revision=campaign.revision,
        to_send=to_send,
        digests=input_digests(prepared) | {"record": record},
        suppress=prepared.suppression,
    )


def input_digests(prepared: Prepared) -> dict[str, str]:
    """Return the digests of a campaign's own inputs by name."""
    return {"campaign": prepared.campaign.sha256} | {part: prepared.digests[part] for part in PARTS}


def bound_path(path: Path, root: Path) -> str:
    """Write a path from the repository's root, so that it means the same in any clone; absolute outside of it."""
    # The folder's links are followed and the file's own are not: what a campaign names lies beside it.
    real = path.absolute().parent.resolve() / path.name
    return real.relative_to(root.resolve()).as_posix() if real.is_relative_to(root.resolve()) else real.as_posix()
