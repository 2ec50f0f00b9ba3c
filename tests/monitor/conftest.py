"""Fixtures of the monitor's tests."""

import pytest
from monitor_parts import Island, Sshd
from postgres_server import postgres

__all__ = ["postgres"]


@pytest.fixture
def place(request, tmp_path):
    """A store's file, or the URL of an empty database where a test asks for PostgreSQL."""
    if getattr(request, "param", "sqlite") == "postgres":
        return request.getfixturevalue("postgres").new()
    return tmp_path / "parkops.db"


@pytest.fixture
def store(place):
    from parkops.store import Store

    with Store.open(place) as store:
        yield store


def pytest_generate_tests(metafunc):
    """Run the tests of a module that says so (``BOTH_STORES``) on SQLite and on PostgreSQL."""
    if getattr(metafunc.module, "BOTH_STORES", False) and "place" in metafunc.fixturenames:
        metafunc.parametrize("place", ["sqlite", "postgres"], indirect=True)


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
