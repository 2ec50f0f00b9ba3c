"""Which ports of a device lead into the backbone, and which out of the park."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.model import PortMode


def uplinks(draft: Draft, device: DraftDevice) -> list[str]:
    """Return the routed ports of a device that lead into the backbone."""
    return sorted(port.name for port in device.ports.values() if _leads(draft, device, port))


def _leads(draft: Draft, device: DraftDevice, port: DraftPort) -> bool:
    """Tell by the cable, whatever is routed over it; a subinterface uses its parent's."""
    if port.segment or port.mode is not PortMode.ROUTED or not (port.ipv4 or port.ipv6):
        return False
    cable = port.link or (device.ports[port.parent].link if port.parent in device.ports else "")
    return cable in draft.links and draft.links[cable].kind == "backbone"


def outer_ports(draft: Draft, device: DraftDevice) -> list[str]:
    """Return the ports of a device that lead out of the park, or to what leads out."""
    return sorted(port.name for port in device.ports.values() if port.zone and draft.external(port.zone))
