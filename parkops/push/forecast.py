"""Tell how a transaction would go, before it does: its waves, and what each puts at stake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parkops.model import Change, Park
from parkops.push.driver import diff_size
from parkops.push.waves import at_risk, grows, plan_waves


@dataclass(frozen=True, slots=True)
class WaveForecast:
    """One wave: its devices, and the allowed flows that have no path while they are out."""

    number: int
    devices: tuple[str, ...]
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """The course of a push: ``gate`` says in words what is looked at before a wave is confirmed."""

    waves: tuple[WaveForecast, ...]
    order: str
    confirm_timeout_s: int
    gate: tuple[str, ...]


def forecast(park: Park, changes: Sequence[Change], gate: Sequence[str], confirm_timeout_s: int) -> Forecast:
    """Plan the waves of what would change."""
    differing = [change for change in changes if change.diff]
    inside_first = grows(diff_size(change.diff) for change in differing)
    waves = plan_waves(park, [change.device for change in differing], inside_first=inside_first)
    return Forecast(
        tuple(
            WaveForecast(number, wave, at_risk(park, wave).flows)
            for number, wave in enumerate(waves, start=1)
        ),
        "canaries, then from the core to the edge"
        if inside_first
        else "canaries, then from the edge inwards",
        confirm_timeout_s,
        tuple(gate),
    )
