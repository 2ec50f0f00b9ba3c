"""Cut a report down to one tenant or one domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from parkops.errors import UsageError
from parkops.model import (
    Assessment,
    EvidenceSet,
    Expectation,
    Finding,
    Park,
    RequirementResult,
    Verdict,
)
from parkops.report.bundle import Report
from parkops.report.foreign import Foreign
from parkops.report.view import ORDER, results_of


def for_domain(report: Report, domain: str) -> Report:
    """Return the report with the requirements of one domain; scores stay the park's.

    Raises UsageError when no requirement is of this domain.
    """
    known = dict.fromkeys(result.domain for result in results_of(report.assessment))
    _must_know(domain, known, "domain")
    requirements = tuple(r for r in report.assessment.requirements if r.domain == domain)
    controls = tuple(r for r in report.assessment.controls if r.domain == domain)
    assessment = replace(report.assessment, requirements=requirements, controls=controls)
    return replace(report, assessment=assessment, domain=domain)


def for_tenant(report: Report, tenant: str) -> Report:
    """Return what one tenant may see: its own things, and of the park the total scores.

    A finding that names another tenant's thing is left out, and so is its evidence; a requirement's verdict
    is told anew over the findings that stay. Raises UsageError for an unknown tenant.
    """
    _must_know(tenant, [item.id for item in report.park.tenants], "tenant")
    foreign = Foreign(report.park, tenant)
    park = _park(report.park, tenant, foreign)
    evidence = _evidence(report.evidence, park, foreign)
    subjects = _subjects(park, evidence, tenant)
    return replace(
        report,
        assessment=_assessment(report.assessment, subjects, foreign),
        park=park,
        evidence=evidence,
        tenant=tenant,
    )


def _must_know(name: str, known: Iterable[str], what: str) -> None:
    names = list(known)
    if name not in names:
        close = get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"
        raise UsageError(f"no such {what}", where=name, hint=hint)


def _park(park: Park, tenant: str, foreign: Foreign) -> Park:
    """Return a park of the tenant's own things; whatever is not named here is not in it."""
    devices = tuple(device for device in park.devices if device.tenant == tenant)
    names = {device.name for device in devices}
    zones = tuple(zone for zone in park.zones if zone.tenant == tenant)
    segments = tuple(segment for segment in park.segments if segment.tenant == tenant)
    ends = {zone.id for zone in zones} | {segment.id for segment in segments}
    return Park(
        name=park.name,
        title=park.title,
        operator=park.operator,
        plan_file=park.plan_file,
        plan_digest=park.plan_digest,
        horizon_years=park.horizon_years,
        growth_percent=0.0,
        management_network="",
        management_gateway="",
        access=replace(park.access, user="", key="", password="", jump="", enable="", known_hosts=""),
        source=park.source,
        devices=devices,
        links=tuple(link for link in park.links if {link.a_device, link.b_device} <= names),
        segments=segments,
        zones=zones,
        flows=tuple(
            flow
            for flow in park.flows
            if (flow.src in ends or flow.dst in ends)
            and not foreign.in_any(flow.id, flow.src, flow.dst, flow.reason)
        ),
        groups=tuple(group for group in park.groups if group.tenant == tenant),
        rings=tuple(ring for ring in park.rings if set(ring.devices) <= names),
        circuits=tuple(circuit for circuit in park.circuits if circuit.tenant == tenant),
        tenants=tuple(item for item in park.tenants if item.id == tenant),
        targets=tuple(target for target in park.targets if target.device in names),
        expectations=tuple(item for item in park.expectations if _tried(item, names, foreign)),
        waivers=tuple(
            waiver
            for waiver in park.waivers
            if waiver.requirement.partition("@")[2] in names
            and not foreign.in_any(waiver.requirement, waiver.reason, waiver.owner)
        ),
    )


def _tried(item: Expectation, names: set[str], foreign: Foreign) -> bool:
    own = item.src_device in names or item.dst_device in names
    return own and not foreign.in_any(
        item.id, item.src_device, item.dst_device, item.dst_address, item.reason, item.flow
    )


