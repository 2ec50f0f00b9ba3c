"""Checks on the plan: security zones, conduits, boundaries and the flows between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import ENFORCEMENT, Context, plan
from parkops.assess.graph import adjacency, reachable
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Flow, Role


def zones_declare_level(
    context: Context, kinds: Sequence[str], industrial: bool = False
) -> Iterator[Outcome]:
    """Decide whether zones name their level of GB/T 22239-2019 and, in plants, the industrial extension."""
    zones = context.zones_of_kind(*kinds)
    expected = "an MLPS level of 1 to 4" + (" and the industrial-control extension" if industrial else "")
    if not zones:
        yield not_applicable(expected, f"the park has no zone of kind {', '.join(kinds)}")
    for zone in zones:
        held = 1 <= zone.mlps_level <= 4 and (zone.industrial or not industrial)
        actual = f"level {zone.mlps_level}, extension {'applies' if zone.industrial else 'does not apply'}"
        yield decided(held, expected, actual, [plan(zone.source, zone.title, zone.id)], zone.id)


def groups_in_one_zone(context: Context) -> Iterator[Outcome]:
    """Decide whether every endpoint group lies in exactly one zone, by its segment."""
    for group in context.groups:
        segment = context.segments.get(group.segment)
        zone = context.zones.get(segment.zone) if segment else None
        actual = f"segment {group.segment}, zone {zone.id if zone else 'none'}"
        cited = [plan(group.source, group.title or group.id, group.id)]
        yield decided(zone is not None, "a segment in exactly one zone", actual, cited, group.id)
    if not context.groups:
        yield not_applicable("groups in zones", "the plan names no endpoint group")


def _crossing(context: Context) -> list[Flow]:
    return [
        flow
        for flow in context.judged_flows
        if (src := context.zone_of_end(flow.src))
        and (dst := context.zone_of_end(flow.dst))
        and src.id != dst.id
    ]


def conduits(context: Context) -> Iterator[Outcome]:
    """Decide whether every flow between zones passes an enforcement point that has a rule for it."""
    holders: dict[str, set[str]] = {}
    for device in context.park.devices:
        for rule in device.rules:
            holders.setdefault(rule.flow, set()).add(device.name)
    flows = _crossing(context)
    expected = "a rule for it on an enforcement point"
    if not flows:
        yield not_applicable(expected, "the plan allows no flow between zones")
    for flow in flows:
        at = holders.get(flow.id, set())
        cited = [plan(flow.source, f"{flow.id}: {flow.src} → {flow.dst}: {flow.reason}", flow.id)]
        yield decided(bool(at), expected, f"enforced at {listed(at)}", cited, flow.id)


def policy_by_level(context: Context) -> Iterator[Outcome]:
    """Decide whether each zone has a level and ports of its own at an enforcement point."""
    ports: dict[str, set[str]] = {}
    for device in context.every(*ENFORCEMENT):
        for port in device.interfaces:
            if led := context.zone_of(port):
                ports.setdefault(led, set()).add(f"{device.name}:{port.name}")
    expected = "a level, and ports of its own at an enforcement point"
    for zone in context.judged_zones:
        tunnels = [not segment.vlan for segment in context.segments_by_zone.get(zone.id, ())]
        if zone.kind in ("external", "management") or (tunnels and all(tunnels)):
            continue
        own = ports.get(zone.id, set())
        shared = {port for other, held in ports.items() if other != zone.id for port in held & own}
        held = 1 <= zone.mlps_level <= 4 and bool(own) and not shared
        actual = f"level {zone.mlps_level}, ports {listed(own)}" + (
            f", shared: {listed(shared)}" if shared else ""
        )
        yield decided(held, expected, actual, [plan(zone.source, zone.title, zone.id)], zone.id)


def enforced_boundaries(context: Context, kinds: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether the gateway of every segment of some zones is an enforcement point."""
    roles = {device.name: device.role for device in context.park.devices}
    wanted = kinds or sorted({zone.kind for zone in context.judged_zones} - {"external", "management"})
    segments = context.segments_of(*wanted)
    expected = "a gateway that is a boundary or the park firewall"
    if not segments:
        yield not_applicable(expected, "there is no such segment")
    for segment in segments:
        role = roles.get(segment.gateway_device)
        actual = f"gateway {segment.gateway_device or 'none'} ({role or 'no device'})"
        cited = [plan(segment.source, f"{segment.id} in zone {segment.zone}", segment.id)]
        yield decided(role in ENFORCEMENT, expected, actual, cited, segment.id)


