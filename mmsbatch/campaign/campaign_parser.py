"""Bytes of a campaign file to a campaign, or to everything that is wrong with it. Reads no file."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmsbatch.campaign.campaign_rules import check_data
from mmsbatch.campaign.checked import places_of, read_checked, without_places
from mmsbatch.campaign.model import (
    Campaign,
    InlineRecipient,
    Kind,
    LateRows,
    Limits,
    Medium,
    Message,
    MessageType,
    OnInvalid,
    RecipientsSource,
    State,
    SuppressionSource,
)
from mmsbatch.campaign.places import Reach
from mmsbatch.campaign.scalars import exact
from mmsbatch.campaign.schedule import read_schedule
from mmsbatch.campaign.yaml_nodes import ListNode, Node, NodePositions, ScalarNode, node_at
from mmsbatch.diagnostics import Diagnostic, has_errors, in_order

#: Delimiters that have a name, since a tab is hard to see in a file.
_DELIMITERS = {"tab": "\t"}


def parse_campaign(content: bytes, path: Path, shown_as: str, reach: Reach) -> tuple[Campaign | None, list[Diagnostic]]:
    """Read a campaign from its file's bytes; None where a finding is an error.

    `path` says where the file lies, `reach` which files it may name; `shown_as` is its name in findings and records.
    Nothing is opened, links are followed.
    """
    checked = read_checked(content, "campaign", shown_as)
    if checked.root is None:
        return None, checked.diagnostics
    rules = without_places(check_data(checked.data, checked.root, reach, shown_as), places_of(checked.diagnostics))
    findings = in_order([*checked.diagnostics, *rules])
    if has_errors(findings):
        return None, findings
    return _campaign(checked.root, checked.data, content, path, shown_as, reach=reach), findings


def _campaign(
    root: Node, data: Mapping[str, Any], content: bytes, path: Path, shown_as: str, *, reach: Reach
) -> Campaign:
    text = node_at(root, ("message", "text"))
    return Campaign(
        path=path,
        file=shown_as,
        sha256=hashlib.sha256(content).hexdigest(),
        name=data["name"].strip(),
        message=_message(data["message"]),
        recipients=_recipients(data["recipients"], node_at(root, ("recipients", "list"))),
        state=State(data.get("state", State.READY)),
        revision=int(data.get("revision", 1)),
        kind=Kind(data.get("kind", Kind.MARKETING)),
        variables=data.get("variables", {}),
        suppress=tuple(_suppression(source) for source in data.get("suppress", [])),
        schedule=read_schedule(data["schedule"]) if "schedule" in data else None,
        mail_notification=data.get("mail_notification"),
        limits=_limits(data.get("limits", {})),
        positions=NodePositions(root),
        text_line=text.first_line if isinstance(text, ScalarNode) else 1,
        reach=reach,
    )


def _message(data: Mapping[str, Any]) -> Message:
    media = {kind: _medium(data[kind]) for kind in ("image", "video", "sound") if kind in data}
    return Message(type=MessageType(data["type"]), text=data["text"], **media)


def _medium(data: Mapping[str, Any]) -> Medium:
    return Medium(data["url"], int(data["duration"]) if "duration" in data else None)


def _recipients(data: Mapping[str, Any], entries: Node | None) -> RecipientsSource:
    return RecipientsSource(
        file=data.get("file"),
        entries=_inline(data["list"], entries) if isinstance(entries, ListNode) else None,
        phone=data.get("phone", "phone"),
        delimiter=_delimiter(data),
        on_invalid=OnInvalid(data.get("on_invalid", OnInvalid.REFUSE)),
        late_rows=LateRows(data.get("late_rows", LateRows.HOLD)),
    )


def _delimiter(data: Mapping[str, Any]) -> str | None:
    written = data.get("delimiter")
    return _DELIMITERS.get(written, written) if written else None


def _inline(entries: list[Any], nodes: ListNode) -> tuple[InlineRecipient, ...]:
    return tuple(_recipient(entry, node.line) for entry, node in zip(entries, nodes.items, strict=True))


def _recipient(entry: str | dict[str, str], line: int) -> InlineRecipient:
    if isinstance(entry, str):
        return InlineRecipient(line, entry)
    return InlineRecipient(line, entry["phone"], {name: cell for name, cell in entry.items() if name != "phone"})


def _suppression(data: Mapping[str, Any]) -> SuppressionSource:
    return SuppressionSource(data["file"], data.get("phone", "phone"), _delimiter(data))


def _limits(data: Mapping[str, Any]) -> Limits:
    written: dict[str, Any] = {key: int(data[key]) for key in ("recipients", "canary") if key in data}
    if "credits" in data:
        written["credits"] = exact(data["credits"])
    if "max_rejected" in data:
        written["max_rejected"] = float(data["max_rejected"])
    return Limits(**written)