def _evidence(evidence: EvidenceSet, park: Park, foreign: Foreign) -> EvidenceSet:
    names = {device.name for device in park.devices}
    targets = {target.id for target in park.targets}
    tries = {item.id for item in park.expectations}
    return EvidenceSet(
        artifacts=tuple(item for item in evidence.artifacts if item.device in names),
        running=tuple(item for item in evidence.running if item.device in names),
        intervals=tuple(
            item for item in evidence.intervals if item.target in targets and not foreign.in_text(item.reason)
        ),
        availability=tuple(item for item in evidence.availability if item.target in targets),
        events=tuple(
            event
            for event in evidence.events
            if event.device in names and not foreign.in_any(event.target, event.cause, event.note)
        ),
        reach=tuple(
            item for item in evidence.reach if item.expectation in tries and not foreign.in_text(item.detail)
        ),
        results=tuple(
            replace(item, diff="", steps=())
            for item in evidence.results
            if item.device in names and not foreign.in_text(item.message)
        ),
        pushed_s=evidence.pushed_s,
        now_s=evidence.now_s,
    )


def _subjects(park: Park, evidence: EvidenceSet, tenant: str) -> frozenset[str]:
    """Return all that a finding of this tenant may be about."""
    things: Sequence[Iterable[str]] = (
        (device.name for device in park.devices),
        (f"{tenant}.{device.site}" for device in park.devices if device.site),
        (link.id for link in park.links),
        (item.id for item in park.segments),
        (item.id for item in park.zones),
        (item.id for item in park.flows),
        (item.id for item in park.groups),
        (item.id for item in park.rings),
        (item.id for item in park.circuits),
        (item.id for item in park.targets),
        (item.id for item in park.expectations),
        (f"event {event.id}" for event in evidence.events),
    )
    return frozenset({tenant}.union(*things))


def _assessment(assessment: Assessment, subjects: frozenset[str], foreign: Foreign) -> Assessment:
    """Return the tenant's own verdicts and the park's total scores; nothing else comes along."""

    def own(results: Iterable[RequirementResult]) -> tuple[RequirementResult, ...]:
        found = (_result(result, subjects, foreign) for result in results)
        return tuple(result for result in found if result is not None)

    return Assessment(
        park=assessment.park,
        title=assessment.title,
        plan_digest=assessment.plan_digest,
        time_s=assessment.time_s,
        requirements=own(assessment.requirements),
        indicators=(),
        groups=(),
        total_point=assessment.total_point,
        total_low=assessment.total_low,
        total_high=assessment.total_high,
        infrastructure_point=assessment.infrastructure_point,
        infrastructure_low=assessment.infrastructure_low,
        infrastructure_high=assessment.infrastructure_high,
        coverage=assessment.coverage,
        controls=own(assessment.controls),
    )


def _result(
    result: RequirementResult, subjects: frozenset[str], foreign: Foreign
) -> RequirementResult | None:
    findings = tuple(
        _finding(finding, subjects, foreign)
        for finding in result.findings
        if finding.subject in subjects and not foreign.in_any(finding.message, finding.mend)
    )
    if not findings:
        return None
    if result.verdict is Verdict.WAIVED:
        message = "" if foreign.in_text(result.message) else result.message
        return replace(result, findings=findings, message=message)
    seen = {finding.verdict for finding in findings}
    verdict = next(item for item in ORDER if item in seen)
    return replace(result, findings=findings, verdict=verdict, message=_message(verdict, findings))


def _finding(finding: Finding, subjects: frozenset[str], foreign: Foreign) -> Finding:
    cited = tuple(
        item
        for item in finding.evidence
        if item.subject in subjects and not foreign.in_any(item.source, item.text)
    )
    return replace(finding, evidence=cited)


def _message(verdict: Verdict, findings: Sequence[Finding]) -> str:
    """Say why, in the words in which the park's own verdicts are said."""
    telling = [finding for finding in findings if finding.verdict is verdict]
    if verdict is Verdict.FAIL:
        more = f" And {len(telling) - 1} more." if len(telling) > 1 else ""
        return f"{telling[0].subject}: {telling[0].message}{more}"
    if verdict is Verdict.NOT_APPLICABLE:
        return telling[0].message
    kinds = ", ".join(dict.fromkeys(finding.kind for finding in telling))
    return f"not yet evidenced: {kinds}" if verdict is Verdict.UNKNOWN else f"passed: {kinds}"
