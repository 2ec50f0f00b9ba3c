"""The life of one target's state: what is recorded, when an outage begins, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parkops.model import Sample, State
from parkops.monitor.standstill import STILL_S

GAP_INTERVALS = 2.0  # a longer silence of the prober is recorded as unknown


@dataclass(frozen=True, slots=True)
class Turn:
    """What one sample leads to."""

    records: tuple[Sample, ...] = ()  # for the store, oldest first
    opened: Sample | None = None  # the first loss of an outage that is now confirmed
    closed_s: float | None = None  # when the target was first seen up again
    doubtful: bool = False  # a first loss, or not judged: to be probed again soon


class Outage:
    """Confirm outages by two consecutive losses; the first loss is their start.

    One good sample ends an outage. ``unknown`` samples neither confirm nor end one. What the prober could not
    judge, being late for less than a standstill, is asked again, and the next sample decides for both: a loss
    then began when the first of them was asked.
    """

    __slots__ = ("_first_loss", "_last_s", "_limit_s", "_unjudged", "down", "state")

    def __init__(
        self, interval_s: float, state: State | None = None, last_s: float | None = None, down: bool = False
    ) -> None:
        """Begin, or go on after ``state`` at ``last_s``, with an outage under way when ``down``."""
        self._limit_s = GAP_INTERVALS * interval_s
        self._last_s = last_s
        self._first_loss: Sample | None = None
        self._unjudged: Sample | None = None
        self.state = state
        self.down = down

    def stays_up(self, time_s: float) -> bool:
        """Take a good sample that changes nothing, which is nearly every one; False when it does."""
        if self.state is not State.UP or self._first_loss is not None or self.down or self._last_s is None:
            return False
        if self._unjudged is not None:
            return False
        if time_s - self._last_s > self._limit_s:
            return False
        self._last_s = time_s
        return True

    def step(self, sample: Sample) -> Turn:
        """Take the next sample."""
        gap = self._gap(sample)
        self._last_s = sample.time_s
        if gap:
            self.state, self._first_loss, self._unjudged = State.UNKNOWN, None, None
        turn = self._judge(sample)
        return replace(turn, records=gap + turn.records) if gap else turn

    def _gap(self, sample: Sample) -> tuple[Sample, ...]:
        if self._last_s is None or sample.time_s - self._last_s <= self._limit_s:
            return ()
        reason = f"not probed for {sample.time_s - self._last_s:.0f} s"
        return (Sample(sample.target, self._last_s, State.UNKNOWN, reason=reason),)

    def _judge(self, sample: Sample) -> Turn:
        if sample.state is State.UP:
            return self._up(sample)
        unjudged, self._unjudged = self._unjudged, None
        if sample.state is State.UNKNOWN:
            if 0 < sample.late_s <= STILL_S and unjudged is None and self.state is not State.UNKNOWN:
                self._unjudged = sample
                return Turn(doubtful=True)
            self.state, self._first_loss = State.UNKNOWN, None
            return Turn((sample,) if unjudged is None else (unjudged, sample))
        if self.state is State.DOWN:
            return Turn((sample,))
        if self._first_loss is None:
            self._first_loss = sample if unjudged is None else replace(sample, time_s=unjudged.time_s)
            return Turn(doubtful=True)
        return self._confirm(self._first_loss, sample)

    def _up(self, sample: Sample) -> Turn:
        closed_s = sample.time_s if self.down else None
        self.state, self._first_loss, self._unjudged, self.down = State.UP, None, None, False
        return Turn((sample,), closed_s=closed_s)

    def _confirm(self, first: Sample, second: Sample) -> Turn:
        opened = None if self.down else first
        self.state, self._first_loss, self.down = State.DOWN, None, True
        return Turn((first, second), opened=opened)
