"""Checks on the plan: kinds of network, what they connect, and by what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import BACKBONE, SWITCHES, UNMANAGED, Context, plan
from parkops.assess.graph import adjacency, distances
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import EndpointGroup, PortMode, Role


def network_kinds(context: Context, kinds: Sequence[str]) -> Iterator[Outcome]:
    """Decide whether the plan holds a network of each kind; the backbone is its cores."""
    for kind in kinds:
        if kind == "backbone":
            found = [plan(d.source, f"core {d.name}", d.name) for d in context.devices(Role.CORE)]
        else:
            found = [plan(z.source, f"zone {z.id} ({z.title})", z.id) for z in context.zones_of_kind(kind)]
        yield decided(bool(found), f"at least one {kind} network", f"{len(found)} found", found, kind)


def _groups_in(context: Context, site: str) -> list[EndpointGroup]:
    segments = context.plants.get(site, ())
    return [group for segment in segments for group in context.groups_by_segment.get(segment.id, ())]


def element_classes(context: Context, elements: Sequence[str]) -> Iterator[Outcome]:
    """Decide whether each plant connects people, machines, materials and environment."""
    expected = f"endpoint groups for {', '.join(elements)}"
    if not context.plants:
        yield not_applicable(expected, "the park has no production site")
    for site in context.plants:
        groups = _groups_in(context, site)
        missing = set(elements) - {group.element for group in groups}
        actual = f"no group for {listed(missing)}" if missing else f"{len(groups)} groups, all classes"
        cited = [plan(g.source, f"{g.id}: {g.element}, {g.count} endpoints", g.id) for g in groups]
        yield decided(not missing, expected, actual, cited, site)


def wired_and_wireless(context: Context) -> Iterator[Outcome]:
    """Decide whether each plant has wired and wireless access."""
    expected = "wired and wireless access"
    if not context.plants:
        yield not_applicable(expected, "the park has no production site")
    for site, segments in context.plants.items():
        ways = {way for segment in segments for way in segment.access}
        ways |= {group.access for group in _groups_in(context, site)}
        held = "wired" in ways and bool(ways - {"wired"})
        cited = [
            plan(s.source, f"{s.id}: {', '.join(s.access) or 'no access named'}", s.id) for s in segments
        ]
        yield decided(held, expected, f"access by {listed(ways)}", cited, site)


def technology_by_scene(context: Context, allowed: dict[str, list[str]]) -> Iterator[Outcome]:
    """Decide whether each group's access technology suits what it connects (``allowed``: element -> ways)."""
    groups = context.groups_of("production")
    if not groups:
        yield not_applicable("a technology that suits each scene", "there is no endpoint group in production")
    for group in groups:
        ways = allowed.get(group.element, [])
        segment = context.segments[group.segment]
        offered = not segment.access or group.access in segment.access
        expected = f"one of {', '.join(ways) or 'no technology'} for {group.element}, offered by its segment"
        actual = f"{group.access}" + (
            "" if offered else f", but {segment.id} offers {listed(segment.access)}"
        )
        cited = [plan(group.source, f"{group.id}: {group.element} by {group.access}", group.id)]
        yield decided(group.access in ways and offered, expected, actual, cited, group.id)


def switching_tiers(context: Context, limit: int) -> Iterator[Outcome]:
    """Decide how many switching tiers lie between plant endpoints and their gateway; a ring is one tier."""
    expected = f"at most {limit} switching tiers"
    if not context.plants:
        yield not_applicable(expected, "the park has no production site")
    tier = {d.name: f"ring {d.ring}" if d.ring else d.name for d in context.every(*SWITCHES)}
    cores = {device.name for device in context.every(Role.CORE)}  # a plant ends before them
    edges = [
        (link.id, tier.get(link.a_device, link.a_device), tier.get(link.b_device, link.b_device))
        for link in context.park.links
        if not {link.a_device, link.b_device} & cores
    ]
    neighbours = adjacency(edge for edge in edges if edge[1] != edge[2])
    for site, segments in context.plants.items():
        tiers = 0
        for segment in segments:
            hops = distances(neighbours, segment.gateway_device)
            served = [d for d in context.devices_by_segment.get(segment.id, ()) if d.role not in UNMANAGED]
            switches = {tier[d.name] for d in served if d.name in tier}
            tiers = max([tiers, *(hops.get(switch, 0) for switch in switches)])
        cited = [plan(s.source, f"{s.id} behind {s.gateway_device}", s.id) for s in segments]
        yield decided(None if tiers == 0 else tiers <= limit, expected, f"{tiers} tiers", cited, site)


