"""What an assessment advises: the stage, deficiencies, latent risks, and the evolution path."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model.source import SourceRef


@dataclass(frozen=True, slots=True)
class AssessmentPolicy:
    """How the park wants to be scored and advised, as its plan states it."""

    profile: str = "general"  # a shipped profile of thresholds, or a file beside the plan
    weights: str = ""  # a file that `parkops weights` wrote, beside the plan; "" for the catalogue's
    budget: tuple[float, ...] = ()  # for measures in each year of the horizon, in the plan's currency
    prices: tuple[tuple[str, float], ...] = ()  # measure id -> price of one unit, in the plan's currency
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A grade of maturity: totals from ``low`` up to the next stage's."""

    id: str  # planning | standard | optimised | leading
    name_zh: str
    name_en: str
    low: float
    text_zh: str = ""
    text_en: str = ""


@dataclass(frozen=True, slots=True)
class Deficiency:
    """Failed requirements with one cause, worst consequence first."""

    consequence: int  # 3 outage or breach of the whole park, 2 of a tenant, 1 of a device or a record
    domain: str
    aspect: str
    requirements: tuple[str, ...]
    title_zh: str
    title_en: str
    subjects: tuple[str, ...]  # devices, zones, tenants; empty for the park as a whole
    message: str  # "Expected: … Actual: …" of the first one
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Risk:
    """What holds now and will not, or hangs on one thing."""

    kind: str  # single-point | expiry | capacity | error-budget | event | evidence
    severity: int  # 3 high, 2 middle, 1 low
    subject: str
    text_zh: str
    text_en: str
    due_s: float | None = None  # when it comes true (Unix time), None when it cannot be told
    source: str = ""
    tenant: str = ""  # whose it is; "" for the park's


@dataclass(frozen=True, slots=True)
class PlannedMeasure:
    """A measure of the evolution path, or the part of it that one year takes."""

    id: str
    name_zh: str
    name_en: str
    year: int  # 1 for the first of the horizon
    units: int
    per: str  # what a unit is: count | tenant | endpoint | park
    cost: float | None  # in the plan's currency; None when no price is known
    indicators: tuple[tuple[int, float, float], ...]  # (indicator, score before, score after)
    requirements: tuple[str, ...]  # which it mends
    gain: float  # points of the total's lower bound
    needs: tuple[str, ...]  # measures that come before it
    reason_zh: str = ""
    reason_en: str = ""


@dataclass(frozen=True, slots=True)
class PathYear:
    """A year of the evolution path and where it leads."""

    year: int
    budget: float | None  # None: no limit stated
    cost: float
    measures: tuple[str, ...]  # PlannedMeasure.id
    total_low: float  # after this year
    total_point: float | None
    infrastructure_low: float
    infrastructure_point: float | None
    stage: str  # Stage.id that the total reaches at least


@dataclass(frozen=True, slots=True)
class EvolutionPath:
    """Measures by year that raise the score most under the budget."""

    years: tuple[PathYear, ...]
    measures: tuple[PlannedMeasure, ...]  # in the order in which they are taken; some in several years
    left_out: tuple[tuple[str, str, str], ...] = ()  # (measure id, why in Chinese, why in English)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Where the park stands, what is wrong, what may go wrong, and the way on."""

    stage: Stage | None  # None: too little is known
    next_stage: Stage | None
    why_zh: str
    why_en: str
    deficiencies: tuple[Deficiency, ...]
    risks: tuple[Risk, ...]
    path: EvolutionPath


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The scores before and after some indicators have other values."""

    changes: tuple[tuple[int, float | None, float], ...]  # (indicator, value before, value after)
    indicators: tuple[tuple[int, float | None, float | None], ...]  # (indicator, score before, after)
    total: tuple[tuple[float | None, float, float], tuple[float | None, float, float]]  # (point, low, high)
    infrastructure: tuple[tuple[float | None, float, float], tuple[float | None, float, float]]
    coverage: tuple[float, float]
    stage: tuple[str, str]  # Stage.id, "" when too little is known


__all__ = [
    "AssessmentPolicy",
    "Deficiency",
    "Diagnosis",
    "EvolutionPath",
    "PathYear",
    "PlannedMeasure",
    "Risk",
    "Stage",
    "WhatIf",
]
