"""What the plan asks of one device, as the values that its configuration must name."""

from __future__ import annotations

from collections.abc import Callable

from parkops.assess.config.audit import Plane
from parkops.model import Device, Interface, ManagementPlane

_KINDS = ("ntp", "dns", "syslog", "radius", "tacacs", "snmp-trap")


def plane_of(device: Device) -> Plane:
    """Return servers, accounts and ports of a device's design by the names that audits use."""
    plane = device.plane
    found: dict[str, tuple[str, ...]] = {
        "unused": device.unused,
        "edge": _ports(device, lambda port: port.edge is not None),
        "edge-vlans": tuple(
            dict.fromkeys(
                str(port.pvid) for port in device.interfaces if port.edge and port.edge.arp_inspection
            )
        ),
        "urpf": _ports(device, lambda port: bool(port.urpf)),
        "bogons": _ports(device, lambda port: port.bogons),
        "vrfs": tuple(vrf.name for vrf in device.vrfs),
        "quarantines": tuple(dict.fromkeys(item.name for item in device.quarantines)),
        "bgp-secured": _secured(device),
    }
    if plane is not None:
        found |= {kind: _others(device, plane, kind) for kind in _KINDS}
        found["users"] = tuple(user.name for user in plane.local_users)
        found["snmp-users"] = tuple(user.name for user in plane.snmp_users)
        found["networks"] = plane.networks
    return found


def _others(device: Device, plane: ManagementPlane, kind: str) -> tuple[str, ...]:
    """Return the addresses of a kind of server; what a device is itself, it need not be told."""
    return tuple(server.address for server in plane.of(kind) if server.device != device.name)


def _ports(device: Device, test: Callable[[Interface], bool]) -> tuple[str, ...]:
    return tuple(port.name for port in device.interfaces if test(port))


def _secured(device: Device) -> tuple[str, ...]:
    bgp = device.routing.bgp if device.routing else None
    return tuple(neighbor.address for neighbor in bgp.neighbors if neighbor.password) if bgp else ()
