"""Figures of a park over a window, from a source of measurements such as the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from parkops.figures.coverage import coverage
from parkops.figures.groups import KINDS, Members, members
from parkops.figures.objectives import objectives
from parkops.figures.spread import Summed, spread
from parkops.figures.utilisation import utilisation
from parkops.model import (
    HOUR_S,
    Availability,
    Figures,
    GroupFigures,
    Interval,
    Park,
    Reach,
    Rollup,
    State,
    Window,
)

NOTHING = Availability("", 0.0, 0.0, 0.0, 0)
MEASURED_H = 31 * 24  # percentiles and utilisation are of so many hours at the window's end, and of
LEAST_H = 24  # fewer, but not fewer than these, in a park of so many targets that there were more than
MOST_ROLLUPS = 200_000  # hours of targets to add up
INSTANT_S = 0.001  # Unix times as floats are not more exact than this


class Source(Protocol):
    """Where measurements come from; all times are Unix times."""

    def availability(self, since_s: float, until_s: float) -> Sequence[Availability]:
        """Return seconds by state of every target within a window."""
        ...

    def intervals(
        self, target: str | None = None, since_s: float | None = None, until_s: float | None = None
    ) -> Sequence[Interval]:
        """Return the intervals that touch a window."""
        ...

    def rollups(self, since_s: float, until_s: float) -> Sequence[Rollup]:
        """Return the hours that begin within a window."""
        ...

    def latest(self) -> Sequence[Interval]:
        """Return the current interval of every target."""
        ...

    def reach(self) -> Sequence[Reach]:
        """Return the latest observation of each expectation."""
        ...


def compute(
    park: Park,
    source: Source,
    since_s: float,
    until_s: float,
    *,
    windows: Iterable[Window] = (),
    kinds: Collection[str] = KINDS,
    measured: bool = True,
) -> Figures:
    """Return the figures of a park; what lies in ``windows`` of planned work is left out.

    ``measured`` reads the rollups as well, of the last MEASURED_H hours at most: latency, loss, utilisation,
    objectives. A park that was never watched has figures in which nothing is known.
    """
    groups = members(park)
    seconds = _Seconds(park, source, tuple(windows))
    found = seconds.of(since_s, until_s)
    measured_s = _measured_since(park, since_s, until_s)
    rollups = source.rollups(measured_s, until_s) if measured else ()
    sums: dict[str, Summed] = defaultdict(Summed)
    for rollup in rollups:
        if not rollup.name:
            sums[rollup.target].add(rollup)
    return Figures(
        since_s,
        until_s,
        measured_s,
        tuple(
            group(kind, name, ids, until_s - since_s, found, seconds.planned(since_s, until_s), sums)
            for (kind, name), ids in sorted(groups.items())
            if kind in kinds
        ),
        objectives(park, groups, seconds, sums, until_s) if measured else (),
        utilisation(park, rollups),
        coverage(park, source.latest(), source.reach(), until_s),
    )


def _measured_since(park: Park, since_s: float, until_s: float) -> float:
    hours = max(LEAST_H, min(MEASURED_H, MOST_ROLLUPS // max(1, len(park.targets))))
    return max(since_s // HOUR_S * HOUR_S, until_s - HOUR_S * hours)


def group(
    kind: str,
    name: str,
    ids: Sequence[str],
    window_s: float,
    found: Mapping[str, Availability],
    planned: Mapping[str, float],
    sums: Mapping[str, Summed],
) -> GroupFigures:
    """Return the figures of some targets taken together.

    What is neither up nor down nor planned work is unknown, whether a record says so or there is none.
    """
    spans = [found.get(target, NOTHING) for target in ids]
    up_s, down_s = sum(span.up_s for span in spans), sum(span.down_s for span in spans)
    planned_s = sum(planned.get(target, 0.0) for target in ids)
    total = Summed()
    for target in ids:
        if target in sums:
            total.merge(sums[target])
    return GroupFigures(
        kind,
        name,
        len(ids),
        up_s,
        down_s,
        max(0.0, window_s * len(ids) - planned_s - up_s - down_s),
        sum(span.outages for span in spans),
        planned_s,
        total.probes,
        total.lost,
        spread(total),
    )


class _Seconds:
    """Seconds by state of every target, without planned work; each window of time is read once."""

    def __init__(self, park: Park, source: Source, windows: Sequence[Window]) -> None:
        roles = {device.name: device.role.value for device in park.devices}
        self._source = source
        self._windows = {
            target.id: covering
            for target in park.targets
            if (covering := [w for w in windows if w.covers(target, roles.get(target.device, ""))])
        }
        self._found: dict[tuple[float, float], dict[str, Availability]] = {}
        self._planned: dict[tuple[float, float], dict[str, float]] = {}

    def of(self, since_s: float, until_s: float) -> Mapping[str, Availability]:
        """Return them by target."""
        key = since_s, until_s
        if key not in self._found:
            found = {item.target: item for item in self._source.availability(since_s, until_s)}
            self._planned[key] = {}
            for target, windows in self._windows.items():
                spans = _merged(span for window in windows for span in window.spans(since_s, until_s))
                self._planned[key][target] = sum(end_s - begin_s for begin_s, end_s in spans)
                if target in found and spans:
                    found[target] = self._without(target, since_s, until_s, spans)
            self._found[key] = found
        return self._found[key]

    def planned(self, since_s: float, until_s: float) -> Mapping[str, float]:
        """Return how many seconds of planned work there were for each target, on record or not."""
        self.of(since_s, until_s)
        return self._planned[since_s, until_s]

    def _without(
        self, target: str, since_s: float, until_s: float, spans: Sequence[tuple[float, float]]
    ) -> Availability:
        seconds = dict.fromkeys(State, 0.0)
        outages, counted = 0, False
        for interval in self._source.intervals(target, since_s, until_s):
            begin_s, end_s = max(interval.start_s, since_s), min(interval.end_s, until_s)
            inside_s = sum(max(0.0, min(end_s, b) - max(begin_s, a)) for a, b in spans)
            left_s = max(0.0, end_s - begin_s - inside_s)
            seconds[interval.state] += left_s
            if interval.state is State.UP:
                counted = False
            elif interval.state is State.DOWN and left_s > INSTANT_S:
                outages += not counted  # it goes on after a time that nobody watched
                counted = True
        return Availability(target, seconds[State.UP], seconds[State.DOWN], seconds[State.UNKNOWN], outages)


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for begin_s, end_s in sorted(spans):
        if found and begin_s <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end_s)
        else:
            found.append((begin_s, end_s))
    return found


__all__ = ["Members", "Source", "compute", "group"]
