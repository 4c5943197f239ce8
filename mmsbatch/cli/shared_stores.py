"""Opens what is kept on a branch of the git remote: records, and the locks of accounts."""

import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mmsbatch.campaign.configuration import SANDBOX, StoreSettings
from mmsbatch.campaign.places import repository_root
from mmsbatch.cli.caller import this_process
from mmsbatch.errors import Refusal
from mmsbatch.record.shared.account_ref import AccountRefs
from mmsbatch.record.shared.branch import BranchClock, RecordBranch
from mmsbatch.record.shared.git import open_git
from mmsbatch.record.shared.git_remote import GitBranch, open_branch
from mmsbatch.record.shared.mirror import own_mirror
from mmsbatch.record.shared.store import GitStore

#: Seconds that one git command may take.
GIT_TIMEOUT = 120.0


@contextmanager
def open_git_store(kept: StoreSettings, folder: Path, environ: Mapping[str, str]) -> Iterator[GitStore]:
    """Open the branch for the block. Raises RecordUnreachable where the remote does not answer, Refusal."""
    clock = BranchClock(lambda: datetime.now(UTC), time.sleep, random.random)
    us = this_process(environ, "")
    branch = RecordBranch(_open_branch(kept, folder, environ), f"{us.user} on {us.host}", clock)
    with own_mirror(Path(tempfile.gettempdir())) as mirror:
        store = GitStore(branch, _repository(folder), mirror, SANDBOX)
        store.lay_out()
        yield store


def open_account_refs(kept: StoreSettings, folder: Path, environ: Mapping[str, str]) -> AccountRefs:
    """Return the accounts' locks on the remote that keeps the records. Raises Refusal."""
    return AccountRefs(_open_branch(kept, folder, environ).remote, lambda: datetime.now(UTC))


def _open_branch(kept: StoreSettings, folder: Path, environ: Mapping[str, str]) -> GitBranch:
    return open_branch(open_git(_repository(folder), environ, GIT_TIMEOUT), kept.remote, kept.branch)


def _repository(folder: Path) -> Path:
    repository = repository_root(folder)
    if repository is None:
        raise Refusal(
            "`record: {store: git}` keeps the record on a git remote, and this is no git repository",
            "run it in a clone, or leave `store` out of mmsbatch.yaml",
        )
    return repository
