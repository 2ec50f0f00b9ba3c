"""Write the scores as Prometheus metrics, for node_exporter's textfile collector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from parkops.model import GroupScore
from parkops.report.bundle import Report
from parkops.report.view import ORDER, results_of

Sample = tuple[Mapping[str, object], float]
Span = tuple[float | None, float, float]


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.prom; what is unknown has no sample, as a score of 0 would be a lie."""
    assessment = report.assessment
    common = {"park": assessment.park}
    if report.tenant:
        common["tenant"] = report.tenant
    coverage: list[Sample] = [] if report.audit else [({}, assessment.coverage)]
    spans: dict[str, Span] = {
        "total": (assessment.total_point, assessment.total_low, assessment.total_high),
        "infrastructure": (
            assessment.infrastructure_point,
            assessment.infrastructure_low,
            assessment.infrastructure_high,
        ),
    }
    if report.audit:  # nothing was scored
        spans = {}
    metrics: Iterable[tuple[str, str, Iterable[Sample]]] = (
        ("score", "Score, 0 to 100: point over what is known, and its bounds.", _spans(spans)),
        ("score_coverage_ratio", "Share of weight that is known.", coverage),
        ("group_score", "Score of first- and second-level indicators.", _groups(assessment.groups)),
        ("indicator_score", "Score of an indicator by formula (2).", _indicators(report)),
        ("requirements", "Requirements by catalogue, domain and verdict.", _requirements(report)),
        ("timestamp_seconds", "When the park was assessed.", [({}, assessment.time_s)]),
    )
    return {"report.prom": "".join(_metric(*metric, common) for metric in metrics).encode()}


def _spans(spans: Mapping[str, Span]) -> Iterable[Sample]:
    for scope, values in spans.items():
        for bound, value in zip(("point", "low", "high"), values, strict=True):
            if value is not None:
                yield {"scope": scope, "bound": bound}, value


def _groups(groups: Iterable[GroupScore]) -> Iterable[Sample]:
    for group in groups:
        for bound, value in (("point", group.point), ("low", group.low), ("high", group.high)):
            if value is not None:
                yield {"level": group.level, "group": group.id, "name": group.name_en, "bound": bound}, value


def _indicators(report: Report) -> Iterable[Sample]:
    for item in report.assessment.indicators:
        if item.score is not None:
            yield {"indicator": item.id, "name": item.name_en, "basis": item.basis}, item.score


def _requirements(report: Report) -> Iterable[Sample]:
    counts = Counter((r.catalogue, r.domain, r.verdict.value) for r in results_of(report.assessment))
    for catalogue, domain in dict.fromkeys((r.catalogue, r.domain) for r in results_of(report.assessment)):
        for verdict in ORDER:
            labels = {"catalogue": catalogue, "domain": domain, "verdict": verdict.value}
            yield labels, counts[catalogue, domain, verdict.value]


def _metric(name: str, words: str, samples: Iterable[Sample], common: Mapping[str, object]) -> str:
    name = f"parkops_assessment_{name}"
    lines = [f"{name}{_labels({**common, **own})} {float(value)!r}" for own, value in samples]
    return "\n".join((f"# HELP {name} {words}", f"# TYPE {name} gauge", *lines, "")) if lines else ""


def _labels(labels: Mapping[str, object]) -> str:
    pairs = (f'{key}="{_escaped(str(value))}"' for key, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
