"""The scores that other indicators would give; nothing else of an assessment changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from parkops.assess.advice.measures import Place, Standing
from parkops.assess.basis import Basis
from parkops.assess.grade import graded
from parkops.assess.scores import scores
from parkops.model import Assessment, IndicatorScore


def rescored(assessment: Assessment, indicators: tuple[IndicatorScore, ...], basis: Basis) -> Assessment:
    """Return the assessment with other indicators, and all that follows from them."""
    return graded(replace(assessment, **scores(indicators, basis.catalogue)), basis)


def lifted(indicator: IndicatorScore, now: Standing, lifts: Mapping[Place, float]) -> IndicatorScore:
    """Return an indicator after measures; each component is held at 100."""
    own = {place: gain for place, gain in lifts.items() if place[0] == indicator.id}
    if not own:
        return indicator
    score = score_after(indicator.id, now, lifts)
    return replace(indicator, score=score, low=score, high=max(score, indicator.high), basis="planned")


def score_after(number: int, now: Standing, lifts: Mapping[Place, float]) -> float:
    """Return the score (at least) of an indicator after measures."""
    return sum(
        now.shares[place] * min(100.0, score + lifts.get(place, 0.0))
        for place, score in now.scores.items()
        if place[0] == number
    )


__all__ = ["lifted", "rescored", "score_after"]
