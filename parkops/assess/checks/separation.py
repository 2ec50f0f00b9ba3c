"""Checks on the plan: what is apart from what, and what is prepared to cut it off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from itertools import pairwise

from parkops.assess.context import ENFORCEMENT, SWITCHES, Context, plan
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Role


def prefixes_apart(context: Context) -> Iterator[Outcome]:
    """Decide whether every prefix belongs to one zone, and no two overlap."""
    expected = "each prefix in one zone, none overlapping another"
    named = [
        (ip_network(prefix, strict=False), segment)
        for segment in context.park.segments
        for prefix in (segment.ipv4, segment.ipv6)
        if prefix
    ]
    bad: list[str] = []
    for version in (4, 6):
        own = sorted((n for n in named if n[0].version == version), key=lambda n: int(n[0].network_address))
        for (one, first), (two, second) in pairwise(own):
            if int(two.network_address) <= int(one.broadcast_address) and first.vrf == second.vrf:
                bad.append(f"{first.id} {one} and {second.id} {two}")
    astray = [segment.id for _, segment in named if segment.zone not in context.zones]
    actual = f"{len(named)} prefixes" + (f"; overlapping: {listed(bad)}" if bad else "")
    actual += f"; in no zone: {listed(astray)}" if astray else ""
    cited = [plan(s.source, f"{s.id}: {n} in {s.zone}", s.id) for n, s in named[:40]]
    yield decided(bool(named) and not bad and not astray, expected, actual, cited, "park", "pools.segments")


def important_zones_inside(context: Context, least_level: int) -> Iterator[Outcome]:
    """Decide whether no port of an important zone lies on a device that also leads outside unfiltered."""
    expected = f"zones of level {least_level} behind an enforcement point, none beside a way out"
    zones = [z for z in context.judged_zones if z.mlps_level >= least_level and z.kind != "external"]
    if not zones:
        yield not_applicable(expected, f"the park has no zone of level {least_level} or more")
    outside = {device.name for device in context.every(Role.EXTERNAL)}
    exits = {link.a_device for link in context.park.links if link.b_device in outside}
    exits |= {link.b_device for link in context.park.links if link.a_device in outside}
    walls = {device.name for device in context.every(*ENFORCEMENT)}
    for zone in zones:
        beside = [n for n in context.devices_by_zone.get(zone.id, ()) if n in exits and n not in walls]
        gateways = {s.gateway_device for s in context.segments_by_zone.get(zone.id, ())}
        open_ones = [s for s in gateways if s and s not in walls and not context.fabric(s)]
        actual = f"gateways {listed(gateways)}" + (f"; beside a way out: {listed(beside)}" if beside else "")
        actual += f"; no enforcement point: {listed(open_ones)}" if open_ones else ""
        cited = [plan(zone.source, f"{zone.title}: level {zone.mlps_level}", zone.id)]
        yield decided(
            not beside and not open_ones, expected, actual, cited, zone.id, "put a boundary before it"
        )


def rules_stateful(context: Context, roles: Sequence[str] = ENFORCEMENT) -> Iterator[Outcome]:
    """Decide whether every rule of the design follows sessions; one-way rules have no way back at all."""
    expected = "stateful rules, or one-way ones"
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, "the park has no enforcement point")
    for device in devices:
        bad = [rule for rule in device.rules if not rule.stateful and not rule.one_way]
        actual = f"{len(device.rules) - len(bad)} of {len(device.rules)} rules are"
        cited = [
            plan(rule.source, f"{rule.id} {rule.flow}", device.name) for rule in (bad or device.rules[:3])
        ]
        cited = cited or [plan(device.source, f"{device.name}: no rule, all is dropped", device.name)]
        yield decided(not bad, expected, actual, cited, device.name)


def management_apart(context: Context) -> Iterator[Outcome]:
    """Decide whether devices are managed over a network that no tenant's segment overlaps."""
    expected = "a management network apart from all segments, and a management zone"
    management = ip_network(context.park.management_network, strict=False)
    inside = [
        s.id
        for s in context.park.segments
        if s.ipv4 and ip_network(s.ipv4, strict=False).overlaps(management)
    ]
    zones = [zone for zone in context.park.zones if zone.kind == "management"]
    vrf = context.park.plane.vrf if context.park.plane else ""
    actual = f"{management}" + (f" in routing instance {vrf}" if vrf else ", out of band")
    actual += f", zone {listed(z.id for z in zones)}" + (f"; overlapping: {listed(inside)}" if inside else "")
    cited = [plan(context.park.source, f"management network {management}")]
    cited += [plan(zone.source, zone.title, zone.id) for zone in zones]
    yield decided(not inside and bool(zones), expected, actual, cited, "park", "pools.management, and a zone")


