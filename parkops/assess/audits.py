"""Audits configurations by themselves: no plan, no store, only texts and the catalogues' controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parkops.assess.catalogues import Call
from parkops.assess.config import Audit, File, Observation, Plane, Posture, examine
from parkops.assess.config.folders import all_facts
from parkops.assess.controls import Control
from parkops.assess.outcome import combine
from parkops.model import Evidence, EvidenceKind, Finding, RequirementResult, Verdict, digest

CHECK = "config-holds"


@dataclass(frozen=True, slots=True)
class Audited:
    """One device's texts against the controls that speak of configurations."""

    device: str
    platform: str
    posture: Posture
    results: tuple[RequirementResult, ...]


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
    return Audited(device, rules.platform, posture, tuple(results))


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
    return RequirementResult(
        id=control.id,
        title_zh=control.title_zh,
        text=control.text,
        domain=control.domain,
        aspect=control.aspect,
        verdict=verdict,
        findings=findings,
        kinds=(EvidenceKind.CONFIG.value,),
        message=told,
        text_zh=control.text_zh,
        catalogue=control.catalogue,
        clauses=control.clauses,
        confidence=control.confidence,
        levels=control.levels,
        mapped=control.mapped,
    )
