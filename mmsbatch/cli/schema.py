"""`mmsbatch schema`: the JSON Schemas, for editors and other tools."""

from typing import Annotated

import typer

from mmsbatch.cli.console import Console
from mmsbatch.cli.options import Output, offering
from mmsbatch.errors import UsageProblem
from mmsbatch.exitcodes import ExitCode
from mmsbatch.folding import closest
from mmsbatch.resources import SCHEMA_NAMES, schema_text

NAME = typer.Argument(
    metavar="NAME", help=", ".join(SCHEMA_NAMES), show_default=False, autocompletion=offering(SCHEMA_NAMES)
)


def schema(name: Annotated[str, NAME], output: Output = None) -> None:
    """Print a JSON Schema: campaign, config, journal, manifest or plan (a saved one).

    Example:

      mmsbatch schema campaign -o campaign.schema.json
    """
    if name not in SCHEMA_NAMES:
        meant = closest(name, SCHEMA_NAMES)
        raise UsageProblem(
            f"there is no schema named {name}",
            f"did you mean {meant}?" if meant else f"known: {', '.join(SCHEMA_NAMES)}",
        )
    Console(output).report(schema_text(name).rstrip("\n"))
    raise typer.Exit(ExitCode.DONE)
