"""What the monitor measured, behind typed reads and writes: states, rollups, the raw ring, how it did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from parkops.model import Availability, Interval, Rollup, Sample, Vitals
from parkops.store import events, intervals, raw, rollups
from parkops.store.base import BaseStore


class _TakenBackError(Exception):
    """Ends a transaction that only looked what it would do."""


class MeasuredStore(BaseStore):
    """Samples, what they fold into, and how long that is kept."""

    # State intervals

    def save_samples(self, samples: Iterable[Sample]) -> None:
        """Fold samples, oldest first per target, into state intervals."""
        with self.transaction():
            self._folder.save(samples)

    def extend(self, seen: Sequence[tuple[str, float]]) -> None:
        """Tell that targets, each with the Unix time, are still in the state that was saved last."""
        with self.transaction():
            self._folder.extend(seen)

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
            self._folder.forget()
            return intervals.retire(self._connection, watched)

    # What was measured

    def save_rollups(self, hours: Iterable[Rollup]) -> None:
        """Keep the latest form of each target's hour."""
        with self.transaction():
            rollups.save(self._connection, hours)

    def rollups(self, since_s: float, until_s: float) -> tuple[Rollup, ...]:
        """Return the hours that begin within a window (Unix times), by target, value and time."""
        return rollups.read(self._connection, since_s, until_s)

    def save_raw(self, samples: Sequence[tuple[str, float, int, float | None]]) -> None:
        """Append (target, Unix time, state's index in raw.STATES, round trip) to the raw ring."""
        with self.transaction():
            self._ring.save(samples)

    def raw(self, since_s: float, until_s: float, target: str | None = None) -> tuple[Sample, ...]:
        """Return the samples that the raw ring still has of a window."""
        return tuple(raw.read(self._connection, since_s, until_s, target))

    def save_vitals(self, vitals: Vitals) -> None:
        """Keep how the monitor is doing."""
        query = (
            "INSERT INTO vitals (id, text) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET text = excluded.text"
        )
        with self.transaction():
            self._connection.execute(query, (json.dumps(asdict(vitals)),))

    def vitals(self) -> Vitals | None:
        """Return how the last monitor was doing, None before the first."""
        row = self._connection.execute("SELECT text FROM vitals WHERE id = 1").fetchone()
        return Vitals(**json.loads(row[0])) if row else None

    def prune(
        self,
        raw_before_s: float,
        rollups_before_s: float,
        intervals_before_s: float,
        events_before_s: float | None = None,
        *,
        dry_run: bool = False,
    ) -> tuple[int, int, int, int]:
        """Delete what is older (Unix times); return how many chunks, hours, intervals, events that are."""
        try:
            with self.transaction():
                gone = (
                    raw.prune(self._connection, raw_before_s),
                    rollups.prune(self._connection, rollups_before_s),
                    intervals.prune(self._connection, intervals_before_s),
                    0 if events_before_s is None else events.prune(self._connection, events_before_s),
                )
                if dry_run:
                    raise _TakenBackError
        except _TakenBackError:
            pass
        return gone

    def counts(self) -> tuple[tuple[str, int], ...]:
        """Return how many rows of what there are."""
        queries = {
            "targets": "SELECT count(*) FROM targets",
            "state intervals": "SELECT count(*) FROM intervals",
            "hourly rollups": "SELECT count(*) FROM rollups",
            "raw chunks": "SELECT count(*) FROM raw",
            "events": "SELECT count(*) FROM events",
        }
        return tuple(
            (name, int(self._connection.execute(query).fetchone()[0])) for name, query in queries.items()
        )
