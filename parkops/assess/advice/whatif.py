"""What the scores would be if some indicators had other values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite

from parkops.assess.advice.rescore import rescored
from parkops.assess.basis import Basis
from parkops.assess.context import Context
from parkops.assess.formula import HIGH, LOW, score, score_flag
from parkops.assess.indicators import value_range
from parkops.errors import UsageError
from parkops.model import Assessment, IndicatorScore, WhatIf

WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


@dataclass(frozen=True, slots=True)
class Supposed:
    """A supposed value, or a supposed score (0 to 100)."""

    value: float
    is_score: bool = False


def parse(text: str) -> tuple[int, Supposed]:
    """Read ``10=100``, ``26=yes`` or ``14=80p`` (a score); UsageError tells what is wrong."""
    name, equals, given = (part.strip() for part in text.partition("="))
    hint = "INDICATOR=VALUE, such as 10=100, 26=yes, or 14=80p for a score of 80"
    if not equals or not name.isdigit():
        raise UsageError("no supposition", where=text, hint=hint)
    is_score = given.endswith("p")
    try:
        value = WORDS[given] if given in WORDS else float(given.removesuffix("p").replace(",", ""))
    except ValueError as error:
        raise UsageError("no number, yes or no", where=text, hint=hint) from error
    if not isfinite(value):
        raise UsageError("no number, yes or no", where=text, hint=hint)
    return int(name), Supposed(value, is_score)


def what_if(
    context: Context, assessment: Assessment, basis: Basis, supposed: Mapping[int, Supposed]
) -> WhatIf:
    """Return the scores before and after; UsageError where that cannot be told."""
    known = {item.id for item in assessment.indicators}
    for number in supposed:
        if number not in known:
            raise UsageError(f"there is no indicator {number}", hint="1 to 60")
    indicators = tuple(
        _supposed(context, item, supposed[item.id], basis) if item.id in supposed else item
        for item in assessment.indicators
    )
    after = rescored(assessment, indicators, basis)
    pairs = list(zip(assessment.indicators, indicators, strict=True))
    changed = [(old, new) for old, new in pairs if old.id in supposed]
    return WhatIf(
        changes=tuple((old.id, old.value, supposed[old.id].value) for old, _ in changed),
        indicators=tuple((old.id, old.score, new.score) for old, new in changed),
        total=(_span(assessment), _span(after)),
        infrastructure=(_infrastructure(assessment), _infrastructure(after)),
        coverage=(assessment.coverage, after.coverage),
        stage=(assessment.grade, after.grade),
    )


def _supposed(context: Context, item: IndicatorScore, given: Supposed, basis: Basis) -> IndicatorScore:
    entry = next(found for found in basis.catalogue.indicators if found.id == item.id)
    if given.is_score:
        if not LOW <= given.value <= HIGH:
            raise UsageError(f"a score of {given.value:g}", where=f"{item.id}", hint="0 to 100")
        points, value = given.value, item.value
    elif entry.kind == "boolean":
        if given.value not in (0.0, 1.0):
            raise UsageError(f"indicator {item.id} is answered yes or no", where=f"{item.id}={given.value:g}")
        points, value = score_flag(bool(given.value)), given.value
    elif entry.components and entry.kind != "ratio":
        names = ", ".join(part.name for part in entry.components)
        raise UsageError(
            f"indicator {item.id} is made of components ({names})",
            where=f"{item.id}={given.value:g}",
            hint=f"suppose its score: {item.id}=80p",
        )
    else:
        figure = next((f for f in context.park.figures if f.indicator == item.id), None)
        x_min, x_max, _ = value_range(context, entry, figure, basis.thresholds)
        if x_min is None or x_max is None or x_min == x_max:
            raise UsageError(
                f"indicator {item.id} has no thresholds", hint=f"suppose its score: {item.id}=80p"
            )
        points, value = score(given.value, x_min, x_max), given.value
    return replace(item, value=value, score=points, low=points, high=points, basis="supposed", parts=())


def _span(found: Assessment) -> tuple[float | None, float, float]:
    return found.total_point, found.total_low, found.total_high


def _infrastructure(found: Assessment) -> tuple[float | None, float, float]:
    return found.infrastructure_point, found.infrastructure_low, found.infrastructure_high


__all__ = ["Supposed", "parse", "what_if"]
