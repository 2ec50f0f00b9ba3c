"""Arrange an assessment for the page: counts, groups, cut lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from parkops.model import (
    Assessment,
    Event,
    EvidenceSet,
    Finding,
    GroupScore,
    IndicatorScore,
    Park,
    RequirementResult,
    Result,
    Verdict,
)
from parkops.report import charts, reach, timeline, topology
from parkops.report.waived import WaivedFeature, waived_features
from parkops.report.words import ASPECTS, DOMAINS

ORDER = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.PASS, Verdict.NOT_APPLICABLE)
MOST_FINDINGS = 60  # of a requirement, and of evidence: the JSON report holds all
MOST_EVIDENCE = 8
MOST_RESULTS = 200  # devices of a push, tries between endpoints, events
GUIDE = "guide"
_HEADING = re.compile(r"\s[\u4e00-\u9fff].*\Z")
INFRASTRUCTURE_INDICATORS = 18


@dataclass(frozen=True, slots=True)
class Span:
    """A score with its bounds (0 to 100) and the share of weight that is known (0 to 1)."""

    point: float | None
    low: float
    high: float
    coverage: float


@dataclass(frozen=True, slots=True)
class KindBlock:
    """The findings of a requirement for one kind of evidence, most telling first."""

    kind: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class RequirementView:
    """A requirement with its findings by kind."""

    result: RequirementResult
    blocks: tuple[KindBlock, ...]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Verdict counts of one domain and aspect."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many requirements."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Level2View:
    """A second-level indicator with its third-level ones."""

    group: GroupScore
    indicators: tuple[IndicatorScore, ...]


@dataclass(frozen=True, slots=True)
class Level1View:
    """A first-level indicator with its second-level ones."""

    group: GroupScore
    children: tuple[Level2View, ...]


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """Verdicts of a control point of MLPS, by the level that asks for it."""

    domain: str
    name: str
    levels: Mapping[int, HeatCell]


@dataclass(frozen=True, slots=True)
class View:
    """All that the page shows."""

    park: Park
    assessment: Assessment
    time_s: float
    total: Span
    infrastructure: Span
    counts: Mapping[str, int]  # verdicts of the guide's requirements
    every: Mapping[str, int]  # verdicts of all catalogues
    catalogues: tuple[str, ...]
    heat: Mapping[tuple[str, str], HeatCell]
    domains: tuple[str, ...]
    aspects: tuple[str, ...]
    guide: int  # how many requirements the guide has here
    points: tuple[ControlPoint, ...]
    radar: charts.Radar | None
    curves: charts.Curves | None
    requirements: tuple[RequirementView, ...]
    infrastructure_indicators: tuple[IndicatorScore, ...]
    other_indicators: tuple[IndicatorScore, ...]
    levels: tuple[Level1View, ...]
    picture: topology.Picture
    timeline: timeline.Timeline | None
    events: tuple[Event, ...]
    results: tuple[Result, ...]  # failed ones first
    done: int  # how many devices run what was rendered
    pushed_s: float | None
    matrix: reach.Matrix
    availability: float | None
    waived: tuple[WaivedFeature, ...]


def results_of(assessment: Assessment) -> tuple[RequirementResult, ...]:
    """Return the requirements of the guide, then those of the other catalogues."""
    return (*assessment.requirements, *assessment.controls)


def build(assessment: Assessment, park: Park, evidence: EvidenceSet) -> View:
    """Return the page's content."""
    every = results_of(assessment)
    requirements = [result for result in every if result.catalogue == GUIDE]
    counts = _counts(requirements)
    firsts = [group for group in assessment.groups if group.level == 1]
    split = [i for i in assessment.indicators if i.id <= INFRASTRUCTURE_INDICATORS]
    return View(
        park=park,
        assessment=assessment,
        time_s=assessment.time_s,
        total=Span(assessment.total_point, assessment.total_low, assessment.total_high, assessment.coverage),
        infrastructure=Span(
            assessment.infrastructure_point,
            assessment.infrastructure_low,
            assessment.infrastructure_high,
            next((group.coverage for group in firsts if group.id == 1), 0.0),
        ),
        counts=counts,
        every=_counts(every),
        catalogues=tuple(dict.fromkeys(result.catalogue for result in every)),
        heat=_heat(requirements),
        domains=_known(DOMAINS, (result.domain for result in requirements)),
        aspects=_known(ASPECTS, (result.aspect for result in requirements)),
        guide=len(requirements),
        points=_points(result for result in every if result.levels),
        radar=charts.radar([group for group in assessment.groups if group.level == 2]),
        curves=charts.curves(assessment.trend),
        requirements=tuple(_requirement(result) for result in _sorted(every)),
        infrastructure_indicators=tuple(split),
        other_indicators=tuple(i for i in assessment.indicators if i.id > INFRASTRUCTURE_INDICATORS),
        levels=tuple(_level(first, assessment) for first in firsts),
        picture=topology.draw(park, evidence, _failures(every)),
        timeline=timeline.lay_out(evidence),
        events=evidence.events,
        results=tuple(sorted(evidence.results, key=lambda result: (result.ok, result.device))),
        done=sum(result.ok for result in evidence.results),
        pushed_s=evidence.pushed_s,
        matrix=reach.fold(park, evidence),
        availability=_availability(evidence),
        waived=waived_features(park),
    )


