"""An open store: its connection, and transactions on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from parkops.store import database, intervals, raw


class BaseStore:
    """One connection to the store; use it in the thread that opened it, and open another elsewhere."""

    def __init__(self, connection: database.Database) -> None:
        self._connection = connection
        self._folder, self._ring = intervals.Folder(connection), raw.Ring(connection)

    @classmethod
    def open(cls, place: Path | str, busy_timeout_s: float = database.BUSY_TIMEOUT_S) -> Self:
        """Open the store, creating or migrating it; MachineError or ParkopsError when that fails.

        ``place`` is a file of SQLite, or the URL of a database of PostgreSQL. A write waits up to
        ``busy_timeout_s`` for another process's write to end.
        """
        return cls(database.connect(place, busy_timeout_s))

    @property
    def where(self) -> str:
        """The file, or the URL without its password."""
        return self._connection.where

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what was written stays."""
        self._connection.close()

    def claim(self) -> bool:
        """Be the one that writes states, until this closes; False when another monitor is."""
        return self._connection.claim()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything inside at once, or nothing."""
        try:
            with database.transaction(self._connection):
                yield
        except BaseException:
            self._folder.forget()
            raise


def unix_s(time_s: float | None) -> float:
    """Return a Unix time, now for None."""
    return time.time() if time_s is None else time_s
