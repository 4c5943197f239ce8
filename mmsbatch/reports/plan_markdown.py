"""A plan as a comment on a pull request: the verdict first, then what a reviewer wants to look at."""

from collections.abc import Iterator
from decimal import Decimal

from mmsbatch.planning.plan import CampaignPlan, Plan
from mmsbatch.reports.findings import finding_lines
from mmsbatch.reports.markdown import Rank, Section, cell_code, code, code_block, count_characters, fit, table
from mmsbatch.reports.plans import amount, campaign_rows, verdict_line
from mmsbatch.reports.wording import count

#: The first line: by it a pipeline finds the comment that it wrote before, and updates it.
MARKER = "<!-- mmsbatch:plan -->"
#: A comment may have 65,536 characters; some room is left for what a pipeline adds.
COMMENT_LIMIT = 60_000


def plan_markdown(plan: Plan) -> str:
    """Write the plan for a comment, within its limit."""
    return fit(plan_sections(plan), COMMENT_LIMIT, count_characters)


def plan_sections(plan: Plan) -> list[Section]:
    """Write the plan in parts, by what may be given up where there is no room."""
    return [
        Section(Rank.VERDICT, f"{MARKER}\n## MMS plan: {_verdict(plan)}"),
        Section(Rank.VERDICT, _totals(plan)),
        *_findings(plan, Rank.ERRORS),
        *(section for each in plan.campaigns for section in _campaign(each)),
        *_findings(plan, Rank.WARNINGS),
    ]


def _verdict(plan: Plan) -> str:
    errors = sum(each.is_error for each in plan.diagnostics)
    if errors:
        return f"refused, {count(errors, 'error')}"
    if any(each.to_send is None for each in plan.campaigns):
        return "cannot tell what is left to send"
    total = sum(each.to_send or 0 for each in plan.campaigns)
    return f"sends to {count(total, 'recipient')}" if total else "nothing to send"


def _totals(plan: Plan) -> str:
    warnings = sum(not each.is_error for each in plan.diagnostics)
    required = sum((each.credits.required or Decimal(0) for each in plan.campaigns), Decimal(0))
    balance = "the account was not asked"
    if plan.campaigns and plan.campaigns[0].credits.available is not None:
        balance = f"{amount(plan.campaigns[0].credits.available)} available"
    requests = sum(each.chunks or 0 for each in plan.campaigns)
    return (
        f"{count(len(plan.campaigns), 'campaign')} through the gateway {code(plan.gateway)}: "
        f"{count(requests, 'request')}, {amount(required)} credits needed, {balance}; {count(warnings, 'warning')}."
    )


def _findings(plan: Plan, rank: Rank) -> Iterator[Section]:
    """Give the findings of one severity, file by file: so a page that is too long loses whole files of them."""
    found = [each for each in plan.diagnostics if each.is_error == (rank is Rank.ERRORS)]
    for place, file in enumerate(dict.fromkeys(each.file for each in found)):
        heading = "" if place else f"### {'Errors' if rank is Rank.ERRORS else 'Warnings'}\n\n"
        lines = finding_lines([each for each in found if each.file == file])
        yield Section(rank, heading + code_block("\n".join(lines)))


def _campaign(each: CampaignPlan) -> Iterator[Section]:
    yield Section(Rank.HEADING, f"### {code(each.file)}\n\n{code(each.name)}, revision {each.revision}: {_told(each)}")
    yield Section(Rank.FIGURES, table(("", "", ""), (_row(*row) for row in campaign_rows(each))))
    if each.last_send is not None:
        changed = ", ".join(map(code, each.last_send.changed)) or "nothing"
        yield Section(
            Rank.CHANGES,
            f"Since the last send (revision {each.last_send.revision}, {code(each.last_send.at)}) changed: {changed}.",
        )
    for sample in each.samples:
        title = f"{sample.title.capitalize()}, {sample.characters} of {each.longest_limit} characters, values invented:"
        yield Section(Rank.SAMPLES, f"{title}\n\n{code_block(sample.text)}")


def _told(each: CampaignPlan) -> str:
    """Say what applying would do; why the record cannot be read names files."""
    return verdict_line(each) if each.to_send is not None else f"cannot tell: {code(each.record_unknown)}"


def _row(name: str, value: str, note: str) -> tuple[str, str, str]:
    """Write a row of the table; that of the rows names a file."""
    return name, value, cell_code(note) if name == "rows" else note
