"""Assessments as they are kept: small, comparable, in a row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VerdictMark:
    """A requirement's verdict in an earlier assessment."""

    catalogue: str
    id: str
    verdict: str  # a Verdict
    message: str


@dataclass(frozen=True, slots=True)
class ScoreMark:
    """A score in an earlier assessment, with its bounds."""

    id: str  # "total" | "infrastructure" | "level1:2" | "level2:7" | "indicator:10"
    point: float | None
    low: float
    high: float
    value: float | None = None  # of an indicator, in its unit


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One kept assessment."""

    id: int  # 0 before it is kept
    time_s: float
    park: str
    plan_digest: str
    profile: str
    grade: str
    coverage: float
    scores: tuple[ScoreMark, ...]
    verdicts: tuple[VerdictMark, ...]

    def score(self, name: str) -> ScoreMark | None:
        """Return one score by its id."""
        return next((mark for mark in self.scores if mark.id == name), None)


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One assessment as a point of each curve."""

    id: int
    time_s: float
    plan_digest: str
    total_point: float | None
    total_low: float
    total_high: float
    infrastructure_point: float | None
    infrastructure_low: float
    infrastructure_high: float
    coverage: float
    passed: int
    failed: int
    unknown: int
    levels: tuple[tuple[int, float | None], ...] = ()  # (first-level indicator, point)
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """Assessments in the order of time."""

    points: tuple[TrendPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A requirement that has another verdict; None where one of the two did not know it."""

    catalogue: str
    id: str
    before: str | None
    after: str | None
    why_before: str
    why_after: str


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A score that moved; None where one of the two did not know it."""

    id: str  # as of ScoreMark
    before: ScoreMark | None
    after: ScoreMark | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one assessment to another."""

    older: Snapshot
    newer: Snapshot
    verdicts: tuple[VerdictChange, ...]
    scores: tuple[ScoreChange, ...]
    same_plan: bool
    same_basis: bool  # scored by the same profile and weights


__all__ = [
    "Comparison",
    "ScoreChange",
    "ScoreMark",
    "Snapshot",
    "Trend",
    "TrendPoint",
    "VerdictChange",
    "VerdictMark",
]
