"""What a Linux kernel must be told about ports: virtual devices, addresses, tables of the ways out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parkops.model import Device, ExitPath, Interface, PortMode, SourceRef, Vpn, Vrf
from parkops.render.text import word

BRIDGE = "br0"
# routing tables: of management, of VRFs by their number (from 1), of exits by their port
MANAGEMENT_TABLE = VRF_TABLES = 10_000
EXIT_TABLES = 100
IPSEC_IF_IDS = 1  # interface ids of XFRM devices count from here
ADDRESSED = (PortMode.ROUTED, PortMode.VLAN)
MEMBERS = (PortMode.ACCESS, PortMode.TRUNK)


@dataclass(frozen=True, slots=True)
class NetDev:
    """A virtual device (systemd.netdev(5)); ``number`` is its VLAN, VNI, routing table or interface id."""

    name: str
    kind: str  # bond | bridge | macvlan | vlan | vrf | vxlan | xfrm
    number: int = 0
    source: SourceRef | None = None
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """How a device is attached (systemd.network(5))."""

    name: str
    port: Interface | None = None
    bond: str = ""
    bridge: str = ""
    vrf: str = ""
    vlans: tuple[str, ...] = ()  # devices of kind vlan on top
    macvlans: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()  # devices of kind vxlan or xfrm that go through it
    pvid: int = 0
    vids: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    table: int = 0  # of the management plane's instance, 0 of all else
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class ExitTable:
    """A routing table that leads out over one port, and the prefixes of the tenants that use it."""

    number: int
    exit: ExitPath
    prefixes: tuple[str, ...]


def port_number(name: str) -> int:
    """Return a port's number: what its name ends in."""
    return int(name[len(name.rstrip("0123456789")) :] or 0)


def vrf_name(name: str) -> str:
    """Return a VRF's name as a device's (IFNAMSIZ: 15 bytes)."""
    return word(name, 15)


def management_vrf(device: Device) -> str:
    """Return the name of the management plane's own instance, "" where the design asks for none."""
    asked = any(need.feature == "management-vrf" for need in device.needs)
    return vrf_name(device.plane.vrf) if asked and device.plane and device.plane.vrf else ""


def management_networks(device: Device, port: str, gateway: str) -> list[Network]:
    """Return how the management port and its instance are attached; none without an instance."""
    vrf = management_vrf(device)
    if not vrf or device.plane is None:
        return []
    own, source = (device.management_ipv4,), device.plane.source
    return [
        Network(port, vrf=vrf, addresses=own, gateways=(gateway,) if gateway else (), source=source),
        Network(vrf, table=MANAGEMENT_TABLE, source=source),
    ]


def netdevs(device: Device) -> list[NetDev]:
    """Return the virtual devices that a device's ports and routing instances ask for."""
    found = [
        NetDev(vrf_name(vrf.name), "vrf", VRF_TABLES + int(vrf.rd.rpartition(":")[2]), vrf.source)
        for vrf in device.vrfs
    ]
    if management_vrf(device) and device.plane:
        found.append(NetDev(management_vrf(device), "vrf", MANAGEMENT_TABLE, device.plane.source))
    found += [NetDev(lag.name, "bond", lag.number) for lag in device.lags]
    if _bridged(device):
        found.append(NetDev(BRIDGE, "bridge"))
    found += [
        NetDev(port.name, "vlan", port.pvid, port.source)
        for port in device.interfaces
        if port.mode is PortMode.VLAN or port.parent
    ]
    if device.vtep_ipv4:
        found += [NetDev(f"vxlan{vid}", "vxlan", vni) for vid, vni in _vnis(device)]
        found += [
            NetDev(f"vlan{vrf.l3_vlan}", "vlan", vrf.l3_vlan, vrf.source) for vrf in _routed_vnis(device)
        ]
    found += [NetDev(vpn.interface, "xfrm", xfrm_id(vpn), vpn.source) for vpn in xfrm_tunnels(device)]
    return found


def virtual_routers(device: Device) -> list[tuple[NetDev, Network]]:
    """Return the devices that FRR's vrrpd wants: one for each virtual router and family (RFC 9568, 7.3)."""
    return [
        (
            NetDev(
                f"vrrp{family}-{router.vrid}",
                "macvlan",
                0,
                port.source,
                f"00:00:5e:00:0{block}:{router.vrid:02x}",
            ),
            Network(f"vrrp{family}-{router.vrid}", addresses=(f"{address}/{length}",), source=port.source),
        )
        for port in device.interfaces
        for router in port.vrrp
        for family, block, address, length in ((4, 1, router.ipv4, 32), (6, 2, router.ipv6, 128))
        if address
    ]


def xfrm_tunnels(device: Device) -> list[Vpn]:
    """Return the IPsec tunnels that have an interface of their own."""
    return [vpn for vpn in device.vpns if vpn.kind == "ipsec" and vpn.interface]


