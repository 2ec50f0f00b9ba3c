"""Write the report as a versioned JSON document; docs/report.schema.json is its schema."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal

from parkops.model import (
    Assessment,
    Event,
    EvidenceSet,
    GroupScore,
    IndicatorScore,
    Outcome,
    Park,
    RequirementResult,
    Verdict,
)
from parkops.report.bundle import Audit, Report
from parkops.report.reach import fold
from parkops.report.view import results_of
from parkops.report.waived import WaivedFeature, waived_features

KIND: Literal["parkops.report"] = "parkops.report"
VERSION: Literal[1] = 1  # grows when a key changes its meaning or goes away


@dataclass(frozen=True, slots=True)
class ParkName:
    """Whose report it is."""

    id: str
    title: str
    operator: str


@dataclass(frozen=True, slots=True)
class PlanName:
    """The plan that was assessed."""

    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What the report is about; empty: the whole park."""

    tenant: str
    domain: str


@dataclass(frozen=True, slots=True)
class Span:
    """A score with its bounds, 0 to 100; the point is null when nothing is known."""

    point: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scores:
    """The park's scores; ``coverage`` is the share of weight that is known, 0 to 1; no grade is ""."""

    total: Span
    infrastructure: Span
    coverage: float
    profile: str
    weights: str
    grade: str


@dataclass(frozen=True, slots=True)
class Tries:
    """Expectations between endpoints by what was seen."""

    held: int
    broken: int
    untried: int


@dataclass(frozen=True, slots=True)
class ReachCount:
    """What was tried between endpoints."""

    allowed: Tries
    forbidden: Tries


@dataclass(frozen=True, slots=True)
class Pushed:
    """One device's outcome of the last push."""

    device: str
    driver: str
    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True)
class Push:
    """The last push; ``time_s`` is null when nothing was pushed."""

    time_s: float | None
    devices: tuple[Pushed, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report; times are Unix seconds, scores 0 to 100, shares 0 to 1.

    An audit of configurations has no scores, no reach and no push: they are null.
    """

    kind: Literal["parkops.report"]
    version: Literal[1]
    park: ParkName
    plan: PlanName
    scope: Scope
    time_s: float
    scores: Scores | None
    verdicts: dict[Verdict, int]
    groups: tuple[GroupScore, ...]
    indicators: tuple[IndicatorScore, ...]
    requirements: tuple[RequirementResult, ...]
    controls: tuple[RequirementResult, ...]
    reach: ReachCount | None
    push: Push | None
    events: tuple[Event, ...]
    waived_features: tuple[WaivedFeature, ...]
    audit: Audit | None


def document(assessment: Assessment, park: Park, evidence: EvidenceSet) -> dict[str, Any]:
    """Return the report of a whole park as plain values."""
    return body(Report(assessment, park, evidence))


def body(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    found: dict[str, Any] = plain(_document(report))
    return found


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.json: an item of a list is a line, so that tools that compare lines say something."""
    parts = (f"{json.dumps(key)}: {_value(value)}" for key, value in body(report).items())
    return {"report.json": ("{\n" + ",\n".join(parts) + "\n}\n").encode()}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the document."""
    from pydantic import TypeAdapter

    found = TypeAdapter(Document).json_schema(mode="serialization")
    for item in (found, *found.get("$defs", {}).values()):
        if "properties" in item:
            item["additionalProperties"] = False
            item["required"] = list(item["properties"])
            for value in item["properties"].values():
                value.pop("default", None)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "parkops report",
    }
    return {**head, **{key: value for key, value in found.items() if key != "title"}}


def write(assessment: Assessment, park: Park, evidence: EvidenceSet, path: Path) -> Path:
    """Write the document to ``path`` at once, or not at all; return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    (data,) = files(Report(assessment, park, evidence)).values()
    partial.write_bytes(data)
    return partial.replace(path)


def plain(value: Any) -> Any:
    """Return dataclasses, tuples and enumerations as plain values."""
    if isinstance(value, str | int | float | None):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    return [plain(item) for item in value]


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


def _value(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def _document(report: Report) -> Document:
    assessment, park, evidence = report.assessment, report.park, report.evidence
    whole = report.audit is None
    return Document(
        kind=KIND,
        version=VERSION,
        park=ParkName(park.name, park.title, park.operator),
        plan=PlanName(park.plan_file, assessment.plan_digest),
        scope=Scope(report.tenant, report.domain),
        time_s=assessment.time_s,
        scores=_scores(assessment) if whole else None,
        verdicts=_verdicts(assessment.requirements if whole else results_of(assessment)),
        groups=assessment.groups,
        indicators=assessment.indicators,
        requirements=assessment.requirements,
        controls=assessment.controls,
        reach=_reach(park, evidence) if whole else None,
        push=_push(evidence) if whole else None,
        events=evidence.events,
        waived_features=waived_features(park),
        audit=report.audit,
    )


def _scores(assessment: Assessment) -> Scores:
    infrastructure = Span(
        assessment.infrastructure_point, assessment.infrastructure_low, assessment.infrastructure_high
    )
    return Scores(
        Span(assessment.total_point, assessment.total_low, assessment.total_high),
        infrastructure,
        assessment.coverage,
        assessment.profile,
        assessment.weights,
        assessment.grade,
    )


def _push(evidence: EvidenceSet) -> Push:
    devices = tuple(Pushed(r.device, r.driver, r.outcome, r.message) for r in evidence.results)
    return Push(evidence.pushed_s, devices)


def _reach(park: Park, evidence: EvidenceSet) -> ReachCount:
    matrix = fold(park, evidence)

    def tries(allowed: bool) -> Tries:
        return Tries(*(matrix.count(allowed=allowed, verdict=v) for v in ("held", "broken", "untried")))

    return ReachCount(tries(True), tries(False))


def _verdicts(results: Iterable[RequirementResult]) -> dict[Verdict, int]:
    counts = Counter(result.verdict for result in results)
    return {verdict: counts.get(verdict, 0) for verdict in Verdict}


__all__ = ["body", "document", "files", "schema", "write"]
