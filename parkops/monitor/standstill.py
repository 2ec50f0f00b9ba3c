"""How the monitor itself does: when it stood still or did not run, and by how much it is late."""

from __future__ import annotations

from dataclasses import replace

from parkops.model import Vitals

STILL_S = 1.0  # between two turns of the loop; more is a standstill


class Standstill:
    """Counts gaps, also that between two runs of the monitor, where the store knows of the last."""

    def __init__(self, now_s: float, last: Vitals | None, targets: int) -> None:
        """Begin at a record time."""
        self._vitals = Vitals(now_s, now_s, targets)
        if last is not None and now_s - last.seen_s > STILL_S:
            self._vitals = replace(
                self._vitals, gaps=last.gaps + 1, gap_s=last.gap_s + now_s - last.seen_s, last_gap_s=now_s
            )
        elif last is not None:
            self._vitals = replace(self._vitals, gaps=last.gaps, gap_s=last.gap_s, last_gap_s=last.last_gap_s)
        self._beat_s: float | None = None
        self._max_lag_s = 0.0

    def beat(self, steady_s: float, now_s: float) -> None:
        """Note that the loop turns; ``steady_s`` counts suspended time too."""
        if self._beat_s is not None and steady_s - self._beat_s > STILL_S:
            still_s = steady_s - self._beat_s
            own = self._vitals
            self._vitals = replace(own, gaps=own.gaps + 1, gap_s=own.gap_s + still_s, last_gap_s=now_s)
        self._beat_s = steady_s

    def vitals(
        self,
        now_s: float,
        *,
        samples: int,
        lag_s: float,
        skipped: int,
        unwritten: int,
        unsent: int,
        clock_ahead_s: float,
    ) -> Vitals:
        """Return all figures as of a record time."""
        self._max_lag_s = max(self._max_lag_s, lag_s)
        return replace(
            self._vitals,
            seen_s=now_s,
            samples=samples,
            lag_s=lag_s,
            max_lag_s=self._max_lag_s,
            skipped=skipped,
            unwritten=unwritten,
            unsent=unsent,
            clock_ahead_s=clock_ahead_s,
        )
