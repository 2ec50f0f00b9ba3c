"""When each target is probed next: spread over the interval by a hash of its name, on a steady clock."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

FIRST_PASS_PER_S = 500.0  # probes a second in the first pass, which shows the whole park early


@dataclass(frozen=True, slots=True)
class Slot:
    """A target's place in the schedule: ``key`` decides its offset, equal keys share one."""

    key: str
    interval_s: float


def fraction(key: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the key."""
    return int.from_bytes(blake2b(key.encode(), digest_size=6).digest()) / 2**48


class Schedule:
    """A heap of due times; times are seconds of any steady clock.

    A first pass probes every target within at most half its interval; then each target keeps its own
    offset, so that load is even and no two runs of the monitor differ.
    """

    def __init__(self, slots: Sequence[Slot], start_s: float) -> None:
        self._slots = slots
        first_pass_s = len(slots) / FIRST_PASS_PER_S
        self._base_s = [start_s + min(first_pass_s, slot.interval_s / 2) for slot in slots]
        self._phase_s = [fraction(slot.key) * slot.interval_s for slot in slots]
        self._heap: list[tuple[float, int, bool]] = []  # due, index, regular
        for index, slot in enumerate(slots):
            spread_s = self._base_s[index] - start_s
            self._heap.append((start_s + fraction(slot.key) * spread_s, index, True))
        heapq.heapify(self._heap)

    @property
    def next_s(self) -> float | None:
        """When the next probe is due, None when there is no target."""
        return self._heap[0][0] if self._heap else None

    def pop(self, now_s: float) -> tuple[float, int] | None:
        """Return (due time, index) of a probe that is due, and plan that target's next one.

        Slots that were missed, because the process stood still, are not made up for.
        """
        if not self._heap or self._heap[0][0] > now_s:
            return None
        due_s, index, regular = self._heap[0]
        if regular:
            heapq.heapreplace(self._heap, (self._after(index, max(due_s, now_s)), index, True))
        else:
            heapq.heappop(self._heap)
        return due_s, index

    def _after(self, index: int, time_s: float) -> float:
        interval_s = self._slots[index].interval_s
        origin_s = self._base_s[index] + self._phase_s[index]
        if time_s < origin_s:
            return origin_s
        turns = int((time_s - origin_s) / interval_s) + 1
        due_s = origin_s + turns * interval_s
        return due_s if due_s > time_s else due_s + interval_s

    def again(self, index: int, due_s: float) -> None:
        """Plan one extra probe of a target."""
        heapq.heappush(self._heap, (due_s, index, False))
