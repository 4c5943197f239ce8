"""Who calls: the process, the user, and the pipeline that they run in. For locks, records and decisions."""

import getpass
import os
import socket
import subprocess
from collections.abc import Mapping

from mmsbatch.record.lock import Holder


def this_process(environ: Mapping[str, str], since: str) -> Holder:
    """Say who runs here, for locks and records."""
    return Holder(os.getpid(), socket.gethostname(), user_name(), since, pipeline_url(environ))


def user_name() -> str:
    """Return the user's name; an uid without one, as containers have it, stands for itself."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def pipeline_url(environ: Mapping[str, str]) -> str:
    """Return the URL of the CI job that this runs in, empty outside of CI."""
    if environ.get("CI_JOB_URL"):
        return environ["CI_JOB_URL"]
    if environ.get("GITHUB_RUN_ID"):
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        return f"{server}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
    return ""


def who_decides(environ: Mapping[str, str]) -> str:
    """Return who answers for a decision: the git identity, or else the user."""
    try:
        found = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, check=False)  # noqa: S607
    except OSError:
        return user_name()
    name = found.stdout.strip() or user_name()
    pipeline = pipeline_url(environ)
    return f"{name} ({pipeline})" if pipeline else name
