"""Pass 3: prefixes, VLANs and addresses, IPv4 and IPv6 everywhere."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

from parkops.design.cabling import fabric_router
from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.design.numbers import base, first, v4, v6
from parkops.design.roles import ROUTERS, UNMANAGED
from parkops.model import Link, PortMode, Segment, Track, Vrrp
from parkops.plan.limits import FIRST_HOST, LAST_HOST
from parkops.plan.names import PlannedSite
from parkops.plan.schema import SegmentPlan
from parkops.platforms import subinterface_name, vlan_name

VIRTUAL, OWN = 1, 2  # .1 is the gateway; of a pair of gateways the devices are .2 and .3
LEADS, STANDS_BY = 120, 100  # priorities (RFC 9568, 5.2.4)


def assign_addresses(draft: Draft) -> None:
    """Give every segment, link, router, node and endpoint its addresses."""
    _management(draft)
    _loopbacks(draft)
    for link in draft.links.values():
        if link.kind == "backbone" or _inner_exit(draft, link.b_device, link.kind):
            point_to_point(draft, link.id, *_ends(draft, link))
    for site in draft.sites:
        for name in sorted(site.plan.segments):
            _segment(draft, site, name)
    for site in draft.sites:
        _attached(draft, site)


def _inner_exit(draft: Draft, device: str, kind: str) -> bool:
    """Return whether a link leads from the park firewall to an exit router."""
    return kind == "exit" and draft.devices[device].role in ROUTERS


def _ends(draft: Draft, link: Link) -> tuple[DraftPort, DraftPort]:
    a, b = draft.devices[link.a_device], draft.devices[link.b_device]
    return a.ports[link.a_interface], b.ports[link.b_interface]


def _management(draft: Draft) -> None:
    network = draft.plan.pools.management.ipv4
    start, last = first(network), network.num_addresses - 2
    for name, device in sorted(draft.devices.items()):
        if device.role not in UNMANAGED:
            number = draft.allocator.take("management", name, first=2, last=last)
            device.management_ipv4 = f"{v4(start + number)}/{network.prefixlen}"
    for device in draft.devices.values():
        if device.mlag:
            peer = draft.devices[device.mlag.peer]
            own, other = base(device.management_ipv4), base(peer.management_ipv4)
            device.mlag = replace(device.mlag, local_address=own, peer_address=other)


def _loopbacks(draft: Draft) -> None:
    pool = draft.plan.pools.loopbacks
    start4, start6 = first(pool.ipv4), first(pool.ipv6)
    last = min(pool.ipv4.num_addresses - 2, 2**16)
    for name, device in sorted(draft.devices.items()):
        if device.role in ROUTERS:
            number = draft.allocator.take("loopbacks", name, first=1, last=last)
            device.router_id = v4(start4 + number)
            device.loopback_ipv4 = f"{device.router_id}/32"
            device.loopback_ipv6 = f"{v6(start6 + number)}/128"


def point_to_point(draft: Draft, key: str, *ends: DraftPort) -> None:
    """Number a routed link with a /31 (RFC 3021) and the /127 of a /64 (RFC 6164)."""
    pool = draft.plan.pools.links
    number = draft.allocator.take("links", key, first=0, last=pool.ipv4.num_addresses // 2 - 1)
    net4, net6 = first(pool.ipv4) + number * 2, first(pool.ipv6) + (number << 64)
    for index, port in enumerate(ends):
        port.mode, port.mtu_bytes = PortMode.ROUTED, draft.plan.backbone.mtu_bytes
        port.ipv4, port.ipv6 = f"{v4(net4 + index)}/31", f"{v6(net6 + index)}/127"


def _segment(draft: Draft, site: PlannedSite, name: str) -> None:
    plan, pools = site.plan.segments[name], draft.plan.pools
    segment_id = site.segment(name)
    vlan = draft.allocator.take("vlans", segment_id, first=pools.vlans.first, last=pools.vlans.last)
    last = min(2 ** (24 - pools.segments.ipv4.prefixlen), 2 ** (64 - pools.segments.ipv6.prefixlen)) - 1
    number = draft.allocator.take("segments", segment_id, first=0, last=last)
    net4 = first(pools.segments.ipv4) + (number << 8)
    net6 = first(pools.segments.ipv6) + (number << 64)
    source = draft.marks.ref(*site.path, "segments", name)
    if site.fabric:
        ports = _anycast(draft, site, vlan)
    else:
        ports = [_gateway_port(draft, site, name, vlan, index) for index in range(len(site.gateways))]
    for index, port in enumerate(ports):
        own = OWN + index if site.standby and not site.fabric else VIRTUAL
        port.segment, port.zone, port.source = segment_id, plan.zone, source
        port.ipv4, port.ipv6 = f"{v4(net4 + own)}/24", f"{v6(net6 + own)}/64"
        port.description = f"{segment_id} {plan.title}".strip()
        if site.standby and not site.fabric:
            port.vrrp = (_virtual(draft, site, vlan, net4, net6, index),)
        if not site.fabric:
            _relay(draft.devices[site.gateways[index]], port, plan)
    draft.segments[segment_id] = Segment(
        segment_id,
        plan.zone,
        vlan,
        f"{v4(net4)}/24",
        f"{v6(net6)}/64",
        site.gateway,
        draft.uplinks(draft.devices[site.gateway])[0] if site.fabric else ports[0].name,
        site.tenant,
        plan.title or name,
        source,
        site.id,
        plan.access,
        vrf=plan.zone if site.fabric else "",
        vni=_vni(draft, segment_id) if site.fabric else 0,
        purpose=plan.purpose or "",
        anycast=site.fabric,
    )


def _vni(draft: Draft, segment_id: str) -> int:
    pool = draft.plan.pools.vnis
    return draft.allocator.take("vnis", segment_id, first=pool.first, last=pool.last)


def _anycast(draft: Draft, site: PlannedSite, vlan: int) -> list[DraftPort]:
    """Return the routed VLAN interface of every router that one of a site's switches attaches to."""
    found: dict[str, DraftPort] = {}
    for number, switch in enumerate(site.switches, 1):
        router = draft.devices[fabric_router(draft, site, number)]
        trunk = router.ports[draft.links[f"{router.name}--{switch}"].a_interface]
        trunk.mode, trunk.vids = PortMode.TRUNK, tuple(sorted((*trunk.vids, vlan)))
        called = vlan_name(draft.platform(router), vlan)
        router.ports[called] = DraftPort(called, PortMode.VLAN, pvid=vlan)
        found[router.name] = router.ports[called]
        router.need("vlan-interface", draft.marks.ref(*site.path, "gateway"))
    return list(found.values())


