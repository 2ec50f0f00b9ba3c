"""Pass: interior routing of the backbone: OSPF, IS-IS, or eBGP on every link of a fabric (RFC 7938)."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.design.numbers import base
from parkops.design.roles import BACKBONE, FIREWALLS
from parkops.model import Bgp, BgpNeighbor, Igp, Link, PortMode, Role, SourceRef
from parkops.plan import names

COST, STANDBY_COST = 10, 100  # the second of a pair of firewalls is the longer way in
ISIS_AREA = "49.0001"


def route(draft: Draft) -> None:
    """Give every router its interior protocol, and BGP where the plan has it in its place."""
    if draft.plan.backbone.igp == "bgp":
        _fabric(draft)
        return
    for device in _members(draft):
        _igp(draft, device)
    standby = standbys(draft)
    for link in _links(draft):
        cost = STANDBY_COST if standby & {link.a_device, link.b_device} else COST
        for port in ends(draft, link):
            _speak(draft, port, cost)


def ends(draft: Draft, link: Link) -> tuple[DraftPort, DraftPort]:
    """Return the two ports of a link."""
    a, b = draft.devices[link.a_device], draft.devices[link.b_device]
    return a.ports[link.a_interface], b.ports[link.b_interface]


def own_as(draft: Draft, device: DraftDevice) -> int:
    """Return the AS of a device that speaks eBGP to its neighbours; devices of one pair share theirs."""
    plan, key = draft.plan, device.name
    if device.role is Role.BOUNDARY:
        tenant = plan.tenants.get(device.tenant)
        if tenant and tenant.asn:
            return tenant.asn
        key = device.tenant or "public"
    elif device.role is Role.SPINE:
        key = "spines"
    elif device.role is Role.PARK_FIREWALL:
        key = "firewall"
    elif device.role is Role.EXIT:
        if plan.backbone.exit.asn:
            return plan.backbone.exit.asn
        key = "exits"
    pool = plan.pools.asns
    return draft.allocator.take("asns", key, first=pool.first, last=pool.last)


def session(
    port: DraftPort,
    peer: DraftPort,
    remote_as: int,
    *,
    source: SourceRef,
    bfd: bool,
    key: str = "",
    prepend: int = 0,
) -> list[BgpNeighbor]:
    """Return the IPv4 and the IPv6 session with the other end of a link."""
    return [
        BgpNeighbor(
            base(address),
            remote_as,
            port.peer_device,
            (family,),
            vrf=port.vrf,
            password=key,
            bfd=bfd,
            prepend=prepend,
            source=source,
        )
        for address, family in ((peer.ipv4, "ipv4"), (peer.ipv6, "ipv6"))
    ]


def speak_bgp(draft: Draft, device: DraftDevice, asn: int, neighbors: list[BgpNeighbor]) -> None:
    """Add sessions to a device's BGP instance."""
    old = device.bgp or Bgp(asn, device.router_id, ())
    device.bgp = Bgp(
        old.asn,
        old.router_id,
        (*old.neighbors, *neighbors),
        old.networks,
        old.cluster_id,
        old.redistribute,
    )
    device.need("bgp", draft.marks.ref("backbone", "overlay" if device.igp else "igp"))


def standbys(draft: Draft) -> frozenset[str]:
    """Return the second device of every pair of firewalls."""
    return frozenset(_standbys(draft))


def _standbys(draft: Draft) -> Iterator[str]:
    plan = draft.plan
    tenants = (names.boundaries(tenant) for tenant in plan.tenants.values())
    for devices in (names.firewalls(plan), names.public_gateways(plan), *tenants):
        yield from devices[1:]


def _members(draft: Draft) -> Iterator[DraftDevice]:
    """Yield the routers of the interior protocol; with an overlay, boundaries stay outside of it."""
    inner = BACKBONE if draft.plan.backbone.overlay != "none" else BACKBONE | FIREWALLS
    for _, device in sorted(draft.devices.items()):
        if device.role in inner:
            yield device


def _links(draft: Draft) -> Iterator[Link]:
    members = {device.name for device in _members(draft)}
    for _, link in sorted(draft.links.items()):
        if link.kind == "backbone" and {link.a_device, link.b_device} <= members:
            yield link


def _igp(draft: Draft, device: DraftDevice) -> None:
    plan = draft.plan.backbone
    announces = device.role is Role.PARK_FIREWALL
    device.igp = Igp(
        plan.igp,
        net=_net(device) if plan.igp == "isis" else "",
        key=plan.keys.igp or "",
        bfd=plan.bfd,
        default_route=announces,
    )
    source = draft.marks.ref("backbone", "igp")
    device.need(plan.igp, source)
    if plan.bfd:
        device.need("bfd", source)
    for port in device.ports.values():
        if port.segment and port.mode is PortMode.ROUTED:
            port.metric, port.passive = COST, True


def _net(device: DraftDevice) -> str:
    """Return a network entity title with the router id as its system id (RFC 1195 by custom)."""
    digits = "".join(part.zfill(3) for part in device.router_id.split("."))
    return f"{ISIS_AREA}.{digits[:4]}.{digits[4:8]}.{digits[8:]}.00"


def _speak(draft: Draft, port: DraftPort, cost: int) -> None:
    port.metric = cost
    if draft.plan.backbone.igp == "ospf":
        port.ospf_cost = cost


def _fabric(draft: Draft) -> None:
    """Run eBGP on every link; each leaf and each boundary is an AS, all spines are one."""
    plan, source = draft.plan.backbone, draft.marks.ref("backbone", "igp")
    overlay, standby = plan.overlay != "none", standbys(draft)
    for _, link in sorted(draft.links.items()):
        if link.kind != "backbone":
            continue
        pair = draft.devices[link.a_device], draft.devices[link.b_device]
        if overlay and not {device.role for device in pair} <= BACKBONE:
            continue  # the overlay takes boundaries in
        for port, peer, device, other in zip(
            ends(draft, link), ends(draft, link)[::-1], pair, pair[::-1], strict=True
        ):
            prepend = 1 if device.name in standby else 0
            found = session(
                port,
                peer,
                own_as(draft, other),
                source=source,
                bfd=plan.bfd,
                key=plan.keys.bgp or "",
                prepend=prepend,
            )
            speak_bgp(draft, device, own_as(draft, device), found)
    for device in _members(draft):
        originate(draft, device, default=device.role is Role.PARK_FIREWALL)
        if plan.bfd:
            device.need("bfd", source)


def originate(draft: Draft, device: DraftDevice, *, default: bool, vrf: str = "") -> None:
    """Announce a router's own prefixes, and the default route where it leads out."""
    asn = own_as(draft, device)
    old = device.bgp or Bgp(asn, device.router_id, ())
    networks = [*old.networks]
    if not vrf:
        networks += [("", device.loopback_ipv4), ("", device.loopback_ipv6)]
    if default:
        networks += [(vrf, "0.0.0.0/0"), (vrf, "::/0")]
    redistribute = [*old.redistribute]
    if device.role in FIREWALLS or vrf:
        redistribute.append((vrf, "connected"))
    device.bgp = Bgp(
        old.asn,
        old.router_id,
        old.neighbors,
        tuple(dict.fromkeys(networks)),
        old.cluster_id,
        tuple(dict.fromkeys(redistribute)),
    )
