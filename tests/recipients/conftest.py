"""A campaign to read recipients for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mmsbatch.campaign.model import Campaign, Message, MessageType, RecipientsSource
from mmsbatch.campaign.places import Reach
from mmsbatch.diagnostics import Position


@pytest.fixture
def campaign_for() -> Callable[[RecipientsSource], Campaign]:
    def build(source: RecipientsSource) -> Campaign:
        return Campaign(
            path=Path("sale.yaml"),
            file="sale.yaml",
            sha256="c" * 64,
            name="Sale",
            message=Message(MessageType.TEXT, "Bonjour"),
            recipients=source,
            reach=Reach(Path(), Path()),
            positions={("recipients", "file"): Position(6, 9)},
        )

    return build