def no_dual_homed(context: Context, kind: str) -> Iterator[Outcome]:
    """Decide whether nothing but an enforcement point stands in a zone of some kind and in another zone."""
    expected = f"no device besides enforcement points with ports in a {kind} zone and elsewhere"
    inside = {zone.id for zone in context.zones_of_kind(kind)}
    devices = {device.name: device for device in context.park.devices}
    switches = {d.name for d in context.every(Role.RING_SWITCH, Role.ACCESS_SWITCH)}
    bad = {
        name
        for name, zones in context.zones_by_device.items()
        if zones & inside
        and zones - inside
        and devices[name].role not in (*ENFORCEMENT, Role.ONE_WAY_GATEWAY)
        and name not in switches
    }
    cited = [plan(devices[n].source, f"{n}: {listed(context.zones_by_device[n])}", n) for n in sorted(bad)]
    cited = cited or [plan(zone.source, zone.title, zone.id) for zone in context.zones_of_kind(kind)]
    yield decided(not bad, expected, f"dual-homed: {listed(bad)}", cited)


def flows_named(context: Context, between: str) -> Iterator[Outcome]:
    """Decide whether flows between plants, tenants or all zones have owner and purpose.

    ``between`` is "plants", "tenants" or "zones". Where none is listed, none may pass: that holds too.
    """
    flows = [flow for flow in _crossing(context) if _is_between(context, flow, between)]
    expected = f"owner and purpose on every flow between {between}"
    if not flows:
        yield decided(
            True, expected, "none is listed, so none may pass", [plan(context.park.source, "flows")]
        )
    for flow in flows:
        actual = f"owner {flow.owner or 'missing'}, purpose {flow.reason or 'missing'}"
        cited = [plan(flow.source, f"{flow.id}: {flow.src} → {flow.dst}", flow.id)]
        yield decided(bool(flow.owner and flow.reason), expected, actual, cited, flow.id)


def _is_between(context: Context, flow: Flow, between: str) -> bool:
    src, dst = context.zone_of_end(flow.src), context.zone_of_end(flow.dst)
    if src is None or dst is None:
        return False
    if between == "plants":
        return src.kind == dst.kind == "production"
    if between == "tenants":
        return bool(src.tenant and dst.tenant) and src.tenant != dst.tenant
    return True


def local_data_stays(context: Context, scope: str) -> Iterator[Outcome]:
    """Decide whether data marked local-only stays in its plant ("plant") or in the park ("park")."""
    local = [flow for flow in context.judged_flows if flow.local_only]
    expected = f"no local-only flow that leaves the {scope}"
    for flow in local:
        src, dst = context.zone_of_end(flow.src), context.zone_of_end(flow.dst)
        left = src is None or dst is None or dst.kind == "external"
        if src and dst and scope == "plant":
            left = left or dst.kind != "production" or dst.tenant != src.tenant
        cited = [plan(flow.source, f"{flow.id}: {flow.src} → {flow.dst}: {flow.reason}", flow.id)]
        yield decided(not left, expected, f"{flow.id} ends in {dst.id if dst else flow.dst}", cited, flow.id)
    if not local:
        yield decided(
            None, expected, "the plan marks no flow as local-only", [plan(context.park.source, "flows")]
        )


def tenant_isolation(context: Context) -> Iterator[Outcome]:
    """Decide whether every path out of a tenant passes its isolation device."""
    neighbours = adjacency((link.id, link.a_device, link.b_device) for link in context.park.links)
    for tenant in context.tenants:
        owned = context.devices_by_tenant.get(tenant.id, [])
        walls = {device.name for device in owned if device.role is Role.BOUNDARY}
        own = {device.name for device in owned} - walls
        leaks = reachable(neighbours, own, walls) - own
        actual = f"isolation by {listed(walls)}" + (f"; around it: {listed(leaks)}" if leaks else "")
        cited = [plan(tenant.source, tenant.title, tenant.id)]
        cited += [plan(d.source, f"boundary {d.name}", d.name) for d in owned if d.name in walls]
        yield decided(
            bool(walls) and not leaks, "every path out passes the boundary", actual, cited, tenant.id
        )
    if not context.tenants:
        yield not_applicable("isolation of tenants", "the park has no tenant")