def xfrm_id(vpn: Vpn) -> int:
    """Return the interface id that joins a tunnel's policies with its device."""
    return IPSEC_IF_IDS + port_number(vpn.interface)


def networks(device: Device, *, frr: bool) -> list[Network]:
    """Return how each device, real or virtual, is attached; FRR's vrrpd (``frr``) wants some of its own."""
    found = [*_networks(device, frr), *(network for _, network in virtual_routers(device) if frr)]
    return sorted(found, key=lambda item: (port_number(item.name), item.name))


def _networks(device: Device, frr: bool) -> Iterator[Network]:
    outer = _outer(device)
    upper = tuple(vpn.interface for vpn in xfrm_tunnels(device))
    for port in device.interfaces:
        if port.mode in (PortMode.UNUSED, PortMode.MANAGEMENT, PortMode.LOOPBACK):
            continue
        addressed = port.mode in ADDRESSED and not port.lag
        yield Network(
            port.name,
            port,
            bond=port.lag,
            bridge=BRIDGE if port.mode in MEMBERS and _bridged(device) else "",
            vrf=vrf_name(port.vrf) if port.vrf else "",
            vlans=tuple(other.name for other in device.interfaces if other.parent == port.name),
            upper=upper if port.name == outer else (),
            macvlans=tuple(
                f"vrrp{family}-{router.vrid}"
                for router in port.vrrp
                for family, address in ((4, router.ipv4), (6, router.ipv6))
                if address and frr
            ),
            pvid=port.pvid if port.mode is PortMode.ACCESS else 0,
            vids=port.vids,
            addresses=tuple(filter(None, (port.ipv4, port.ipv6))) if addressed else (),
            gateways=_gateways(device) if addressed and port.ipv4 and not device.router_id else (),
            source=port.source,
        )
    yield from _overlay(device)


def _overlay(device: Device) -> Iterator[Network]:
    if _bridged(device):
        own = [port for port in device.interfaces if port.mode is PortMode.VLAN]
        routed = [f"vlan{vrf.l3_vlan}" for vrf in _routed_vnis(device)]
        vids = {port.pvid for port in own} | {vid for vid, _ in _vnis(device)}
        yield Network(BRIDGE, vlans=(*(port.name for port in own), *routed), vids=tuple(sorted(vids)))
    if device.vtep_ipv4:
        yield from (Network(f"vxlan{vid}", bridge=BRIDGE, pvid=vid) for vid, _ in _vnis(device))
        yield from (
            Network(f"vlan{vrf.l3_vlan}", vrf=vrf_name(vrf.name), source=vrf.source)
            for vrf in _routed_vnis(device)
        )
    yield from (Network(vrf_name(vrf.name), source=vrf.source) for vrf in device.vrfs)
    for vpn in xfrm_tunnels(device):
        yield Network(vpn.interface, addresses=tuple(filter(None, (vpn.ipv4, vpn.ipv6))), source=vpn.source)


def _gateways(device: Device) -> tuple[str, ...]:
    return tuple(filter(None, (device.gateway_ipv4, device.gateway_ipv6)))


def _bridged(device: Device) -> bool:
    return bool(device.vnis) or any(port.mode is PortMode.VLAN for port in device.interfaces)


def _routed_vnis(device: Device) -> list[Vrf]:
    return [vrf for vrf in device.vrfs if vrf.l3_vni and vrf.l3_vlan and device.vtep_ipv4]


def _vnis(device: Device) -> list[tuple[int, int]]:
    """Return (VLAN, VNI) of bridged networks and of routing instances."""
    return [*device.vnis, *((vrf.l3_vlan, vrf.l3_vni) for vrf in _routed_vnis(device))]


def _outer(device: Device) -> str:
    """Return the port that tunnels leave by: towards the outside, else the first without a segment."""
    routed = [port for port in device.interfaces if port.mode in ADDRESSED and port.ipv4]
    outside = [port.name for port in routed if port.zone and not port.segment]
    return next(iter((*outside, *(port.name for port in routed if not port.segment))), "")


def exit_tables(device: Device, prefixes: Sequence[tuple[str, tuple[str, ...]]]) -> list[ExitTable]:
    """Return the tables by which tenants leave over lines of their own, from each tenant's prefixes."""
    best: dict[str, ExitPath] = {}
    for path in device.exits:
        if path.tenant and (path.tenant not in best or path.preference > best[path.tenant].preference):
            best[path.tenant] = path
    users: dict[str, list[str]] = {}
    paths = {path.interface: path for path in best.values()}
    for tenant, own in prefixes:
        if tenant in best:
            users.setdefault(best[tenant].interface, []).extend(own)
    return [
        ExitTable(EXIT_TABLES + port_number(name), paths[name], tuple(users[name])) for name in sorted(users)
    ]
