"""Add rollups up: counts, and the spread of what was measured."""

from __future__ import annotations

from parkops.model import Rollup, Spread
from parkops.sketch import Sketch


class Summed:
    """Several hours, of one target or of many, taken together."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.probes = self.lost = 0
        self.total = 0.0
        self.minimum, self.maximum = float("inf"), float("-inf")
        self.sketch = Sketch()

    def add(self, rollup: Rollup) -> None:
        """Take an hour."""
        self.probes += rollup.ok + rollup.lost
        self.lost += rollup.lost
        if rollup.mean is None or rollup.minimum is None or rollup.maximum is None:
            return
        sketch = Sketch.load(rollup.sketch)
        self.total += rollup.mean * sketch.count
        self.minimum, self.maximum = min(self.minimum, rollup.minimum), max(self.maximum, rollup.maximum)
        self.sketch.merge(sketch)

    def merge(self, other: Summed) -> None:
        """Take all of another sum."""
        self.probes, self.lost = self.probes + other.probes, self.lost + other.lost
        self.total += other.total
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        self.sketch.merge(other.sketch)


def spread(total: Summed) -> Spread | None:
    """Return how the values are spread, None without one."""
    if not total.sketch.count:
        return None
    quantiles = [total.sketch.quantile(share) for share in (0.5, 0.95, 0.99)]
    low, high = total.minimum, total.maximum
    p50, p95, p99 = (min(high, max(low, value if value is not None else low)) for value in quantiles)
    return Spread(total.sketch.count, low, total.total / total.sketch.count, p50, p95, p99, high)
