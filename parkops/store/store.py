"""The store's one door: a SQLite file behind typed reads and writes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from parkops.model import Availability, Event, Evidence, Interval, Reach, Result, Running, Sample
from parkops.store import database, events, intervals, records


class Store:
    """One connection to the store; use it in the thread that opened it, and open another elsewhere."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, busy_timeout_s: float = database.BUSY_TIMEOUT_S) -> Self:
        """Open the store, creating or migrating its file; MachineError or ParkopsError when that fails.

        A write waits up to ``busy_timeout_s`` for another process's write to end.
        """
        return cls(database.connect(path, busy_timeout_s), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what was written stays."""
        self._connection.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Write everything inside at once, or nothing."""
        return database.transaction(self._connection)

    # State intervals

    def save_samples(self, samples: Iterable[Sample]) -> None:
        """Fold samples, oldest first per target, into state intervals."""
        with self.transaction():
            intervals.save(self._connection, samples)

    def intervals(
        self, target: str | None = None, since_s: float | None = None, until_s: float | None = None
    ) -> tuple[Interval, ...]:
        """Return the intervals that touch a window (Unix times), by target and start."""
        return intervals.read(self._connection, target, since_s, until_s)

    def latest(self) -> tuple[Interval, ...]:
        """Return the current interval of every watched target, by target."""
        return intervals.latest(self._connection)

    def availability(self, since_s: float, until_s: float) -> tuple[Availability, ...]:
        """Return seconds by state and outages of every watched target within a window."""
        return intervals.availability(self._connection, since_s, until_s)

    def retire_others(self, watched: Iterable[str]) -> tuple[str, ...]:
        """Stop showing targets that are no longer watched; their intervals stay. Return their names."""
        with self.transaction():
            return intervals.retire(self._connection, watched)

    # Events

    def open_event(self, target: str, device: str, severity: str, cause: str, opened_s: float) -> Event:
        """Open an event; a target that has one open keeps that one."""
        with self.transaction():
            return events.insert(self._connection, Event(0, target, device, severity, cause, opened_s))

    def acknowledge(self, event_id: int, by: str, note: str = "", time_s: float | None = None) -> Event:
        """Record who has taken an event; UsageError when it is unknown or closed."""
        with self.transaction():
            return events.acknowledge(self._connection, event_id, by, note, _now(time_s))

    def close_event(self, event_id: int, time_s: float | None = None, note: str = "") -> Event:
        """Close an event; UsageError when it is unknown or closed."""
        with self.transaction():
            return events.close(self._connection, event_id, _now(time_s), note)

    def events(self, open_only: bool = False) -> tuple[Event, ...]:
        """Return events in the order in which they opened."""
        return events.read(self._connection, open_only)

    # Latest observations

    def save_reach(self, results: Iterable[Reach]) -> None:
        """Keep the latest observation of each expectation."""
        with self.transaction():
            records.save_reach(self._connection, results)

    def reach(self) -> tuple[Reach, ...]:
        """Return the latest observation of each expectation."""
        return records.reach(self._connection)

    def save_results(self, results: Iterable[Result], time_s: float) -> None:
        """Record one push."""
        with self.transaction():
            records.save_results(self._connection, results, time_s)

    def last_results(self) -> tuple[tuple[Result, ...], float | None]:
        """Return the last push's results and its time, ``((), None)`` before the first."""
        return records.last_results(self._connection)

    def save_running(self, runnings: Iterable[Running]) -> None:
        """Keep the latest running configuration of each device."""
        with self.transaction():
            records.save_running(self._connection, runnings)

    def running(self) -> tuple[Running, ...]:
        """Return the latest running configuration of each device."""
        return records.running(self._connection)

    def save_evidence(self, evidence: Iterable[Evidence]) -> None:
        """Keep the latest evidence of each kind, subject and source."""
        with self.transaction():
            records.save_evidence(self._connection, evidence)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return all kept evidence."""
        return records.evidence(self._connection)


def _now(time_s: float | None) -> float:
    return time.time() if time_s is None else time_s
