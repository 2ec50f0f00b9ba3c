"""Lay scores out as drawings: a radar of second-level indicators, curves over earlier assessments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from parkops.model import GroupScore, Trend, TrendPoint

RADIUS, CENTRE, LABEL = 130.0, 170.0, 150.0  # of the radar, in its own units
TREND_W, TREND_H, TREND_PAD = 640.0, 220.0, 34.0
LEAST_AXES = 3
MOST_POINTS = 60  # of a curve, the newest


@dataclass(frozen=True, slots=True)
class Axis:
    """One spoke: its end, where its number stands, and its mark (None while it is unknown)."""

    group: GroupScore
    x: float
    y: float
    label_x: float
    label_y: float
    mark: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Radar:
    """A polar drawing of scores 0 to 100; paths are SVG path data."""

    size: float
    centre: float
    rings: tuple[float, ...]
    axes: tuple[Axis, ...]
    band: str  # between the lower and the upper bounds, even-odd
    line: str  # through neighbouring known points


def radar(groups: Sequence[GroupScore]) -> Radar | None:
    """Return the radar of these groups, None when they are too few."""
    if len(groups) < LEAST_AXES:
        return None
    angles = [2 * pi * number / len(groups) - pi / 2 for number in range(len(groups))]

    def at(angle: float, score: float) -> tuple[float, float]:
        return CENTRE + cos(angle) * RADIUS * score / 100, CENTRE + sin(angle) * RADIUS * score / 100

    axes = []
    for group, angle in zip(groups, angles, strict=True):
        end, label = at(angle, 100), at(angle, 100 * LABEL / RADIUS)
        mark = None if group.point is None else at(angle, group.point)
        axes.append(Axis(group, *end, *label, mark))
    high = _closed([at(a, g.high) for g, a in zip(groups, angles, strict=True)])
    low = _closed([at(a, g.low) for g, a in zip(groups, angles, strict=True)])
    return Radar(
        2 * CENTRE,
        CENTRE,
        tuple(RADIUS * share / 4 for share in (1, 2, 3, 4)),
        tuple(axes),
        f"{high}{low}",
        _between([axis.mark for axis in axes]),
    )


def _closed(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _between(marks: Sequence[tuple[float, float] | None]) -> str:
    """Join each two neighbouring marks that are both known; the last one is the first one's neighbour."""
    pairs = zip(marks, (*marks[1:], marks[0]), strict=True)
    return "".join(f"M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}" for a, b in pairs if a and b)


@dataclass(frozen=True, slots=True)
class Moment:
    """One assessment in the curves: where it stands, None where its score is unknown."""

    point: TrendPoint
    x: float
    total_y: float | None
    infrastructure_y: float | None


@dataclass(frozen=True, slots=True)
class Curves:
    """Total and infrastructure score over time; paths are SVG path data."""

    width: float
    height: float
    pad: float
    grid: tuple[tuple[float, int], ...]  # y, score
    moments: tuple[Moment, ...]
    total: str
    infrastructure: str
    band: str  # the total's bounds


def curves(trend: Trend | None) -> Curves | None:
    """Return the curves, None while there are not two assessments."""
    points = () if trend is None else trend.points[-MOST_POINTS:]
    if len(points) < 2:
        return None
    begin_s, end_s = points[0].time_s, points[-1].time_s
    span_s = max(end_s - begin_s, 1e-9)

    def x(point: TrendPoint) -> float:
        return TREND_PAD + (TREND_W - 2 * TREND_PAD) * (point.time_s - begin_s) / span_s

    moments = tuple(
        Moment(point, x(point), _height(point.total_point), _height(point.infrastructure_point))
        for point in points
    )
    upper = [(x(point), _level(point.total_high)) for point in points]
    lower = [(x(point), _level(point.total_low)) for point in reversed(points)]
    return Curves(
        TREND_W,
        TREND_H,
        TREND_PAD,
        tuple((_level(score), score) for score in (0, 25, 50, 75, 100)),
        moments,
        _line([(m.x, m.total_y) for m in moments]),
        _line([(m.x, m.infrastructure_y) for m in moments]),
        _closed(upper + lower),
    )


def _level(score: float) -> float:
    return TREND_H - TREND_PAD - (TREND_H - 1.5 * TREND_PAD) * score / 100


def _height(score: float | None) -> float | None:
    return None if score is None else _level(score)


def _line(points: Sequence[tuple[float, float | None]]) -> str:
    """Draw from each known point to the next one; an unknown one in between breaks the line."""
    text, pen = "", "M"
    for x, y in points:
        if y is None:
            pen = "M"
            continue
        text += f"{pen}{x:.1f} {y:.1f}"
        pen = "L"
    return text


FILLS = {  # of a verdict
    "pass": "#1d7a4a",
    "fail": "#b3261e",
    "unknown": "#b7c0c8",
    "waived": "#d99a1c",
    "not-applicable": "#e3e8ec",
}


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a stacked bar, 0 to 100."""

    x: float
    w: float
    fill: str


def shares(counts: Mapping[str, int]) -> tuple[Share, ...]:
    """Return the parts of a bar of verdicts."""
    total, place, found = sum(counts.values()), 0.0, []
    for verdict, count in counts.items():
        if count:
            width = 100 * count / total
            found.append(Share(place, width, FILLS[verdict]))
            place += width
    return tuple(found)
