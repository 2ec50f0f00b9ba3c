"""Measure the indicators that plan, device state and probes can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parkops.assess.context import (
    EDGE,
    PROBE_MAX_AGE_S,
    STATE_MAX_AGE_S,
    SWITCHES,
    Context,
    observed,
    plan,
    state_of,
    tried,
)
from parkops.model import Device, EndpointGroup, Evidence, EvidenceKind, Role, State

STANDARD = ("opc", "opcua", "dds", "mqtt", "lwm2m", "xmpp")
WIRELESS = ("wifi6", "5g", "lora")
PLATFORMS = ("platform", "application", "portal")  # kinds of hosted services
REPELLED = "attack-dropped"
ATTACKS = (REPELLED, "attack-passed")  # how names of concluded attacks begin
MOST_ATTACKS = 20  # that are cited; those that passed first
NEW_ACCESS = ("wifi6", "5g")


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value with its basis; ``parts`` holds the components of an indicator that has some.

    ``best`` is what the value may be if all that was not seen lately holds; None where nothing is open.
    """

    value: float | None
    basis: str  # measured | stated | unknown
    explanation: str
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[tuple[str, float], ...] = ()
    best: float | None = None


def _unknown(why: str, evidence: tuple[Evidence, ...] = ()) -> Measurement:
    return Measurement(None, "unknown", why, evidence)


def _up(context: Context, device: Device) -> tuple[bool | None, tuple[Evidence, ...]]:
    return state_of(context, device.name, (), STATE_MAX_AGE_S, EvidenceKind.STATE)


def _seen(context: Context, group: EndpointGroup) -> Evidence | None:
    """Return a fresh proof that the endpoint standing for a group is on the network."""
    for expectation in context.allowed_by_device.get(group.representative, ()):
        for reach in context.reach.get(expectation.id, ())[-1:]:
            if reach.passed and context.fresh(reach.time_s, PROBE_MAX_AGE_S):
                return tried(expectation, reach, PROBE_MAX_AGE_S)
    return None


def _either(a: bool | None, b: bool | None) -> bool | None:
    """Return whether one of two holds; None where that cannot be told."""
    return True if a or b else None if a is None or b is None else False


def coverage(context: Context) -> Measurement:
    """Indicator 1: share of endpoints served by 5G, Wi-Fi 6 or NETCONF-managed (SDN) switches that answer."""
    served: dict[str, bool | None] = {}
    evidence: list[Evidence] = []
    for device in context.devices(*SWITCHES):
        held, cited = state_of(context, device.name, ("netconf",), STATE_MAX_AGE_S, EvidenceKind.STATE)
        evidence += cited[:1]
        for segment in {port.segment for port in device.interfaces if port.segment}:
            served[segment] = _either(served.get(segment, False), held)
    total = sum(group.count for group in context.park.groups)
    if not total or not any(held is not None for held in served.values()):
        return _unknown("no switch answered a NETCONF probe lately", tuple(evidence))
    covered = open_ = 0
    for group in context.park.groups:
        radio = _seen(context, group) if group.access in NEW_ACCESS else None
        if served.get(group.segment) or radio:
            covered += group.count
            evidence += [radio] if radio and not served.get(group.segment) else []
        elif group.segment in served and served[group.segment] is None:
            open_ += group.count
    text = f"{covered} of {total} endpoints behind NETCONF-managed switches that answer, Wi-Fi 6 or 5G"
    best = 100 * (covered + open_) / total
    return Measurement(100 * covered / total, "measured", text, tuple(evidence), best=best)


def networked(context: Context) -> Measurement:
    """Indicator 2: connected share, IPv6 share and wireless share, in equal thirds."""
    groups = context.park.groups
    total = sum(group.count for group in groups)
    proofs = {group.id: _seen(context, group) for group in groups}
    if not total or not any(proofs.values()):
        return _unknown("no endpoint was seen on the network lately")
    connected = sum(group.connected for group in groups if proofs[group.id])
    ports = [port for device in context.devices(Role.ENDPOINT) for port in device.interfaces]
    v4, v6 = sum(bool(port.ipv4) for port in ports), sum(bool(port.ipv6) for port in ports)
    radio = sum(group.connected for group in groups if proofs[group.id] and group.access in WIRELESS)
    parts = (
        ("connected devices / inventoried devices", 100 * connected / total),
        ("IPv6 addresses / all addresses in use", 100 * v6 / (v4 + v6) if v4 + v6 else 0.0),
        ("wireless access penetration", 100 * radio / connected if connected else 0.0),
    )
    seen = sum(proof is not None for proof in proofs.values())
    text = f"{seen} of {len(groups)} groups seen live; " + ", ".join(f"{name} {x:.1f} %" for name, x in parts)
    value = sum(part for _, part in parts) / len(parts)
    return Measurement(value, "measured", text, tuple(filter(None, proofs.values())), parts)


