"""Turns samples into what the store keeps: intervals and events, written in small batches."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from parkops.errors import ParkopsError
from parkops.model import Event, Park, Sample, State, Target, Vitals, objectives_of
from parkops.monitor.facts import Back, Fact, Lost
from parkops.monitor.incidents import ChangeOf, Incidents
from parkops.monitor.ledger import Ledger
from parkops.monitor.metrics import Metrics
from parkops.monitor.outage import Outage, Turn
from parkops.monitor.performance import Performance
from parkops.monitor.signals import Signals
from parkops.store import Store

log = logging.getLogger("parkops.monitor")

MAX_WAITING = 100_000  # samples kept while the store cannot be written


class Recorder:
    """Goes on where the store left off: its last states and open events are where this one begins."""

    def __init__(
        self,
        targets: Sequence[Target],
        store: Store,
        metrics: Metrics,
        on_event: Callable[[Event], None] | None = None,
        park: Park | None = None,
        change_of: ChangeOf | None = None,
        signals: Signals | None = None,
    ) -> None:
        self._targets, self._store, self._metrics, self._on_event = targets, store, metrics, on_event
        self._ledger = Ledger(targets, store, time.time(), park.retention if park is not None else None)
        self._waiting: list[Sample] = []
        self._changes: list[Fact] = []
        self._signals = signals or Signals()
        self._is_device = [target.is_device for target in targets]
        self._alive_s: dict[str, float] = {}  # device -> when it answered last
        self._incidents = Incidents(targets, store, park, change_of)
        self._performance = Performance(
            targets, self._incidents.policy, objectives_of(park) if park is not None else {}
        )
        unresolved = [event for event in store.events(open_only=True) if event.resolved_s is None]
        self._performance.go_on(unresolved)
        self._unresolved = {event.id for event in unresolved}
        self._outages = _go_on(targets, store, {e.target for e in unresolved if e.kind == "outage"})
        self.count_open()

    def good(self, index: int, time_s: float, rtt_s: float) -> bool:
        """Take an answer of a target that stays up; False, and nothing is taken, when it changes anything."""
        if not self._outages[index].stays_up(time_s):
            return False
        self._ledger.good(index, time_s, rtt_s)
        self._metrics.good(index, time_s, rtt_s)
        target = self._targets[index]
        if self._is_device[index]:
            self._alive_s[target.device] = time_s
        if not self._performance.good(index):
            sample = Sample(target.id, time_s, State.UP, rtt_s)
            self._changes += self._performance.take(index, sample, down=False)
            if self._changes:
                self.flush()
        return True

    def take(self, index: int, sample: Sample) -> Turn:
        """Take a target's next sample; events are written at once, all else by ``flush``."""
        outage, target = self._outages[index], self._targets[index]
        before = self._ledger.take(index, sample)
        if before is not None:
            self._waiting.append(before)
        turn = outage.step(sample)
        self._waiting += turn.records
        if turn.opened:
            self._changes.append(Lost(target, turn.opened.reason, turn.opened.time_s))
        if turn.closed_s is not None:
            self._changes.append(Back(target, turn.closed_s))
        self._changes += self._performance.take(index, sample, outage.down)
        if self._is_device[index] and sample.state is State.UP:
            self._alive_s[target.device] = sample.time_s
        self._metrics.take(index, sample, turn.records)
        if self._changes:
            self.flush()
        return turn

    def keep_house(self, now_s: float) -> None:
        """Write what waits and look at what is open, about once a second; ``now_s`` is record time."""
        if not self._changes:  # while the store is away they stay in their queue, which has an end
            self._changes += self._signals.drain()
        self.flush()
        try:
            with self._store.transaction():
                changed = self._incidents.tick(now_s, self._alive_s)
        except ParkopsError as error:
            log.error("%s", error)
        else:
            for event in changed:
                self._tell(event)
        self.count_open()

    def flush(self) -> None:
        """Write what waits, all or nothing; while the store refuses, keep it and try again."""
        if not self._waiting and not self._changes and not self._ledger.waiting:
            return
        try:
            with self._store.transaction():
                self._store.save_samples(self._waiting)
                self._ledger.write()
                events = [event for fact in self._changes for event in self._incidents.apply(fact)]
        except ParkopsError as error:
            log.error("%s", error)
            del self._waiting[:-MAX_WAITING]
            self._metrics.unwritten = len(self._waiting) + self._ledger.waiting
            return
        self._waiting.clear()
        self._ledger.written()
        self._changes.clear()
        self._metrics.unwritten = 0
        for event in events:
            self._tell(event)
        if events:
            self.count_open()

    def keep_measured(self, now_s: float, vitals: Vitals) -> None:
        """Write some of what was measured, and how the monitor does; about once a second."""
        self._ledger.keep_house(now_s, vitals)

    def end(self, vitals: Vitals) -> None:
        """Write everything."""
        self.flush()
        self._ledger.end(vitals)

    def count_open(self) -> None:
        """Bring the figures of events up to date; people resolve and close events too."""
        try:
            found = self._store.events(open_only=True)
        except ParkopsError as error:
            log.error("%s", error)
            return
        unresolved = {event.id for event in found if event.resolved_s is None}
        self._metrics.opened += len(unresolved - self._unresolved)
        self._metrics.closed += len(self._unresolved - unresolved)
        self._unresolved = unresolved
        counts = Counter(event.severity for event in found)
        self._metrics.open_events = {name: counts[name] for name in {"critical", "warning", *counts}}

    def _tell(self, event: Event) -> None:
        if self._on_event is not None:
            self._on_event(event)


def _go_on(targets: Sequence[Target], store: Store, down: set[str]) -> list[Outage]:
    last = {interval.target: interval for interval in store.latest()}
    outages = []
    for target in targets:
        interval = last.get(target.id)
        state, end_s = (interval.state, interval.end_s) if interval else (None, None)
        outages.append(Outage(target.interval_s, state, end_s, target.id in down))
    return outages
