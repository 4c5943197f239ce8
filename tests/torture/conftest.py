import pytest


def pytest_addoption(parser):
    parser.addoption("--torture", action="store_true", help="take hours' worth of crashes, not minutes'")


@pytest.fixture(scope="session")
def torture(pytestconfig):
    """Whether the longer mode is asked for: `make torture`."""
    return pytestconfig.getoption("--torture")
