"""The catalogue of measures, and what each would cost and raise in one park."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from parkops.assess.basis import Basis
from parkops.assess.catalogues import Indicator, read
from parkops.assess.context import Context
from parkops.assess.indicators import bounds_of, value_range
from parkops.model import IndicatorScore, Park

MOST_PARTS = 8  # in which a measure of many units is taken, over the years
MONTHS = 12  # of a line that is paid by the month
LEAST_GAIN = 0.01  # of an indicator's score


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Raise(_Part):
    """An indicator, or a component of it, that a measure lifts to ``reach`` when it is done whole."""

    indicator: int
    component: str = ""
    reach: float = Field(gt=0, le=100)


class MeasureEntry(_Part):
    """One measure of the catalogue."""

    id: str
    name_zh: str
    name_en: str
    text_zh: str = ""
    text_en: str = ""
    per: Literal["count", "tenant", "endpoint", "park"]
    effort: float = Field(gt=0)
    needs: tuple[str, ...] = ()
    earliest: int = Field(default=1, ge=1, le=5)
    price_from: Literal["", "leased-line"] = ""
    raises: tuple[Raise, ...] = Field(min_length=1)
    requirements: tuple[str, ...] = ()


class MeasureCatalogue(_Part):
    """All measures."""

    meta: dict[str, Any]
    measures: tuple[MeasureEntry, ...]


@cache
def measures() -> tuple[MeasureEntry, ...]:
    """Return the measures in catalogue order."""
    return MeasureCatalogue.model_validate(read("measures.yaml")).measures


Place = tuple[int, str]  # indicator, component or ""


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a measure that can be taken in a year: some of its units."""

    id: str  # measure, or measure/2 for its second part
    measure: MeasureEntry
    units: int
    needs: frozenset[str]
    lifts: Mapping[Place, float]  # points of score by indicator and component
    price: float | None  # of all its units; None when none is known
    effort: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where each indicator stands, by component: lower bounds of scores, and what a point weighs."""

    scores: Mapping[Place, float]
    shares: Mapping[Place, float]  # of a component in its indicator
    weights: Mapping[int, float]  # of an indicator in the total, 0 to 1


def standing(indicators: tuple[IndicatorScore, ...], basis: Basis) -> Standing:
    """Return the lower bounds; what is unknown stands at 0."""
    catalogue = basis.catalogue
    alpha = {group.id: group.weight for group in catalogue.level1}
    beta = {group.id: group.weight for group in catalogue.level2}
    scores: dict[Place, float] = {}
    shares: dict[Place, float] = {}
    items = {item.id: item for item in catalogue.indicators}
    for found in indicators:
        item = items[found.id]
        if item.components and (found.parts or found.score is None):
            known = dict(found.parts)
            whole = sum(_weight(part.weight) for part in item.components)
            for part in item.components:
                scores[found.id, part.name] = known.get(part.name, 0.0)
                shares[found.id, part.name] = _weight(part.weight) / whole
        else:
            scores[found.id, ""] = found.low
            shares[found.id, ""] = 1.0
    weights = {i.id: alpha[i.level1] * beta[i.level2] * i.weight for i in indicators}
    return Standing(scores, shares, weights)


def _weight(stated: float | None) -> float:
    return 1.0 if stated is None else stated


def parts_of(context: Context, basis: Basis, now: Standing) -> tuple[Part, ...]:
    """Return every measure that would raise something, in parts, in catalogue order."""
    items = {item.id: item for item in basis.catalogue.indicators}
    found: list[Part] = []
    last: dict[str, str] = {}  # measure -> its last part
    for entry in measures():
        gaps = dict(_gaps(entry, now))
        if gaps:
            own = [*_split(context, basis, items, entry, gaps, last)]
            last[entry.id] = own[-1].id
            found += own
    return tuple(found)


def _gaps(entry: MeasureEntry, now: Standing) -> Iterator[tuple[Place, float]]:
    """Yield what a measure lifts: a component, or all of an indicator where its components are told."""
    for raised in entry.raises:
        own = [place for place in now.scores if place[0] == raised.indicator]
        named = [place for place in own if place[1] == raised.component]
        for place in named or own:
            gap = raised.reach - now.scores[place]
            if gap > LEAST_GAIN:
                yield place, gap


def _split(
    context: Context,
    basis: Basis,
    items: Mapping[int, Indicator],
    entry: MeasureEntry,
    gaps: Mapping[Place, float],
    last: Mapping[str, str],
) -> Iterator[Part]:
    units = max(
        _units(context, basis, items[number], name, gap, entry) for (number, name), gap in gaps.items()
    )
    price = _price(context.park, entry)
    count = min(MOST_PARTS, units)
    before: str | None = None
    for number in range(count):
        own = units * (number + 1) // count - units * number // count
        name = entry.id if count == 1 else f"{entry.id}/{number + 1}"
        # Later parts come after the first; a measure that needs another waits for all of it.
        needs = {before} if before else {last[needed] for needed in entry.needs if needed in last}
        yield Part(
            id=name,
            measure=entry,
            units=own,
            needs=frozenset(needs),
            lifts={place: gap * own / units for place, gap in gaps.items()},
            price=None if price is None else price * own,
            effort=entry.effort * own / units,
        )
        before = name


def _units(
    context: Context, basis: Basis, item: Indicator, component: str, gap: float, entry: MeasureEntry
) -> int:
    """Return how many units close a gap of score."""
    if entry.per == "park":
        return 1
    if entry.per == "tenant":
        return max(math.ceil(gap / 100 * len(context.park.tenants) - 1e-9), 1)
    if entry.per == "endpoint":
        return max(math.ceil(gap / 100 * sum(group.count for group in context.park.groups) - 1e-9), 1)
    if component:
        threshold = basis.thresholds.components.get(item.id, {}).get(component)
        low, high = bounds_of(context, threshold) if threshold else (0.0, 1.0)
    else:
        figure = next((f for f in context.park.figures if f.indicator == item.id), None)
        stated = value_range(context, item, figure, basis.thresholds)
        low, high = stated[0] or 0.0, stated[1] or 1.0
    return max(math.ceil(gap / 100 * abs(high - low) - 1e-9), 1)


def _price(park: Park, entry: MeasureEntry) -> float | None:
    """Return the price of one unit: the plan's own, else what a line of the plan costs in a year."""
    stated = dict(park.assessment.prices)
    if entry.id in stated:
        return stated[entry.id]
    if entry.price_from == "leased-line":
        prices = [c.price for c in park.circuits if c.kind == "leased-line" and c.price]
        return MONTHS * sum(prices) / len(prices) if prices else None
    return None


__all__ = ["MeasureEntry", "Part", "Place", "Standing", "measures", "parts_of", "standing"]
