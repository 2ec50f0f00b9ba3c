"""Fold indicator scores into groups and the total, each with its bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from parkops.assess.catalogues import IndicatorCatalogue
from parkops.assess.formula import compositions, total
from parkops.model import GroupScore, IndicatorScore

INFRASTRUCTURE = 1  # first-level indicator 一


@dataclass(frozen=True, slots=True)
class Total:
    """The park's score: the point over what is known, its bounds, and the share of weight that is known."""

    point: float | None
    low: float
    high: float
    coverage: float


class Scores(TypedDict):
    """The scores of an assessment, by the names that it has for them."""

    indicators: tuple[IndicatorScore, ...]
    groups: tuple[GroupScore, ...]
    total_point: float | None
    total_low: float
    total_high: float
    infrastructure_point: float | None
    infrastructure_low: float
    infrastructure_high: float
    coverage: float


def weight_sets(catalogue: IndicatorCatalogue) -> Iterator[Mapping[int, float]]:
    """Yield the admissible second-level weights: every way to share out those that are not legible."""
    fixed = {group.id: group.weight for group in catalogue.level2}
    unknown = catalogue.unknown_level2_weights
    for parts in compositions(len(unknown.level2), round(unknown.sum / unknown.step)):
        shares = {name: part * unknown.step for name, part in zip(unknown.level2, parts, strict=True)}
        yield {**fixed, **shares}


def _fold(
    items: Sequence[IndicatorScore], alpha: Mapping[int, float], beta: Mapping[int, float]
) -> tuple[float, float, float, float]:
    """Return (known sum, known weight, low, high) by formula (1)."""
    known = [item for item in items if item.score is not None]
    sums = total((alpha[i.level1], beta[i.level2], i.weight, i.score or 0.0) for i in known)
    share = total((alpha[i.level1], beta[i.level2], i.weight, 1.0) for i in known)
    low = total((alpha[i.level1], beta[i.level2], i.weight, i.low) for i in items)
    high = total((alpha[i.level1], beta[i.level2], i.weight, i.high) for i in items)
    return sums, share, low, high


def _total(
    items: Sequence[IndicatorScore], catalogue: IndicatorCatalogue, alpha: Mapping[int, float]
) -> Total:
    used = {group.id: group.weight for group in catalogue.level2}
    sums, share, low, high = _fold(items, alpha, used)
    whole = total((alpha[i.level1], used[i.level2], i.weight, 1.0) for i in items)
    for beta in weight_sets(catalogue):
        _, _, other_low, other_high = _fold(items, alpha, beta)
        low, high = min(low, other_low), max(high, other_high)
    point = sums / share if share else None
    return Total(point, _clean(low), _clean(high), min(share / whole, 1.0) if whole else 0.0)


def _clean(value: float) -> float:
    """Hold a sum of rounded weights inside [0, 100]."""
    return min(max(value, 0.0), 100.0)


def total_score(items: Sequence[IndicatorScore], catalogue: IndicatorCatalogue) -> Total:
    """Score the park over all four first-level indicators."""
    return _total(items, catalogue, {group.id: group.weight for group in catalogue.level1})


def level1_score(items: Sequence[IndicatorScore], catalogue: IndicatorCatalogue, level1: int) -> Total:
    """Score one first-level indicator on its own."""
    return _total([item for item in items if item.level1 == level1], catalogue, {level1: 1.0})


def group_scores(items: Sequence[IndicatorScore], catalogue: IndicatorCatalogue) -> tuple[GroupScore, ...]:
    """Return the first-level groups, then the second-level ones, in catalogue order."""
    groups = []
    for first in catalogue.level1:
        found = level1_score(items, catalogue, first.id)
        groups.append(_group(1, first.id, first.name_zh, first.name_en, first.weight, found))
    for second in catalogue.level2:
        own = [item for item in items if item.level2 == second.id]
        sums, share, low, high = _fold(own, {second.level1: 1.0}, {second.id: 1.0})
        found = Total(sums / share if share else None, _clean(low), _clean(high), min(share, 1.0))
        groups.append(_group(2, second.id, second.name_zh, second.name_en, second.weight, found))
    return tuple(groups)


def scores(items: Sequence[IndicatorScore], catalogue: IndicatorCatalogue) -> Scores:
    """Return all that follows from indicators."""
    whole = total_score(items, catalogue)
    infrastructure = level1_score(items, catalogue, INFRASTRUCTURE)
    return Scores(
        indicators=tuple(items),
        groups=group_scores(items, catalogue),
        total_point=whole.point,
        total_low=whole.low,
        total_high=whole.high,
        infrastructure_point=infrastructure.point,
        infrastructure_low=infrastructure.low,
        infrastructure_high=infrastructure.high,
        coverage=whole.coverage,
    )


def _group(level: int, number: int, zh: str, en: str, weight: float, found: Total) -> GroupScore:
    return GroupScore(level, number, zh, en, weight, found.point, found.low, found.high, found.coverage)
