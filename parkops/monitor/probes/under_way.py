"""Echoes that are due or under way: targets of one interval and timeout, packets that went out together."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from parkops.monitor.wheel import Wheel


@dataclass(slots=True)
class Chunk:
    """Packets that went out together."""

    number: int
    first: int
    last: int
    time_s: float  # record time
    wall_s: float  # at which the first of them was sent
    gap_s: float  # between two of them
    steady_s: float
    deadline_s: float


@dataclass(slots=True)
class Group:
    """Targets of one interval and one timeout: their places in the lane, and what is under way."""

    wheel: Wheel
    base: int
    interval_s: float
    timeout_s: float
    queue: deque[tuple[int, int, float]] = field(default_factory=deque)  # first, last, due
    chunks: deque[Chunk] = field(default_factory=deque)  # by deadline
