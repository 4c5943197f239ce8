"""`mmsbatch account`: are the credentials right, and what is the credit?"""

import json
import os
from pathlib import Path

import typer

from mmsbatch.campaign.places import find_configuration
from mmsbatch.cli.connection import connect
from mmsbatch.cli.console import Console
from mmsbatch.cli.options import Config, Format, Gateway, check_format
from mmsbatch.cli.workspace import open_workspace
from mmsbatch.exitcodes import ExitCode
from mmsbatch.record.amounts import to_json


def account(gateway: Gateway = None, config: Config = None, output_format: Format = "text") -> None:
    """Ask the gateway for the account's state and credit. Nothing is sent to anyone.

    Examples:

      mmsbatch account

      mmsbatch account --gateway sandbox
    """
    as_json = check_format(output_format) == "json"
    settings = open_workspace([], config or find_configuration(Path.cwd()), gateway).settings
    with connect(settings, os.environ) as connection:
        state = connection.ask_account()
        fingerprint = connection.credentials.fingerprint
    console = Console()
    if as_json:
        content = {"version": 1, "gateway": settings.name, "account": fingerprint, "credits": to_json(state.credits)}
        console.report(json.dumps(content, indent=2))
    else:
        console.report(f"gateway {settings.name}: account {fingerprint} is active, {state.credits:,} credits")
    if settings.account_url.startswith("http://") and not settings.is_sandbox:
        console.tell("note: plain http, as the manual has it: the passcode crosses the network unencrypted")
    raise typer.Exit(ExitCode.DONE)
