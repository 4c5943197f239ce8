import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test


def pytest_addoption(parser):
    parser.addoption("--torture", action="store_true", help="take hours' worth of crashes, not minutes'")


@pytest.fixture(scope="session")
def torture(pytestconfig):
    """Whether the longer mode is asked for: `make torture`."""
    return pytestconfig.getoption("--torture")


@pytest.fixture
def run_histories(torture):
    """Draw histories of a state machine, 30 steps each, many more of them in the longer mode."""

    def run(machine):
        drawn = settings(
            max_examples=3000 if torture else 50,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(machine, settings=drawn)

    return run
