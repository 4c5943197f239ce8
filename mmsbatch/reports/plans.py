"""A plan as text and JSON. They only read it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from mmsbatch.planning.plan import CampaignPlan, CreditsPlan, Plan, PriceSource
from mmsbatch.record.amounts import to_json
from mmsbatch.record.events import Totals
from mmsbatch.reports.findings import capped, finding_json, finding_lines
from mmsbatch.reports.shards import shard_json, shard_rows, shard_verdict
from mmsbatch.reports.verdicts import nothing_to_send
from mmsbatch.reports.wording import count


def plan_text(plan: Plan) -> str:
    """Show the plan for a terminal or a log: a verdict, a table, the warnings."""
    parts = ["\n".join(_campaign(each, plan)) for each in plan.campaigns]
    if plan.diagnostics:
        parts.append("\n".join(finding_lines(plan.diagnostics)))
    parts.append(_balance(plan))
    return "\n\n".join(part for part in parts if part)


def plan_verdicts(plan: Plan) -> str:
    """Say in a line per campaign what applying would do, and what stands against it."""
    errors = [each for each in plan.diagnostics if each.is_error]
    return "\n".join([*(f"{each.file}: {verdict_line(each)}" for each in plan.campaigns), *finding_lines(errors)])


def plan_json(plan: Plan) -> str:
    """Return the plan's JSON form (contract: section 6)."""
    content = {
        "version": 1,
        "gateway": plan.gateway,
        "send_url": plan.send_url or None,
        "account": plan.account or None,
        "offline": plan.offline,
        "refused": plan.is_refused,
        "campaigns": [_campaign_json(each) for each in plan.campaigns],
        "diagnostics": [finding_json(each) for each, _ in capped(plan.diagnostics)],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def verdict_line(plan: CampaignPlan) -> str:
    """Say in one line what applying would do, and why where it is nothing."""
    if plan.to_send is None:
        return f"cannot tell what is left to send: {plan.record_unknown}"
    if plan.shard is not None and plan.to_send:
        return shard_verdict(plan, plan.shard) + _verdict_notes(plan)
    if plan.to_send == 0:
        return nothing_to_send(_totals_of(plan))
    return (
        f"sends to {count(plan.to_send, 'recipient')} in {count(plan.chunks or 0, 'request')}, "
        f"{count(plan.messages, 'distinct text')}{_verdict_notes(plan)}"
    )


def _totals_of(plan: CampaignPlan) -> Totals:
    return Totals(
        rows=plan.rows,
        accepted=plan.already_sent or 0,
        rejected=plan.rejected or 0,
        unaccounted=plan.unaccounted or 0,
        in_doubt=plan.in_doubt or 0,
        suppressed=plan.suppressed or 0,
        late=plan.late or 0,
        duplicates=plan.duplicates,
        invalid=plan.invalid,
    )


def _verdict_notes(plan: CampaignPlan) -> str:
    """Say who gets something again, or something else than those before; over all shards where the plan is one's."""
    whose = "all shards: " if plan.shard and plan.has_something_to_send else ""
    again = "".join(
        f"; {whose}sends AGAIN to {each:,} who got revision {number}" for number, each in plan.resend.items()
    )
    mixed = f"; {whose}{plan.mixed:,} got the former message, {plan.to_send:,} get this one" if plan.mixed else ""
    return again + mixed


def _campaign(each: CampaignPlan, plan: Plan) -> Iterator[str]:
    yield f"{each.file}: {each.name}, revision {each.revision}, gateway {plan.gateway}"
    yield f"  {verdict_line(each)}"
    yield ""
    for name, value, note in campaign_rows(each):
        yield f"  {name:<14}{value:>10}  {note}".rstrip()


def campaign_rows(each: CampaignPlan) -> Iterator[tuple[str, str, str]]:
    """Give the rows of a campaign's table: name, value, note. Only the first names a file."""
    yield "rows", f"{each.rows:,}", _source(each)
    for name, key, number in _outcomes(each):
        if number is None:
            yield name, "unknown", ""
        elif number or name == "to send":
            yield name, f"{number:,}", _lines(each, key)
    yield (
        "message",
        each.type,
        f"MSGCLASS {each.msgclass}, longest text {each.longest} of {each.longest_limit} characters",
    )
    if each.msgclass:
        yield "media", "unchecked", "this version does not fetch them"
    yield "credits", amount(each.credits.required), _credits(each.credits)
    yield "schedule", *_schedule(each)
    if each.mails:
        yield "mails", f"{each.mails:,}", "one notification per request"
    if seconds := each.part.estimated_seconds:
        yield "takes", _duration(seconds), "if the gateway takes a second per request"
    yield from shard_rows(each)


def _outcomes(each: CampaignPlan) -> Iterator[tuple[str, str, int | None]]:
    yield "to send", "pending", each.to_send
    yield "already sent", "accepted", each.already_sent
    yield "rejected", "rejected", each.rejected
    yield "unaccounted", "unaccounted", each.unaccounted
    yield "in doubt", "in_doubt", each.in_doubt
    yield "late, held", "late", each.late
    yield "suppressed", "suppressed", each.suppressed
    yield "duplicates", "duplicates", each.duplicates
    yield "invalid", "invalid", each.invalid
    if each.outside:
        yield "outside", "outside", each.outside


def _source(each: CampaignPlan) -> str:
    delimiter = {"\t": "tab"}.get(each.delimiter, each.delimiter)
    return f"{each.source}, {each.encoding}" + (f", delimiter {delimiter}" if delimiter else "")


def _lines(each: CampaignPlan, outcome: str) -> str:
    notes = {"outside": "recorded numbers that are no longer in the input"}
    if outcome in ("pending", "accepted") or not each.first_lines.get(outcome):
        return notes.get(outcome, "")
    lines = each.first_lines[outcome]
    shown = ", ".join(map(str, lines[:5]))
    return f"line{'s' if len(lines) > 1 else ''} {shown}{', …' if len(lines) > 5 else ''}"


def _credits(credits_plan: CreditsPlan) -> str:
    price = "at least 1 each, price unknown"
    if credits_plan.source is PriceSource.CONFIGURED:
        price = f"{amount(credits_plan.per_message)} each, configured"
    if credits_plan.available is None:
        return f"{price}; the account was not asked"
    return f"{price}; {amount(credits_plan.available)} available, {amount(credits_plan.left)} left"


def _schedule(each: CampaignPlan) -> tuple[str, str]:
    if each.scheduled_for is None:
        return "at once", ""
    return "later", f"{each.scheduled_for:%Y-%m-%d %H:%M:%S} Europe/Paris"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def amount(credit: Decimal | None) -> str:
    """Write an amount of credits; None is one that nobody knows."""
    return "unknown" if credit is None else f"{credit:,}"


def _balance(plan: Plan) -> str:
    if len(plan.campaigns) < 2:
        return ""
    required = sum((each.credits.required or Decimal(0) for each in plan.campaigns), Decimal(0))
    available = plan.campaigns[0].credits.available
    told = f" of {amount(available)} available" if available is not None else ""
    return f"{count(len(plan.campaigns), 'campaign')} share one balance: {amount(required)} credits needed{told}"


def _campaign_json(each: CampaignPlan) -> dict[str, Any]:
    plain = (
        "file name revision rows to_send already_sent rejected unaccounted in_doubt duplicates suppressed late "
        "invalid outside"
    )
    content: dict[str, Any] = {name: getattr(each, name) for name in plain.split()}
    return content | {
        "resend": None if each.to_send is None else sum(each.resend.values()),
        "chunks": each.chunks,
        "messages": each.messages,
        "credits": {
            "per_message": to_json(each.credits.per_message),
            "source": each.credits.source.value,
            "required": to_json(each.credits.required),
            "lower_bound": each.credits.per_message is None,
            "available": to_json(each.credits.available),
            "left": to_json(each.credits.left),
        },
        "verdict": verdict_line(each),
        "record_unknown": each.record_unknown or None,
        "type": each.type,
        "msgclass": each.msgclass,
        "media": "not checked",
        "longest": {"characters": each.longest, "limit": each.longest_limit},
        "scheduled_for": each.scheduled_for.isoformat() if each.scheduled_for else None,
        "mails": each.mails,
        "mixed": each.mixed,
        "estimated_seconds": each.estimated_seconds,
        "source": {"file": each.source, "encoding": each.encoding, "delimiter": each.delimiter},
        "in_doubt_chunks": list(each.in_doubt_chunks),
        "first_lines": {outcome: list(lines) for outcome, lines in each.first_lines.items() if lines},
        "digests": dict(each.digests),
        **({"shard": shard_json(each.shard)} if each.shard else {}),
        **({"shards": [shard_json(shard) for shard in each.shards]} if each.shards else {}),
        "samples": [asdict(sample) for sample in each.samples],
        "last_send": asdict(each.last_send) if each.last_send else None,
    }
