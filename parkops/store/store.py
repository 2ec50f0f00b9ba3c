"""The store's one door: a database behind typed reads and writes."""

from __future__ import annotations

from collections.abc import Iterable

from parkops.model import Evidence, Reach, Result, Running, Signal, Snapshot, Trend
from parkops.model.traffic import SignalRecord, Traffic
from parkops.store import assessments, flows, records
from parkops.store import signals as signals_
from parkops.store.lives import EventStore
from parkops.store.measured import MeasuredStore


class Store(MeasuredStore, EventStore):
    """One connection to the store; use it in the thread that opened it, and open another elsewhere."""

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
