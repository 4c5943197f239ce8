"""`mmsbatch unlock`: gives an account back that a vanished runner holds."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.console import Console
from mmsbatch.cli.options import Config
from mmsbatch.cli.shared_stores import open_account_refs
from mmsbatch.cli.workspace import open_workspace
from mmsbatch.errors import UsageProblem
from mmsbatch.exitcodes import ExitCode

LOCK = typer.Argument(metavar="ID", help="The lock's id, as the refused run named it.", show_default=False)


def unlock(lock: Annotated[str, LOCK], config: Config = None) -> None:
    """Give an exclusive account back whose runner is gone, for all machines that share the record.

    Be sure that it is gone: two that send from one account at once cannot tell whose credit was spent.

    Example:

      mmsbatch unlock 3f2a9c0d1e4b
    """
    configuration = open_workspace([Path("mmsbatch.yaml")], config, None).configuration
    if not configuration.store.is_shared:
        raise UsageProblem(
            "accounts are locked on a git remote only with `record: {store: git}`",
            "on one machine a lock goes with its process, however that ended",
        )
    holder = open_account_refs(configuration.store, Path(), os.environ).unlock(lock)
    Console().report_done(f"given back: it was held by {holder}")
    raise typer.Exit(ExitCode.DONE)
