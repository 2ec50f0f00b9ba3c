"""Proves that the rules are exactly the flows: none missing, none wider, none unreasoned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from parkops.model import Device, Evidence, EvidenceKind, Finding, Flow, Park, Rule, Segment, Verdict

INTERNET = "internet"  # every address outside the park
WITH_PORTS = ("tcp", "udp")


def check_rules(park: Park) -> Iterator[Finding]:
    """Check each enforcement point's rules against the flows."""
    flows = {flow.id: flow for flow in park.flows}
    places = _places(park)
    outside = {zone.id for zone in park.zones if zone.kind == "external"}
    for device in park.devices:
        if device.rules:
            wrong = [
                f"{rule.id} {problem}"
                for rule in device.rules
                for problem in _wrong(rule, flows.get(rule.flow), places, outside)
            ]
            yield _finding(device, "rules", wrong, "every rule belongs to a flow and is no wider")
    enforced = {rule.flow for device in park.devices for rule in device.rules}
    served = _served(park)
    for flow in park.flows:
        if flow.id not in enforced and not _bridged(flow, places, served):
            message = f"Expected: a boundary or node that lets {flow.id} pass. Actual: none does."
            evidence = Evidence(EvidenceKind.PLAN, flow.id, str(flow.source), flow.reason, None)
            yield Finding("verify.rules", "enforced", Verdict.FAIL, message, (evidence,), flow.id)


def _served(park: Park) -> set[tuple[str, str, int]]:
    """Return (segment, protocol, port) of what unmanaged endpoints listen on."""
    return {
        (port.segment, service.protocol, service.port)
        for device in park.devices
        if not device.managed
        for port in device.interfaces
        for service in device.services
    }


def _bridged(flow: Flow, places: dict[str, list[Segment]], served: set[tuple[str, str, int]]) -> bool:
    """Return whether a flow reaches endpoints inside its own segment, with nothing between its ends."""
    ends = {segment.id for place in (flow.src, flow.dst) for segment in places.get(place, ())}
    return len(ends) == 1 and {(min(ends), flow.protocol, port) for port in flow.ports} <= served


def _places(park: Park) -> dict[str, list[Segment]]:
    """Return the segments of each zone and segment id."""
    found: dict[str, list[Segment]] = {}
    for segment in park.segments:
        found.setdefault(segment.zone, []).append(segment)
        found.setdefault(segment.id, []).append(segment)
    return found


def _wrong(
    rule: Rule, flow: Flow | None, places: dict[str, list[Segment]], outside: set[str]
) -> Iterator[str]:
    if flow is None:
        yield "belongs to no flow"
        return
    if rule.protocol != flow.protocol or not set(rule.ports) <= set(flow.ports):
        yield f"allows services that flow {flow.id} does not"
    if rule.protocol in WITH_PORTS and not rule.ports:
        yield f"allows every {rule.protocol} port"
    if not rule.reason:
        yield "has no reason"
    for end, place, prefixes in (
        ("source", flow.src, (*rule.src_v4, *rule.src_v6)),
        ("destination", flow.dst, (*rule.dst_v4, *rule.dst_v6)),
    ):
        wider = sorted(
            set(prefixes) - {INTERNET} if place in outside else _outside(prefixes, places.get(place, ()))
        )
        if wider or not prefixes:
            yield f"has a {end} beyond {place}: {', '.join(wider) or 'any'}"


def _outside(prefixes: Iterable[str], segments: Iterable[Segment]) -> list[str]:
    """Return the prefixes that lie in none of the segments."""
    known = {prefix for segment in segments for prefix in (segment.ipv4, segment.ipv6)}
    return [prefix for prefix in prefixes if prefix not in known and not _within(prefix, known)]


def _within(prefix: str, known: set[str]) -> bool:
    if prefix == INTERNET:
        return False
    inner, outer = ip_network(prefix), [ip_network(other) for other in known]
    return any(
        inner.version == other.version
        and inner.network_address in other
        and inner.prefixlen >= other.prefixlen
        for other in outer
    )


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
