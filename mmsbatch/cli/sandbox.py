"""`mmsbatch sandbox`: the embedded gateway as a server of its own, to rehearse against."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from mmsbatch.cli.console import Console
from mmsbatch.errors import UsageProblem
from mmsbatch.exitcodes import ExitCode


def sandbox(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8018,
    credits_left: Annotated[int, typer.Option("--credits", min=0, help="The balance at the start.")] = 100_000,
    credits_file: Annotated[
        Path | None, typer.Option("--credits-file", metavar="FILE", help="Keep the balance there between runs.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Append every message taken, as JSON Lines.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="FAULT", help="Misbehave on purpose; again for more.")
    ] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Show the faults it knows.")] = False,
) -> None:
    """Serve both endpoints of the manual on loopback until Ctrl-C.

    Client code and passcode are both `sandbox`.

    Examples:

      mmsbatch sandbox --port 8018

      mmsbatch sandbox --fault drop-after:3
    """
    from mmsbatch.sandbox import FAULTS, Sandbox, SandboxOptions, parse_fault  # noqa: PLC0415 - a server is not small

    console = Console()
    if list_faults:
        console.report("\n".join(f"{name:<14}{told}" for name, told in FAULTS.items()))
        raise typer.Exit(ExitCode.DONE)
    try:
        faults = tuple(parse_fault(text) for text in fault or [])
    except ValueError as error:
        raise UsageProblem(f"--fault: {error}") from error
    options = SandboxOptions(credits=credits_left, credits_file=credits_file, log_file=log, faults=faults)
    try:
        server = Sandbox(options, port=port)
        server.start()
    except OSError as error:
        raise UsageProblem(f"port {port} cannot be used: {error.strerror}", "choose another with --port") from error
    except ValueError as error:
        raise UsageProblem(f"--credits-file: {error}") from error
    try:
        console.report(f"send_url: {server.send_url}\naccount_url: {server.account_url}")
        console.tell("client code and passcode: sandbox; give the gateway `fiction_numbers: accept` (README: Rehearse)")
        threading.Event().wait()
    except KeyboardInterrupt:
        console.tell("stopped")
    finally:
        server.stop()
    raise typer.Exit(ExitCode.DONE)