def _level(first: GroupScore, assessment: Assessment) -> Level1View:
    own = [item for item in assessment.indicators if item.level1 == first.id]
    groups = [group for group in assessment.groups if group.level == 2]
    children = (Level2View(group, tuple(i for i in own if i.level2 == group.id)) for group in groups)
    return Level1View(first, tuple(child for child in children if child.indicators))


def _counts(results: Iterable[RequirementResult]) -> dict[str, int]:
    counts = Counter(result.verdict.value for result in results)
    return {verdict.value: counts.get(verdict.value, 0) for verdict in ORDER}


def _known(table: Mapping[str, object], names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that occur, in the table's order, then those that it does not have."""
    found = dict.fromkeys(names)
    return (*(name for name in table if name in found), *(name for name in found if name not in table))


def _points(results: Iterable[RequirementResult]) -> tuple[ControlPoint, ...]:
    found: dict[tuple[str, str], dict[int, Counter[str]]] = {}
    for result in results:
        levels = found.setdefault((result.domain, result.aspect), {})
        for level in result.levels:
            levels.setdefault(level, Counter())[result.verdict.value] += 1
    return tuple(
        ControlPoint(
            domain,
            name,
            {level: HeatCell({v.value: counts[v.value] for v in ORDER}) for level, counts in own.items()},
        )
        for (domain, name), own in found.items()
    )


def _failures(results: Iterable[RequirementResult]) -> Mapping[str, int]:
    """Return in how many requirements each thing failed."""
    failed = Counter[str]()
    for result in results:
        failed.update({f.subject for f in result.findings if f.verdict is Verdict.FAIL})
    return failed


def _sorted(requirements: Iterable[RequirementResult]) -> list[RequirementResult]:
    return sorted(requirements, key=lambda result: ORDER.index(result.verdict))


def _heat(requirements: Sequence[RequirementResult]) -> dict[tuple[str, str], HeatCell]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for result in requirements:
        found.setdefault((result.domain, result.aspect), Counter())[result.verdict.value] += 1
    return {pair: _cell(counts) for pair, counts in found.items()}


def _cell(counts: Mapping[str, int]) -> HeatCell:
    return HeatCell({verdict.value: counts[verdict.value] for verdict in ORDER})


def _requirement(result: RequirementResult) -> RequirementView:
    kinds = dict.fromkeys(finding.kind for finding in result.findings)
    return RequirementView(result, tuple(_block(kind, result.findings) for kind in kinds))


def _block(kind: str, findings: Sequence[Finding]) -> KindBlock:
    own = [finding for finding in findings if finding.kind == kind]
    own.sort(key=lambda finding: ORDER.index(finding.verdict))
    seen = {finding.verdict for finding in own}
    worst = next(verdict for verdict in ORDER if verdict in seen)
    return KindBlock(kind, worst, tuple(own[:MOST_FINDINGS]), max(len(own) - MOST_FINDINGS, 0))


def _availability(evidence: EvidenceSet) -> float | None:
    known = sum(item.up_s + item.down_s for item in evidence.availability)
    return sum(item.up_s for item in evidence.availability) / known if known else None


def domain_counts(view: View, domain: str) -> dict[str, int]:
    """Return the verdicts of the guide's requirements of one domain."""
    cells = [cell for (name, _), cell in view.heat.items() if name == domain]
    return {verdict.value: sum(cell.counts[verdict.value] for cell in cells) for verdict in ORDER}


def every_domain(view: View) -> tuple[str, ...]:
    """Return the domains of all catalogues."""
    return _known(DOMAINS, (item.result.domain for item in view.requirements))


def every_aspect(view: View) -> tuple[str, ...]:
    """Return the aspects and control points of all catalogues."""
    return _known(ASPECTS, (item.result.aspect for item in view.requirements))


def clause(text: str) -> str:
    """Return a clause's number without its heading, which is Chinese."""
    return _HEADING.sub("", text)


def stamp(time_s: float | None) -> str:
    """Print a Unix time as ISO 8601 in UTC, to the second."""
    if time_s is None:
        return ""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def number(value: float | None, digits: int = 1) -> str:
    """Print a number without a useless fraction; "–" for none."""
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float | None) -> str:
    """Print a span of time in the unit that suits it."""
    if seconds is None:
        return "–"
    for limit, unit in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 2 * limit:
            return f"{seconds / limit:.1f} {unit}"
    return f"{seconds:.1f} s"
