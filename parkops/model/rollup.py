"""An hour of one measured value of one target, and how the monitor itself is doing."""

from __future__ import annotations

from dataclasses import dataclass

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Rollup:
    """``name`` is "" for the probe itself (its round trips), else a measured value such as "offset_s".

    ``count`` are all probes, of which ``ok`` gave a value and ``lost`` were failures; the others could not
    be carried out. ``sketch`` are bytes of parkops.sketch.
    """

    target: str
    name: str
    start_s: float  # Unix time of the full hour
    count: int
    ok: int
    lost: int
    minimum: float | None = None
    mean: float | None = None
    maximum: float | None = None
    last: float | None = None
    sketch: bytes = b""


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Samples of at most a minute, packed: ``samples`` are bytes of the store's raw ring."""

    start_s: float
    end_s: float
    count: int
    samples: bytes


@dataclass(frozen=True, slots=True)
class Vitals:
    """How a monitor has done since its start: what it missed, and by how much it is late."""

    started_s: float
    seen_s: float  # when this was written
    targets: int = 0
    samples: int = 0
    lag_s: float = 0.0  # by how much the latest probes started late, at most
    max_lag_s: float = 0.0  # since the start
    gaps: int = 0  # times that it stood still, or was not running between two starts
    gap_s: float = 0.0  # how long in all
    last_gap_s: float | None = None  # Unix time of the end of the last one
    skipped: int = 0  # probes left out because the one before was not over
    unwritten: int = 0  # samples that the store would not take
    unsent: int = 0  # samples that remote_write lost
    clock_ahead_s: float = 0.0
