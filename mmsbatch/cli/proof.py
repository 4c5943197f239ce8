"""`mmsbatch proof`: the message to your own phone first."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.caller import this_process
from mmsbatch.cli.connection import Connection, connect
from mmsbatch.cli.console import Console, is_interactive
from mmsbatch.cli.holding import hold_account
from mmsbatch.cli.loading import Loaded, load
from mmsbatch.cli.naming import one_file
from mmsbatch.cli.options import Config, Gateway, NewCampaign, Quiet, Recipients, ShowNumbers, Spec
from mmsbatch.cli.reading_progress import following_reading
from mmsbatch.cli.records import RecordAccess, writing_record
from mmsbatch.cli.stores import open_store
from mmsbatch.errors import Refusal, UsageProblem
from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.verdict import Fate, Verdict
from mmsbatch.masking import mask_number
from mmsbatch.message.measure import length_limit, measured_length
from mmsbatch.message.samples import sample_text
from mmsbatch.planning.preparation import Prepared
from mmsbatch.recipients.numbers import NumberPolicy, read_number
from mmsbatch.reports.wording import count
from mmsbatch.sending.clock import Clock
from mmsbatch.sending.opening import ensure_opened
from mmsbatch.sending.proof import MOST_NUMBERS, Proof, send_proof
from mmsbatch.sending.stops import refusal_code

_CODES = {Fate.ACCEPTED: ExitCode.DONE, Fate.IN_DOUBT: ExitCode.IN_DOUBT}
TO = typer.Option("--to", metavar="NUMBER", help="A test number; again for each, 10 at most.", show_default=False)


def proof(
    spec: Spec,
    to: Annotated[list[str] | None, TO] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send without asking on a terminal.")] = False,
    gateway: Gateway = None,
    config: Config = None,
    recipients: Recipients = None,
    new_campaign: NewCampaign = False,
    show_numbers: ShowNumbers = False,
    quiet: Quiet = False,
) -> None:
    """Send the message to a few test numbers, with invented values for the columns.

    A proof is recorded, costs credits like any message, and never counts as sent.

    Example:

      mmsbatch proof campaigns/winter-sale.yaml --gateway sandbox --to "06 39 98 00 01"
    """
    with following_reading(is_silent=quiet) as on_progress:
        loaded = load([one_file(spec)], config, gateway, recipients, on_progress)
    loaded.raise_if_invalid()
    if not loaded.prepared:
        raise UsageProblem(f"{spec} is a draft: it is never sent, not even as a proof", "set `state: ready`")
    prepared = loaded.prepared[0]
    numbers = _read_numbers(to or [], NumberPolicy.of_gateway(loaded.workspace.settings))
    to_send = Proof(prepared, numbers, _sample_text(prepared))
    shown = numbers if show_numbers else [mask_number(number) for number in numbers]
    console, is_asked = Console(quiet=quiet), is_interactive() and not yes
    tell = console.show if is_asked else console.tell
    tell(f"to {', '.join(shown)}:\n{to_send.text}\n")
    if is_asked and not typer.confirm(f"Send to {count(len(numbers), 'number')}?", err=True):
        raise UsageProblem("nothing was sent: not confirmed")
    with connect(loaded.workspace.settings, os.environ) as connection:
        connection.ask_account()
        verdict = _send(loaded, to_send, connection, new_campaign)
    console.report_done(f"proof: {verdict.reason}; {verdict.accepted} accepted, {len(verdict.rejected)} rejected")
    raise typer.Exit(_CODES[verdict.fate] if verdict.fate in _CODES else refusal_code(verdict))


def _read_numbers(texts: Sequence[str], policy: NumberPolicy) -> list[str]:
    given = [part for text in texts for part in text.split(",")]
    if not given:
        raise UsageProblem("no test number is named", "add --to NUMBER")
    numbers: dict[str, None] = {}
    for place, text in enumerate(given, start=1):
        number = read_number(text, policy)
        if not isinstance(number, str):
            raise UsageProblem(f"--to number {place}: {number.message}", number.hint)
        numbers[number] = None
    if len(numbers) > MOST_NUMBERS:
        raise UsageProblem(f"{len(numbers)} test numbers, and a proof goes to {MOST_NUMBERS} at most")
    return list(numbers)


def _sample_text(prepared: Prepared) -> str:
    campaign = prepared.campaign
    text = sample_text(campaign.message.text, campaign.variables)
    length, limit = measured_length(text), length_limit(campaign.message.type)
    if length > limit:
        raise Refusal(f"with the invented values the text has {length} characters, and the limit is {limit}")
    return text


def _send(loaded: Loaded, to_send: Proof, connection: Connection, new_campaign: bool) -> Verdict:
    settings, clock = loaded.workspace.settings, Clock()
    campaign: Path = to_send.prepared.campaign.path
    account = connection.credentials.fingerprint
    configuration, holder = loaded.workspace.configuration, this_process(os.environ, clock.stamp())
    with (
        writing_record(),
        open_store(loaded.workspace, os.environ) as store,
        hold_account(loaded.workspace, account, holder, clock, Console().warn) as exclusive,
        store.hold(store.shelf.paths(campaign, settings.name), holder) as content,
    ):
        access = RecordAccess(store, configuration, settings, account, os.environ, new_campaign, writes=True)
        keeping = access.check(to_send.prepared.campaign, content.record)
        book = store.open_book(access.paths(to_send.prepared.campaign), content, clock.monotonic)
        exclusive.begin(book)
        name = campaign.resolve().name
        ensure_opened(book, name, settings=settings, account=account, keeping=keeping, clock=clock)
        try:
            return send_proof(to_send, book, connection.credentials, keeping=keeping, post=connection.post, clock=clock)
        finally:
            exclusive.end(book, is_in_doubt=any(proof.is_in_doubt for proof in book.record.proofs.values()))