def ip_share(context: Context, target_percent: float, protocols: Sequence[str]) -> Iterator[Outcome]:
    """Decide the share of plant endpoints that speak IP, themselves or behind an edge gateway on site."""
    groups = context.groups_of("production")
    expected = f"at least {target_percent:g} % of plant endpoints reachable by IP"
    total = sum(group.count for group in groups)
    if not total:
        yield not_applicable(expected, "the plan counts no plant endpoint")
        return
    gateways = {d.site for d in context.every(Role.EDGE_GATEWAY)}
    ip = [g for g in groups if g.protocol in protocols or context.segments[g.segment].site in gateways]
    share = 100 * sum(group.count for group in ip) / total
    cited = [plan(g.source, f"{g.id}: {g.protocol}, {g.count} endpoints", g.id) for g in groups]
    yield decided(share >= target_percent, expected, f"{share:.1f} % of {total}", cited)


def logical_segments(context: Context) -> Iterator[Outcome]:
    """Decide whether plant segments are VLANs of their own, on a trunk where a site has several switches."""
    expected = "a VLAN of its own on every plant segment, on a trunk between the switches of its site"
    segments = context.segments_of("production")
    if not segments:
        yield not_applicable(expected, "the park has no plant segment")
    trunked = {vid for d in context.every(*SWITCHES) for port in d.interfaces for vid in port.vids}
    for segment in segments:
        shared = len(context.segments_by_vlan[segment.vlan]) > 1
        several = sum(d.role in SWITCHES for d in context.devices_by_site.get(segment.site, ())) > 1
        held = segment.vlan > 0 and not shared and (segment.vlan in trunked or not several)
        actual = f"VLAN {segment.vlan}" + (", shared" if shared else "")
        actual += (
            ", on a trunk" if segment.vlan in trunked else ", on no trunk" if several else ", one switch"
        )
        yield decided(held, expected, actual, [plan(segment.source, segment.id, segment.id)], segment.id)


def inventory_complete(context: Context, scale: int) -> Iterator[Outcome]:
    """Decide whether every managed device has role and place, within what one management carries."""
    bad = {d.name for d in context.devices(*SWITCHES) if d.tenant and not d.site}
    count = len(context.managed)
    expected = f"role, owner and (in a tenant) site on every device, at most {scale} devices"
    actual = f"{count} devices" + (f"; without a site: {listed(bad)}" if bad else ", all placed")
    cited = [plan(d.source, f"{d.name}: {d.role} at {d.site or 'the park'}", d.name) for d in context.managed]
    yield decided(not bad and 0 < count <= scale, expected, actual, cited)


def separate_business_networks(context: Context) -> Iterator[Outcome]:
    """Decide whether a tenant's production and office networks share no VLAN and no prefix."""
    for tenant in context.tenants:
        owned = context.segments_by_tenant.get(tenant.id, [])
        kinds = {context.zones[s.zone].kind for s in owned if s.zone in context.zones}
        vlans = [s.vlan for s in owned]
        distinct = len(set(vlans)) == len(vlans) == len({s.ipv4 for s in owned})
        expected = "a VLAN and a prefix of its own for each business network"
        actual = f"{len(owned)} segments in zones of kind {listed(kinds)}, {len(set(vlans))} VLANs"
        cited = [plan(s.source, f"{s.id}: VLAN {s.vlan}, {s.ipv4}, zone {s.zone}", s.id) for s in owned]
        yield decided(distinct and len(kinds) > 0, expected, actual, cited, tenant.id)
    if not context.tenants:
        yield not_applicable("separate business networks", "the park has no tenant")


