"""Checks on the plan: what flows, zones and objectives say about the traffic that is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import EDGE, ENFORCEMENT, UNMANAGED, Context, plan
from parkops.assess.graph import adjacency, distances
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Flow, Role, Zone


def zones_served(context: Context) -> Iterator[Outcome]:
    """Decide whether every zone has a level and segments with a gateway, for people and things."""
    expected = "an MLPS level, and segments each with a gateway and a way of access"
    zones = [zone for zone in context.judged_zones if zone.kind != "external"]
    for zone in zones:
        own = context.segments_by_zone.get(zone.id, ())
        bare = [s.id for s in own if s.vlan and not (s.gateway_device and s.access)]
        ports = context.ports_by_zone.get(zone.id, ())
        held = 1 <= zone.mlps_level <= 4 and bool(own or ports) and not bare
        actual = f"level {zone.mlps_level}, {len(own)} segments" + (
            f"; lacking one: {listed(bare)}" if bare else ""
        )
        mend = f"zones.{zone.id}: give it a segment, or remove it"
        yield decided(held, expected, actual, [plan(zone.source, zone.title, zone.id)], zone.id, mend)
    elements = {group.element for group in context.groups}
    cited = [plan(g.source, f"{g.id}: {g.element} by {g.access}", g.id) for g in context.groups]
    held = "people" in elements and bool(elements - {"people"})
    actual = f"endpoints for {listed(elements)}"
    yield decided(held, "access for people and for things", actual, cited, "endpoints", "endpoints of a site")


def flow_classes(context: Context, timed: Sequence[str] = ("control",)) -> Iterator[Outcome]:
    """Decide whether every flow has a class with a queue and a share, and some classes state a latency."""
    expected = f"a class with a queue and a share; a latency target on {' and '.join(timed)} flows"
    classes = {item.name: item for item in context.park.qos}
    if not context.judged_flows:
        yield not_applicable(expected, "the plan allows no flow")
    for flow in context.judged_flows:
        found = classes.get(flow.traffic_class)
        missing = [] if found and (found.percent or found.strict) else [f"no queue for {flow.traffic_class}"]
        if flow.traffic_class in timed and not flow.latency_ms:
            missing.append("no latency_ms")
        queue = f"class {flow.traffic_class}" + (f", queue {found.queue}, {found.percent} %" if found else "")
        actual = "; ".join([queue, *missing]) + (f", {flow.latency_ms:g} ms" if flow.latency_ms else "")
        cited = [plan(flow.source, f"{flow.id}: {flow.reason}", flow.id)]
        mend = f"flows.{flow.id}: latency_ms, and qos.{flow.traffic_class}"
        yield decided(not missing, expected, actual, cited, flow.id, mend)


def objectives_set(context: Context, kinds: Sequence[str]) -> Iterator[Outcome]:
    """Decide whether an objective covers the lines, the devices and the applications of some zones."""
    expected = "an objective of availability that covers lines, devices and applications"
    zones = context.zones_of_kind(*kinds)
    if not zones:
        yield not_applicable(expected, f"the park has no zone of kind {', '.join(kinds)}")
    for zone in zones:
        subjects = {"all", f"zone:{zone.id}", f"tenant:{zone.tenant}"}
        found = [item for item in context.park.objectives if item.subject in subjects]
        actual = ", ".join(f"{item.subject} {item.availability_percent:g} %" for item in found) or "none"
        cited = [plan(item.source, f"{item.id}: {item.availability_percent:g} %", item.id) for item in found]
        cited = cited or [plan(zone.source, zone.title, zone.id)]
        mend = f"monitoring.objectives: one for zone:{zone.id}"
        yield decided(bool(found), expected, actual, cited, zone.id, mend)


def _ends(context: Context, flow: Flow) -> tuple[Zone, Zone] | None:
    src, dst = context.zone_of_end(flow.src), context.zone_of_end(flow.dst)
    return (src, dst) if src and dst and src.id != dst.id else None


def flows_classed(context: Context) -> Iterator[Outcome]:
    """Decide whether every data flow names its class, its owner, its purpose, and whether it may leave."""
    expected = "class, owner and purpose on every flow; what is local-only ends inside its tenant"
    if not context.judged_flows:
        yield not_applicable(expected, "the plan allows no flow")
    for flow in context.judged_flows:
        missing = [n for n in ("traffic_class", "owner", "reason") if not getattr(flow, n)]
        src, dst = context.zone_of_end(flow.src), context.zone_of_end(flow.dst)
        left = flow.local_only and bool(src and dst and src.tenant != dst.tenant)
        actual = f"class {flow.traffic_class or 'none'}, owner {flow.owner or 'none'}"
        actual += ", local only" if flow.local_only else ", may leave"
        actual += " but leaves its tenant" if left else ""
        actual += f", missing {listed(missing)}" if missing else ""
        cited = [plan(flow.source, f"{flow.id}: {flow.src} → {flow.dst}: {flow.reason}", flow.id)]
        yield decided(not missing and not left, expected, actual, cited, flow.id, f"flows.{flow.id}")


def flows_encrypted(context: Context, plaintext: dict[int, str]) -> Iterator[Outcome]:
    """Decide whether no flow that leaves its owner uses a plaintext service (``plaintext``: port -> name)."""
    expected = "no plaintext service on a flow between owners"
    asked = [(f, ends) for f in context.judged_flows if (ends := _ends(context, f))]
    asked = [(f, ends) for f, ends in asked if ends[0].tenant != ends[1].tenant]
    if not asked:
        yield not_applicable(expected, "the plan allows no flow between owners")
    for flow, (src, dst) in asked:
        bad = [f"{plaintext[port]} ({port})" for port in flow.ports if port in plaintext]
        actual = f"{src.id} → {dst.id}: {listed(bad) if bad else 'nothing in plain text'}"
        cited = [plan(flow.source, f"{flow.id}: {flow.reason}", flow.id)]
        mend = f"flows.{flow.id}.service: the same over TLS, such as tcp/8883 for MQTT or tcp/443 for HTTP"
        yield decided(not bad, expected, actual, cited, flow.id, mend)


def flows_through_gateway(context: Context) -> Iterator[Outcome]:
    """Decide whether what leaves a production zone has an acquisition or one-way gateway there."""
    expected = "an edge or one-way gateway in the production zone that data leaves"
    roles = (Role.EDGE_GATEWAY, Role.EDGE_CLOUD, Role.EDGE_CONTROLLER, Role.ONE_WAY_GATEWAY)
    served = {zone for device in context.every(*roles) for zone in context.zones_by_device[device.name]}
    asked = 0
    for flow in context.judged_flows:
        ends = _ends(context, flow)
        if ends is None or ends[0].kind != "production" or ends[1].kind == "production":
            continue
        asked += 1
        held = ends[0].id in served or flow.one_way
        actual = f"{ends[0].id} → {ends[1].id}: " + ("a gateway is there" if held else "no gateway there")
        cited = [plan(flow.source, f"{flow.id}: {flow.reason}", flow.id)]
        mend = f"a node of role edge-gateway in zone {ends[0].id}, or flows.{flow.id}.one_way: true"
        yield decided(held, expected, actual, cited, flow.id, mend)
    if not asked:
        yield not_applicable(expected, "no flow leaves a production zone")


def local_stores(context: Context) -> Iterator[Outcome]:
    """Decide whether what must stay local ends where a node of the tenant can store it."""
    expected = "a node with storage where local-only data end"
    flows = [flow for flow in context.judged_flows if flow.local_only]
    if not flows:
        yield not_applicable(expected, "the plan marks no flow as local-only")
    for flow in flows:
        zone = context.zone_of_end(flow.dst)
        nodes = [
            d
            for d in context.every(*EDGE, Role.EDGE_CONTROLLER, Role.SERVER)
            if zone and zone.id in context.zones_by_device[d.name] and d.property("storage_gb")
        ]
        actual = f"stored at {listed(node.name for node in nodes)}"
        cited = [plan(flow.source, f"{flow.id}: {flow.src} → {flow.dst}", flow.id)]
        cited += [plan(n.source, f"{n.name}: {n.property('storage_gb')} GB", n.name) for n in nodes]
        mend = f"resources.storage_gb of an edge node in {zone.id if zone else flow.dst}"
        yield decided(bool(nodes), expected, actual, cited, flow.id, mend)


def paths_short(context: Context, limit_hops: int) -> Iterator[Outcome]:
    """Decide whether every tenant's boundary is few hops from a way out, through a park firewall."""
    expected = f"at most {limit_hops} hops to an exit, through a firewall of the park"
    links = ((link.id, link.a_device, link.b_device) for link in context.park.links)
    ends = {device.name for device in context.every(*UNMANAGED) if device.role is Role.ENDPOINT}
    neighbours = adjacency(link for link in links if not {link[1], link[2]} & ends)
    hops: dict[str, int] = {}
    for device in context.every(Role.EXTERNAL):
        for name, count in distances(neighbours, device.name).items():
            hops[name] = min(count, hops.get(name, count))
    boundaries = context.devices(Role.BOUNDARY)
    if not boundaries or not context.every(Role.EXTERNAL):
        yield not_applicable(expected, "the park has no boundary or no exit")
        return
    for device in boundaries:
        found = hops.get(device.name)
        held = found is not None and found <= limit_hops
        cited = [plan(device.source, device.name, device.name)]
        yield decided(held, expected, f"{found if found is not None else 'no way,'} hops", cited, device.name)


