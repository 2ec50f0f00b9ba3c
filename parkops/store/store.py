"""The store's one door: a database behind typed reads and writes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from parkops.model import (
    Availability,
    Event,
    EventStep,
    Evidence,
    Interval,
    Reach,
    Result,
    Rollup,
    Running,
    Sample,
    Signal,
    Snapshot,
    Trend,
    Vitals,
    Window,
)
from parkops.model.traffic import SignalRecord, Traffic
from parkops.store import (
    assessments,
    database,
    deliveries,
    events,
    flows,
    intervals,
    raw,
    records,
    rollups,
)
from parkops.store import signals as signals_
from parkops.store.deliveries import Delivery


class _TakenBackError(Exception):
    """Ends a transaction that only looked what it would do."""


class Store:
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
        tables = {
            "targets": "targets", "state intervals": "intervals", "hourly rollups": "rollups",
            "raw chunks": "raw", "events": "events",
        }  # fmt: skip
        return tuple(
            (name, int(self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))  # noqa: S608
            for name, table in tables.items()
        )

    # Events

    def open_event(self, target: str, device: str, severity: str, cause: str, opened_s: float) -> Event:
        """Open an outage; a target that has one open keeps that one."""
        return self.add_event(Event(0, target, device, severity, cause, opened_s))

    def add_event(self, event: Event) -> Event:
        """Open an event and return it with its id; what is open of its target and kind stays the one."""
        with self.transaction():
            return events.insert(self._connection, event)

    def acknowledge(self, event_id: int, by: str, note: str = "", time_s: float | None = None) -> Event:
        """Record who has taken an event and its consequences; UsageError when it is unknown or closed."""
        with self.transaction():
            return events.acknowledge(self._connection, event_id, by, note, _now(time_s))

    def work_on(self, event_id: int, by: str, note: str = "", time_s: float | None = None) -> Event:
        """Record who works on an event; UsageError when it is unknown or closed."""
        with self.transaction():
            return events.work(self._connection, event_id, by, note, _now(time_s))

    def resolve_event(
        self, event_id: int, time_s: float | None = None, note: str = "", by: str = ""
    ) -> Event:
        """Record when what was wrong ended; UsageError when the event is unknown, resolved or closed."""
        with self.transaction():
            return events.resolve(self._connection, event_id, by, note, _now(time_s))

    def close_event(self, event_id: int, time_s: float | None = None, note: str = "", by: str = "") -> Event:
        """Close an event; UsageError when it is unknown or closed."""
        with self.transaction():
            return events.close(self._connection, event_id, _now(time_s), note, by)

    def reopen_event(self, event: Event, time_s: float, cause: str) -> Event:
        """Go on with an event that came back."""
        with self.transaction():
            return events.reopen(self._connection, event, time_s, cause)

    def note_event(self, event_id: int, note: str, by: str = "", time_s: float | None = None) -> Event:
        """Add a note, to a closed event too; UsageError when it is unknown."""
        with self.transaction():
            events.get(self._connection, event_id)
            events.add_step(self._connection, EventStep(event_id, _now(time_s), "note", by, note))
            return events.append_note(self._connection, event_id, note)

    def change_event(self, event_id: int, column: str, value: object, step: EventStep | None = None) -> Event:
        """Set an event's cause, severity, parent, change or muted, with a step for its history."""
        with self.transaction():
            if step is not None:
                events.add_step(self._connection, step)
            return events.change(self._connection, event_id, column, value)

    def add_step(self, step: EventStep) -> None:
        """Add to an event's history."""
        with self.transaction():
            events.add_step(self._connection, step)

    def events(self, open_only: bool = False) -> tuple[Event, ...]:
        """Return events in the order in which they opened; open is what is not closed."""
        return events.read(self._connection, open_only)

    def event(self, event_id: int) -> Event:
        """Return an event; UsageError when there is none of that number."""
        return events.get(self._connection, event_id)

    def consequences(self, event_id: int) -> tuple[Event, ...]:
        """Return what is not closed of an event's consequences."""
        return events.family(self._connection, event_id)[1:]

    def find_event(self, target: str, kind: str = "outage") -> Event | None:
        """Return the event of a target and kind that is not resolved, else the latest one."""
        return events.find(self._connection, target, kind)

    def event_steps(self, event_id: int | None = None) -> tuple[EventStep, ...]:
        """Return the history of an event, or of all events."""
        return events.steps(self._connection, event_id)

    def resolved_before(self, time_s: float) -> tuple[Event, ...]:
        """Return events that are resolved since before a time, and not closed."""
        return events.resolved_before(self._connection, time_s)

    # Planned work, deliveries

    def add_maintenance(self, window: Window) -> Window:
        """Keep a span of planned work; return it with its number."""
        with self.transaction():
            return deliveries.add_window(self._connection, window)

    def end_maintenance(self, number: int, time_s: float | None = None) -> Window:
        """End planned work now; UsageError when there is none of that number, or it is over."""
        with self.transaction():
            return deliveries.end_window(self._connection, number, _now(time_s))

    def maintenance(self) -> tuple[Window, ...]:
        """Return planned work that people added; what recurs stands in the plan (``Park.policy``)."""
        return deliveries.windows(self._connection)

    def queue_delivery(self, item: Delivery) -> None:
        """Keep a message until it is delivered."""
        with self.transaction():
            deliveries.put(self._connection, item)

    def due_deliveries(self, time_s: float | None = None, limit: int = 200) -> tuple[Delivery, ...]:
        """Return messages that are due at a Unix time, all that wait for None."""
        return deliveries.due(self._connection, time_s, limit)

    def deliveries_of(self, event_id: int) -> tuple[Delivery, ...]:
        """Return all messages about an event."""
        return deliveries.of_event(self._connection, event_id)

    def settle_delivery(self, number: int, time_s: float | None = None, error: str = "") -> None:
        """Take a message off the queue; with an error, it was given up."""
        with self.transaction():
            deliveries.settle(self._connection, number, _now(time_s), error)

    def put_off_delivery(self, number: int, due_s: float, error: str) -> None:
        """Try a message again at a Unix time."""
        with self.transaction():
            deliveries.put_off(self._connection, number, due_s, error)

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

    def results_between(self, since_s: float, until_s: float) -> tuple[tuple[float, Result], ...]:
        """Return what pushes did from ``since_s`` to before ``until_s`` (Unix times), oldest first."""
        return records.results_between(self._connection, since_s, until_s)

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

    # What devices said, and what passed

    def save_signals(self, signals: Iterable[Signal]) -> None:
        """Add signals to those of their device, name and hour."""
        with self.transaction():
            signals_.save(self._connection, signals)

    def signals(
        self, since_s: float | None = None, device: str | None = None, prefix: str = ""
    ) -> tuple[SignalRecord, ...]:
        """Return what was heard since a Unix time, of one device or of all, the oldest first.

        With a ``prefix``, only that of which the name begins with it.
        """
        return signals_.read(self._connection, since_s, device, prefix)

    def save_traffic(self, traffic: Iterable[Traffic]) -> None:
        """Add flow records to those of their minute, places and service."""
        with self.transaction():
            flows.save(self._connection, traffic)

    def traffic(self, since_s: float, until_s: float) -> tuple[Traffic, ...]:
        """Return what passed in the minutes of a window (Unix times)."""
        return flows.read(self._connection, since_s, until_s)

    def prune_heard(self, before_s: float, kept: str = "", kept_before_s: float = 0.0) -> int:
        """Delete signals and traffic from before a Unix time; return how many rows.

        Signals whose name begins with ``kept`` stay until ``kept_before_s``.
        """
        with self.transaction():
            rows = signals_.prune(self._connection, before_s, kept, kept_before_s)
            return rows + flows.prune(self._connection, before_s)

    # Assessments

    def save_assessment(self, snapshot: Snapshot) -> Snapshot:
        """Keep an assessment; return it with its id."""
        with self.transaction():
            return assessments.save(self._connection, snapshot)

    def assessment(self, number: int) -> Snapshot:
        """Return a kept assessment by its id; -1 is the newest. UsageError when there is none."""
        return assessments.read(self._connection, number)

    def trend(self, park: str, most: int = 200) -> Trend:
        """Return the newest assessments of a park as points in time, oldest first."""
        return assessments.trend(self._connection, park, most)


def _now(time_s: float | None) -> float:
    return time.time() if time_s is None else time_s
