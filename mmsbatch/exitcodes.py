"""The exit codes, one registry: the code, the docs and the tests read it. They never change."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says to the pipeline that started it."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "ExitCode":
        """Make the member: the code is its value, the meaning an attribute."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "done, or nothing to do; rejected numbers alone do not change it"
    REFUSED = (
        1,
        ("refused before anything was sent: an invalid campaign, a plan over a limit, a stale plan, credit short"),
    )
    USAGE = 2, "usage: a bad flag or argument, no confirmation"
    INCOMPLETE = 3, "incomplete: some chunks were not sent; the record says which, running again continues"
    IN_DOUBT = 4, "in doubt: a chunk's fate is unknown; `status` shows it, `resolve` settles it"
    LOCKED = 5, "locked: another run holds this campaign"
    GATEWAY = (
        6,
        ("the gateway, the account or the network refused the tool itself (credentials, unreachable, not allowed)"),
    )
    SOMETHING_TO_SEND = 10, "only with `plan --detailed-exitcode`: there is something to send"
    FAULT = (
        70,
        ("a fault of mmsbatch itself; a log file with versions and a traceback free of secrets and numbers is named"),
    )
    INTERRUPTED = (
        130,
        ("stopped by SIGINT: no new request starts, those in flight are awaited for a while, the record is complete"),
    )
    TERMINATED = 143, "stopped by SIGTERM: the same"


#: Where several apply, the first of these is the one that is told.
PRECEDENCE = (
    ExitCode.FAULT,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.IN_DOUBT,
    ExitCode.INCOMPLETE,
    ExitCode.GATEWAY,
    ExitCode.LOCKED,
    ExitCode.REFUSED,
)


def gravest(*codes: ExitCode) -> ExitCode:
    """Return the code that outranks the others; DONE where none is graver."""
    return next((code for code in PRECEDENCE if code in codes), ExitCode.DONE)
