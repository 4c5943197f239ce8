"""What stops a command. The command line turns each into its message and exit code."""

from typing import TYPE_CHECKING

from mmsbatch.exitcodes import ExitCode

if TYPE_CHECKING:
    from mmsbatch.diagnostics import Diagnostic


class MmsbatchError(Exception):
    """A stop that is not a fault of mmsbatch; `hint` says what the user can do."""

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Refusal(MmsbatchError):
    """Nothing was sent: a limit, a record that does not fit, a guard that cannot be checked."""


class InvalidInput(Refusal):
    """Files with errors; carries every finding, warnings included."""

    def __init__(self, diagnostics: "list[Diagnostic]") -> None:
        super().__init__(f"{sum(d.is_error for d in diagnostics)} error(s)")
        self.diagnostics = diagnostics


class PlanRefused(InvalidInput):
    """The plan has errors; it was shown, unless nobody wanted to see it."""


class UsageProblem(MmsbatchError):
    """A flag, an argument or a missing confirmation."""

    exit_code = ExitCode.USAGE


class Locked(MmsbatchError):
    """Another run holds the campaign."""

    exit_code = ExitCode.LOCKED


class Overtaken(MmsbatchError):
    """Another run wrote the record first, and what was planned cannot follow that."""

    exit_code = ExitCode.LOCKED


class GatewayRefusal(MmsbatchError):
    """Credentials, hosts, the account or the network keep the tool from working at all."""

    exit_code = ExitCode.GATEWAY


class RecordUnreachable(MmsbatchError):
    """The remote that keeps the record does not answer: who was already sent is not known."""

    exit_code = ExitCode.GATEWAY


class InDoubt(MmsbatchError):
    """A chunk's fate is unknown, and nobody said to go on."""

    exit_code = ExitCode.IN_DOUBT
