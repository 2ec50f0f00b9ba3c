"""One push per device at a time: rows in the journal's database, held while their transaction is open.

The entry that ends a transaction also drops its rows. One that was cut off leaves its rows behind: its
devices stay locked until `push --resume` or `rollback` has finished it, or somebody breaks the lock of a
device by name. A flock(2) tells whether the process behind a transaction lives: the kernel drops it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from parkops.errors import MachineError, UsageError
from parkops.push.journal import open_database, who


@dataclass(frozen=True, slots=True)
class Held:
    """A device's lock: which transaction holds it, since when (Unix time), and whether that one runs."""

    device: str
    tx: str
    who: str
    pid: int
    since_s: float
    alive: bool


@dataclass(frozen=True, slots=True)
class Locks:
    """The locks of a park's devices, in the folder of its state."""

    state: Path

    @property
    def database(self) -> Path:
        """The journal, which holds them too."""
        return self.state / "journal.db"

    @contextmanager
    def running(self, tx: str) -> Iterator[None]:
        """Be the one process that works on a transaction; UsageError when another one does."""
        path = self._file(tx)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                hint = "wait for it, or interrupt it"
                raise UsageError(f"transaction {tx} is running", where=str(path), hint=hint) from error
            yield
            if not self.held(tx):
                path.unlink(missing_ok=True)

    def take(self, tx: str, devices: Iterable[str]) -> None:
        """Lock devices for a transaction, all or none; UsageError names who holds one of them."""
        with self._transaction() as database:
            self.claim(database, tx, devices)

    def claim(self, database: sqlite3.Connection, tx: str, devices: Iterable[str]) -> None:
        """Lock devices as `take` does, within a transaction of the database that the caller holds."""
        rows = [(device, tx, who(), os.getpid(), time.time()) for device in devices]
        others = {lock.device: lock for lock in self._read(database) if lock.tx != tx}
        for device, *_ in rows:
            if device in others:
                raise _refusal(others[device])
        database.executemany("INSERT OR REPLACE INTO held VALUES(?,?,?,?,?)", rows)

    def held(self, tx: str = "") -> tuple[Held, ...]:
        """Return the locks of a transaction, or all, by device."""
        if not self.database.exists():
            return ()
        with closing(open_database(self.database)) as database:
            return tuple(lock for lock in self._read(database) if tx in ("", lock.tx))

    def break_(self, device: str) -> Held:
        """Break a device's stale lock; UsageError when there is none, or its transaction runs."""
        with self._transaction() as database:
            found = [lock for lock in self._read(database) if lock.device == device]
            if not found:
                raise UsageError("it is not locked", where=device)
            if found[0].alive:
                hint = "interrupt that process; it then lets go by itself"
                raise UsageError(f"its push still runs (process {found[0].pid})", where=device, hint=hint)
            database.execute("DELETE FROM held WHERE device=?", (device,))
        return found[0]

    def alive(self, tx: str) -> bool:
        """Tell whether a process works on a transaction."""
        try:
            with self._file(tx).open("r", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def _file(self, tx: str) -> Path:
        return self.state / "transactions" / f"{tx}.lock"

    def _read(self, database: sqlite3.Connection) -> list[Held]:
        rows = database.execute("SELECT device, tx, who, pid, since_s FROM held ORDER BY device").fetchall()
        living = {tx: self.alive(tx) for tx in {row[1] for row in rows}}
        return [Held(device, tx, name, pid, since_s, living[tx]) for device, tx, name, pid, since_s in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(open_database(self.database)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
            except sqlite3.Error as error:
                raise MachineError(
                    "the locks cannot be written", where=str(self.database), hint=str(error)
                ) from error


def _refusal(lock: Held) -> UsageError:
    since_s = time.time() - lock.since_s
    what = f"transaction {lock.tx} of {lock.who} holds it, for {since_s:.0f} s"
    if lock.alive:
        hint = f"another push is running (process {lock.pid}): wait for it, or interrupt it"
        return UsageError(what, where=lock.device, hint=hint)
    hint = (
        f"it was cut off: `parkops push --resume` goes on with it, `parkops rollback {lock.tx}` takes it"
        f" back, `--break-lock {lock.device}` gives it up"
    )
    return UsageError(what, where=lock.device, hint=hint)
