"""Score the 60 indicators: measured where that is possible, else as stated, else unknown."""

from __future__ import annotations

from parkops.assess.catalogues import Component, Indicator, IndicatorCatalogue, Threshold, ThresholdCatalogue
from parkops.assess.checks.records import parse_date, today
from parkops.assess.context import Context
from parkops.assess.formula import HIGH, LOW, score, score_flag
from parkops.assess.measure import MEASURES, STATED_FIRST, Measurement
from parkops.model import Evidence, EvidenceKind, Figure, IndicatorScore


def score_indicators(
    context: Context, catalogue: IndicatorCatalogue, thresholds: ThresholdCatalogue
) -> tuple[IndicatorScore, ...]:
    """Return all indicators with their scores, in catalogue order."""
    parents = {group.id: group.level1 for group in catalogue.level2}
    figures = {figure.indicator: figure for figure in context.park.figures}
    scores = []
    for item in catalogue.indicators:
        measured = _measure(context, item, figures.get(item.id))
        figure = figures.get(item.id)
        value, points, how, parts = _score(context, item, measured, figure, thresholds)
        top = HIGH if points is None else max(points, _top(context, item, measured, figure, thresholds))
        scores.append(
            IndicatorScore(
                id=item.id,
                name_zh=item.name_zh,
                name_en=item.name_en,
                level1=parents[item.level2],
                level2=item.level2,
                weight=item.weight,
                value=value,
                unit=item.unit,
                score=points,
                low=LOW if points is None else points,
                high=top,
                basis=measured.basis if points is not None else "unknown",
                explanation="; ".join(filter(None, (measured.explanation, how))),
                evidence=measured.evidence,
                parts=parts,
            )
        )
    return tuple(scores)


def _measure(context: Context, item: Indicator, figure: Figure | None) -> Measurement:
    """Prefer what was measured; then the operator's figure; then what the plan states."""
    measured = MEASURES[item.id](context) if item.id in MEASURES else None
    seen = measured is not None and measured.basis == "measured"
    if measured is not None and seen and (figure is None or item.id not in STATED_FIRST):
        return measured
    if figure is not None:
        return _stated(context, figure)
    if measured is not None:
        return measured
    return Measurement(None, "unknown", "no figure stated, and not measurable from the network")


def _stated(context: Context, figure: Figure) -> Measurement:
    stated = parse_date(figure.stated_on)
    text = f"{_amount(figure)} stated by {figure.stated_by} on {figure.stated_on}: {figure.evidence}"
    cited = Evidence(EvidenceKind.ATTEST, f"indicator {figure.indicator}", str(figure.source), text, None)
    if stated is None or stated > today(context):
        return Measurement(
            None, "unknown", f"stated for a day that has not come: {figure.stated_on}", (cited,)
        )
    if figure.value is None:
        return Measurement(None, "unknown", "a share of 0 has no value", (cited,))
    parts = () if figure.share or figure.years else figure.components
    return Measurement(float(figure.value), "stated", text, (cited,), parts)


def _amount(figure: Figure) -> str:
    """Print a figure with what it is made of: the two sides of a share, or the first and the last year."""
    if figure.share is not None:
        return f"{_plain(figure.share[0])} of {_plain(figure.share[1])}"
    if figure.years and figure.value is not None:
        (first, old), (last, new) = figure.years[0], figure.years[-1]
        return f"{_plain(figure.value)} % a year from {_plain(old)} in {first} to {_plain(new)} in {last}"
    return "nothing" if figure.value is None else _plain(figure.value)


def _plain(value: float | bool) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:,.10g}"


def bounds_of(context: Context, threshold: Threshold) -> tuple[float, float]:
    """Return X_min and X_max of a threshold in this park."""
    factor = max(len(context.park.tenants), 1) if threshold.per == "tenant" else 1
    return threshold.x_min * factor, threshold.x_max * factor


Scored = tuple[float | None, float | None, str, tuple[tuple[str, float], ...]]


def _score(
    context: Context,
    item: Indicator,
    measured: Measurement,
    figure: Figure | None,
    thresholds: ThresholdCatalogue,
) -> Scored:
    """Return (value, score, how it was scored, scores of components) by formula (2)."""
    if measured.basis == "unknown":
        return None, None, "", ()
    if measured.parts and item.components:
        return _score_parts(context, item, measured, thresholds)
    if measured.value is None:
        return None, None, "no value", ()
    value = measured.value
    if item.kind == "boolean":
        return value, score_flag(bool(value)), "yes is 100, no is 0", ()
    x_min, x_max, source = value_range(context, item, figure, thresholds)
    if x_min is None or x_max is None or x_min == x_max:
        return value, None, "no thresholds to score it by", ()
    capped = ", capped" if item.kind == "additive" and value > x_max else ""
    how = f"X_min {x_min:,.10g}, X_max {x_max:,.10g} ({source}{capped})"
    return value, score(value, x_min, x_max), how, ()


def _top(
    context: Context,
    item: Indicator,
    measured: Measurement,
    figure: Figure | None,
    thresholds: ThresholdCatalogue,
) -> float:
    """Return the score if all that was not seen lately holds; 0 where nothing is open."""
    if measured.best is None or measured.parts:
        return LOW
    x_min, x_max, _ = value_range(context, item, figure, thresholds)
    return LOW if x_min is None or x_max is None or x_min == x_max else score(measured.best, x_min, x_max)


def value_range(
    context: Context, item: Indicator, figure: Figure | None, thresholds: ThresholdCatalogue
) -> tuple[float | None, float | None, str]:
    """Return X_min and X_max with their source: the figure's own, the profile's, else natural bounds."""
    x_min: float | None = None
    x_max: float | None = None
    source = "not set"
    if item.id in thresholds.indicators:
        x_min, x_max = bounds_of(context, thresholds.indicators[item.id])
        source = thresholds.indicators[item.id].origin
    elif item.kind == "ratio":
        x_min, x_max, source = 0.0, 100.0, "a share"
    elif item.list_size:
        x_min, x_max, source = 0.0, float(item.list_size), "length of the guide's list"
    if figure is not None and (figure.x_min is not None or figure.x_max is not None):
        x_min = x_min if figure.x_min is None else figure.x_min
        x_max = x_max if figure.x_max is None else figure.x_max
        source = "stated with the figure"
    return x_min, x_max, source


def _score_parts(
    context: Context, item: Indicator, measured: Measurement, thresholds: ThresholdCatalogue
) -> Scored:
    """Score each component and take their mean; the guide gives no sub-weights, so they weigh the same."""
    values = dict(measured.parts)
    missing = [part.name for part in item.components if part.name not in values]
    if missing:
        return measured.value, None, f"not stated: {', '.join(missing)}", ()
    points = [
        _part(context, part, values[part.name], thresholds.components.get(item.id, {}).get(part.name))
        for part in item.components
    ]
    weights = [part.weight if part.weight is not None else 1.0 for part in item.components]
    mean = sum(w * p for w, p in zip(weights, points, strict=True)) / sum(weights)
    value = measured.value if measured.value is not None else values[item.components[0].name]
    named = tuple((part.name, point) for part, point in zip(item.components, points, strict=True))
    return value, mean, "components weigh the same", named


def _part(context: Context, part: Component, value: float, threshold: Threshold | None) -> float:
    if part.kind == "boolean":
        return score_flag(bool(value))
    return score(value, *(bounds_of(context, threshold) if threshold else (0.0, 100.0)))
