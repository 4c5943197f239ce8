"""A saved plan: what was reviewed, as digests (contract: section 6). Its JSON form, and what is no such form. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from mmsbatch.errors import Refusal
from mmsbatch.recipients.suppression import SuppressionDigest
from mmsbatch.resources import schema_text

PLAN_VERSION = 1
#: What tells a saved plan from a report, which has a version and campaigns too.
KIND = "saved-plan"
_HINT_SAVE = "a saved plan comes from `mmsbatch plan SPECS --save FILE`"
#: The keys that the plan's own digest leaves out: itself, and the one thing that differs between equal plans.
_NOT_DIGESTED = ("created", "digest")


@dataclass(frozen=True, slots=True)
class BoundGateway:
    """The gateway that a plan is for; `account` is the fingerprint, empty where nobody asked (offline)."""

    name: str
    send_url: str
    account: str
    settings: str


@dataclass(frozen=True, slots=True)
class BoundCampaign:
    """One campaign's part: its file from the repository's root, how many it sends to, a digest of each input.

    `digests` has campaign, template, variables, media, recipients and record.
    """

    file: str
    revision: int
    to_send: int
    digests: Mapping[str, str]
    suppress: tuple[SuppressionDigest, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The options that it was planned with; paths are from the repository's root, or absolute where outside of it."""

    late_rows: bool = False
    new_campaign: bool = False
    config: str | None = None
    recipients: str | None = None


@dataclass(frozen=True)
class SavedPlan:
    """What a plan binds; `created` is aware. Two plans made of the same inputs differ in `created` alone."""

    tool: str
    created: datetime
    max_age: timedelta
    gateway: BoundGateway
    options: PlanOptions
    campaigns: tuple[BoundCampaign, ...]
    flows: str

    @cached_property
    def digest(self) -> str:
        """The SHA-256 over all but the creation time: by this, runs name the plan that they carry out."""
        return digest_json({key: value for key, value in self._content().items() if key not in _NOT_DIGESTED})

    def to_text(self) -> str:
        """Return the file's text."""
        content = self._content() | {"digest": self.digest}
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"

    def _content(self) -> dict[str, Any]:
        at = self.created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        gateway, options = self.gateway, self.options
        content: dict[str, Any] = {
            "version": PLAN_VERSION,
            "kind": KIND,
            "tool": self.tool,
            "created": {"at": at},
            "max_age_seconds": int(self.max_age.total_seconds()),
            "gateway": {
                "name": gateway.name,
                "send_url": gateway.send_url,
                "account": gateway.account or None,
                "settings": gateway.settings,
            },
            "options": {
                "late_rows": options.late_rows,
                "new_campaign": options.new_campaign,
                "config": options.config,
                "recipients": options.recipients,
            },
            "campaigns": [_campaign_json(each) for each in self.campaigns],
            "flows": self.flows,
        }
        body = {key: value for key, value in content.items() if key not in _NOT_DIGESTED}
        content["created"]["digest"] = _seal(at, digest_json(body))
        return content


def digest_json(value: Any) -> str:
    """Return the SHA-256 of a value's JSON form: keys sorted, no blank space, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _seal(at: str, digest: str) -> str:
    """Bind the creation time to the plan: a plan that is told to be younger is an edited one."""
    return digest_json([at, digest])


def _campaign_json(each: BoundCampaign) -> dict[str, Any]:
    return {
        "file": each.file,
        "revision": each.revision,
        "to_send": each.to_send,
        "media": "not checked",
        "digests": dict(each.digests),
        "suppress": [{"file": one.file, "entries": one.entries, "sha256": one.sha256} for one in each.suppress],
    }


def read_saved_plan(text: str, shown_as: str) -> SavedPlan:
    """Read a saved plan's text. Raises Refusal where it is none, is of a newer format, or was edited."""
    content = _read_content(text, shown_as)
    version = content.get("version")
    if isinstance(version, int) and version > PLAN_VERSION:
        raise Refusal(
            f"{shown_as}: the saved plan has the newer format {version}; this mmsbatch reads format {PLAN_VERSION}",
            "update mmsbatch, or save the plan again with this version",
        )
    _raise_if_other_shape(content, shown_as)
    body = {key: value for key, value in content.items() if key not in _NOT_DIGESTED}
    digest, created = digest_json(body), content["created"]
    if digest != content["digest"] or created["digest"] != _seal(created["at"], digest):
        raise Refusal(
            f"{shown_as}: the saved plan was edited: it is not what its digest says",
            "change the inputs instead, look at `mmsbatch plan`, and save it again",
        )
    return _from_json(content)


def _read_content(text: str, shown_as: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal(f"{shown_as}: it is no saved plan: not JSON", _HINT_SAVE) from None
    if isinstance(content, dict) and content.get("kind") == KIND:
        return content
    if isinstance(content, dict) and "campaigns" in content:
        raise Refusal(f"{shown_as}: it is a report of `--format json`, not a saved plan", _HINT_SAVE)
    raise Refusal(f"{shown_as}: it is no saved plan", _HINT_SAVE)


def _raise_if_other_shape(content: dict[str, Any], shown_as: str) -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to load

    fault = next(Draft202012Validator(json.loads(schema_text("plan"))).iter_errors(content), None)
    if fault is not None:
        raise Refusal(
            f"{shown_as}: the saved plan was edited: it does not fit its schema at `{fault.json_path}`",
            f"save it again; {_HINT_SAVE}",
        )


def _from_json(content: Mapping[str, Any]) -> SavedPlan:
    gateway = content["gateway"]
    return SavedPlan(
        tool=content["tool"],
        created=datetime.fromisoformat(content["created"]["at"]),
        max_age=timedelta(seconds=content["max_age_seconds"]),
        gateway=BoundGateway(**(gateway | {"account": gateway["account"] or ""})),
        options=PlanOptions(**content["options"]),
        campaigns=tuple(
            BoundCampaign(
                file=each["file"],
                revision=each["revision"],
                to_send=each["to_send"],
                digests=each["digests"],
                suppress=tuple(SuppressionDigest(**one) for one in each["suppress"]),
            )
            for each in content["campaigns"]
        ),
        flows=content["flows"],
    )