def industrial_isolation(context: Context) -> Iterator[Outcome]:
    """Decide whether an industrial zone is joined with other systems one way only (level 3), or filtered."""
    zones = [zone for zone in context.judged_zones if zone.industrial]
    expected = "an enforcement point between them; at level 3 and above one way only"
    if not zones:
        yield not_applicable(expected, "the park has no industrial zone")
    holders: dict[str, set[str]] = {}
    for device in context.park.devices:
        for rule in device.rules:
            holders.setdefault(rule.flow, set()).add(device.name)
    for zone in zones:
        crossing = [
            f
            for f in context.flows_by_zone.get(zone.id, ())
            if (a := context.zone_of_end(f.src)) and (b := context.zone_of_end(f.dst))
            if a.id != b.id and not (a.industrial and b.industrial and a.tenant == b.tenant)
        ]
        open_ones = [f.id for f in crossing if f.id not in holders and not f.one_way]
        both = [f.id for f in crossing if not f.one_way] if zone.mlps_level >= 3 else []
        actual = f"{len(crossing)} flows to other systems"
        actual += f"; not one way: {listed(both)}" if both else ""
        actual += f"; enforced nowhere: {listed(open_ones)}" if open_ones else ""
        cited = [plan(zone.source, f"{zone.title}: level {zone.mlps_level}, industrial", zone.id)]
        cited += [
            plan(f.source, f"{f.id}: {f.src} → {f.dst}", f.id)
            for f in crossing
            if f.id in (*both, *open_ones)
        ]
        mend = f"security.one_way: a gateway from {zone.id}, and one_way: true on its flows"
        yield decided(not both and not open_ones, expected, actual, cited, zone.id, mend)


def no_shared_switches(context: Context) -> Iterator[Outcome]:
    """Decide whether the switches of real-time control carry no other data network."""
    expected = "switches that carry industrial control alone"
    zones = {zone.id for zone in context.judged_zones if zone.industrial and zone.kind == "production"}
    if not zones:
        yield not_applicable(expected, "the park has no industrial control zone")
        return
    for device in context.every(*SWITCHES):
        reached = context.reached_zones[device.name] - {""}
        if not reached & zones:
            continue
        industrial = {zone.id for zone in context.park.zones if zone.industrial}
        others = reached - industrial
        actual = f"carries {listed(reached)}"
        cited = [plan(device.source, f"{device.name}: {listed(reached)}", device.name)]
        mend = f"switches of their own for {listed(others)}" if others else ""
        yield decided(not others, expected, actual, cited, device.name, mend)


