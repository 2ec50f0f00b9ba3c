"""Fixtures of the monitor's tests."""

import pytest
from monitor_parts import Island, Sshd


@pytest.fixture
def store(tmp_path):
    from parkops.store import Store

    with Store.open(tmp_path / "parkops.db") as store:
        yield store


@pytest.fixture
def sshd(tmp_path):
    server = Sshd(tmp_path)
    with server.serving():
        yield server


@pytest.fixture(scope="session")
def island_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("island")


@pytest.fixture(scope="session")
def island(island_folder):
    with Island(island_folder) as running:
        yield running
