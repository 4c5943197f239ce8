from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from campaign_repo import CLIENT_CODE, PASSCODE, CampaignRepo, Serve

from mmsbatch.sandbox import Sandbox, SandboxOptions, parse_fault


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[CampaignRepo]:
    """An empty repository; what was written into it is searched for secrets and numbers at the end."""
    repo = CampaignRepo(tmp_path)
    yield repo
    repo.check_discretion()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start gateways: faults in words, the other options as SandboxOptions has them."""
    with ExitStack() as stack:

        def start(*faults: str, **options: Any) -> Sandbox:
            known = {"client_code": CLIENT_CODE, "passcode": PASSCODE} | options
            return stack.enter_context(Sandbox(SandboxOptions(faults=tuple(map(parse_fault, faults)), **known)))

        yield start
