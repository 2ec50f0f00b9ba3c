"""A store's database behind one small interface: SQLite by a path, PostgreSQL by a URL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from parkops.errors import ParkopsError
from parkops.store.schema import MIGRATIONS

BUSY_TIMEOUT_S = 10.0
URLS = ("postgresql://", "postgres://")

Values = Sequence[Any] | Mapping[str, Any]
Row = tuple[Any, ...]


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(values: Values) -> Values:
    """Return values with U+FFFD for what no text holds: NUL in PostgreSQL, lone surrogates in UTF-8."""
    if isinstance(values, Mapping):
        return {name: _text(value) for name, value in values.items()}
    return [_text(value) if isinstance(value, str) else value for value in values]


def _text(value: object) -> object:
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


class Cursor(Protocol):
    """What a statement gives back."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, None after the last."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the rows."""
        ...


class Database(Protocol):
    """One connection. Queries are written once, for both kinds.

    Placeholders are ``?`` or ``:name``; of two values ``GREATEST`` and ``LEAST`` choose; an upsert is
    ``ON CONFLICT``; a new row's id comes by ``RETURNING``; conditions are summed by ``CASE``.
    """

    where: str  # the file, or the URL without its password
    errors: tuple[type[Exception], ...]

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        ...

    def execute(self, query: str, values: Values = ()) -> Cursor:
        """Run one statement."""
        ...

    def executemany(self, query: str, rows: Iterable[Values]) -> object:
        """Run one statement for each row of values."""
        ...

    def stamp(self) -> int:
        """Return a number that changes when another connection has written; 0 where that cannot be told."""
        ...

    def claim(self) -> bool:
        """Be the one connection that writes states, until it closes; False when another one is."""
        ...

    def version(self) -> int:
        """Return the schema version, 0 for an empty database."""
        ...

    def set_version(self, number: int) -> None:
        """Write the schema version, inside the migration's transaction."""
        ...

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        ...


def connect(place: Path | str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open or create a store's database and lift it to this program's schema version.

    MachineError when it cannot be reached, ParkopsError when it is no store that this program knows.
    """
    database = _open(place, busy_timeout_s)
    try:
        _migrate(database)
    except BaseException as error:
        database.close()
        if not isinstance(error, database.errors):
            raise
        hint = "move the file away to begin a new store" if isinstance(place, Path) else ""
        what = f"the store cannot be read: {error}"
        raise ParkopsError(what, where=database.where, hint=hint) from error
    return database


def _open(place: Path | str, busy_timeout_s: float) -> Database:
    if isinstance(place, str) and place.startswith(URLS):
        from parkops.store.postgres import PostgresDatabase

        return PostgresDatabase(place, busy_timeout_s)
    from parkops.store.sqlite import SqliteDatabase

    return SqliteDatabase(Path(place), busy_timeout_s)


def _migrate(database: Database) -> None:
    if database.version() == len(MIGRATIONS):
        return
    with transaction(database):
        found = database.version()  # again, now that no other process can write
        if found > len(MIGRATIONS):
            raise ParkopsError(
                f"the store has schema version {found}, this parkops knows {len(MIGRATIONS)}",
                where=database.where,
                hint="use the newer parkops that wrote it",
            )
        for number, script in enumerate(MIGRATIONS[found:], start=found + 1):
            for statement in statements(script):
                database.execute(statement)
            database.set_version(number)


def statements(script: str) -> Iterator[str]:
    """Split a script; SQLite's ``executescript`` would commit the transaction around it."""
    statement = ""
    for line in script.splitlines():
        statement += line.partition("--")[0] + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(database: Database) -> Iterator[None]:
    """Commit everything inside, or nothing; an inner transaction joins the outer one.

    ParkopsError when the store cannot be written now: the disk is full, or another process holds it.
    """
    if database.in_transaction:
        yield
        return
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except BaseException as error:
        _roll_back(database)
        if isinstance(error, database.errors):
            raise ParkopsError(f"the store cannot be written: {error}", where=database.where) from error
        raise


def _roll_back(database: Database) -> None:
    try:
        if database.in_transaction:
            database.execute("ROLLBACK")
    except database.errors:
        pass  # the connection is gone, and its transaction with it
