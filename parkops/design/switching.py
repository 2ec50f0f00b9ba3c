"""Pass 4: which VLANs each switch port carries; ports without a cable are shut."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.model import PortMode
from parkops.plan.names import PlannedSite


def assign_vlans(draft: Draft) -> None:
    """Make trunks between switches, access ports towards everything else."""
    by_site: dict[str, dict[int, str]] = {}
    for segment in draft.segments.values():
        by_site.setdefault(segment.site, {})[segment.vlan] = segment.id
    for site in draft.sites:
        vlans = by_site[site.id]
        for number in range(1, site.plan.switches + 1):
            device = draft.devices[site.switch(number)]
            device.vlans = dict(sorted(vlans.items()))
            for port in device.ports.values():
                _port(draft, site, port, tuple(sorted(vlans)))
            _shut_unused(device)


def _port(draft: Draft, site: PlannedSite, port: DraftPort, vids: tuple[int, ...]) -> None:
    peer = draft.devices[port.peer_device]
    if peer.platform == "ietf":
        port.mode, port.vids = PortMode.TRUNK, vids
        return
    segment = draft.segments[peer.ports[port.peer_interface].segment]
    port.mode, port.pvid, port.segment, port.zone = PortMode.ACCESS, segment.vlan, segment.id, segment.zone


def _shut_unused(device: DraftDevice) -> None:
    for number in range(1, device.ports_max + 1):
        name = device.port_format.format(number)
        device.ports.setdefault(name, DraftPort(name, PortMode.UNUSED, "unused"))
