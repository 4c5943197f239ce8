"""A campaign becomes a prepared one: read, measured, rendered for each recipient. All that `validate` does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from pathlib import Path

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.media_rules import check_media
from mmsbatch.campaign.model import Campaign
from mmsbatch.campaign.places import resolve_named_file
from mmsbatch.diagnostics import Diagnostic, has_errors
from mmsbatch.message.rendering import Rendering, compile_message, render_messages
from mmsbatch.planning.digests import digest_parts
from mmsbatch.recipients.audience import read_audience
from mmsbatch.recipients.model import Audience
from mmsbatch.recipients.numbers import NumberPolicy
from mmsbatch.recipients.suppression import SuppressionDigest, read_suppression
from mmsbatch.rules import finding


class Step(Enum):
    """What takes its time, by what is counted: campaigns, rows of recipients, rows of suppression lists, texts."""

    CAMPAIGNS = auto()
    RECIPIENTS = auto()
    SUPPRESSION = auto()
    TEXTS = auto()


#: Told now and then how many there were so far.
OnProgress = Callable[[Step, int], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid campaign with everything that does not depend on its record.

    `digests` bind the parts by name: template, variables, media, recipients, and each suppression list.
    `suppressed` are national numbers, `source_name` is what the record calls the recipients' file.
    """

    campaign: Campaign
    settings: GatewaySettings
    audience: Audience
    rendering: Rendering
    suppressed: frozenset[int] = field(repr=False)
    suppression: tuple[SuppressionDigest, ...]
    digests: Mapping[str, str]
    source_name: str


def prepare(
    campaign: Campaign,
    settings: GatewaySettings,
    recipients_file: Path | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[Prepared | None, list[Diagnostic]]:
    """Read, check and render a campaign; None where an error stands against it, or nobody named recipients.

    `recipients_file` takes the place of what the campaign names (`--recipients`). `on_progress` is told now and then.
    """
    on_rows, on_entries, on_texts = (
        partial(on_progress, step) if on_progress else None for step in (Step.RECIPIENTS, Step.SUPPRESSION, Step.TEXTS)
    )
    policy = NumberPolicy(settings.mobile_prefixes, settings.accept_fiction)
    template, found = compile_message(campaign)
    found += check_media(campaign, settings)
    if recipients_file is None and not campaign.recipients.is_named:
        return None, [*found, _tell_missing(campaign)]
    source, shown_as = _source(campaign, recipients_file)
    used = template.used if template else frozenset()
    audience, rows_found = read_audience(campaign, source, shown_as, policy, used, on_rows=on_rows)
    suppressed, lists, lists_found = read_suppression(
        campaign.suppress, partial(_named_file, campaign), on_rows=on_entries
    )
    found += rows_found + lists_found
    if template is None or audience is None:
        return None, found
    rendering = render_messages(template, campaign, audience, settings, on_texts=on_texts)
    found += rendering.diagnostics
    if has_errors(found):
        return None, found
    digests = digest_parts(campaign, audience.sha256, [(each.file, each.sha256) for each in lists])
    name = Path(audience.file).name
    return Prepared(campaign, settings, audience, rendering, suppressed, tuple(lists), digests, name), found


def _tell_missing(campaign: Campaign) -> Diagnostic:
    return finding(
        "recipients-at-run-time",
        campaign.file,
        campaign.position("recipients"),
        "the campaign names no recipients: the text is not rendered",
        "name `file` or `list`, or give --recipients FILE",
    )


def _source(campaign: Campaign, recipients_file: Path | None) -> tuple[Path | None, str]:
    if recipients_file is not None:
        return recipients_file, str(recipients_file)
    if campaign.recipients.file is None:
        return None, campaign.file
    return _named_file(campaign, campaign.recipients.file)


def _named_file(campaign: Campaign, name: str) -> tuple[Path, str]:
    """Return a named file's real path, and how the user would type it."""
    return resolve_named_file(campaign, name), str(Path(campaign.file).parent / name)
