"""Run the catalogue's checks over the evidence and fold them into verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from parkops.assess.catalogues import Call, CheckEntry, Requirement
from parkops.assess.checks.records import attested, parse_date, today
from parkops.assess.context import Context, plan
from parkops.assess.outcome import Check, Outcome, combine, decided, listed
from parkops.model import EvidenceKind, Finding, RequirementResult, Verdict, Waiver

COMPOSITE = "none-failed"  # looks at other requirements, so it runs after them


def judge(
    context: Context, requirements: tuple[Requirement, ...], checks: Mapping[str, Check]
) -> tuple[RequirementResult, ...]:
    """Return every requirement with its verdict; those over other verdicts are judged last."""
    late = {r.id for r in requirements if any(c.name == COMPOSITE for e in r.checks for c in e.check)}
    results = {r.id: _judge(context, r, checks) for r in requirements if r.id not in late}
    verdicts = {name: result.verdict for name, result in results.items()}
    context = replace(context, verdicts=verdicts)
    results |= {r.id: _judge(context, r, checks) for r in requirements if r.id in late}
    return tuple(results[requirement.id] for requirement in requirements)


def _judge(context: Context, requirement: Requirement, checks: Mapping[str, Check]) -> RequirementResult:
    findings: list[Finding] = []
    verdicts: list[tuple[str, Verdict]] = []
    for entry in requirement.checks:
        found = list(_findings(context, requirement, entry, checks))
        findings += found
        verdicts.append((entry.kind.value, combine(finding.verdict for finding in found)))
    verdict, message = _fold(verdicts, findings)
    waiver = _waiver(context, requirement.id)
    if waiver and verdict in (Verdict.FAIL, Verdict.UNKNOWN):
        message = (
            f"waived by {waiver.owner} until {waiver.expires_on}: {waiver.reason}; without it: {message}"
        )
        text = f"waiver: {waiver.reason} ({waiver.owner}, until {waiver.expires_on})"
        cited = (plan(waiver.source, text, requirement.id),)
        findings.append(Finding(requirement.id, "waiver", Verdict.WAIVED, message, cited, kind="plan"))
        verdict = Verdict.WAIVED
    return RequirementResult(
        id=requirement.id,
        title_zh=requirement.title_zh,
        text=requirement.requirement,
        domain=requirement.domain,
        aspect=requirement.aspect,
        verdict=verdict,
        findings=tuple(findings),
        kinds=tuple(entry.kind.value for entry in requirement.checks),
        message=message,
        text_zh=requirement.text_zh,
    )


def _fold(verdicts: list[tuple[str, Verdict]], findings: list[Finding]) -> tuple[Verdict, str]:
    """Fold the kinds: one failure fails; a pass needs every kind that the catalogue asks for."""
    verdict = combine(verdict for _, verdict in verdicts)
    if verdict is Verdict.FAIL:
        first = next(finding for finding in findings if finding.verdict is Verdict.FAIL)
        more = sum(finding.verdict is Verdict.FAIL for finding in findings) - 1
        subject = "" if first.subject == "park" else f"{first.subject}: "
        return verdict, f"{subject}{first.message}" + (f" And {more} more." if more else "")
    if verdict is Verdict.UNKNOWN:
        missing = dict.fromkeys(kind for kind, seen in verdicts if seen is Verdict.UNKNOWN)
        held = dict.fromkeys(kind for kind, seen in verdicts if seen is Verdict.PASS)
        message = f"not yet evidenced: {', '.join(missing)}"
        return verdict, message + (f" (passed so far: {', '.join(held)})" if held else "")
    if verdict is Verdict.NOT_APPLICABLE:
        return verdict, findings[0].message if findings else ""
    return verdict, f"passed: {', '.join(dict.fromkeys(kind for kind, _ in verdicts))}"


def _findings(
    context: Context, requirement: Requirement, entry: CheckEntry, checks: Mapping[str, Check]
) -> Iterator[Finding]:
    if entry.kind is EvidenceKind.ATTEST:
        yield _finding(
            context, requirement, "attestation", entry, attested(context, requirement.id, entry.criterion)
        )
        return
    if not entry.check:
        cited = [plan(context.park.source, "no machine decides this")]
        outcome = decided(None, entry.criterion.rstrip("."), "no check is registered for it", cited)
        yield _finding(context, requirement, "none", entry, outcome)
    for call in entry.check:
        for outcome in _run(context, call, checks):
            yield _finding(context, requirement, call.name, entry, outcome)


def _run(context: Context, call: Call, checks: Mapping[str, Check]) -> list[Outcome]:
    check = checks.get(call.name)
    if check is None:
        return [decided(None, f"a check named {call.name}", f"the registered ones are {listed(checks, 100)}")]
    try:
        outcomes = list(check(context, **call.params))
    except Exception as error:  # noqa: BLE001  the control's boundary: a broken check decides nothing
        return [decided(None, f"{call.name} to run", f"{type(error).__name__}: {error}")]
    return outcomes or [decided(None, f"{call.name} to find something", "it said nothing")]


def _finding(
    context: Context, requirement: Requirement, check: str, entry: CheckEntry, outcome: Outcome
) -> Finding:
    evidence = outcome.evidence or (plan(context.park.source, "the plan as a whole"),)
    return Finding(
        requirement.id,
        check,
        outcome.verdict,
        outcome.message,
        evidence,
        outcome.subject,
        entry.kind.value,
    )


def _waiver(context: Context, requirement: str) -> Waiver | None:
    for waiver in context.park.waivers:
        expires = parse_date(waiver.expires_on)
        if waiver.requirement == requirement and expires and expires >= today(context):
            return waiver
    return None
