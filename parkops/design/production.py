"""Passes: 5G devices and one-way gateways: the devices, their cables and addresses."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.design.identity import Identity
from parkops.model import OneWay, PortMode, Role, Segment
from parkops.plan.limits import FIRST_HOST, LAST_HOST
from parkops.plan.names import PlannedSite, one_way_gateway
from parkops.plan.schema import CpePlan

RADIO_PORT = "wwan0"


def add_production(draft: Draft, identity: Identity) -> None:
    """Add 5G devices and one-way gateways."""
    for site in draft.sites:
        for name, cpe in sorted(site.plan.cpes.items()):
            draft.add(identity.apply(_cpe(draft, site, name, cpe)))
    for name, gateway in sorted(draft.plan.security.one_way.items()):
        source = draft.marks.ref("security", "one_way", name)
        site, _ = _first(draft, gateway.src)
        device = DraftDevice(
            one_way_gateway(name), Role.ONE_WAY_GATEWAY, "", source, gateway.title or name, site.tenant
        )
        device.model = gateway.model
        device.need("one-way", source)
        draft.add(identity.apply(device))
        draft.one_ways.append(OneWay(name, device.name, gateway.src, gateway.dst, source))


def _cpe(draft: Draft, site: PlannedSite, name: str, plan: CpePlan) -> DraftDevice:
    source = draft.marks.ref(*site.path, "cpes", name)
    device = DraftDevice(
        site.endpoint(name), Role.CPE_5G, "", source, plan.title or name, site.tenant, site.id
    )
    device.properties = {"operator": plan.operator, "bandwidth_mbps": str(plan.bandwidth_mbps)}
    device.properties.update({"apn": plan.apn} if plan.apn else {})
    device.properties.update({"slice": str(plan.slice)} if plan.slice else {})
    device.need("cellular", source)
    device.ports[RADIO_PORT] = DraftPort(
        RADIO_PORT, PortMode.ROUTED, f"5G of {plan.operator}", rate_mbps=plan.bandwidth_mbps, source=source
    )
    return device


def cable_production(draft: Draft) -> None:
    """Attach 5G devices, and each one-way gateway to a switch of both its zones. After the sites' cables."""
    for site in draft.sites:
        for name, cpe in sorted(site.plan.cpes.items()):
            draft.connect(site.switch(cpe.switch), site.endpoint(name), "access", important=True)
    for gateway in draft.one_ways:
        for zone, side in ((gateway.src_zone, "inside"), (gateway.dst_zone, "outside")):
            site, _ = _first(draft, zone)
            draft.connect(site.switch(1), gateway.device, "access", detail=side, important=True)


def _first(draft: Draft, zone: str) -> tuple[PlannedSite, str]:
    """Return the first segment of a zone, by name, with its site."""
    found = (
        (site, name)
        for site in draft.sites
        for name, segment in sorted(site.plan.segments.items())
        if segment.zone == zone
    )
    return next(found)


def address_production(draft: Draft) -> None:
    """Give 5G devices and one-way gateways addresses in their segments."""
    for site in draft.sites:
        for name, cpe in sorted(site.plan.cpes.items()):
            device = draft.devices[site.endpoint(name)]
            port = next(port for port in device.ports.values() if port.link)
            _address(draft, device, port, draft.segments[site.segment(cpe.segment)])
    for gateway in draft.one_ways:
        device = draft.devices[gateway.device]
        cabled = [port for port in device.ports_by_number() if port.link]
        for port in cabled:
            zone = gateway.src_zone if port.link.endswith(":inside") else gateway.dst_zone
            site, name = _first(draft, zone)
            _address(draft, device, port, draft.segments[site.segment(name)])
        device.gateway_ipv4 = device.gateway_ipv6 = ""  # it leads nowhere else


def _address(draft: Draft, device: DraftDevice, port: DraftPort, segment: Segment) -> None:
    number = draft.allocator.take(f"hosts/{segment.id}", device.name, first=FIRST_HOST, last=LAST_HOST)
    net4, net6 = IPv4Network(segment.ipv4), IPv6Network(segment.ipv6)
    port.mode, port.segment, port.zone = PortMode.ROUTED, segment.id, segment.zone
    port.ipv4, port.ipv6 = f"{net4[number]}/{net4.prefixlen}", f"{net6[number]}/{net6.prefixlen}"
    device.gateway_ipv4, device.gateway_ipv6 = str(net4[1]), str(net6[1])
