"""When the targets of one interval are due: in the order of their offsets, so that they come as slices."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from parkops.monitor.schedule import FIRST_PASS_PER_S, fraction


class Wheel:
    """Slots in the order of ``fraction`` of their keys; times are seconds of any steady clock.

    As in ``Schedule`` a first pass probes every target within at most half the interval; then each keeps its
    own offset. Turns that were missed, because the process stood still, are not made up for.
    """

    def __init__(self, keys: Sequence[str], interval_s: float, start_s: float) -> None:
        """Begin a first pass at ``start_s``."""
        self.order = sorted(range(len(keys)), key=lambda index: fraction(keys[index]))
        self._offsets_s = [fraction(keys[index]) * interval_s for index in self.order]
        self._interval_s = interval_s
        self._start_s = start_s
        self._first_pass_s = max(1e-6, min(len(keys) / FIRST_PASS_PER_S, interval_s / 2))
        self._turn, self._at = -1, 0

    def _elapsed_s(self, now_s: float) -> float:
        """Return how far this turn is, on the scale of the offsets."""
        if self._turn < 0:
            return (now_s - self._start_s) * self._interval_s / self._first_pass_s
        return now_s - self._start_s - self._first_pass_s - self._turn * self._interval_s

    @property
    def next_s(self) -> float | None:
        """When the next slot is due, None when there is none."""
        if not self._offsets_s:
            return None
        offset_s = self._offsets_s[self._at]
        if self._turn < 0:
            return self._start_s + offset_s * self._first_pass_s / self._interval_s
        return self._start_s + self._first_pass_s + self._turn * self._interval_s + offset_s

    def due(self, now_s: float) -> list[tuple[int, int]]:
        """Return the slots that have become due, as (first, after last) places in ``order``; each once."""
        count, begin = len(self._offsets_s), self._at
        end = bisect_right(self._offsets_s, self._elapsed_s(now_s), lo=begin)
        self._at = end
        found = [(begin, end)] if end > begin else []
        if end < count or not count:
            return found
        self._turn += 1
        missed = int(self._elapsed_s(now_s) // self._interval_s)
        self._turn += max(0, missed)
        self._at = bisect_right(self._offsets_s, self._elapsed_s(now_s))
        end = begin if missed > 0 else min(begin, self._at)
        if end:
            found.append((0, end))
        if self._at == count:
            self._turn, self._at = self._turn + 1, 0
        return found