def exit_isolation(context: Context) -> Iterator[Outcome]:
    """Decide whether every way out passes a park firewall, or for a leased line its tenant's boundary."""
    neighbours = adjacency((link.id, link.a_device, link.b_device) for link in context.park.links)
    walls = {device.name for device in context.every(*ENFORCEMENT)}
    outside = context.every(Role.EXTERNAL)
    beyond = {device.name for device in (*outside, *context.every(Role.EXIT))}
    inside = {device.name for device in context.park.devices} - walls - beyond
    expected = "no way out but through an isolation device"
    if not outside:
        yield not_applicable(expected, "the park has no exit")
    for device in outside:
        leaks = reachable(neighbours, [device.name], walls) & inside
        actual = f"through {listed(walls)}" + (f"; around it to {listed(leaks)}" if leaks else "")
        yield decided(
            bool(walls) and not leaks, expected, actual, [plan(device.source, device.name)], device.name
        )


def two_sided_protection(context: Context) -> Iterator[Outcome]:
    """Decide whether a tenant's way to exits and park services crosses its boundary and the firewall."""
    neighbours = adjacency((link.id, link.a_device, link.b_device) for link in context.park.links)
    firewalls = {device.name for device in context.every(Role.PARK_FIREWALL)}
    own = {device.name for device in context.every(Role.BOUNDARY)}
    leased = {  # a leased line ends on its tenant's boundary, and is none of the park's exits
        device.name
        for device in context.every(Role.EXTERNAL)
        if any(name in own for name, _ in neighbours.get(device.name, ()))
    }
    common = {
        device.name
        for device in context.park.devices
        if device.name not in firewalls | leased
        and context.kinds_of(device.name) & {"external", "park-service", "public-service"}
    }
    expected = "the tenant's boundary and the park's firewall on every way to exits and park services"
    unprotected = reachable(neighbours, common, firewalls)
    for tenant in context.tenants:
        owned = context.devices_by_tenant.get(tenant.id, [])
        walls = {device.name: device for device in owned if device.role is Role.BOUNDARY}
        around = unprotected & set(walls)
        held = bool(walls and firewalls) and not around
        actual = f"boundary {listed(walls)}, firewall {listed(firewalls)}" + (
            f"; no firewall before {listed(around)}" if around else ""
        )
        cited = [plan(device.source, device.name, device.name) for device in walls.values()]
        cited += [plan(d.source, d.name, d.name) for d in context.every(Role.PARK_FIREWALL)]
        yield decided(held, expected, actual, cited, tenant.id)
    if not context.tenants:
        yield not_applicable(expected, "the park has no tenant")


def security_parts(context: Context) -> Iterator[Outcome]:
    """Decide whether public, enterprise and boundary security all have their places."""
    parts = {
        "public security (management with logs and monitoring)": context.devices(Role.MANAGEMENT),
        "enterprise security (a boundary per tenant)": context.devices(Role.BOUNDARY),
        "boundary security (a firewall at the exit)": context.devices(Role.PARK_FIREWALL),
    }
    for part, devices in parts.items():
        cited = [plan(d.source, f"{d.name}: {d.role}", d.name) for d in devices]
        yield decided(bool(devices), part, listed(d.name for d in devices), cited, part.partition(" (")[0])


def security_functions(context: Context) -> Iterator[Outcome]:
    """Decide whether each security device has zones, an owner and a place to send logs."""
    collectors = [d for d in context.park.devices if any(s.kind == "syslog" for s in d.services)]
    expected = "zones that it guards, an owner, and a log target"
    for device in context.devices(*ENFORCEMENT):
        zones = context.zones_by_device.get(device.name, frozenset())
        owner = device.tenant or context.park.operator
        held = bool(zones and owner and collectors)
        actual = f"{len(zones)} zones, owner {owner or 'none'}, logs to {listed(d.name for d in collectors)}"
        yield decided(held, expected, actual, [plan(device.source, device.name, device.name)], device.name)