def cloud(context: Context) -> Measurement:
    """Indicator 3: servers under management and storage, as the plan states them."""
    servers, storage = context.park.fact("cloud.servers"), context.park.fact("cloud.storage_tb")
    if not servers or not storage:
        return _unknown("the plan states no cloud")
    parts = (("servers managed", float(servers)), ("storage capacity", float(storage)))
    text = f"{servers} servers, {storage} TB"
    return Measurement(None, "stated", text, (plan(context.park.source, f"cloud: {text}"),), parts)


def leased_lines(context: Context) -> Measurement:
    """Indicator 4: leased lines of tenants, as the plan states them."""
    lines = [circuit for circuit in context.park.circuits if circuit.kind == "leased-line"]
    evidence = tuple(plan(c.source, f"{c.id}: {c.operator}, {c.bandwidth_mbps} Mbit/s", c.id) for c in lines)
    text = f"{len(lines)} leased lines in the plan; the lines themselves end at the tenants' own equipment"
    return Measurement(float(len(lines)), "stated", text, evidence or (plan(context.park.source, "no line"),))


def standard_protocols(context: Context) -> Measurement:
    """Indicator 5: share of tenants with live equipment that speaks a standard data protocol."""
    tenants = {tenant.id for tenant in context.park.tenants}
    proofs: dict[str, Evidence] = {}
    for group in context.park.groups:
        if group.protocol in STANDARD and (proof := _seen(context, group)):
            proofs.setdefault(group.tenant, proof)
    for device in context.devices(Role.EDGE_GATEWAY):
        held, cited = state_of(context, device.name, ("mqtt",), STATE_MAX_AGE_S, EvidenceKind.STATE)
        if held:
            proofs.setdefault(device.tenant, cited[0])
    using = tenants & set(proofs)
    if not tenants or not (context.evidence.reach or context.evidence.intervals):
        return _unknown("nothing was probed lately")
    planned = {g.tenant for g in context.park.groups if g.protocol in STANDARD} & tenants
    text = f"{len(using)} of {len(tenants)} tenants with live OPC UA, MQTT or the like"
    best = 100 * len(using | planned) / len(tenants)
    share = 100 * len(using) / len(tenants)
    return Measurement(share, "measured", text, tuple(proofs[t] for t in sorted(using)), best=best)


def edge_nodes(context: Context) -> Measurement:
    """Indicator 6: edge nodes that answer; planned, deployed and healthy are told apart."""
    nodes = context.devices(*EDGE)
    states = {node.name: _up(context, node) for node in nodes}
    evidence = tuple(cited[0] for _, cited in states.values() if cited)
    if nodes and all(held is None for held, _ in states.values()):
        return _unknown("no edge node was probed lately", evidence)
    deployed = sum(any("up" in item.text for item in cited) for _, cited in states.values())
    healthy = sum(held is True for held, _ in states.values())
    text = f"{len(nodes)} planned, {deployed} deployed (some probe answers), {healthy} healthy (all answer)"
    cited = evidence or (plan(context.park.source, "no edge node"),)
    best = float(deployed + sum(held is None for held, _ in states.values()))
    return Measurement(float(deployed), "measured", text, cited, best=max(best, float(deployed)))


def platform_connection(context: Context) -> Measurement:
    """Indicator 11: security platforms that report upward over all, as the plan states them."""
    total, connected = (
        context.park.fact(f"security.{name}") for name in ("platforms", "connected_platforms")
    )
    if not total.isdigit() or not int(total) or not connected.isdigit():
        return _unknown("the plan states no security platforms")
    share = 100 * int(connected) / int(total)
    text = f"{connected} of {total} security platforms report to the monitoring platform"
    return Measurement(share, "stated", text, (plan(context.park.source, f"security: {text}"),))