def quarantines_prepared(context: Context, stages: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether a way to cut off each tenant is prepared on its boundary, in stages."""
    expected = "a quarantine prepared" + (f" in the stages {', '.join(stages)}" if stages else "")
    prepared: dict[str, list[str]] = {}
    for item in context.park.quarantines:
        if item.kind == "tenant" and set(stages) <= set(item.stages):
            prepared.setdefault(item.tenant, []).append(item.id)
    for tenant in context.tenants:
        found = prepared.get(tenant.id, [])
        cited = [
            plan(q.source or tenant.source, q.id, q.id) for q in context.park.quarantines if q.id in found
        ]
        cited = cited or [plan(tenant.source, tenant.title, tenant.id)]
        mend = "security: {quarantine: true, graded_response: [log, limit, quarantine, block]}"
        yield decided(bool(found), expected, f"prepared at {listed(found)}", cited, tenant.id, mend)
    if not context.tenants:
        yield not_applicable(expected, "the park has no tenant")


def exits_listed(context: Context) -> Iterator[Outcome]:
    """Decide whether every way out is a line that the plan lists with its operator."""
    expected = "a listed line with an operator behind every way out"
    outside = context.every(Role.EXTERNAL)
    if not outside:
        yield not_applicable(expected, "the park has no exit")
    lines = {line.id: line for line in context.park.circuits}
    ways = {(path.device, path.interface): path.circuit for path in context.park.exits}
    for device in outside:
        peers = [(port.peer_device, port.peer_interface) for port in device.interfaces]
        names = {ways[peer] for peer in peers if peer in ways}
        names |= {
            name for name, line in lines.items() if name in device.title or line.source == device.source
        }
        found = [lines[name] for name in sorted(names) if name in lines]
        held = bool(found) and all(line.operator for line in found)
        actual = listed(f"{line.id} of {line.operator}" for line in found)
        cited = [plan(line.source, f"{line.id}: {line.operator}", line.id) for line in found]
        cited = cited or [plan(device.source, device.name, device.name)]
        yield decided(held, expected, actual, cited, device.name, "backbone.exit.circuits: list the line")


def control_devices_guarded(context: Context) -> Iterator[Outcome]:
    """Decide whether control devices authenticate themselves, or something before them makes up for it."""
    expected = "access control of its own (802.1X, MAC), or port limits and an enforcement point before it"
    groups = [g for g in context.groups_of("production") if g.element == "machines"]
    if not groups:
        yield not_applicable(expected, "the plan names no control device")
    walls = {device.name for device in context.every(*ENFORCEMENT)}
    edges = {
        port.segment: port.edge
        for device in context.every(*SWITCHES)
        for port in device.interfaces
        if port.edge is not None and port.segment
    }
    for group in groups:
        segment = context.segments[group.segment]
        edge = edges.get(segment.id)
        own = group.auth not in ("", "none") or (edge is not None and edge.auth not in ("", "none"))
        wall = segment.gateway_device in walls
        limited = edge is not None and (edge.max_macs > 0 or edge.dhcp_snooping)
        held = own or (wall and limited)
        auth = group.auth or (edge.auth if edge else "") or "none"
        actual = f"authentication {auth}, gateway {segment.gateway_device}"
        actual += ", port limits" if limited else ", no port limits"
        cited = [plan(group.source, f"{group.id}: {group.protocol}", group.id)]
        mend = f"ports of segment {segment.id}: {{auth: mab, max_macs: 2}}"
        yield decided(held, expected, actual, cited, group.id, mend)


def edge_protected(context: Context) -> Iterator[Outcome]:
    """Decide whether every edge node reports to the collector of a named security platform."""
    expected = "a named security platform, and a log target on the edge node"
    nodes = context.devices(Role.EDGE_CONTROLLER, Role.EDGE_GATEWAY, Role.EDGE_CLOUD)
    name = context.park.fact("security.platform")
    if not nodes:
        yield not_applicable(expected, "the park has no edge node")
    for node in nodes:
        servers = node.plane.of("syslog") if node.plane else ()
        actual = f"platform {name or 'none'}, logs to {listed(s.device or s.address for s in servers)}"
        cited = [plan(node.source, node.name, node.name)]
        mend = "security.platform: its name" if not name else "management.syslog"
        yield decided(bool(name and servers), expected, actual, cited, node.name, mend)
