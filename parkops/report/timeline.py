"""Lay out state intervals as a timeline: outages first, steady targets counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parkops.model import EvidenceSet, Interval, State

MOST_ROWS = 40
SMALLEST_SHARE = 0.004  # of the width: a short outage stays visible


@dataclass(frozen=True, slots=True)
class Bar:
    """One interval as shares of the width (0 to 1)."""

    left: float
    width: float
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One target."""

    target: str
    bars: tuple[Bar, ...]
    outages: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The window (Unix times), the targets that changed state, and how many never did."""

    start_s: float
    end_s: float
    rows: tuple[Row, ...]
    steady: int
    hidden: int


def lay_out(evidence: EvidenceSet) -> Timeline | None:
    """Return the timeline of all intervals, None when nothing was monitored."""
    intervals = evidence.intervals
    if not intervals:
        return None
    start_s = min(interval.start_s for interval in intervals)
    end_s = max(interval.end_s for interval in intervals)
    by_target: dict[str, list[Interval]] = {}
    for interval in intervals:
        by_target.setdefault(interval.target, []).append(interval)
    changed = {name: own for name, own in by_target.items() if any(i.state is not State.UP for i in own)}
    ordered = sorted(changed, key=lambda name: (-_down_s(changed[name]), name))
    span_s = max(end_s - start_s, 1e-9)
    rows = tuple(_row(name, changed[name], start_s, span_s) for name in ordered[:MOST_ROWS])
    return Timeline(start_s, end_s, rows, len(by_target) - len(changed), max(len(ordered) - MOST_ROWS, 0))


def _down_s(intervals: Sequence[Interval]) -> float:
    return sum(interval.duration_s for interval in intervals if interval.state is State.DOWN)


def _row(name: str, intervals: Sequence[Interval], start_s: float, span_s: float) -> Row:
    bars = []
    for interval in sorted(intervals, key=lambda item: item.start_s):
        left = (interval.start_s - start_s) / span_s
        width = interval.duration_s / span_s
        if interval.state is State.DOWN:
            width = max(width, SMALLEST_SHARE)
        left = min(left, 1 - width)
        text = f"{interval.state} {interval.duration_s:.1f} s" + (
            f": {interval.reason}" if interval.reason else ""
        )
        bars.append(Bar(left, width, interval.state.value, text))
    return Row(name, tuple(bars), sum(interval.state is State.DOWN for interval in intervals))
