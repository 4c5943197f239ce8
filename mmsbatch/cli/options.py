"""The options that commands share, and how a command refuses what is not built."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli import completing
from mmsbatch.errors import UsageProblem
from mmsbatch.reports.formats import FORMATS


def offering(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Make what completes a word that is one of these."""

    def offer(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return offer


SPEC = typer.Argument(
    metavar="SPEC", help="A campaign file.", show_default=False, autocompletion=completing.campaign_file
)
PATHS = typer.Argument(
    metavar="PATHS…",
    help="Campaign files, or folders of them.",
    show_default=False,
    autocompletion=completing.campaigns,
)

Spec = Annotated[Path, SPEC]
Paths = Annotated[list[Path], PATHS]
Gateway = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        metavar="NAME",
        help="The gateway; default: `default_gateway` of mmsbatch.yaml.",
        autocompletion=completing.gateways,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The configuration; default: mmsbatch.yaml, upward from the campaign."
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the report there instead of to the screen.")
]
Recipients = Annotated[
    Path | None,
    typer.Option("--recipients", metavar="FILE", help="Use this recipients file instead of the campaign's own."),
]
ShowNumbers = Annotated[bool, typer.Option("--show-numbers", help="Do not mask phone numbers.")]
ShowRecipients = Annotated[
    bool, typer.Option("--show-recipients", help="Show what the recipients' columns really hold.")
]
AnyGateway = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        metavar="NAME",
        help="Only this gateway's record; default: all there are.",
        autocompletion=completing.gateways,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say the least: errors and the result.")]
Format = Annotated[
    str,
    typer.Option("--format", metavar="FORMAT", help="text or json.", autocompletion=offering(("text", "json"))),
]
FindingsFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text, json, github, gitlab, junit or sarif; default: text, and github where GITHUB_ACTIONS is true.",
        autocompletion=offering(FORMATS),
    ),
]
LateRows = Annotated[
    bool, typer.Option("--late-rows", help="Send to rows that appeared after the campaign was complete.")
]
NewCampaign = Annotated[
    bool,
    typer.Option("--new-campaign", help="The campaign is new, although a journal beside it has lost its campaign."),
]

#: Formats of the contract that this version does not write yet.
_LATER_FORMATS = frozenset({"markdown", "html"})


_DURATION = re.compile("([1-9][0-9]{0,5})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def read_duration(text: str | None) -> float | None:
    """Return the seconds that a text means, None without one. Raises UsageProblem for anything but 90s, 30m or 2h."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise UsageProblem(f"--max-duration {text} is no time", "write it as 90s, 30m or 2h")
    return float(int(match[1]) * _SECONDS[match[2]])


class _Format(StrEnum):
    TEXT = "text"
    JSON = "json"


def check_format(name: str, known: Iterable[str] = tuple(_Format)) -> str:
    """Return the format's name. Raises UsageProblem for one that is unknown, not the command's, or not built yet."""
    *others, last = known
    if name in (*others, last):
        return name
    hint = f"use {', '.join(others)} or {last}"
    if name in _LATER_FORMATS:
        raise UsageProblem(f"--format {name} is not built yet", hint)
    if name in FORMATS:
        raise UsageProblem(f"--format {name} is for findings: only `validate` writes it", hint)
    raise UsageProblem(f"--format {name} is not known", hint)


def pick_findings_format(name: str | None, environ: Mapping[str, str]) -> str:
    """Return the format in which findings are told, by default the one that is seen where the command runs.

    Raises UsageProblem for one that is unknown, or not built yet.
    """
    if name is None:
        return "github" if environ.get("GITHUB_ACTIONS") == "true" else "text"
    return check_format(name, FORMATS)