def tenant_functions(context: Context) -> Iterator[Outcome]:
    """Decide whether each tenant has an office network with people, and a place for what it hosts."""
    expected = "people on its enterprise segments, and a device for each service that it hosts"
    for tenant in context.tenants:
        own = [s for s in context.segments_by_tenant.get(tenant.id, ()) if s.zone in context.zones]
        office = [s for s in own if context.zones[s.zone].kind == "enterprise"]
        people = [g for s in office for g in context.groups_by_segment.get(s.id, ()) if g.element == "people"]
        hosted = [item for item in context.park.hosted if item.tenant == tenant.id]
        astray = [item.id for item in hosted if not item.device]
        held = bool(people if office else own) and not astray
        actual = (
            f"{len(office)} office segments, {len(people)} groups of people, {len(hosted)} hosted services"
        )
        cited = [plan(s.source, f"{s.id}: zone {s.zone}", s.id) for s in office]
        cited += [plan(item.source, f"{item.id}: {item.kind} on {item.device}", item.id) for item in hosted]
        cited = cited or [plan(tenant.source, tenant.title, tenant.id)]
        mend = f"tenants.{tenant.id}.sites: an office with endpoints of element people"
        yield decided(held, expected, actual, cited, tenant.id, mend)
    if not context.tenants:
        yield not_applicable(expected, "the park has no tenant")


