"""Turns samples into what the store keeps: intervals and events, written in small batches."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parkops.errors import ParkopsError
from parkops.model import Event, Sample, State, Target
from parkops.monitor.metrics import Metrics
from parkops.monitor.outage import Outage, Turn
from parkops.monitor.probes import PROBES
from parkops.store import Store

log = logging.getLogger("parkops.monitor")

MAX_WAITING = 100_000  # samples kept while the store cannot be written


@dataclass(frozen=True, slots=True)
class _Opening:
    target: Target
    first_loss: Sample


@dataclass(frozen=True, slots=True)
class _Closing:
    target: Target
    time_s: float


class Recorder:
    """Goes on where the store left off: its last states and open events are where this one begins."""

    def __init__(
        self,
        targets: Sequence[Target],
        store: Store,
        metrics: Metrics,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self._targets, self._store, self._metrics, self._on_event = targets, store, metrics, on_event
        self._waiting: list[Sample] = []
        self._changes: list[_Opening | _Closing] = []
        self._outages = _go_on(targets, store)
        self.count_open()

    def take(self, index: int, sample: Sample) -> Turn:
        """Take a target's next sample; events are written at once, all else by ``flush``."""
        turn = self._outages[index].step(sample)
        self._waiting += turn.records
        if turn.opened:
            self._changes.append(_Opening(self._targets[index], turn.opened))
        if turn.closed_s is not None:
            self._changes.append(_Closing(self._targets[index], turn.closed_s))
        self._metrics.take(index, sample, turn.records)
        if self._changes:
            self.flush()
        return turn

    def flush(self) -> None:
        """Write what waits, all or nothing; while the store refuses, keep it and try again."""
        if not self._waiting and not self._changes:
            return
        try:
            with self._store.transaction():
                self._store.save_samples(self._waiting)
                events = [event for change in self._changes if (event := self._apply(change))]
        except ParkopsError as error:
            log.error("%s", error)
            del self._waiting[:-MAX_WAITING]
            self._metrics.unwritten = len(self._waiting)
            return
        self._waiting.clear()
        self._changes.clear()
        self._metrics.unwritten = 0
        for event in events:
            self._tell(event)
        if events:
            self.count_open()

    def count_open(self) -> None:
        """Bring the gauge of open events up to date; people close events too."""
        counts = Counter(event.severity for event in self._store.events(open_only=True))
        self._metrics.open_events = {name: counts[name] for name in {"critical", "warning", *counts}}

    def _apply(self, change: _Opening | _Closing) -> Event | None:
        target = change.target
        if isinstance(change, _Opening):
            severity = target.param("severity") or PROBES[target.probe].severity
            loss = change.first_loss
            return self._store.open_event(target.id, target.device, severity, loss.reason, loss.time_s)
        for event in self._store.events(open_only=True):
            if event.target == target.id:
                note = self._unseen(event, change.time_s)
                return self._store.close_event(event.id, change.time_s, note)
        return None  # somebody closed it by hand

    def _unseen(self, event: Event, until_s: float) -> str:
        """Say how much of an outage nobody watched: the target may have been up in between."""
        spans = self._store.intervals(event.target, event.opened_s, until_s)
        unknown_s = sum(span.duration_s for span in spans if span.state is State.UNKNOWN)
        return f"not observed for {unknown_s:.0f} s of it" if unknown_s else ""

    def _tell(self, event: Event) -> None:
        if event.closed_s is None:
            self._metrics.opened += 1
        else:
            self._metrics.closed += 1
        if self._on_event is not None:
            self._on_event(event)


def _go_on(targets: Sequence[Target], store: Store) -> list[Outage]:
    down = {event.target for event in store.events(open_only=True)}
    last = {interval.target: interval for interval in store.latest()}
    outages = []
    for target in targets:
        interval = last.get(target.id)
        state, end_s = (interval.state, interval.end_s) if interval else (None, None)
        outages.append(Outage(target.interval_s, state, end_s, target.id in down))
    return outages
