"""Pass: what a filtering device must let pass for the infrastructure itself; no flow of the plan."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.model import Allowance, Portal, Role, SourceRef

FILTERING = frozenset({Role.PARK_FIREWALL, Role.BOUNDARY, Role.EXIT})
WORDS = {
    "ntp": "time",
    "dns": "names",
    "syslog": "log",
    "radius": "aaa",
    "tacacs": "aaa",
    "snmp-trap": "trap",
}
REASONS = {
    "time": "network time",
    "names": "name resolution",
    "log": "log export",
    "aaa": "decisions about logins",
    "trap": "notifications",
}
IKE_PORTS = (500, 4500)  # RFC 7296, 2.23
BFD_PORTS = (3784, 4784)  # RFC 5881, RFC 5883
BGP_PORT = 179
PORTAL_LANDING = 8910  # where a Linux gateway's web server leads HTTP of new clients on
PORTAL_SERVER = 50100  # of the portal protocol; gateways listen at
PORTAL_DEVICE = {"huawei_vrp": 8001}
PORTAL_DEFAULT = 2000


def allow_infrastructure(draft: Draft) -> None:
    """Name, for each device that filters, the protocols by which the network itself works."""
    for _, device in sorted(draft.devices.items()):
        if device.role in FILTERING:
            found = [*_routing(draft, device), *_tunnels(draft, device), *_plane(device)]
            device.allowances = sorted(found, key=lambda item: item.id)


def _one(
    kind: str,
    direction: str,
    interface: str,
    protocol: str,
    ports: tuple[int, ...],
    source: SourceRef,
    reason: str,
) -> Allowance:
    name = "-".join(filter(None, (kind, interface, direction)))
    return Allowance(name, kind, direction, interface, protocol, ports, (), reason, source)


def _routing(draft: Draft, device: DraftDevice) -> Iterator[Allowance]:
    source = draft.marks.ref("backbone")
    interior = device.igp.protocol if device.igp else "ospf"
    for port in device.ports_by_number():
        if (port.ospf_cost or port.metric) and not port.passive:
            for direction in ("in", "out"):
                if interior == "ospf":  # IS-IS does not run over IP
                    yield _one("ospf", direction, port.name, "ospf", (), source, "routes of the backbone")
                yield _one(
                    "bfd", direction, port.name, "udp", BFD_PORTS, source, "quick detection of a lost link"
                )
        if port.vrrp:
            for direction in ("in", "out"):
                yield _one("vrrp", direction, port.name, "vrrp", (), source, "the gateway's standby")
        yield from _relay(device, port)
        if port.portal:
            yield from portal_allowances(
                device.platform, port.name, port.portal, port.source or device.source
            )
    for neighbor in device.bgp.neighbors if device.bgp else ():
        for direction in ("in", "out"):
            yield Allowance(
                f"bgp-{neighbor.address}-{direction}",
                "bgp",
                direction,
                "",
                "tcp",
                (BGP_PORT,),
                (neighbor.address,),
                f"routes of {neighbor.description}",
                neighbor.source or source,
            )


def _relay(device: DraftDevice, port: DraftPort) -> Iterator[Allowance]:
    if port.dhcp_relay:
        source = port.source or device.source
        for direction in ("in", "out"):
            yield _one(
                "dhcp-relay", direction, port.name, "udp", (67, 547), source, "addresses for endpoints"
            )


def portal_allowances(platform: str, port: str, portal: Portal, source: SourceRef) -> Iterator[Allowance]:
    """Let new clients reach the page of a Linux gateway, else the gateway speak to the portal's server."""
    if platform == "linux":
        pages = tuple(sorted({53, PORTAL_LANDING, portal.port}))
        yield _one("portal", "in", port, "tcp", pages, source, "the page that lets guests in")
        yield _one("portal-client", "in", port, "udp", (53, 67), source, "names and addresses of guests")
        return
    peers = (portal.address,) if portal.address else ()
    listening = PORTAL_DEVICE.get(platform, PORTAL_DEFAULT)
    for direction, number in (("in", listening), ("out", PORTAL_SERVER)):
        name, reason = f"portal-{port}-{direction}", f"decisions of the portal {portal.host}"
        yield Allowance(name, "portal", direction, "", "udp", (number,), peers, reason, source)


def _tunnels(draft: Draft, device: DraftDevice) -> Iterator[Allowance]:
    outer = ",".join(draft.outside_ports(device) or draft.uplinks(device))
    for vpn in device.vpns:
        source, reason = vpn.source or device.source, f"{vpn.purpose} {vpn.id}"
        if vpn.kind == "wireguard":
            yield _one("wireguard", "in", outer, "udp", (vpn.port,), source, reason)
            continue
        for direction in ("in", "out"):
            yield _one("ike", direction, outer, "udp", IKE_PORTS, source, reason)
            yield _one("esp", direction, outer, "esp", (), source, reason)


def _plane(device: DraftDevice) -> Iterator[Allowance]:
    """Let the device reach the servers of its management plane, by its management port."""
    plane = device.plane
    for server in plane.servers if plane else ():
        kind = WORDS.get(server.kind)
        if kind and server.device != device.name:
            yield Allowance(
                f"{kind}-{server.address}-out",
                kind,
                "out",
                "",
                "udp" if server.protocol == "udp" else "tcp",
                (server.port,),
                (server.address,),
                REASONS[kind],
                plane.source if plane else device.source,
            )
