"""What a configuration must be beyond its schema. Works on data that may not fit the schema."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mmsbatch.campaign.configuration import SANDBOX, GatewaySettings, MediaLimits
from mmsbatch.campaign.urls import gateway_url_problems, is_loopback
from mmsbatch.campaign.wording import show_word
from mmsbatch.campaign.yaml_nodes import Node, key_position, node_at, position_of
from mmsbatch.diagnostics import Diagnostic
from mmsbatch.folding import closest
from mmsbatch.rules import finding

#: What the embedded gateway decides itself.
_FIXED_IN_SANDBOX = ("send_url", "account_url", "credentials", "fiction_numbers")
#: Defaults of settings that are not carried out yet: written out as they are, they promise nothing.
_MEDIA_LIMITS = asdict(MediaLimits())
#: Settings of the record that only the git store has.
_OF_GIT = ("remote", "branch", "claim")
_ASCII = "".join(map(chr, range(0x20, 0x7F)))


@dataclass(frozen=True, slots=True)
class _Place:
    """A part of the file: its path, its data, and what findings need."""

    path: tuple[str, ...]
    data: Mapping[str, Any]
    root: Node
    file: str

    def value(self, rule: str, key: str, message: str, hint: str = "") -> Diagnostic:
        """Make a finding at a key's value, or where that is not written, at the part's own key."""
        node = node_at(self.root, (*self.path, key))
        where = position_of(node) if node else key_position(self.root, self.path)
        return finding(rule, self.file, where, message, hint)

    def key(self, rule: str, key: str, message: str, hint: str = "") -> Diagnostic:
        """Make a finding at a key."""
        return finding(rule, self.file, key_position(self.root, (*self.path, key)), message, hint)


def check_data(data: Any, root: Node, file: str) -> Iterator[Diagnostic]:
    """Check gateways, their URLs and charsets, and settings that this version does not carry out."""
    if not isinstance(data, dict):
        return
    top = _Place((), data, root, file)
    gateways = _mapping(data.get("gateways"))
    yield from _check_default(top, gateways)
    yield from _check_store(_Place(("record",), _mapping(data.get("record")), root, file))
    for name, settings in gateways.items():
        place = _Place(("gateways", name), _mapping(settings), root, file)
        yield from _check_not_built(place)
        yield from _check_charset(place)
        yield from _check_sandbox(place) if name == SANDBOX else _check_addresses(place)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _check_default(top: _Place, gateways: Mapping[str, Any]) -> Iterator[Diagnostic]:
    name = top.data.get("default_gateway", GatewaySettings().name)
    real = [known for known in gateways if known != SANDBOX] or [GatewaySettings().name]
    if not isinstance(name, str) or name in (*real, SANDBOX):
        return
    meant = closest(name, real) or real[0]
    message = f"The default gateway `{show_word(name)}` is not among the gateways."
    yield top.value("config-gateway", "default_gateway", message, f"Write `default_gateway: {meant}`.")


def _check_store(record: _Place) -> Iterator[Diagnostic]:
    if record.data.get("store") == "git":
        return
    for key in _OF_GIT:
        if key in record.data:
            message = f"`record.{key}` means something only with `store: git`."
            yield record.key("config-store", key, message, "Write `store: git` beside it, or remove it.")


def _check_not_built(gateway: _Place) -> Iterator[Diagnostic]:
    limits = _mapping(gateway.data.get("media_limits_kb"))
    if any(isinstance(limit, int) and limit != _MEDIA_LIMITS.get(medium) for medium, limit in limits.items()):
        message = "`media_limits_kb` is not built yet in this version: media are not checked."
        yield gateway.key("config-not-built", "media_limits_kb", message, "Leave it out.")


def _check_charset(gateway: _Place) -> Iterator[Diagnostic]:
    charset = gateway.data.get("charset")
    if isinstance(charset, str) and charset and not _writes_ascii(charset):
        message = "The charset is not one that Python knows and that writes ASCII as ASCII."
        yield gateway.value("config-charset", "charset", message, "For example utf-8 or iso-8859-1.")


def _writes_ascii(charset: str) -> bool:
    try:
        as_ascii = _ASCII.encode(charset) == _ASCII.encode("ascii")
        return as_ascii and b"\\u" not in "一".encode(charset, "replace")
    except (LookupError, ValueError):  # no such codec, one not for text, or a NUL in its name
        return False


def _check_sandbox(sandbox: _Place) -> Iterator[Diagnostic]:
    for key in _FIXED_IN_SANDBOX:
        if key in sandbox.data:
            message = f"The embedded gateway decides `{key}` itself."
            yield sandbox.key("config-gateway", key, message, "Remove it, or give the gateway another name.")


def _check_addresses(gateway: _Place) -> Iterator[Diagnostic]:
    https_only = gateway.data.get("require_https") is True
    for key in ("send_url", "account_url"):
        url = gateway.data.get(key, getattr(GatewaySettings(), key))
        for says in gateway_url_problems(url, https_only=https_only) if isinstance(url, str) else ():
            yield gateway.value("config-url", key, f"`{key}` {says}.")
    send_url = gateway.data.get("send_url", GatewaySettings().send_url)
    if gateway.data.get("fiction_numbers") == "accept" and not is_loopback(str(send_url)):
        message = "Fiction numbers are accepted only by a gateway whose `send_url` is on loopback."
        hint = "Rehearse with `--gateway sandbox`, which takes them."
        yield gateway.value("config-fiction", "fiction_numbers", message, hint)
