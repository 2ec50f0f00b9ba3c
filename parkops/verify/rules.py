"""Proves that the rules are exactly the flows: none missing, none wider, none unreasoned."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.model import Device, Evidence, EvidenceKind, Finding, Flow, Park, Rule, Verdict

ANY = {"0.0.0.0/0", "::/0"}


def check_rules(park: Park) -> Iterator[Finding]:
    """Check each enforcement point's rules against the flows."""
    flows = {flow.id: flow for flow in park.flows}
    for device in park.devices:
        if device.rules:
            wrong = [message for rule in device.rules for message in _wrong(rule, flows.get(rule.flow))]
            yield _finding(device, "rules", wrong, "every rule belongs to a flow and is no wider")
    enforced = {rule.flow for device in park.devices for rule in device.rules}
    for flow in park.flows:
        if flow.id not in enforced:
            message = f"Expected: a boundary or node that lets {flow.id} pass. Actual: none does."
            evidence = Evidence(EvidenceKind.PLAN, flow.id, str(flow.source), flow.reason, None)
            yield Finding("verify.rules", "enforced", Verdict.FAIL, message, (evidence,), flow.id)


def _wrong(rule: Rule, flow: Flow | None) -> Iterator[str]:
    if flow is None:
        yield f"{rule.id} belongs to no flow"
        return
    if rule.protocol != flow.protocol or not set(rule.ports) <= set(flow.ports):
        yield f"{rule.id} is wider than flow {flow.id}"
    if not rule.reason:
        yield f"{rule.id} has no reason"
    if ANY & {*rule.src_v4, *rule.src_v6, *rule.dst_v4, *rule.dst_v6}:
        yield f"{rule.id} allows any address"


def _finding(device: Device, check: str, wrong: list[str], expected: str) -> Finding:
    actual = "; ".join(wrong) if wrong else f"{len(device.rules)} rules, all of them so"
    return Finding(
        "verify.rules",
        check,
        Verdict.FAIL if wrong else Verdict.PASS,
        f"Expected: {expected}. Actual: {actual}.",
        (Evidence(EvidenceKind.PLAN, device.name, str(device.source), actual, None),),
        device.name,
    )
