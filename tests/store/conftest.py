"""Stores of both kinds: the same tests run on SQLite and on a PostgreSQL that they start."""

import pytest
from postgres_server import postgres

from parkops.store import Store

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    if request.param == "sqlite":
        return tmp_path / "state" / "parkops.db"
    return request.getfixturevalue("postgres").new()


@pytest.fixture
def store(place):
    with Store.open(place) as store:
        yield store
