from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from mmsbatch.campaign.model import Campaign, Message, MessageType, RecipientsSource
from mmsbatch.campaign.places import Reach
from mmsbatch.diagnostics import Position
from mmsbatch.recipients.model import Audience, Recipient, Recipients

MakeCampaign = Callable[..., Campaign]
MakeAudience = Callable[..., Audience]


@pytest.fixture
def make_campaign() -> MakeCampaign:
    def make(
        text: str,
        variables: Mapping[str, str] | None = None,
        message_type: MessageType = MessageType.TEXT,
        name: str = "Soldes d'hiver",
    ) -> Campaign:
        positions = {
            ("name",): Position(2, 7),
            ("message", "text"): Position(5, 9),
            **{("variables", key): Position(20 + index, 3) for index, key in enumerate(variables or {})},
        }
        return Campaign(
            path=Path("campaigns/winter.yaml"),
            file="campaigns/winter.yaml",
            sha256="",
            name=name,
            message=Message(message_type, text),
            recipients=RecipientsSource("winter.csv", None),
            reach=Reach(Path("campaigns"), Path("campaigns")),
            variables=variables or {},
            positions=positions,
            text_line=6,
        )

    return make


@pytest.fixture
def make_audience() -> MakeAudience:
    def make(
        columns: Sequence[str] = (),
        rows: Sequence[Sequence[str | None]] = ((),),
        available: Sequence[str] | None = None,
    ) -> Audience:
        recipients = Recipients.of(
            Recipient(f"336{index:08}", line, tuple(cells))
            for index, (line, cells) in enumerate(enumerate(rows, start=2))
        )
        return Audience(
            file="campaigns/winter.csv",
            rows=len(recipients),
            recipients=recipients,
            invalid=0,
            invalid_by_rule={},
            invalid_rows=(),
            duplicates=0,
            duplicate_lines=(),
            differing=0,
            differing_lines=(),
            restored=0,
            restored_line=0,
            columns=tuple(columns),
            available=tuple(columns if available is None else available),
            encoding="utf-8",
            delimiter=";",
            sha256="",
        )

    return make
