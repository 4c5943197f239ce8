"""`mmsbatch render`: the flow as it would go on the wire, to look at."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from mmsbatch.cli.console import Console
from mmsbatch.cli.loading import load
from mmsbatch.cli.naming import one_file
from mmsbatch.cli.options import Config, Gateway, Output, Quiet, Recipients, ShowNumbers, ShowRecipients, Spec
from mmsbatch.cli.reading_progress import following_reading
from mmsbatch.errors import UsageProblem
from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.flow import PLACEHOLDER_CLIENT
from mmsbatch.masking import mask_number
from mmsbatch.message.samples import sample_text
from mmsbatch.planning.chunking import group_by_text, partition
from mmsbatch.planning.outcomes import Recorded, sort_rows
from mmsbatch.planning.preparation import Prepared
from mmsbatch.sending.job import ChunkJob, chunk_job, flow_text


def render(
    spec: Spec,
    chunk: Annotated[int | None, typer.Option("--chunk", min=1, metavar="N", help="The n-th chunk, from 1.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All chunks.")] = False,
    gateway: Gateway = None,
    config: Config = None,
    recipients: Recipients = None,
    output: Output = None,
    show_numbers: ShowNumbers = False,
    show_recipients: ShowRecipients = False,
    quiet: Quiet = False,
) -> None:
    """Print the <DATA> flow of the first chunk, as if nothing had been sent yet.

    CLIENT shows a placeholder, numbers are masked, and the text has invented values for the recipients' columns.

    Examples:

      mmsbatch render campaigns/winter-sale.yaml

      mmsbatch render campaigns/winter-sale.yaml --chunk 3 --show-numbers --show-recipients
    """
    if every and chunk is not None:
        raise UsageProblem("--chunk and --all exclude each other")
    console = Console(output)
    with following_reading(is_silent=quiet) as on_progress:
        loaded = load([one_file(spec)], config, gateway, recipients, on_progress)
    loaded.raise_if_invalid()
    if not loaded.prepared:
        raise UsageProblem(f"{spec} is a draft: it has no chunks yet", "set `state: ready`")
    prepared = loaded.prepared[0]
    start = (chunk or 1) - 1
    jobs = _jobs(prepared) if every else islice(_jobs(prepared), start, start + 1)
    sample = None if show_recipients else sample_text(prepared.campaign.message.text, prepared.campaign.variables)
    flows = [_flow(prepared, job, show_numbers, sample) for job in jobs]
    if not flows:
        raise UsageProblem(_why_none(prepared, chunk))
    console.report("\n\n".join(flows))
    raise typer.Exit(ExitCode.DONE)


def _jobs(prepared: Prepared) -> Iterator[ChunkJob]:
    rows = sort_rows(prepared.audience, prepared.suppressed, Recorded(), send_late=True)
    groups = group_by_text(rows.to_send, prepared.rendering.index_of)
    campaign = prepared.campaign
    chunks = partition(groups, prepared.settings.chunk_size, campaign.revision, canary=campaign.limits.canary)
    return (chunk_job(prepared, chunk) for chunk in chunks)


def _flow(prepared: Prepared, job: ChunkJob, show_numbers: bool, sample: str | None) -> str:
    numbers = job.numbers if show_numbers else [mask_number(number) for number in job.numbers]
    return flow_text(prepared, PLACEHOLDER_CLIENT, numbers, job.text if sample is None else sample)


def _why_none(prepared: Prepared, chunk: int | None) -> str:
    total = sum(1 for _ in _jobs(prepared))
    return f"there is no chunk {chunk}: the campaign has {total}" if total else "the campaign sends to nobody"
