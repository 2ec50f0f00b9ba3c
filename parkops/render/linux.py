"""Names that templates of Linux nodes use beside those of every platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import ip_interface

from parkops.model import Device, LocalUser, Vpn, Workload
from parkops.platforms import Platform
from parkops.render.guests import guest_ports
from parkops.render.kernel import (
    ADDRESSED,
    exit_tables,
    management_networks,
    management_vrf,
    netdevs,
    networks,
    virtual_routers,
    xfrm_id,
)
from parkops.render.text import word

NATIVE = ("opcua-gateway", "modbus-bridge")  # workloads that are services of the node, not containers
CONTAINERS = "containers"  # a property of the device: quadlet, for podman 4.4 or newer
FORM = "network"  # a property of the device: networkd, or ifupdown where nothing asks for more than addresses
FIRST_UID, UIDS = 30_000, 20_000  # of local accounts


@dataclass(frozen=True, slots=True)
class Item:
    """What one of several files is for."""

    name: str  # safe in a path, a unit and an interface's name
    vpn: Vpn | None = None
    workload: Workload | None = None
    user: LocalUser | None = None

    @property
    def settings(self) -> dict[str, str]:
        """A workload's environment by name."""
        return dict(self.workload.env) if self.workload else {}

    @property
    def port(self) -> int:
        """The first port that a workload listens on, 0 for none."""
        return self.workload.ports[0][1] if self.workload and self.workload.ports else 0

    @property
    def uid(self) -> int:
        """A user's number: it derives from the name, so that another account moves none."""
        digest = blake2b(self.name.encode(), digest_size=4).digest()
        return FIRST_UID + int.from_bytes(digest) % UIDS


def is_linux(platform: Platform) -> bool:
    """Return whether a platform's devices have a Linux kernel that parkops tells about their ports."""
    return platform.driver == "ansible" or platform.name == "frr"


def linux_context(
    device: Device, platform: Platform, prefixes: Sequence[tuple[str, tuple[str, ...]]], gateway: str
) -> dict[str, object]:
    """Return the further names of a Linux node.

    ``prefixes`` are those of each tenant, ``gateway`` that of the management network.
    """
    frr = platform.name == "frr"
    devices = netdevs(device) + [item for item, _ in virtual_routers(device) if frr]
    networkd = bool(devices) or device.property(FORM) == "networkd"
    port, vrf = platform.interfaces.management, management_vrf(device)
    workloads = [Item(word(item.id.rpartition(".")[2], 40), workload=item) for item in device.workloads]
    containers = [item for item in workloads if _kind(item) not in NATIVE]
    quadlets = device.property(CONTAINERS) == "quadlet"
    guests = guest_ports(device)
    users = [Item(word(user.name), user=user) for user in (device.plane.local_users if device.plane else ())]
    return {
        "layer3": [port for port in device.interfaces if port.mode in ADDRESSED and not port.lag],
        "netdevs": devices,
        "networks": [*networks(device, frr=frr), *management_networks(device, port, gateway)]
        if networkd
        else [],
        "management_vrf": vrf,
        "management_ports": [port, vrf] if vrf else [port],
        "unused": [Item("unused")] if networkd and device.unused else [],
        "ifupdown": [] if networkd else [Item("parkops")],
        "exit_tables": exit_tables(device, prefixes),
        "wireguard": [
            Item(vpn.interface or word(vpn.id, 15), vpn=vpn) for vpn in device.vpns if vpn.kind == "wireguard"
        ],
        "ipsec": [vpn for vpn in device.vpns if vpn.kind == "ipsec"],
        "if_ids": {vpn.id: xfrm_id(vpn) for vpn in device.vpns if vpn.interface},
        "tunnelled": {
            vpn.id: [
                route.prefix
                for route in device.routing.statics
                if route.next_hop in [address for _, _, address in vpn.peers]
            ]
            for vpn in device.vpns
        },
        "inside_prefixes": [
            str(ip_interface(address).network)
            for port in device.interfaces
            if port.segment
            for address in (port.ipv4, port.ipv6)
            if address
        ],
        "containers": [] if quadlets else containers,
        "quadlets": containers if quadlets else [],
        "with_env": [item for item in workloads if item.settings],
        "accounts": bool(users) or bool(device.plane and device.plane.of("radius")),
        "users": users,
        "account_files": [Item("park-accounts")] if users else [],
        "admins": [item for item in users if item.user and item.user.role == "admin"],
        "auditors": [item for item in users if item.user and item.user.role == "auditor"],
        "opcua_gateways": [item for item in workloads if _kind(item) == "opcua-gateway"],
        "modbus_bridges": [item for item in workloads if _kind(item) == "modbus-bridge"],
        "virtual": [port for port in device.interfaces if port.vrrp],
        "guests": guests,
        "portal_pages": [Item(host) for host in sorted({item.portal.host for item in guests})],
        "relays": [port for port in device.interfaces if port.dhcp_relay and port.mode in ADDRESSED],
    }


def _kind(item: Item) -> str:
    return item.workload.kind if item.workload else ""
