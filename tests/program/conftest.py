import sysconfig
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


@pytest.fixture
def installed_packages() -> dict[str, str]:
    """Have pip build and install a package offline: what it takes is what the tests run on."""
    packages = sysconfig.get_path("purelib")
    switches = dict.fromkeys(("PIP_NO_INDEX", "PIP_NO_DEPS", "PIP_DISABLE_PIP_VERSION_CHECK"), "1")
    return switches | {"PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": packages}
