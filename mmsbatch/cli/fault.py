"""A fault of mmsbatch itself: a log to hand on, without secrets and numbers."""

import platform
import sys
import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path

from mmsbatch import __version__
from mmsbatch.cli.console import say
from mmsbatch.exitcodes import ExitCode
from mmsbatch.masking import mask_digits

_LIBRARIES = ("typer", "requests", "urllib3", "jinja2", "jsonschema", "pyyaml")


def report_fault(error: BaseException) -> ExitCode:
    """Write the log, name it, and return exit code 70."""
    text = fault_log(error)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="mmsbatch-fault-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            log.write(text)
        where = f"the log is {log.name}"
    except OSError:
        where = "the log could not be written; here it is:\n" + text
    say(f"error: this is a fault of mmsbatch itself ({type(error).__name__}); {where}")
    say("    what was sent is in the record: look at `mmsbatch status` before anything else")
    return ExitCode.FAULT


def fault_log(error: BaseException) -> str:
    """Return versions and a traceback. Exception texts are left out: they may quote what was being worked on."""
    versions = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    lines = [
        f"mmsbatch {__version__}, Python {sys.version.split()[0]}, {platform.platform()}",
        versions,
        f"command: {next((word for word in sys.argv[1:] if not word.startswith('-')), '')}",
    ]
    chain: BaseException | None = error
    while chain is not None:
        lines.append(type(chain).__name__)
        frames = traceback.extract_tb(chain.__traceback__)
        lines += [f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
        chain = chain.__cause__ or chain.__context__
    return mask_digits("\n".join(lines)) + "\n"