def storage_paths(context: Context) -> Iterator[Outcome]:
    """Decide whether the flows to databases and clouds have a class with a share, and a latency."""
    expected = "a class with a share and a latency target on every flow to storage"
    stores = {item.device for item in context.park.hosted if item.kind == "database" and item.device}
    stores |= {device.name for device in context.every(Role.CLOUD_HOST, Role.EDGE_CLOUD)}
    zones = {zone for name in stores for zone in context.zones_by_device.get(name, ())}
    classes = {item.name for item in context.park.qos if item.percent or item.strict}
    asked = [f for f in context.judged_flows if (zone := context.zone_of_end(f.dst)) and zone.id in zones]
    if not asked:
        yield not_applicable(expected, "no flow leads to a database or a cloud")
    for flow in asked:
        held = flow.traffic_class in classes and flow.latency_ms > 0
        actual = (
            f"class {flow.traffic_class}, latency {flow.latency_ms:g} ms" if flow.latency_ms else "no latency"
        )
        cited = [plan(flow.source, f"{flow.id}: {flow.reason}", flow.id)]
        yield decided(held, expected, actual, cited, flow.id, f"flows.{flow.id}.latency_ms: its target")


def four_layers(context: Context) -> Iterator[Outcome]:
    """Decide whether every boundary controls infrastructure, network, application and data."""
    expected = "a control for infrastructure, network, application and data"
    devices = context.devices(*ENFORCEMENT)
    if not devices:
        yield not_applicable(expected, "the park has no enforcement point")
    for device in devices:
        controls = {
            "infrastructure": device.plane is not None or bool(device.management_ipv4),
            "network": bool(device.rules),
            "application": bool(device.rules) and all(r.ports or r.protocol == "icmp" for r in device.rules),
            "data": bool(device.quarantines or device.vpns or any(rule.log for rule in device.rules)),
        }
        missing = [name for name, there in controls.items() if not there]
        actual = f"missing: {listed(missing)}" if missing else "all four"
        cited = [plan(device.source, f"{device.name}: {len(device.rules)} rules", device.name)]
        yield decided(not missing, expected, actual, cited, device.name, "security.quarantine: true")
