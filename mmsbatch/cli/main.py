"""The program: its commands, and the one place where an error becomes a message and an exit code."""

from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mmsbatch import __version__
from mmsbatch.cli.console import colored, say, tell_error
from mmsbatch.cli.entry import Terminated
from mmsbatch.errors import InvalidInput, MmsbatchError, UsageProblem
from mmsbatch.exitcodes import ExitCode

#: Commands by name, in the order of the help; each is a function of the module of its name.
COMMANDS = {
    "validate": "Check campaign files, their recipients and every rendered text.",
    "render": "Print the flow as it would go on the wire.",
    "plan": "Show who would receive what, at what cost.",
    "apply": "Send campaigns: each recipient at most once.",
    "proof": "Send the message to a few test numbers.",
    "status": "Show what was sent, what was not, what is in doubt.",
    "resolve": "Settle a chunk in doubt.",
    "unlock": "Give an account back whose runner is gone.",
    "merge": "Fold the journals that shards left into one record.",
    "account": "Ask the gateway for the account's credit.",
    "schema": "Print a JSON Schema.",
    "init": "Make a repository ready for campaigns.",
    "sandbox": "Run the embedded gateway as a server.",
}
#: Commands of the contract that this version does not have yet: refused by name.
NOT_BUILT = ("preview", "report")


class Stopped(MmsbatchError):
    """A signal while nothing is being sent: during a run, signals go to the run."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__("stopped", "`mmsbatch status` shows what was sent before, if anything was")
        self.exit_code = code


class LazyGroup(TyperGroup):
    """Loads a command's module only when it is called: `--version` should not wait for all of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the commands in the order of the registry."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, or None. Raises UsageProblem for one that is not built yet."""
        if cmd_name in NOT_BUILT and not ctx.resilient_parsing:  # a shell that completes is told nothing
            raise UsageProblem(f"the command {cmd_name} is not built yet", "mmsbatch --help lists those that are")
        if cmd_name not in COMMANDS:
            return None
        function = getattr(import_module(f"mmsbatch.cli.{cmd_name}"), cmd_name)
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(cmd_name, short_help=COMMANDS[cmd_name])(function)
        return typer.main.get_command(single)

    def invoke(self, ctx: Any) -> Any:
        """Carry the command out. Raises Stopped for a KeyboardInterrupt, which typer would end on without a word."""
        try:
            return super().invoke(ctx)
        except typer.Exit as ended:
            if ctx.obj is not None:
                ctx.obj(ended.exit_code)  # here, where nothing that the command read has been taken apart yet
            raise
        except (KeyboardInterrupt, typer.Abort):
            raise Stopped(ExitCode.INTERRUPTED) from None


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mmsbatch {__version__}")
        raise typer.Exit(ExitCode.DONE)


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Send MMS campaigns kept as YAML files in git, each recipient at most once."""


def run(arguments: list[str], leave: Callable[[int], NoReturn] | None = None) -> int:
    """Carry a command line out; return the exit code, or `leave` with it as soon as a command says it."""
    try:
        return int(app(arguments, prog_name="mmsbatch", standalone_mode=False, obj=leave) or ExitCode.DONE)
    except MmsbatchError as error:
        return _tell(error)
    except typer.TyperException as error:
        return _tell_usage(error, arguments)
    except Terminated:
        return _tell(Stopped(ExitCode.TERMINATED))
    except Exception as error:
        # Before 3.12, Python wraps whatever is raised while a class is made, and modules are full of them.
        if isinstance(error.__cause__, KeyboardInterrupt | Terminated):
            is_terminated = isinstance(error.__cause__, Terminated)
            return _tell(Stopped(ExitCode.TERMINATED if is_terminated else ExitCode.INTERRUPTED))
        from mmsbatch.cli.fault import report_fault  # noqa: PLC0415

        return report_fault(error)


def _tell_usage(error: typer.TyperException, arguments: list[str]) -> ExitCode:
    if not arguments:
        say(error.format_message())  # the help itself
    else:
        known = next((word for word in arguments if word in COMMANDS), "")
        tell_error(UsageProblem(error.format_message(), f"mmsbatch {known} --help".replace("  ", " ")))
    return ExitCode.USAGE


def _tell(error: MmsbatchError) -> ExitCode:
    if isinstance(error, InvalidInput):
        from mmsbatch.cli.sources import source_lines  # noqa: PLC0415
        from mmsbatch.reports.findings import finding_lines, totals  # noqa: PLC0415

        say("\n".join([*finding_lines(error.diagnostics, source_lines, colored), totals(error.diagnostics)]))
    else:
        tell_error(error)
    return error.exit_code
