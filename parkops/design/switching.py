"""Pass 4: which VLANs each switch port carries; ports without a cable are shut."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.design.roles import ROUTERS, SWITCHES, WIRELESS
from parkops.model import PortMode, Role, Segment
from parkops.plan.names import PlannedSite
from parkops.platforms import port_name

WHOLE = (PortMode.LAG_MEMBER,)  # what its LAG decides


def assign_vlans(draft: Draft) -> None:
    """Make trunks between switches and to what serves several segments, access ports towards the rest."""
    by_site: dict[str, dict[int, Segment]] = {}
    for segment in draft.segments.values():
        by_site.setdefault(segment.site, {})[segment.vlan] = segment
    for site in draft.sites:
        vlans = dict(sorted(by_site[site.id].items()))
        for name in site.switches:
            device = draft.devices[name]
            device.vlans = {vid: segment.id for vid, segment in vlans.items()}
            for port in device.ports.values():
                if port.mode not in WHOLE:
                    _port(draft, port, vlans, site)
    names: dict[tuple[str, Role, int], tuple[str, ...]] = {}
    for device in draft.devices.values():
        if device.role in SWITCHES | ROUTERS:
            kind = (device.platform, device.role, device.ports_max)
            if kind not in names:
                names[kind] = _all_ports(draft, device)
            device.unused = tuple(name for name in names[kind] if name not in device.ports)


def _port(draft: Draft, port: DraftPort, vlans: dict[int, Segment], site: PlannedSite) -> None:
    peer = draft.devices[port.peer_device]
    if peer.role in SWITCHES or not port.link:  # what has no cable of its own is a LAG
        port.mode, port.vids = PortMode.TRUNK, tuple(vlans)
        return
    there = peer.ports[port.peer_interface]
    if peer.role in WIRELESS:
        vids = wireless_vlans(site, {segment.id: vid for vid, segment in vlans.items()})
        for end in (port, there):
            end.mode, end.vids = PortMode.TRUNK, vids
        peer.vlans = {vid: vlans[vid].id for vid in vids}
    elif there.mode is PortMode.TRUNK:
        port.mode, port.vids = PortMode.TRUNK, tuple(sorted(there.vids))
    elif inner := [other.pvid for other in peer.ports.values() if other.parent == there.name]:
        port.mode, port.vids = PortMode.TRUNK, tuple(sorted(inner))
    elif there.segment in draft.segments:
        segment = draft.segments[there.segment]
        port.mode, port.pvid, port.segment, port.zone = (
            PortMode.ACCESS,
            segment.vlan,
            segment.id,
            segment.zone,
        )


def wireless_vlans(site: PlannedSite, vids: dict[str, int]) -> tuple[int, ...]:
    """Return the VLANs of the segments that a site's wireless networks lead into."""
    wireless = site.plan.wireless
    networks = wireless.networks.values() if wireless else ()
    return tuple(sorted({vids[site.segment(network.segment)] for network in networks}))


def _all_ports(draft: Draft, device: DraftDevice) -> tuple[str, ...]:
    platform = draft.platform(device)
    return tuple(port_name(platform, number, device.role.value) for number in range(1, device.ports_max + 1))
