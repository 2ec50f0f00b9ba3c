"""The push journal: what a run is about to do, on disk before it does it (SQLite, WAL, fsync)."""

from __future__ import annotations

import os
import pwd
import queue
import sqlite3
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parkops.errors import MachineError
from parkops.model import Result, Step

SCHEMA = """
CREATE TABLE IF NOT EXISTS push(
  id TEXT PRIMARY KEY, who TEXT NOT NULL, started_s REAL NOT NULL, plan_digest TEXT NOT NULL,
  devices INTEGER NOT NULL, dry_run INTEGER NOT NULL, finished_s REAL, failed INTEGER);
CREATE TABLE IF NOT EXISTS step(
  push TEXT NOT NULL REFERENCES push(id), seq INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL, time_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS result(
  push TEXT NOT NULL REFERENCES push(id), device TEXT NOT NULL, driver TEXT NOT NULL, outcome TEXT NOT NULL,
  message TEXT NOT NULL, diff TEXT NOT NULL, duration_s REAL NOT NULL, time_s REAL NOT NULL,
  PRIMARY KEY(push, device));
"""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One push as journalled; ``finished_s`` is None while it runs, or when it was cut off."""

    id: str
    who: str
    started_s: float
    plan_digest: str
    devices: int
    dry_run: bool
    finished_s: float | None
    failed: int | None


class _Entry:
    """One statement on its way to disk."""

    __slots__ = ("statement", "values", "written")

    def __init__(self, statement: str, values: Sequence[object]) -> None:
        self.statement, self.values = statement, values
        self.written = threading.Event()


class Journal:
    """An open journal; many threads may write to it.

    One thread writes what all others hand it, as many entries at once as have gathered: one fsync serves a
    whole fleet. Whoever is about to change a device waits for it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=10.0, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")  # a commit is on disk when it returns
        self._db.executescript(SCHEMA)
        self._lock = threading.Lock()
        self._trouble: sqlite3.Error | None = None
        self._entries: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left and close the database."""
        self._entries.put(None)
        self._writer.join()
        self._db.close()

    def begin(self, plan_digest: str, devices: int, dry_run: bool = False) -> str:
        """Open a transaction and return its id."""
        transaction = uuid.uuid4().hex
        values = (transaction, _who(), time.time(), plan_digest, devices, int(dry_run))
        self._write("INSERT INTO push VALUES(?,?,?,?,?,?,NULL,NULL)", values, wait=True)
        return transaction

    def step(self, transaction: str, device: str, step: Step, *, wait: bool = False) -> None:
        """Record a step before it is taken; ``wait`` until it is on disk."""
        self._write(
            "INSERT INTO step(push, device, name, detail, time_s) VALUES(?,?,?,?,?)",
            (transaction, device, step.name, step.detail, step.time_s),
            wait=wait,
        )

    def result(self, transaction: str, result: Result) -> None:
        """Record how a device came out."""
        row = (result.device, result.driver, str(result.outcome), result.message, result.diff)
        values = (transaction, *row, result.duration_s, time.time())
        self._write("INSERT OR REPLACE INTO result VALUES(?,?,?,?,?,?,?,?)", values)

    def end(self, transaction: str, failed: int) -> None:
        """Close a transaction."""
        self._write(
            "UPDATE push SET finished_s=?, failed=? WHERE id=?", (time.time(), failed, transaction), wait=True
        )

    def transactions(self) -> tuple[Transaction, ...]:
        """Return all transactions, newest first."""
        rows = self._read("SELECT * FROM push ORDER BY started_s DESC, rowid DESC", ())
        return tuple(Transaction(*(*row[:5], bool(row[5]), *row[6:])) for row in rows)

    def steps(self, transaction: str, device: str) -> tuple[Step, ...]:
        """Return the steps of one device in order."""
        query = "SELECT name, detail, time_s FROM step WHERE push=? AND device=? ORDER BY seq"
        return tuple(Step(*row) for row in self._read(query, (transaction, device)))

    def open_ended(self) -> tuple[Transaction, ...]:
        """Return the transactions that were cut off: begun, never ended."""
        return tuple(entry for entry in self.transactions() if entry.finished_s is None)

    def _write(self, statement: str, values: Sequence[object], *, wait: bool = False) -> None:
        entry = _Entry(statement, values)
        self._entries.put(entry)
        if wait:
            entry.written.wait()
        if self._trouble is not None:
            raise MachineError("the push journal cannot be written", hint=str(self._trouble))

    def _write_all(self) -> None:
        """Write entries until the end mark: all that wait in one transaction."""
        entry = self._entries.get()
        while entry is not None:
            batch = [entry]
            entry = None
            with suppress(queue.Empty):
                while (more := self._entries.get_nowait()) is not None:
                    batch.append(more)
                self._commit(batch)
                return
            self._commit(batch)
            entry = self._entries.get()

    def _commit(self, batch: Sequence[_Entry]) -> None:
        try:
            with self._lock:
                self._db.execute("BEGIN")
                for entry in batch:
                    self._db.execute(entry.statement, entry.values)
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._trouble = error
        for entry in batch:
            entry.written.set()

    def _read(self, query: str, values: Sequence[object]) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()


def _who() -> str:
    """Name the user that runs this process, and the one behind sudo."""
    user = str(os.getuid())
    with suppress(KeyError):
        user = pwd.getpwuid(os.getuid()).pw_name
    behind = os.environ.get("SUDO_USER", "")
    return f"{behind} as {user}" if behind and behind != user else user