def identifier_nodes(context: Context) -> Measurement:
    """Indicator 15: share of tenants served by an identifier node that answers a resolution now."""
    served: set[str] = set()
    open_: set[str] = set()
    evidence: list[Evidence] = []
    for node in context.devices(Role.IDENTIFIER):
        tenants_of = {node.tenant} if node.tenant else set(node.property("tenants").split(","))
        held: bool | None = None
        for target in context.targets.get(node.name, ()):
            interval = context.latest.get(target.id)
            resolves = target.probe == "identifier" or "resolve" in target.id
            if not resolves or interval is None:
                continue
            if interval.state is State.UNKNOWN or not context.fresh(interval.end_s, PROBE_MAX_AGE_S):
                continue
            held = held or interval.state is State.UP
            evidence.append(observed(interval, node.name, PROBE_MAX_AGE_S, EvidenceKind.PROBE))
        served |= tenants_of if held else set()
        open_ |= tenants_of if held is None else set()
    tenants = {tenant.id for tenant in context.park.tenants}
    if not tenants or not evidence:
        return _unknown("no identifier node was probed lately", tuple(evidence))
    text = f"{len(served & tenants)} of {len(tenants)} tenants served by a node that answers"
    share = 100 * len(served & tenants) / len(tenants)
    best = 100 * len((served | open_) & tenants) / len(tenants)
    return Measurement(share, "measured", text, tuple(evidence), best=best)


def platform_users(context: Context) -> Measurement:
    """Indicator 7: share of tenants whose equipment is seen to reach a platform of the park."""
    tenants = {tenant.id for tenant in context.park.tenants}
    nodes = {item.device for item in context.park.hosted if item.kind in PLATFORMS and item.device}
    projects = {item.tenant for item in context.park.cloud_tenants} & tenants
    proofs: dict[str, Evidence] = {}
    may: set[str] = set()
    for expectation in context.park.expectations:
        if expectation.dst_device not in nodes or not expectation.allowed:
            continue
        tenant = context.park.device(expectation.src_device).tenant
        may.add(tenant)
        for reach in context.reach.get(expectation.id, ())[-1:]:
            if reach.passed and context.fresh(reach.time_s, PROBE_MAX_AGE_S):
                proofs.setdefault(tenant, tried(expectation, reach, PROBE_MAX_AGE_S))
    using = tenants & set(proofs)
    if not tenants or not using:
        return _unknown("no tenant was seen to reach a platform lately")
    text = f"{len(using)} of {len(tenants)} tenants seen to reach a platform of the park"
    best = 100 * len(using | (may & tenants) | projects) / len(tenants)
    share = 100 * len(using) / len(tenants)
    return Measurement(share, "measured", text, tuple(proofs[t] for t in sorted(using)), best=best)


def attacks(context: Context) -> Measurement:
    """Indicator 10: share of attacks repelled, as firewalls and intrusion detection reported them."""
    seen = [s for s in context.evidence.signals if s.name.startswith(ATTACKS) and not s.clears]
    whole = sum(signal.count for signal in seen)
    repelled = sum(signal.count for signal in seen if signal.name.startswith(REPELLED))
    if not whole:
        return _unknown("no attack was recorded; that none was seen is not that all were repelled")
    cited = [
        Evidence(EvidenceKind.STATE, s.device, f"{s.origin} {s.name}", s.text or s.name, s.time_s)
        for s in sorted(seen, key=lambda s: (s.name.startswith(REPELLED), -s.time_s))[:MOST_ATTACKS]
    ]
    text = f"{repelled} of {whole} attacks repelled"
    return Measurement(100 * repelled / whole, "measured", text, tuple(cited))


MEASURES: Mapping[int, Callable[[Context], Measurement]] = {
    1: coverage,
    2: networked,
    3: cloud,
    4: leased_lines,
    5: standard_protocols,
    6: edge_nodes,
    7: platform_users,
    10: attacks,
    11: platform_connection,
    15: identifier_nodes,
}

STATED_FIRST = (7,)  # what is seen supports the operator's figure, and stands in where there is none
