"""What is measured of each target within an hour, kept until it is written as rollups."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log

from parkops.model import HOUR_S, Rollup, Sample, State, Target
from parkops.sketch import SCALE, TINY, Sketch

COUNTER = "_total"  # values of this ending only ever grow; what is kept of them is their rate
RATE = "_per_s"


class _Hour:
    """One value of one target in one hour."""

    __slots__ = ("count", "last", "lost", "maximum", "minimum", "ok", "sketch", "start_s", "total")

    def __init__(self, start_s: float) -> None:
        self.start_s = start_s
        self.count = self.ok = self.lost = 0
        self.total = 0.0
        self.minimum, self.maximum = float("inf"), float("-inf")
        self.last: float | None = None
        self.sketch = Sketch()

    def add(self, value: float) -> None:
        self.ok += 1
        self.total += value
        self.minimum, self.maximum = min(self.minimum, value), max(self.maximum, value)
        self.last = value
        self.sketch.add(value)

    def rollup(self, target: str, name: str) -> Rollup:
        counts = (self.start_s, self.count, self.ok, self.lost)
        if self.last is None:
            return Rollup(target, name, *counts, sketch=self.sketch.dump())
        mean = self.total / self.sketch.count  # there are good answers without a round trip
        values = (self.minimum, mean, self.maximum, self.last)
        return Rollup(target, name, *counts, *values, self.sketch.dump())

    @classmethod
    def of(cls, rollup: Rollup) -> _Hour:
        """Go on with an hour that an earlier monitor began."""
        hour = cls(rollup.start_s)
        hour.count, hour.ok, hour.lost = rollup.count, rollup.ok, rollup.lost
        hour.sketch = Sketch.load(rollup.sketch)
        if rollup.minimum is not None and rollup.maximum is not None and rollup.mean is not None:
            hour.minimum, hour.maximum = rollup.minimum, rollup.maximum
            hour.total, hour.last = rollup.mean * hour.sketch.count, rollup.last
        return hour


class Hours:
    """The running hour of every target, and the hours that ended and are not yet written."""

    def __init__(self, targets: Sequence[Target], begun: Sequence[Rollup] = ()) -> None:
        """Begin, and go on with the rollups ``begun`` of the current hour."""
        self._ids = [target.id for target in targets]
        places = {name: index for index, name in enumerate(self._ids)}
        self._hours: list[_Hour | None] = [None] * len(self._ids)
        self._values: list[dict[str, _Hour] | None] = [None] * len(self._ids)
        self._counters: dict[tuple[int, str], tuple[float, float]] = {}
        self._ended: list[Rollup] = []
        self._next = 0
        for rollup in begun:
            index = places.get(rollup.target)
            if index is None:
                continue
            if rollup.name:
                values = self._values[index] = self._values[index] or {}
                values[rollup.name] = _Hour.of(rollup)
            else:
                self._hours[index] = _Hour.of(rollup)

    def good(self, index: int, time_s: float, rtt_s: float) -> None:
        """Take a round trip; ``add`` is written out, for this is where nearly all samples pass."""
        hour = self._hours[index]
        if hour is None or time_s - hour.start_s >= HOUR_S:
            hour = self._turn(index, time_s)
        hour.count += 1
        hour.ok += 1
        hour.total += rtt_s
        hour.last = rtt_s
        hour.minimum = min(hour.minimum, rtt_s)
        hour.maximum = max(hour.maximum, rtt_s)
        if rtt_s > TINY:
            side, key = hour.sketch.positive, ceil(log(rtt_s) * SCALE)
            if side.base <= key < side.base + len(side.counts):
                side.counts[key - side.base] += 1
            else:
                side.add(key)
        else:
            hour.sketch.zeros += 1

    def take(self, index: int, sample: Sample) -> None:
        """Take a sample of any kind, with its values."""
        hour = self._hours[index]
        if hour is None or sample.time_s - hour.start_s >= HOUR_S:
            hour = self._turn(index, sample.time_s)
        hour.count += 1
        hour.lost += sample.state is State.DOWN
        if sample.state is State.UP:
            if sample.rtt_s is None:
                hour.ok += 1
            else:
                hour.add(sample.rtt_s)
        for name, value in sample.values:
            self._value(index, sample.time_s, name, value)

    def _value(self, index: int, time_s: float, name: str, value: float) -> None:
        kind, bracket, detail = name.partition("[")  # "in_octets_total[GE1/0/1]"
        if kind.endswith(COUNTER):
            last = self._counters.get((index, name))
            self._counters[index, name] = time_s, value
            if last is None or value < last[1] or time_s <= last[0]:
                return  # the first reading, or the counter began anew: there is no rate
            value = (value - last[1]) / (time_s - last[0])
            name = kind.removesuffix(COUNTER) + RATE + bracket + detail
        values = self._values[index]
        if values is None:
            values = self._values[index] = {}
        hour = values.get(name)
        if hour is None:
            hour = values[name] = _Hour(_full_hour(time_s))
        hour.count += 1
        hour.add(value)

    def _turn(self, index: int, time_s: float) -> _Hour:
        self._ended += self._rollups(index)
        self._values[index] = None
        hour = self._hours[index] = _Hour(_full_hour(time_s))
        return hour

    def _rollups(self, index: int) -> list[Rollup]:
        hour, values = self._hours[index], self._values[index] or {}
        found = [hour.rollup(self._ids[index], "")] if hour is not None else []
        return found + [value.rollup(self._ids[index], name) for name, value in sorted(values.items())]

    def some(self, share: float) -> tuple[Rollup, ...]:
        """Return what is to be written now: a share of the targets' running hours, and of those that ended.

        All of them come up within ``1 / share`` calls; so no call takes long.
        """
        count = min(len(self._ids), max(1, ceil(len(self._ids) * share)))
        found = self._ended[: 4 * count]
        del self._ended[: 4 * count]
        for index in range(self._next, self._next + count):
            found += self._rollups(index % len(self._ids))
        self._next = (self._next + count) % len(self._ids) if self._ids else 0
        return tuple(found)

    def put_back(self, rollups: Sequence[Rollup], now_s: float) -> None:
        """Take back what could not be written; the running hours come up again by themselves."""
        hour_s = _full_hour(now_s)
        self._ended += [rollup for rollup in rollups if rollup.start_s < hour_s]

    def all(self) -> tuple[Rollup, ...]:
        """Return everything that is not written for good, for the end of the monitor."""
        found, self._ended = self._ended, []
        return (*found, *(rollup for index in range(len(self._ids)) for rollup in self._rollups(index)))


def _full_hour(time_s: float) -> float:
    return float(time_s // HOUR_S * HOUR_S)
