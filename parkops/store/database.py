"""Open the SQLite file of a store, with its pragmas, its schema version and its transactions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parkops.errors import MachineError, ParkopsError
from parkops.store.schema import MIGRATIONS

BUSY_TIMEOUT_S = 10.0


def connect(path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Open or create the database and lift it to this program's schema version.

    WAL lets readers go on while the monitor writes; with ``synchronous=NORMAL`` a killed process
    loses nothing that it committed (https://www.sqlite.org/wal.html).
    """
    try:
        _create_private(path)
        connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise MachineError(f"cannot open the store: {error}", where=str(path)) from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path)
    except (sqlite3.Error, ParkopsError) as error:
        connection.close()
        if isinstance(error, ParkopsError):
            raise
        hint = "move the file away to begin a new store"
        raise ParkopsError(f"the store cannot be read: {error}", where=str(path), hint=hint) from error
    return connection


def _create_private(path: Path) -> None:
    """Create the file with mode 0600: running configurations may carry password hashes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if version(connection) == len(MIGRATIONS):
        return
    with transaction(connection):
        found = version(connection)  # again, now that no other process can write
        if found > len(MIGRATIONS):
            raise ParkopsError(
                f"the store has schema version {found}, this parkops knows {len(MIGRATIONS)}",
                where=str(path),
                hint="use the newer parkops that wrote it",
            )
        for number, script in enumerate(MIGRATIONS[found:], start=found + 1):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    """Split a script; ``executescript`` would commit the transaction around it."""
    statement = ""
    for line in script.splitlines():
        statement += line.partition("--")[0] + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def version(connection: sqlite3.Connection) -> int:
    """Return the schema version of an open database, 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit everything inside, or nothing; an inner transaction joins the outer one.

    ParkopsError when the store cannot be written now: the disk is full, or another process holds it.
    """
    if connection.in_transaction:
        yield
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise ParkopsError(f"the store cannot be written: {error}") from error
        raise
