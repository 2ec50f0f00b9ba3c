"""Pass 3: prefixes, VLANs and addresses, IPv4 and IPv6 everywhere."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from parkops.design.draft import Draft, DraftPort
from parkops.model import PortMode, Role, Segment
from parkops.plan.limits import FIRST_HOST, LAST_HOST
from parkops.plan.names import PlannedSite

ROUTERS = (Role.CORE, Role.PARK_FIREWALL, Role.BOUNDARY)


def assign_addresses(draft: Draft) -> None:
    """Give every segment, link, router, node and endpoint its addresses."""
    _management(draft)
    _loopbacks(draft)
    for link in draft.links.values():
        if link.kind == "backbone":
            _point_to_point(draft, link.id)
    _outside(draft)
    for site in draft.sites:
        for name in sorted(site.plan.segments):
            _segment(draft, site, name)
    for site in draft.sites:
        _attached(draft, site)


def _management(draft: Draft) -> None:
    network = draft.plan.pools.management.ipv4
    for name, device in sorted(draft.devices.items()):
        if device.platform != "host":
            number = draft.allocator.take("management", name, first=2, last=network.num_addresses - 2)
            device.management_ipv4 = f"{network[number]}/{network.prefixlen}"


def _loopbacks(draft: Draft) -> None:
    pool = draft.plan.pools.loopbacks
    last = min(pool.ipv4.num_addresses - 2, 2**16)
    for name, device in sorted(draft.devices.items()):
        if device.role in ROUTERS:
            number = draft.allocator.take("loopbacks", name, first=1, last=last)
            device.router_id = str(pool.ipv4[number])
            device.loopback_ipv4 = f"{device.router_id}/32"
            device.loopback_ipv6 = f"{pool.ipv6[number]}/128"


def _point_to_point(draft: Draft, link_id: str) -> None:
    """Number a routed link with a /31 (RFC 3021) and the /127 of a /64 (RFC 6164)."""
    pool, link = draft.plan.pools.links, draft.links[link_id]
    number = draft.allocator.take("links", link_id, first=0, last=pool.ipv4.num_addresses // 2 - 1)
    net6 = int(pool.ipv6.network_address) + (number << 64)
    ends = ((link.a_device, link.a_interface), (link.b_device, link.b_interface))
    for index, (device, name) in enumerate(ends):
        port = draft.devices[device].ports[name]
        port.mode, port.ospf_cost = PortMode.ROUTED, 10
        port.ipv4 = f"{pool.ipv4[number * 2 + index]}/31"
        port.ipv6 = f"{IPv6Network((net6, 64))[index]}/127"


def _outside(draft: Draft) -> None:
    exit_plan = draft.plan.backbone.exit
    net4, net6 = exit_plan.outside_ipv4, exit_plan.outside_ipv6
    link = next(link for link in draft.links.values() if link.kind == "exit")
    firewall, outside = draft.devices[link.a_device], draft.devices[link.b_device]
    for device, name, index, other in ((firewall, link.a_interface, 2, 1), (outside, link.b_interface, 1, 2)):
        port = device.ports[name]
        port.mode, port.zone = PortMode.ROUTED, _external_zone(draft)
        port.ipv4, port.ipv6 = f"{net4[index]}/{net4.prefixlen}", f"{net6[index]}/{net6.prefixlen}"
        device.gateway_ipv4, device.gateway_ipv6 = str(net4[other]), str(net6[other])
    firewall.masquerade_interface = link.a_interface


def _external_zone(draft: Draft) -> str:
    external = sorted(name for name, zone in draft.plan.zones.items() if zone.kind == "external")
    return external[0] if external else ""


def _segment(draft: Draft, site: PlannedSite, name: str) -> None:
    plan, pools = site.plan.segments[name], draft.plan.pools
    segment_id = site.segment(name)
    vlan = draft.allocator.take("vlans", segment_id, first=pools.vlans.first, last=pools.vlans.last)
    last = min(2 ** (24 - pools.segments.ipv4.prefixlen), 2 ** (64 - pools.segments.ipv6.prefixlen)) - 1
    number = draft.allocator.take("segments", segment_id, first=0, last=last)
    net4 = IPv4Network((int(pools.segments.ipv4.network_address) + (number << 8), 24))
    net6 = IPv6Network((int(pools.segments.ipv6.network_address) + (number << 64), 64))
    link = draft.links[f"{site.gateway}--{site.switch(1)}:{site.prefix}-{name}"]
    gateway = draft.devices[site.gateway].ports[link.a_interface]
    gateway.mode, gateway.segment, gateway.zone = PortMode.ROUTED, segment_id, plan.zone
    gateway.ipv4, gateway.ipv6 = f"{net4[1]}/24", f"{net6[1]}/64"
    gateway.description = f"{segment_id} {plan.title}".strip()
    draft.segments[segment_id] = Segment(
        segment_id,
        plan.zone,
        vlan,
        str(net4),
        str(net6),
        site.gateway,
        link.a_interface,
        site.tenant,
        plan.title or name,
        draft.marks.ref(*site.path, "segments", name),
        site.id,
        plan.access,
    )


def _attached(draft: Draft, site: PlannedSite) -> None:
    """Address the nodes and endpoints of a site inside their segments."""
    parts = [(site.node(name), node.segment) for name, node in sorted(site.plan.nodes.items())]
    parts += [(site.endpoint(name), group.segment) for name, group in sorted(site.plan.endpoints.items())]
    for name, segment_name in parts:
        segment = draft.segments[site.segment(segment_name)]
        device = draft.devices[name]
        port: DraftPort = next(iter(device.ports.values()))
        number = draft.allocator.take(f"hosts/{segment.id}", name, first=FIRST_HOST, last=LAST_HOST)
        net4, net6 = IPv4Network(segment.ipv4), IPv6Network(segment.ipv6)
        port.mode, port.segment, port.zone = PortMode.ROUTED, segment.id, segment.zone
        port.ipv4, port.ipv6 = f"{net4[number]}/24", f"{net6[number]}/64"
        device.gateway_ipv4, device.gateway_ipv6 = str(net4[1]), str(net6[1])