def _virtual(draft: Draft, site: PlannedSite, vlan: int, net4: int, net6: int, index: int) -> Vrrp:
    """Return a gateway's part in the virtual router; numbers are of one VLAN, so that 1 to 255 suffice."""
    device = draft.devices[site.gateways[index]]
    device.need("vrrp", draft.marks.ref(*site.path))
    priority = STANDS_BY if index else LEADS
    return Vrrp(
        vlan % 255 + 1, v4(net4 + VIRTUAL), v6(net6 + VIRTUAL), priority, track=tracked(draft, device)
    )


def tracked(draft: Draft, device: DraftDevice) -> tuple[Track, ...]:
    """Return the ways of a gateway into the backbone; without them all it is worse than its standby."""
    uplinks = draft.uplinks(device)
    decrement = (LEADS - STANDS_BY) // max(1, len(uplinks)) + 1
    return tuple(
        Track(
            draft.allocator.take(f"tracks/{device.name}", device.ports[name].link, first=1, last=64),
            name,
            decrement,
        )
        for name in uplinks
    )


def _relay(device: DraftDevice, port: DraftPort, plan: SegmentPlan) -> None:
    if plan.dhcp_relay and port.source:
        port.dhcp_relay = plan.dhcp_relay
        device.need("dhcp-relay", port.source)


def _gateway_port(draft: Draft, site: PlannedSite, name: str, vlan: int, index: int) -> DraftPort:
    """Return the port of a gateway that leads into a segment: its own cable, or a subinterface of a trunk."""
    gateway = draft.devices[site.gateways[index]]
    switch = site.switch(1) if site.dual and site.trunk else site.uplink_switch(index)
    detail = site.prefix if site.trunk else f"{site.prefix}-{name}"
    port = gateway.ports[draft.links[f"{gateway.name}--{switch}:{detail}"].a_interface]
    if not site.trunk:
        port.mode = PortMode.ROUTED
        return port
    port = gateway.ports[port.lag] if port.lag else port
    port.mode = PortMode.ROUTED  # a port has VLANs of a bridge or subinterfaces, never both
    gateway.need("subinterface", draft.marks.ref(*site.path))
    called = subinterface_name(draft.platform(gateway), port.name, vlan)
    inner = DraftPort(called, PortMode.ROUTED, pvid=vlan, parent=port.name, rate_mbps=port.rate_mbps)
    gateway.ports[called] = inner
    return inner


def _attached(draft: Draft, site: PlannedSite) -> None:
    """Address the nodes and endpoints of a site inside their segments."""
    parts = [(site.node(name), node.segment) for name, node in sorted(site.plan.nodes.items())]
    parts += [(site.endpoint(name), group.segment) for name, group in sorted(site.plan.endpoints.items())]
    by_segment: dict[str, tuple[int, int]] = {}
    for name, segment_name in parts:
        segment = draft.segments[site.segment(segment_name)]
        if segment.id not in by_segment:
            by_segment[segment.id] = first(IPv4Network(segment.ipv4)), first(IPv6Network(segment.ipv6))
        net4, net6 = by_segment[segment.id]
        device = draft.devices[name]
        port: DraftPort = next(iter(device.ports.values()))
        number = draft.allocator.take(f"hosts/{segment.id}", name, first=FIRST_HOST, last=LAST_HOST)
        port.mode, port.segment, port.zone = PortMode.ROUTED, segment.id, segment.zone
        port.ipv4, port.ipv6 = f"{v4(net4 + number)}/24", f"{v6(net6 + number)}/64"
        device.gateway_ipv4, device.gateway_ipv6 = v4(net4 + VIRTUAL), v6(net6 + VIRTUAL)
