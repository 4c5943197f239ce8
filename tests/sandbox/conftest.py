"""One sandbox for the tests that leave no trace in it, and a factory for the others."""

import pytest

from mmsbatch.sandbox import Sandbox, SandboxOptions, parse_fault


@pytest.fixture
def start():
    """Start sandboxes; at the end they are stopped, and must have had no fault of their own."""
    started = []

    def start_one(*faults, **options):
        sandbox = Sandbox(SandboxOptions(faults=tuple(parse_fault(text) for text in faults), **options))
        sandbox.start()
        started.append(sandbox)
        return sandbox

    yield start_one
    for sandbox in started:
        sandbox.stop()
        assert sandbox.errors == []


@pytest.fixture
def sandbox(start):
    return start()
