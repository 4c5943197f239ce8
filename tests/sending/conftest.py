import pytest
from sending_builders import World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)
