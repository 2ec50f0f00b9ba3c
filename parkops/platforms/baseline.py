"""The baseline: what every device gets unasked, and platforms that do not render some of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parkops.model import Device, Interface, ManagementPlane, Park
from parkops.platforms.folders import Platforms

Asks = Callable[[Device], bool]


def _plane(test: Callable[[ManagementPlane], object]) -> Asks:
    return lambda device: device.plane is not None and bool(test(device.plane))


def _port(test: Callable[[Interface], object]) -> Asks:
    return lambda device: any(test(port) for port in device.interfaces)


BASELINE: Mapping[str, Asks] = {  # feature -> whether a device's design has it, whoever asked
    "ssh": _plane(lambda plane: plane.ssh),
    "ntp": _plane(lambda plane: plane.of("ntp")),
    "syslog": _plane(lambda plane: plane.of("syslog")),
    "banner": _plane(lambda plane: plane.banner),
    "login-limits": _plane(lambda plane: plane.login_attempts),
    "idle-timeout": _plane(lambda plane: plane.idle_s),
    "control-plane-protection": _plane(lambda plane: plane.control_plane_pps),
    "port-shutdown": lambda device: bool(device.unused),
    "bpdu-guard": _port(lambda port: port.edge and port.edge.bpdu_guard),
    "dhcp-snooping": _port(lambda port: port.edge and port.edge.dhcp_snooping),
    "arp-inspection": _port(lambda port: port.edge and port.edge.arp_inspection),
    "ra-guard": _port(lambda port: port.edge and port.edge.ra_guard),
    "urpf": _port(lambda port: port.urpf),
    "bogon-filter": _port(lambda port: port.bogons),
    "vrrp-track": _port(lambda port: any(group.track for group in port.vrrp)),
}


@dataclass(frozen=True, slots=True)
class Unrendered:
    """A feature of the baseline that a platform does not render, and the devices that go without."""

    platform: str
    feature: str
    devices: tuple[Device, ...]


def unrendered(park: Park, platforms: Platforms) -> list[Unrendered]:
    """Return what of the baseline is not rendered, by platform and feature.

    What the plan itself asks for is left out: it is an error, or waived (see `missing_features`).
    """
    by_platform: dict[str, list[Device]] = {}
    for device in park.managed:
        by_platform.setdefault(device.platform, []).append(device)
    found = []
    for name, devices in sorted(by_platform.items()):
        platform = platforms.get(name)
        for feature, asks in sorted(BASELINE.items()):
            without = tuple(
                item
                for item in devices
                if asks(item) and not platform.gives(item, feature) and not _stated(item, feature)
            )
            if without:
                found.append(Unrendered(name, feature, without))
    return found


def _stated(device: Device, feature: str) -> bool:
    return any(need.feature == feature for need in device.needs)
