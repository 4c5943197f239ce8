"""Digests of what a campaign is made from: they name its parts in records and plans, and show what changed. Pure."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import Campaign, Medium
from mmsbatch.record.revision import READ_AFRESH

_ENCODE = json.JSONEncoder(sort_keys=True).encode


def digest_parts(campaign: Campaign, recipients: str, lists: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the SHA-256 of each part by name: template, variables, media, recipients, and each suppression list.

    `recipients` is that of the recipients' file, `lists` are the names of the lists with theirs.
    """
    media = {kind: _describe(getattr(campaign.message, kind)) for kind in ("image", "video", "sound")}
    parts = {
        "template": _digest(campaign.message.text),
        "variables": _digest(_ENCODE(dict(campaign.variables))),
        "media": _digest(_ENCODE([campaign.message.type.value, media])),
        "recipients": recipients,
    }
    return parts | {f"{READ_AFRESH}{name}": digest for name, digest in lists}


def digest_settings(settings: GatewaySettings) -> str:
    """Return the SHA-256 of all settings of a gateway, written or by default."""
    return _digest(json.dumps(dataclasses.asdict(settings), sort_keys=True, default=_write_amount))


def _describe(medium: Medium | None) -> list[str | int | None] | None:
    return [medium.url, medium.duration] if medium else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _write_amount(amount: Decimal) -> str:
    """Write a price: 1 and 1.0 are the same."""
    return f"{amount.normalize():f}"
