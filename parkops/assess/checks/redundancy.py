"""Checks on the plan: what the loss of one link or one device would cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from parkops.assess.context import BACKBONE, ENFORCEMENT, UNMANAGED, Context, plan
from parkops.assess.graph import Adjacency, adjacency, cuts, reachable
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Device, Ring, Role


def important_links(context: Context, kinds: Sequence[str]) -> Iterator[Outcome]:
    """Decide whether every important link of some kinds has a second way around it (it is no bridge)."""
    edges = _edges(context)
    important = [link for link in context.links if link.important and link.kind in kinds and link.id in edges]
    expected = "two edge-disjoint paths between its ends"
    if not important:
        yield not_applicable(expected, "the plan marks no such link as important")
    bridges = cuts(adjacency((edge, a, b) for edge, a, b in edges.values())).bridges
    for link in important:
        alone = edges[link.id][0] in bridges
        ends = f"{link.a_device} {link.a_interface} – {link.b_device} {link.b_interface}"
        actual = f"{ends}: " + ("its loss cuts the network" if alone else "another path exists")
        source = context.park.device(link.a_device).source
        yield decided(not alone, expected, actual, [plan(source, ends, link.id)], link.id)


def _edges(context: Context) -> dict[str, tuple[str, str, str]]:
    """Return (edge, node, node) by link: operators' nodes are one, for what lies outside joins them.

    Cables of different segments between the same two devices do not back each other up: they are one edge.
    """
    outside = {device.name: "outside" for device in context.every(Role.EXTERNAL)}
    segments = {
        (device.name, port.name): port.segment
        for device in context.park.devices
        for port in device.interfaces
    }
    pairs: dict[tuple[str, str], set[str]] = {}
    for link in context.park.links:
        pair = (min(link.a_device, link.b_device), max(link.a_device, link.b_device))
        ends = ((link.a_device, link.a_interface), (link.b_device, link.b_interface))
        pairs.setdefault(pair, set()).update(segments.get(end, "") for end in ends)
    edges = {}
    for link in context.park.links:
        a, b = min(link.a_device, link.b_device), max(link.a_device, link.b_device)
        edge = f"{a}|{b}" if len(pairs[a, b] - {""}) > 1 else link.id
        edges[link.id] = (edge, outside.get(a, a), outside.get(b, b))
    return {name: edge for name, edge in edges.items() if edge[1] != edge[2]}


def rings_planned(context: Context) -> Iterator[Outcome]:
    """Decide whether the switches of each important tenant's plants form a closed ring in the plan."""
    expected = "a closed ring of three or more switches"
    important = {tenant.id for tenant in context.tenants if tenant.important}
    rings = {ring.id: ring for ring in context.park.rings}
    asked = 0
    for site, segments in context.plants.items():
        if not important & {segment.tenant for segment in segments}:
            continue
        asked += 1
        devices = [d for segment in segments for d in context.devices_by_segment.get(segment.id, ())]
        found = [rings[name] for name in dict.fromkeys(d.ring for d in devices) if name in rings]
        closed = [ring for ring in found if _redundant(ring)]
        actual = listed(f"{len(r.devices)} switches, {len(r.links)} links, {r.protocol}" for r in found)
        cited = [plan(ring.source, ring.id, ring.id) for ring in found]
        cited = cited or [plan(segment.source, segment.id, segment.id) for segment in segments]
        yield decided(bool(found) and closed == found, expected, actual, cited, site)
    if not asked:
        yield not_applicable(expected, "no important tenant has a plant")


def _redundant(ring: Ring) -> bool:
    """Tell whether switches form a closed ring, or two networks side by side (PRP, IEC 62439-3)."""
    if ring.protocol == "prp":
        return len(ring.devices) >= 2 and len(ring.links) >= len(ring.devices) - 2
    return len(ring.links) == len(ring.devices) >= 3


def _backbone(context: Context) -> list[tuple[str, str, str]]:
    roles = {d.name: d.role for d in context.park.devices}
    kept = (*BACKBONE, Role.EXIT, Role.EXTERNAL, *ENFORCEMENT)
    return [
        (link.id, link.a_device, link.b_device)
        for link in context.park.links
        if roles[link.a_device] in kept and roles[link.b_device] in kept
    ]


