"""Ports of a Linux gateway whose clients see a page before they go further (RFC 8952)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_interface

from parkops.model import Device, Interface, Portal, SourceRef
from parkops.render.kernel import ADDRESSED

LEADING = 100  # of a pair of virtual routers, the one above this priority leads


@dataclass(frozen=True, slots=True)
class GuestPort:
    """A port, its portal, and what the gateway tells guests by DHCP."""

    port: Interface
    portal: Portal

    @property
    def source(self) -> SourceRef | None:
        """Where the plan asks for the port."""
        return self.port.source

    @property
    def addresses(self) -> tuple[str, ...]:
        """The gateway's own addresses on the port, IPv4 and IPv6."""
        return tuple(str(ip_interface(item).ip) for item in (self.port.ipv4, self.port.ipv6) if item)

    @property
    def router(self) -> str:
        """The IPv4 address that guests leave by: the virtual router's where there is one."""
        virtual = next((item.ipv4 for item in self.port.vrrp if item.ipv4), "")
        return virtual or str(ip_interface(self.port.ipv4).ip)

    @property
    def pool(self) -> tuple[str, str]:
        """First and last address for guests: the upper half of the network, of a pair a half of that each."""
        network = ip_interface(self.port.ipv4).network
        first, last = (
            int(network.broadcast_address) - network.num_addresses // 2 + 1,
            int(network.broadcast_address) - 1,
        )
        if self.port.vrrp:
            middle = (first + last) // 2
            leads = max(item.priority for item in self.port.vrrp) > LEADING
            first, last = (first, middle) if leads else (middle + 1, last)
        return str(IPv4Address(first)), str(IPv4Address(last))


def guest_ports(device: Device) -> list[GuestPort]:
    """Return the ports of a device that have a portal."""
    return [
        GuestPort(port, port.portal)
        for port in device.interfaces
        if port.portal and port.ipv4 and port.mode in ADDRESSED
    ]
