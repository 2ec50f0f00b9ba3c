"""A store in one SQLite file: its pragmas, and the few words in which SQLite differs."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from parkops.errors import MachineError, ParkopsError
from parkops.store.database import Values, storable


class SqliteDatabase:
    """WAL lets readers go on while the monitor writes.

    With ``synchronous=NORMAL`` a killed process loses nothing that it committed
    (https://www.sqlite.org/wal.html).
    """

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        """Open or create the file; MachineError when that fails."""
        self.where = str(path)
        try:
            _create_private(path)
            self._connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise MachineError(f"cannot open the store: {error}", where=str(path)) from error
        try:
            self._use_wal(busy_timeout_s)
            for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            self._connection.close()
            hint = "move the file away to begin a new store"
            raise ParkopsError(f"the store cannot be read: {error}", where=str(path), hint=hint) from error

    def _use_wal(self, busy_timeout_s: float) -> None:
        """Switch to WAL; SQLite does not wait by itself when several processes do that at once."""
        deadline_s = time.monotonic() + busy_timeout_s
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline_s:
                    raise
                time.sleep(0.02)

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        return self._connection.in_transaction

    def execute(self, query: str, values: Values = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(_dialect(query), storable(values))

    def executemany(self, query: str, rows: Iterable[Values]) -> object:
        """Run one statement for each row of values."""
        return self._connection.executemany(_dialect(query), map(storable, rows))

    def stamp(self) -> int:
        """Return SQLite's data version, which changes when another connection has committed."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def claim(self) -> bool:
        """Return True: a lock file beside this one tells who writes."""
        return True

    def version(self) -> int:
        """Return the schema version, 0 for an empty file."""
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def set_version(self, number: int) -> None:
        """Write the schema version."""
        self._connection.execute(f"PRAGMA user_version = {number:d}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _create_private(path: Path) -> None:
    """Create the file with mode 0600: running configurations may carry password hashes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


@lru_cache(maxsize=512)
def _dialect(query: str) -> str:
    """SQLite's ``max`` and ``min`` of several values are SQL's GREATEST and LEAST."""
    return query.replace("GREATEST(", "max(").replace("LEAST(", "min(")
