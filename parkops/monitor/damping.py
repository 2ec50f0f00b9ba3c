"""Flap damping after RFC 2439: penalties that outages add to, and time halves."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model import Damping


@dataclass(slots=True)
class _Figure:
    penalty: float
    time_s: float
    suppressed: bool = False


class Damper:
    """Penalties of targets; asked for a target and a Unix time, it forgets what has become calm."""

    def __init__(self, settings: Damping) -> None:
        self._settings = settings
        self._figures: dict[str, _Figure] = {}

    def outage(self, key: str, time_s: float) -> bool:
        """Count an outage; return whether the target is suppressed. The same outage counts once."""
        figure = self._figures.get(key)
        if figure is None:
            figure = self._figures[key] = _Figure(0.0, time_s)
        elif time_s <= figure.time_s:
            return figure.suppressed
        figure.penalty = self._decayed(figure, time_s) + 1.0
        figure.time_s = time_s
        figure.suppressed = figure.suppressed or figure.penalty >= self._settings.suppress
        return figure.suppressed

    def suppressed(self, key: str, time_s: float) -> bool:
        """Tell whether a target flaps: its penalty has not yet come down to the limit of reuse."""
        figure = self._figures.get(key)
        if figure is None:
            return False
        penalty = self._decayed(figure, time_s)
        if penalty < self._settings.reuse:
            del self._figures[key]
            return False
        return figure.suppressed

    def _decayed(self, figure: _Figure, time_s: float) -> float:
        passed_s = max(0.0, time_s - figure.time_s)
        return float(figure.penalty * 0.5 ** (passed_s / self._settings.half_life_s))