def single_points(context: Context) -> Iterator[Outcome]:
    """Decide whether one loss in the backbone cuts a tenant's attachment from the cores or the exits.

    A tenant's own boundary is judged with the tenant's network, an operator's node with its circuit.
    """
    neighbours = adjacency(_backbone(context))
    devices = {device.name: device for device in context.park.devices}
    boundaries = [d for d in context.devices(Role.BOUNDARY) if d.name in neighbours]
    outside = [d.name for d in context.every(Role.EXTERNAL) if d.name in neighbours]
    cores = [d.name for d in context.every(*BACKBONE)]
    nodes = [n for n in neighbours if devices[n].role in (*BACKBONE, Role.EXIT, Role.PARK_FIREWALL)]
    expected = "the cores and an exit in reach after any single loss in the backbone"
    if not boundaries:
        yield not_applicable(expected, "no tenant is attached to the backbone")
    fatal: dict[str, set[str]] = {}
    for lost in (*nodes, *cuts(neighbours).bridges):  # only the loss of a bridge among links can cut
        served = reachable(neighbours, cores, {lost})
        if outside:
            served &= reachable(neighbours, outside, {lost})
        for boundary in boundaries:
            if boundary.name not in served:
                fatal.setdefault(boundary.name, set()).add(lost)
    for boundary in boundaries:
        found = fatal.get(boundary.name, set())
        actual = f"single points: {listed(found)}" if found else "no single loss cuts it"
        cited = [plan(boundary.source, boundary.name, boundary.name)]
        cited += [plan(devices[n].source, f"{n} stands alone", n) for n in sorted(found) if n in devices]
        yield decided(not found, expected, actual, cited, boundary.name)


def tenant_single_points(context: Context) -> Iterator[Outcome]:
    """Decide whether one loss cuts a device of an important tenant from the backbone."""
    important = [tenant for tenant in context.tenants if tenant.important]
    expected = "its segments joined to the backbone after the loss of any one device"
    if not important:
        yield not_applicable(expected, "the plan marks no tenant as important")
    endpoints = {device.name for device in context.every(*UNMANAGED)}
    cores = {device.name: "cores" for device in context.every(*BACKBONE)}
    edges = [
        (link.id, cores.get(link.a_device, link.a_device), cores.get(link.b_device, link.b_device))
        for link in context.park.links
        if not {link.a_device, link.b_device} & endpoints
    ]
    neighbours = adjacency(edge for edge in edges if edge[1] != edge[2])
    candidates = cuts(neighbours).articulations
    for tenant in important:
        own = {d.name: d for d in context.devices_by_tenant.get(tenant.id, ()) if d.role not in UNMANAGED}
        apart = set(own) - reachable(neighbours, ["cores"])
        fatal = {name for name in own if name in candidates and _cuts_off(neighbours, name, own)}
        actual = f"single points: {listed(fatal)}" if fatal else f"{len(own)} devices, no single point"
        actual += f"; not joined at all: {listed(apart)}" if apart else ""
        cited = [plan(tenant.source, f"{tenant.title}: important", tenant.id)]
        cited += [plan(own[name].source, f"{name} stands alone", name) for name in sorted(fatal)]
        yield decided(not fatal and not apart, expected, actual, cited, tenant.id)


def _cuts_off(neighbours: Adjacency, lost: str, own: Mapping[str, Device]) -> bool:
    return bool(set(own) - {lost} - reachable(neighbours, ["cores"], {lost}))


def boundary_pairs(context: Context, roles: Sequence[str], bypass_will_do: bool = False) -> Iterator[Outcome]:
    """Decide whether in-line security devices stand in pairs (same role, tenant and plant)."""
    expected = "a pair of devices" + (", or one with a bypass" if bypass_will_do else "")
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, f"the park has no {' or '.join(roles)}")
    places: dict[tuple[str, str], list[Device]] = {}
    for device in devices:
        places.setdefault((device.tenant, device.role), []).append(device)
    for (tenant, role), members in sorted(places.items()):
        bypass = bypass_will_do and all(device.property("bypass") in ("yes", "true") for device in members)
        actual = f"{len(members)} {role}: {listed(d.name for d in members)}"
        cited = [plan(d.source, f"{d.name}: {role}", d.name) for d in members]
        yield decided(len(members) > 1 or bypass, expected, actual, cited, tenant or "park")
