"""Is what would be sent what was reviewed? A saved plan against the inputs of now; pure.

Two differences are none (contract: section 6): what the runs of this very plan did to the record, and
suppression lists that grew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mmsbatch import __version__
from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.errors import Refusal
from mmsbatch.planning.binding import bind_gateway, bound_path, input_digests
from mmsbatch.planning.flows import digest_flows
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.planning.preparation import Prepared
from mmsbatch.planning.saved import BoundCampaign, SavedPlan
from mmsbatch.record.fold import Record
from mmsbatch.record.reviewed import count_taken, digest_record, first_start

#: How far the clocks of two machines may be apart.
CLOCK_TOLERANCE = timedelta(minutes=5)
#: How each input is called.
_NAMES: Mapping[str, str] = {
    "campaign": "campaign file",
    "template": "template (message.text)",
    "variables": "variables",
    "media": "media",
    "recipients": "recipients",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One input that is not what was reviewed: its name, and both digests, or values where there are any."""

    what: str
    reviewed: str
    now: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A campaign as it would be sent now, and its record."""

    planned: PlannedCampaign
    record: Record


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, and what is told although it does not stand in the way."""

    differences: tuple[Difference, ...] = ()
    notices: tuple[str, ...] = ()


class StalePlan(Refusal):
    """Something is not what was reviewed."""

    def __init__(self, shown_as: str, age: timedelta, differences: Sequence[Difference]) -> None:
        lines = [f"{shown_as} is stale: it was made {tell_age(age)} ago, and since then differ:"]
        for each in differences:
            lines += [f"  {each.what}", f"    reviewed  {each.reviewed}", f"    now       {each.now}"]
        super().__init__("\n".join(lines), "nothing was sent; look at `mmsbatch plan`, and save a new plan")
        self.differences = tuple(differences)


def compare_inputs(
    saved: SavedPlan, settings: GatewaySettings, prepared: Sequence[Prepared], root: Path
) -> Iterator[Difference]:
    """Compare all that takes neither record nor account: before anybody is asked anything."""
    yield from _compare_gateway(saved, settings)
    found = {bound_path(each.campaign.path, root): each for each in prepared}
    for bound in saved.campaigns:
        if bound.file in found:
            yield from _compare_parts(bound, input_digests(found[bound.file]))
            yield from _compare_lists(bound, found[bound.file])
        else:
            yield Difference(f"{bound.file}: campaign file", bound.digests["campaign"], "none, or a draft")


def _compare_parts(bound: BoundCampaign, now: Mapping[str, str]) -> Iterator[Difference]:
    # Recipients that stand in the campaign file are told as that file.
    has_list = all(digests["recipients"] == digests["campaign"] for digests in (bound.digests, now))
    for part, name in _NAMES.items():
        if bound.digests[part] != now[part] and not (has_list and part == "recipients"):
            yield Difference(f"{bound.file}: {name}", bound.digests[part], now[part])


def _compare_gateway(saved: SavedPlan, settings: GatewaySettings) -> Iterator[Difference]:
    """Compare the gateway: a plan that was made for one cannot be applied to another."""
    then, now = saved.gateway, bind_gateway(settings, "")
    if then.name != now.name:
        yield Difference("gateway", then.name, now.name)
    if then.send_url != now.send_url:
        yield Difference("gateway's send_url", then.send_url, now.send_url)
    if then.settings != now.settings:
        yield Difference(f"settings of the gateway {then.name}", then.settings, now.settings)


def _compare_lists(bound: BoundCampaign, prepared: Prepared) -> Iterator[Difference]:
    """Suppression lists may only grow. Which lists there are, the campaign file binds."""
    for then, now in zip(bound.suppress, prepared.suppression, strict=False):
        if now.sha256 != then.sha256 and now.entries < then.entries:
            yield Difference(
                f"{bound.file}: suppression list {then.file} has fewer entries",
                f"{then.sha256} ({then.entries:,} entries)",
                f"{now.sha256} ({now.entries:,} entries)",
            )


