"""Audits configurations by themselves: no plan, no store, only texts and the catalogues' controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from parkops.assess.catalogues import Call
from parkops.assess.config import Audit, File, Observation, Plane, Posture, examine
from parkops.assess.config.folders import all_facts
from parkops.assess.controls import GUIDE, Control
from parkops.assess.outcome import combine
from parkops.assess.runner import fold
from parkops.model import Assessment, Evidence, EvidenceKind, Finding, RequirementResult, Verdict, digest

CHECK = "config-holds"


@dataclass(frozen=True, slots=True)
class Audited:
    """One device's texts against the controls that speak of configurations."""

    device: str
    platform: str
    posture: Posture
    results: tuple[RequirementResult, ...]
    files: tuple[str, ...] = ()


def audit(
    device: str,
    files: Sequence[File],
    rules: Audit,
    controls: Sequence[Control],
    *,
    role: str = "",
    plane: Plane | None = None,
    complete: bool = False,
    time_s: float | None = None,
) -> Audited:
    """Judge a device's texts; ``complete`` tells that they are all that it has.

    Without ``role`` a control counts whatever roles it is asked of.
    """
    posture = examine(rules, files, plane, complete=complete)
    seals = {file.path: digest(file.text) for file in files}
    results = []
    for control in controls:
        calls = [
            call
            for entry in control.checks
            if entry.kind is EvidenceKind.CONFIG
            for call in entry.check
            if call.name == CHECK and _asked(call, role)
        ]
        facts = list(dict.fromkeys(fact for call in calls for fact in call.params.get("facts", ())))
        if facts:
            found = tuple(_findings(device, control, posture, facts, seals, time_s))
            results.append(_result(control, found))
    return Audited(device, rules.platform, posture, tuple(results), tuple(file.path for file in files))


def _asked(call: Call, role: str) -> bool:
    roles = call.params.get("roles", ())
    return not role or not roles or role in roles


def _findings(
    device: str,
    control: Control,
    posture: Posture,
    facts: Sequence[str],
    seals: dict[str, str],
    time_s: float | None,
) -> Iterator[Finding]:
    for fact in facts:
        seen = posture.facts.get(fact)
        if seen is not None:
            expected = all_facts()[fact].expected
            yield Finding(
                control.id,
                fact,
                seen.verdict,
                f"Expected: {expected}. Actual: {seen.actual}.",
                tuple(_cited(device, seen, seals, time_s)),
                device,
                EvidenceKind.CONFIG.value,
                seen.mend if seen.verdict is Verdict.FAIL else "",
            )


def _cited(device: str, seen: Observation, seals: dict[str, str], time_s: float | None) -> Iterator[Evidence]:
    for line in seen.lines:
        yield Evidence(
            EvidenceKind.CONFIG,
            device,
            f"{line.path}:{line.number}",
            line.text[:300],
            time_s,
            None,
            seals.get(line.path, ""),
        )


def _result(control: Control, findings: tuple[Finding, ...]) -> RequirementResult:
    verdict = combine(finding.verdict for finding in findings)
    told = next((f.message for f in findings if f.verdict is verdict), "")
    return control.result(verdict, findings, told, (EvidenceKind.CONFIG.value,))


def assessment(
    audited: Sequence[Audited], controls: Sequence[Control], title: str, time_s: float
) -> Assessment:
    """Return one verdict for each control over all devices; nothing is scored.

    A control that asks for more than a configuration shows is failed by one, and never passed by it.
    """
    found: dict[tuple[str, str], list[RequirementResult]] = {}
    for item in audited:
        for result in item.results:
            found.setdefault((result.catalogue, result.id), []).append(result)
    results = [
        _over_all(control, found[control.catalogue, control.id])
        for control in controls
        if (control.catalogue, control.id) in found
    ]
    seals = sorted({(item.device, e.source, e.digest) for item in audited for e in _evidence(item)})
    return Assessment(
        park=title,
        title=title,
        plan_digest=digest(repr(seals)),
        time_s=time_s,
        requirements=tuple(result for result in results if result.catalogue == GUIDE),
        indicators=(),
        groups=(),
        total_point=None,
        total_low=0.0,
        total_high=100.0,
        infrastructure_point=None,
        infrastructure_low=0.0,
        infrastructure_high=100.0,
        coverage=0.0,
        controls=tuple(result for result in results if result.catalogue != GUIDE),
    )


def _evidence(item: Audited) -> Iterator[Evidence]:
    for result in item.results:
        for finding in result.findings:
            yield from finding.evidence


def _over_all(control: Control, results: Sequence[RequirementResult]) -> RequirementResult:
    findings = [finding for result in results for finding in result.findings]
    seen = combine(finding.verdict for finding in findings)
    others = [(kind, Verdict.UNKNOWN) for kind in _other_kinds(control)]
    if seen in (Verdict.FAIL, Verdict.UNKNOWN) or not others:
        verdict, message = fold([(EvidenceKind.CONFIG.value, seen), *others], findings)
    else:
        verdict = Verdict.UNKNOWN
        kind = EvidenceKind.CONFIG.value
        held = seen is Verdict.PASS and (kind, Verdict.UNKNOWN) not in others
        message = f"not yet evidenced: {', '.join(kind for kind, _ in others)}"
        message += f" (passed so far: {kind})" if held else ""
    return replace(
        results[0],
        verdict=verdict,
        findings=tuple(findings),
        kinds=tuple(entry.kind.value for entry in control.checks),
        message=message,
    )


def _other_kinds(control: Control) -> tuple[str, ...]:
    """Return the kinds of evidence that a control asks for and an audit does not, or not wholly, look at."""
    other = (
        entry.kind.value
        for entry in control.checks
        if entry.kind is not EvidenceKind.CONFIG or any(call.name != CHECK for call in entry.check)
    )
    return tuple(dict.fromkeys(other))
