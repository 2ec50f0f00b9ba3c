"""Run the catalogues' checks over the evidence and fold them into verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from parkops.assess.catalogues import Call, CheckEntry
from parkops.assess.checks.records import attested, parse_date, today
from parkops.assess.config.audit import redacted
from parkops.assess.context import Context, plan
from parkops.assess.controls import Control, asked_zones, why_not
from parkops.assess.outcome import Check, Outcome, combine, decided, listed
from parkops.model import Evidence, EvidenceKind, Finding, RequirementResult, Verdict, Waiver, digest

ROUNDS = {  # checks that look at other controls, by when they run: after what they look at
    "catalogue-held": 1,
    "none-failed": 2,
    "waivers-in-force": 3,
    "attestations-in-force": 3,
}


def judge(
    context: Context, controls: Sequence[Control], checks: Mapping[str, Check]
) -> tuple[RequirementResult, ...]:
    """Return every control with its verdict; those over other verdicts are judged last."""
    results: dict[tuple[str, str], RequirementResult] = {}
    for late in _rounds(controls):
        verdicts = {name: result.verdict for (_, name), result in results.items()}
        ready = replace(context, verdicts=verdicts)
        views: dict[tuple[frozenset[str] | None, bool], Context] = {}
        for control in late:
            zones = asked_zones(ready, control)
            view = views.setdefault((zones, carriers(control)), ready.within(zones, carriers(control)))
            results[control.catalogue, control.id] = _judge(view, control, checks)
    return tuple(results[control.catalogue, control.id] for control in controls)


def carriers(control: Control) -> bool:
    """Tell whether what carries a zone's traffic is asked with it; a narrower scope means the zone alone."""
    return not (control.scope.industrial or control.scope.wireless or control.scope.sensing)


def _rounds(controls: Sequence[Control]) -> Iterator[list[Control]]:
    """Yield the controls by when they can be judged: those over others last."""
    found: dict[int, list[Control]] = {number: [] for number in (0, *sorted(ROUNDS.values()))}
    for control in controls:
        names = (call.name for entry in control.checks for call in entry.check)
        found[max((ROUNDS.get(name, 0) for name in names), default=0)].append(control)
    yield from found.values()


def _judge(context: Context, control: Control, checks: Mapping[str, Check]) -> RequirementResult:
    if context.asked is not None and not context.asked:
        return _not_asked(context, control)
    findings: list[Finding] = []
    verdicts: list[tuple[str, Verdict]] = []
    for entry in control.checks:
        found = list(_findings(context, control, entry, checks))
        findings += found
        verdicts.append((entry.kind.value, combine(finding.verdict for finding in found)))
    verdict, message = fold(verdicts, findings)
    waiver = _waiver(context, control.id)
    if waiver and verdict in (Verdict.FAIL, Verdict.UNKNOWN):
        message = (
            f"waived by {waiver.owner} until {waiver.expires_on}: {waiver.reason}; without it: {message}"
        )
        text = f"waiver: {waiver.reason} ({waiver.owner}, until {waiver.expires_on})"
        cited = (plan(waiver.source, text, control.id),)
        findings.append(Finding(control.id, "waiver", Verdict.WAIVED, message, cited, kind="plan"))
        verdict = Verdict.WAIVED
    return _result(control, verdict, findings, message)


def _result(
    control: Control, verdict: Verdict, findings: Sequence[Finding], message: str
) -> RequirementResult:
    kinds = tuple(entry.kind.value for entry in control.checks)
    return control.result(verdict, tuple(findings), message, kinds)


def _not_asked(context: Context, control: Control) -> RequirementResult:
    """Say that no zone of the park asks for a control."""
    message = f"the park has {why_not(control)}"
    zones = (f"{zone.id} (level {zone.mlps_level})" for zone in context.park.zones)
    cited = (plan(context.park.source, f"zones {listed(zones, 12)}"),)
    finding = Finding(control.id, "scope", Verdict.NOT_APPLICABLE, message, cited, kind="plan")
    return _result(control, Verdict.NOT_APPLICABLE, (finding,), message)