def compare(saved: SavedPlan, candidates: Sequence[Candidate], account: str, now: datetime) -> Comparison:
    """Compare the account, the records, the flows and the age; the candidates are in the plan's order."""
    digest = saved.digest
    starts = [start for each in candidates if (start := first_start(each.record, digest)) is not None]
    differences = [*_compare_account(saved, account), *_compare_age(saved, min(starts, default=None), now)]
    notices: list[str] = []
    is_same_audience = not starts
    for bound, each in zip(saved.campaigns, candidates, strict=True):
        # Other lists that hold back as many may hold back others.
        is_same_audience &= not (
            _has_other_lists(bound, each) and len(each.planned.sorted_rows.to_send) < bound.to_send
        )
        differences += _compare_record(bound, each, digest)
        told = _compare_audience(bound, each, digest)
        if isinstance(told, Difference):
            differences.append(told)
        elif told:
            notices.append(told)
    if not differences:
        differences += _compare_flows(saved, candidates, is_same_audience)
    return Comparison(tuple(differences), tuple(notices))


def _compare_account(saved: SavedPlan, account: str) -> Iterator[Difference]:
    then = saved.gateway.account
    if then and then != account:
        yield Difference("account", then, account)


def _compare_age(saved: SavedPlan, first_run: str | None, now: datetime) -> Iterator[Difference]:
    """The age counts up to the first run's start: one that began in time may go on later."""
    age = (datetime.fromisoformat(first_run) if first_run else now) - saved.created
    if age > saved.max_age:
        yield Difference("age: it has expired", f"good for {tell_age(saved.max_age)} (plan_max_age)", tell_age(age))
    if now < saved.created - CLOCK_TOLERANCE:
        yield Difference(
            "clock: the plan is of the future",
            tell_time(saved.created),
            f"{tell_time(now)}: which of the clocks is wrong?",
        )


def _compare_record(bound: BoundCampaign, each: Candidate, plan: str) -> Iterator[Difference]:
    now = digest_record(each.record, plan)
    if now != bound.digests["record"]:
        yield Difference(f"{bound.file}: record (who was sent, rejected, in doubt)", bound.digests["record"], now)


def _has_other_lists(bound: BoundCampaign, each: Candidate) -> bool:
    return bound.suppress != each.planned.prepared.suppression


def _compare_audience(bound: BoundCampaign, each: Candidate, plan: str) -> Difference | str:
    """The audience may only shrink; by whom the lists hold back now, people are told."""
    sends = len(each.planned.sorted_rows.to_send)
    before = count_taken(each.record.revision(bound.revision), plan)
    expected = bound.to_send - before
    if sends > expected:
        return Difference(f"{bound.file}: recipients to send to", f"{expected:,}", f"{sends:,}")
    if sends == expected or not _has_other_lists(bound, each):
        return ""
    sent = f"{before:,} sent before, " if before else ""
    return f"{bound.file}: reviewed {bound.to_send:,}, {sent}sending {sends:,}: {expected - sends:,} newly suppressed"


def _compare_flows(saved: SavedPlan, candidates: Sequence[Candidate], is_same_audience: bool) -> Iterator[Difference]:
    """Compare every flow, where all of them are still to be sent.

    Where they are not, whatever they are made of is the same as far as the tool that makes them is.
    """
    if is_same_audience:
        now = digest_flows(each.planned for each in candidates)
        if now != saved.flows:
            yield Difference("flows (what would go on the wire)", saved.flows, now)
    elif saved.tool != __version__:
        yield Difference("mmsbatch itself, and the flows cannot be compared any more", saved.tool, __version__)


def tell_age(age: timedelta) -> str:
    """Write an age for people: the two largest units.

    >>> tell_age(timedelta(hours=75, minutes=12))
    '3 d 3 h'
    """
    seconds = max(int(age.total_seconds()), 0)
    units = {"d": seconds // 86400, "h": seconds // 3600 % 24, "min": seconds // 60 % 60, "s": seconds % 60}
    told = [f"{count} {unit}" for unit, count in units.items() if count]
    return " ".join(told[:2]) or "0 s"


def tell_time(time: datetime) -> str:
    """Write a time to the second, in UTC."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
