"""Clocks: a steady one for the schedule, and record times that never run backwards."""

from __future__ import annotations

import time
from collections.abc import Callable

Seconds = Callable[[], float]


def boot_s() -> float:
    """Return seconds since boot, counting suspended time, which the monotonic clock leaves out."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class RecordClock:
    """Unix time for records: it follows the wall clock forwards and ignores its steps backwards.

    A step backwards would reorder samples; until the wall clock has caught up, records go on at the
    steady clock's pace and ``ahead_s`` tells by how much they lead.
    """

    def __init__(self, wall: Seconds = time.time, steady: Seconds = boot_s) -> None:
        self._wall, self._steady = wall, steady
        self._offset_s = wall() - steady()

    def now(self) -> float:
        """Return the record time."""
        steady_s = self._steady()
        self._offset_s = max(self._offset_s, self._wall() - steady_s)
        return steady_s + self._offset_s

    @property
    def ahead_s(self) -> float:
        """Seconds by which record time leads the wall clock; 0 unless that was set back."""
        return max(0.0, self._steady() + self._offset_s - self._wall())