def groups_attached(
    context: Context,
    kind: str,
    protocols: Sequence[str] = (),
    elements: Sequence[str] = (),
    traffic_class: str = "",
    wireless: bool = False,
    what: str = "endpoint",
) -> Iterator[Outcome]:
    """Decide whether some kind of equipment has an access segment in some kind of zone.

    ``traffic_class`` also asks for a flow of that class from the group's segment or zone; ``wireless``
    asks that one group at least is on a radio.
    """
    groups = [
        g
        for g in context.groups_of(kind)
        if (not protocols or g.protocol in protocols) and (not elements or g.element in elements)
    ]
    expected = f"{what} groups attached to the {kind} network" + (", one on a radio" if wireless else "")
    expected += f", with a flow of class {traffic_class}" if traffic_class else ""
    problems = [] if groups else ["no such group"]
    if groups and wireless and all(group.access == "wired" for group in groups):
        problems.append("all are wired")
    if groups and traffic_class:
        ends = {end for g in groups for end in (g.segment, context.segments[g.segment].zone)}
        if not any(f.traffic_class == traffic_class and {f.src, f.dst} & ends for f in context.judged_flows):
            problems.append(f"no flow of class {traffic_class}")
    actual = "; ".join(problems) or f"{len(groups)} groups, {sum(g.count for g in groups)} endpoints"
    cited = [plan(g.source, f"{g.id}: {g.protocol} by {g.access} on {g.segment}", g.id) for g in groups]
    yield decided(not problems, expected, actual, cited)


def own_zone(context: Context, kind: str) -> Iterator[Outcome]:
    """Decide whether the segments of a kind of zone have a gateway and share no zone with others."""
    segments = context.segments_of(kind)
    expected = f"{kind} segments in a zone of their own, each with a gateway"
    bad = {s.id for s in segments if not s.gateway_device or s.tenant}
    actual = f"{len(segments)} segments" + (
        f"; without gateway or owned by a tenant: {listed(bad)}" if bad else ""
    )
    cited = [plan(s.source, f"{s.id}: gateway {s.gateway_device}", s.id) for s in segments]
    yield decided(bool(segments) and not bad, expected, actual, cited)


def tenant_attachments(context: Context, cores: int) -> Iterator[Outcome]:
    """Decide whether each tenant's boundary is linked to enough cores."""
    core_names = {device.name for device in context.every(*BACKBONE)}
    for tenant in context.tenants:
        own = context.devices_by_tenant.get(tenant.id, ())
        boundaries = {d.name: d for d in own if d.role is Role.BOUNDARY}
        linked = {
            port.peer_device
            for device in boundaries.values()
            for port in device.interfaces
            if port.mode is PortMode.ROUTED and port.peer_device in core_names
        }
        expected = f"a boundary linked to at least {cores} router{'s' if cores > 1 else ''} of the backbone"
        actual = f"{listed(boundaries)} linked to {listed(linked)}"
        cited = [plan(d.source, f"boundary {d.name}", d.name) for d in boundaries.values()]
        yield decided(
            len(linked) >= cores, expected, actual, cited or [plan(tenant.source, tenant.title)], tenant.id
        )
    if not context.tenants:
        yield not_applicable("tenants attached to the backbone", "the park has no tenant")


def exits(context: Context, least: int) -> Iterator[Outcome]:
    """Decide whether the park has enough exits."""
    lines = [circuit for circuit in context.park.circuits if circuit.kind == "exit"]
    cited = [plan(c.source, f"{c.id}: {c.operator}, {c.bandwidth_mbps} Mbit/s", c.id) for c in lines]
    yield decided(len(lines) >= least, f"at least {least} exits", f"{len(lines)} exits", cited)


def operators(context: Context, least: int) -> Iterator[Outcome]:
    """Decide whether exits come from enough operators; one will do where no tenant is important."""
    lines = [circuit for circuit in context.park.circuits if circuit.kind == "exit"]
    needed = least if any(tenant.important for tenant in context.tenants) else 1
    names = {circuit.operator for circuit in lines}
    cited = [plan(c.source, f"{c.id}: {c.operator}", c.id) for c in lines]
    actual = f"{len(lines)} exits from {listed(names)}"
    yield decided(len(names) >= needed, f"exits from at least {needed} operators", actual, cited)
