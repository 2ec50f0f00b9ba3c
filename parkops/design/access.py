"""Pass: what protects a switch port towards an end device: IEEE 802.1X, port security, snooping, storms."""

from __future__ import annotations

from functools import cache

from parkops.design.draft import Draft, DraftDevice
from parkops.model import EdgePort, PortMode, Role, SourceRef
from parkops.plan.names import PlannedSite
from parkops.plan.schema import PortsPlan

TRUSTED = (Role.BOUNDARY, Role.PARK_FIREWALL)  # gateways announce themselves
AUTH_FEATURES = {"dot1x": ("dot1x",), "mab": ("mab",), "dot1x-mab": ("dot1x", "mab")}


def protect_ports(draft: Draft) -> None:
    """Give every access port what its segment and its endpoint group ask for; like ports share one value."""
    for site in draft.sites:
        auths = {site.endpoint(name): group.auth for name, group in site.plan.endpoints.items()}
        vids = {name: draft.segments[site.segment(name)].vlan for name in site.plan.segments}
        names = {draft.segments[site.segment(name)].id: name for name in site.plan.segments}
        for switch in site.switches:
            device = draft.devices[switch]
            for port in device.ports.values():
                peer = draft.devices.get(port.peer_device)
                if port.mode is not PortMode.ACCESS or peer is None or peer.role in TRUSTED:
                    continue
                segment = names[port.segment]
                plan = site.plan.segments[segment].ports
                end_device = peer.role is Role.ENDPOINT
                auth = (auths.get(peer.name) or plan.auth) if end_device else "none"
                guest, voice = (vids.get(name or "", 0) for name in (plan.guest, plan.voice))
                port.edge = edge_port(plan, auth, guest if auth != "none" else 0, voice, end_device)
                _needs(draft, device, site, segment, port.edge)


@cache
def edge_port(plan: PortsPlan, auth: str, guest: int, voice: int, end_device: bool) -> EdgePort:
    """Return the protection of a port; of a server's port the limit on addresses is left out."""
    return EdgePort(
        auth,
        plan.max_macs if end_device else 0,
        plan.storm_percent,
        dhcp_snooping=not plan.trusted,
        arp_inspection=not plan.trusted,
        ra_guard=not plan.trusted,
        guest_vlan=guest,
        voice_vlan=voice if end_device else 0,
        poe=plan.poe and end_device,
    )


def _needs(draft: Draft, device: DraftDevice, site: PlannedSite, segment: str, edge: EdgePort) -> None:
    """Ask the platform for what the plan states; what is only a default it may leave out."""
    path = (*site.path, "segments", segment, "ports")

    def source() -> SourceRef:
        return draft.marks.ref(*path)

    for feature in AUTH_FEATURES.get(edge.auth, ()):
        device.need(feature, source())
        device.need("aaa", source())
    if edge.max_macs:
        device.need("port-security", source())
    if edge.storm_percent:
        device.need("storm-control", source())