def fold(verdicts: list[tuple[str, Verdict]], findings: list[Finding]) -> tuple[Verdict, str]:
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
        message += f" (passed so far: {', '.join(held)})" if held else ""
        first = next(finding for finding in findings if finding.verdict is Verdict.UNKNOWN)
        return verdict, f"{message}: {first.message.partition('Actual: ')[2]}"
    if verdict is Verdict.NOT_APPLICABLE:
        return verdict, findings[0].message if findings else ""
    return verdict, f"passed: {', '.join(dict.fromkeys(kind for kind, _ in verdicts))}"


def _findings(
    context: Context, control: Control, entry: CheckEntry, checks: Mapping[str, Check]
) -> Iterator[Finding]:
    if entry.kind is EvidenceKind.ATTEST and not entry.check:
        outcome = _cited(context, attested(context, control.id, entry.criterion))
        yield _finding(control, "attestation", entry, outcome)
        return
    if not entry.check:
        cited = [plan(context.park.source, "no machine decides this")]
        open_one = decided(None, entry.criterion.rstrip("."), "no check is registered for it", cited)
        outcome = _cited(context, open_one)
        yield _finding(control, "none", entry, outcome)
    for call in entry.check:
        for outcome in _run(context, call, checks):
            yield _finding(control, call.name, entry, outcome)


def _run(context: Context, call: Call, checks: Mapping[str, Check]) -> tuple[Outcome, ...]:
    """Run a check over what is judged; the same call over the same zones is run once."""
    check = checks.get(call.name)
    if check is None:
        actual = f"the registered ones are {listed(checks, 100)}"
        return (_cited(context, decided(None, f"a check named {call.name}", actual)),)
    if call.name in ROUNDS:
        return _outcomes(context, call, check)
    params = json.dumps(call.params, sort_keys=True, default=str)
    key = ("run", call.name, params, context.asked, context.carriers)
    return context.once(key, lambda: _outcomes(context, call, check))


def _outcomes(context: Context, call: Call, check: Check) -> tuple[Outcome, ...]:
    try:
        outcomes = list(check(context, **call.params))
    except Exception as error:  # noqa: BLE001  the control's boundary: a broken check decides nothing
        outcomes = [decided(None, f"{call.name} to run", f"{type(error).__name__}: {error}")]
    outcomes = outcomes or [decided(None, f"{call.name} to find something", "it said nothing")]
    return tuple(_cited(context, outcome) for outcome in outcomes)


def _cited(context: Context, outcome: Outcome) -> Outcome:
    """Give an outcome that cites nothing the plan as its evidence, and every evidence its digest."""
    evidence = outcome.evidence or (plan(context.park.source, "the plan as a whole"),)
    cited = tuple(sealed(context, item) for item in evidence)
    return Outcome(outcome.verdict, outcome.expected, outcome.actual, cited, outcome.subject, outcome.mend)


def sealed(context: Context, item: Evidence) -> Evidence:
    """Return evidence without secrets and with a digest: of the plan for its lines, else of what was seen."""
    text = redacted(item.text) if item.kind is EvidenceKind.CONFIG else item.text
    seal = item.digest
    if not seal and item.kind is EvidenceKind.PLAN:
        seal = context.park.plan_digest
    elif not seal:
        seal = digest(f"{item.kind}\n{item.subject}\n{item.source}\n{text}\n{item.time_s}")
    return Evidence(item.kind, item.subject, item.source, text, item.time_s, item.max_age_s, seal)


def _finding(control: Control, check: str, entry: CheckEntry, outcome: Outcome) -> Finding:
    return Finding(
        control.id,
        check,
        outcome.verdict,
        outcome.message,
        outcome.evidence,
        outcome.subject,
        entry.kind.value,
        outcome.mend,
    )


def _waiver(context: Context, requirement: str) -> Waiver | None:
    for waiver in context.park.waivers:
        expires = parse_date(waiver.expires_on)
        if waiver.requirement == requirement and expires and expires >= today(context):
            return waiver
    return None
