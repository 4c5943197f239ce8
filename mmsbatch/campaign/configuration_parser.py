"""Bytes of a configuration file to gateways and settings, or to everything that is wrong. Reads no file."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from mmsbatch.campaign.checked import places_of, read_checked, without_places
from mmsbatch.campaign.configuration import (
    SANDBOX,
    Configuration,
    GatewaySettings,
    MediaLimits,
    Newline,
    Numbers,
    StoreKind,
    StoreSettings,
    Timeout,
)
from mmsbatch.campaign.configuration_rules import check_data
from mmsbatch.campaign.model import MessageType
from mmsbatch.campaign.scalars import exact
from mmsbatch.diagnostics import Diagnostic, has_errors, in_order

DEFAULT_GATEWAY = "production"

#: The embedded gateway. Its URLs are known once it runs; messages cost one credit, so that plans show figures.
_SANDBOX_SETTINGS = GatewaySettings(
    name=SANDBOX,
    send_url="",
    account_url="",
    credits_per_message={message_type: Decimal(1) for message_type in MessageType},
    accept_fiction=True,
)

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _prices(data: Mapping[str, Any]) -> Mapping[MessageType, Decimal]:
    return {MessageType(name): exact(price) for name, price in data.items()}


def _media_limits(data: Mapping[str, Any]) -> MediaLimits:
    return MediaLimits(**{kind: int(limit) for kind, limit in data.items()})


def _timeout(data: Mapping[str, Any]) -> Timeout:
    return Timeout(**{phase: float(seconds) for phase, seconds in data.items()})


#: Settings of a gateway that are named alike in the file and in GatewaySettings, and how each is read.
_READ: Mapping[str, Callable[[Any], Any]] = {
    "send_url": str,
    "account_url": str,
    "chunk_size": int,
    "concurrency": int,
    "requests_per_second": float,
    "timeout": _timeout,
    "retries": int,
    "max_in_doubt": int,
    "mobile_prefixes": tuple,
    "newline": Newline,
    "charset": str,
    "media_limits_kb": _media_limits,
    "media_url_prefixes": tuple,
    "require_https": bool,
    "credentials": str,
    "exclusive_account": bool,
    "settle_seconds": float,
}


def parse_configuration(
    content: bytes | None, path: Path | None, file: str
) -> tuple[Configuration | None, list[Diagnostic]]:
    """Read a configuration from its file's bytes, or the defaults where there is no file.

    Returns None where a finding is an error; `file` is the name for the findings.
    """
    if content is None:
        return _configuration({}, None), []
    checked = read_checked(content, "config", file)
    if checked.root is None:
        return None, checked.diagnostics
    rules = without_places(check_data(checked.data, checked.root, file), places_of(checked.diagnostics))
    findings = in_order([*checked.diagnostics, *rules])
    return (None if has_errors(findings) else _configuration(checked.data, path)), findings


def _configuration(data: Mapping[str, Any], path: Path | None) -> Configuration:
    record = data.get("record", {})
    numbers = record.get("numbers")
    return Configuration(
        path=path,
        default_gateway=data.get("default_gateway", DEFAULT_GATEWAY),
        gateways=_gateways(data.get("gateways", {})),
        store=_store(record),
        numbers=Numbers(numbers) if numbers else None,
        plan_max_age=_age(data["plan_max_age"]) if "plan_max_age" in data else Configuration().plan_max_age,
    )


def _store(record: Mapping[str, Any]) -> StoreSettings:
    claim = record.get("claim", {})
    settings = {key: record[key] for key in ("remote", "branch") if key in record}
    settings |= {"claim_chunks": int(claim["chunks"])} if "chunks" in claim else {}
    settings |= {"claim_seconds": float(claim["seconds"])} if "seconds" in claim else {}
    return StoreSettings(kind=StoreKind(record.get("store", StoreKind.FOLDER)), **settings)


def _gateways(data: Mapping[str, Any]) -> Mapping[str, GatewaySettings]:
    written = {name: _gateway(GatewaySettings(name=name), part) for name, part in data.items() if name != SANDBOX}
    sandbox = _gateway(_SANDBOX_SETTINGS, data.get(SANDBOX, {}))
    return {**(written or {DEFAULT_GATEWAY: GatewaySettings()}), SANDBOX: sandbox}


def _gateway(defaults: GatewaySettings, data: Mapping[str, Any]) -> GatewaySettings:
    settings = {key: read(data[key]) for key, read in _READ.items() if key in data}
    if "fiction_numbers" in data:
        settings["accept_fiction"] = data["fiction_numbers"] == "accept"
    if "credits_per_message" in data:
        settings["credits_per_message"] = {**defaults.credits_per_message, **_prices(data["credits_per_message"])}
    return replace(defaults, **settings)


def _age(text: str) -> timedelta:
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
