"""Pass: a routing instance for each tenant, hop by hop (RFC 4364, 10) or over EVPN-VXLAN (RFC 8365, 9136).

Every instance of a tenant imports what the shared one exports, and the shared one what they export: tenants
reach the park's services and the exits through the park firewall, and each other only where the plan
interconnects them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from parkops.design.addressing import point_to_point
from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.design.numbers import base
from parkops.design.roles import BACKBONE
from parkops.design.routing import ends, originate, own_as, session, speak_bgp, standbys
from parkops.model import BgpNeighbor, Link, PortMode, Role, SourceRef, Vrf
from parkops.platforms import loopback_name, subinterface_name

SHARED, PUBLIC = "shared", "public"
HUB, SPOKES = 1, 2  # route targets: what all import from the shared instance, and it from all
MAC = "02:00:5e:00:01:01"  # of anycast gateways, locally administered
MULTIHOP = 3


@dataclass(frozen=True, slots=True)
class Instance:
    """A routing instance of the park."""

    vrf: Vrf
    number: int


def build_overlay(draft: Draft) -> None:
    """Build the overlay that the plan names; none keeps one routing table."""
    kind = draft.plan.backbone.overlay
    if kind == "none":
        return
    instances = _instances(draft)
    draft.vrfs = [instance.vrf for _, instance in sorted(instances.items())]
    attached = _attach(draft, instances)
    _bridge(draft, attached)
    if kind == "vrf":
        everywhere = {device.name for device in draft.devices.values() if device.role in BACKBONE}
        attached = {name: set(instances) for name in everywhere}
        _hop_by_hop(draft, instances)
    else:
        _evpn(draft, attached)
    for name, found in sorted(attached.items()):
        _carry(draft, draft.devices[name], [instances[key] for key in sorted(found)])


def _instances(draft: Draft) -> dict[str, Instance]:
    plan, marks = draft.plan, draft.marks
    rows = {SHARED: ("", marks.ref("backbone", "overlay"))}
    rows.update({name: (name, marks.ref("tenants", name)) for name in plan.tenants})
    for site in draft.sites:
        for name, segment in sorted(site.plan.segments.items()) if site.fabric else ():
            source = marks.ref(*site.path, "segments", name, "zone")
            rows.setdefault(segment.zone, (site.tenant, source))
    if plan.public.mode == "own":
        rows[PUBLIC] = ("", marks.ref("public", "mode"))
    friends: dict[str, set[str]] = {name: set() for name in rows}
    for interconnect in plan.interconnects.values():
        a, b = interconnect.between
        friends[a].add(b)
        friends[b].add(a)
    numbers = {name: draft.allocator.take("vrfs", name, first=11, last=4000) for name in sorted(rows)}
    return {
        name: Instance(_vrf(draft, name, tenant, source, numbers, friends[name]), numbers[name])
        for name, (tenant, source) in sorted(rows.items())
    }


def _vrf(
    draft: Draft, name: str, tenant: str, source: SourceRef, numbers: dict[str, int], friends: set[str]
) -> Vrf:
    asn, pools = draft.plan.backbone.asn, draft.plan.pools

    def targets(*found: int) -> tuple[str, ...]:
        return tuple(f"{asn}:{number}" for number in found)

    own = numbers[name]
    imports = (own, SPOKES) if name == SHARED else (own, HUB, *(numbers[item] for item in sorted(friends)))
    vrf = Vrf(
        name,
        tenant,
        f"{asn}:{own}",
        targets(*imports),
        targets(own, HUB if name == SHARED else SPOKES),
        source,
    )
    if draft.plan.backbone.overlay == "vrf":
        return vrf
    vni = draft.allocator.take("vnis", f"vrf/{name}", first=pools.vnis.first, last=pools.vnis.last)
    vlan = draft.allocator.take("vlans", f"vrf/{name}", first=pools.vlans.first, last=pools.vlans.last)
    return replace(vrf, l3_vni=vni, l3_vlan=vlan)


def _attach(draft: Draft, instances: dict[str, Instance]) -> dict[str, set[str]]:
    """Put the links of firewalls into their instances with eBGP; return what each router carries."""
    plan, standby = draft.plan.backbone, standbys(draft)
    carried: dict[str, set[str]] = {}
    for _, link in sorted(draft.links.items()):
        device = draft.devices[link.b_device]
        if link.kind != "backbone" or device.role in BACKBONE:
            continue
        router, name = draft.devices[link.a_device], _instance_of(device)
        inner, outer = ends(draft, link)
        inner.vrf = name
        carried.setdefault(router.name, {SHARED}).add(name)
        source = instances[name].vrf.source
        key, prepend = plan.keys.bgp or "", 1 if device.name in standby else 0
        to_device = session(inner, outer, own_as(draft, device), source=source, bfd=plan.bfd, key=key)
        to_router = session(
            outer, inner, router_as(draft, router), source=source, bfd=plan.bfd, key=key, prepend=prepend
        )
        speak_bgp(draft, router, router_as(draft, router), to_device)
        speak_bgp(draft, device, own_as(draft, device), to_router)
        originate(draft, device, default=device.role is Role.PARK_FIREWALL)
    return carried


def _bridge(draft: Draft, carried: dict[str, set[str]]) -> None:
    """Put the anycast gateways into their instances, and stretch their segments over VXLAN."""
    for _, device in sorted(draft.devices.items()):
        for port in device.ports.values() if device.role in BACKBONE else ():
            if port.mode is not PortMode.VLAN:
                continue
            segment = draft.segments[port.segment]
            port.vrf = segment.vrf
            device.vlans[segment.vlan] = segment.id
            device.vnis[segment.vlan] = segment.vni
            carried.setdefault(device.name, {SHARED}).add(segment.vrf)


def _instance_of(device: DraftDevice) -> str:
    if device.role is Role.PARK_FIREWALL:
        return SHARED
    return device.tenant or PUBLIC


def router_as(draft: Draft, router: DraftDevice) -> int:
    """Return a backbone router's AS: its own where eBGP runs hop by hop, else that of the backbone."""
    plan = draft.plan.backbone
    return own_as(draft, router) if plan.overlay == "vrf" or plan.igp == "bgp" else plan.asn


def _carry(draft: Draft, router: DraftDevice, instances: list[Instance]) -> None:
    for instance in instances:
        router.vrfs.append(replace(instance.vrf, rd=f"{router.router_id}:{instance.number}"))
        router.need("vrf", instance.vrf.source)
        if router.bgp:
            redistribute = (*router.bgp.redistribute, (instance.vrf.name, "connected"))
            router.bgp = replace(router.bgp, redistribute=tuple(dict.fromkeys(redistribute)))


def _hop_by_hop(draft: Draft, instances: dict[str, Instance]) -> None:
    """Give every link of the backbone a subinterface for each instance, with eBGP over it."""
    for _, link in sorted(draft.links.items()):
        a, b = draft.devices[link.a_device], draft.devices[link.b_device]
        if link.kind == "backbone" and {a.role, b.role} <= BACKBONE:
            for name, instance in sorted(instances.items()):
                _hop(draft, link, name, instance)


def _hop(draft: Draft, link: Link, name: str, instance: Instance) -> None:
    plan = draft.plan.backbone
    devices = draft.devices[link.a_device], draft.devices[link.b_device]
    inner = [
        _subinterface(draft, device, port, name, instance)
        for device, port in zip(devices, ends(draft, link), strict=True)
    ]
    point_to_point(draft, f"{link.id}:{name}", *inner)
    for device, other, port, peer in zip(devices, devices[::-1], inner, inner[::-1], strict=True):
        found = session(
            port,
            peer,
            router_as(draft, other),
            source=instance.vrf.source,
            bfd=plan.bfd,
            key=plan.keys.bgp or "",
        )
        speak_bgp(draft, device, router_as(draft, device), found)


def _subinterface(
    draft: Draft, device: DraftDevice, port: DraftPort, name: str, instance: Instance
) -> DraftPort:
    called = subinterface_name(draft.platform(device), port.name, instance.number)
    inner = DraftPort(
        called,
        PortMode.ROUTED,
        f"{name} {port.description}",
        peer_device=port.peer_device,
        pvid=instance.number,
        vrf=name,
        parent=port.name,
        rate_mbps=port.rate_mbps,
        source=instance.vrf.source,
    )
    device.ports[called] = inner
    device.need("subinterface", instance.vrf.source)
    return inner


def _evpn(draft: Draft, attached: dict[str, set[str]]) -> None:
    """Give the routers that carry instances VXLAN tunnels, and EVPN through route reflectors."""
    source = draft.marks.ref("backbone", "overlay")
    edges = [draft.devices[name] for name in sorted(attached)]
    for device in edges:
        device.vtep_ipv4, device.anycast_mac = device.router_id, MAC
        device.need("evpn-vxlan", source)
    roles = (Role.SPINE,) if draft.plan.backbone.kind == "spine-leaf" else (Role.CORE,)
    reflectors = [device for _, device in sorted(draft.devices.items()) if device.role in roles]
    for reflector in reflectors:
        reflector.need("evpn-vxlan", source)
        for edge in edges:
            if edge.role not in roles:
                _evpn_session(draft, reflector, edge, client=True)
                _evpn_session(draft, edge, reflector, client=False)
        for other in reflectors:
            if other is not reflector and draft.plan.backbone.igp != "bgp":
                _evpn_session(draft, reflector, other, client=False)
        if reflector.bgp and draft.plan.backbone.igp != "bgp":
            reflector.bgp = replace(reflector.bgp, cluster_id=reflector.router_id)


def _evpn_session(draft: Draft, device: DraftDevice, other: DraftDevice, *, client: bool) -> None:
    plan = draft.plan.backbone
    exterior = plan.igp == "bgp"
    neighbor = BgpNeighbor(
        base(other.loopback_ipv4),
        router_as(draft, other),
        other.name,
        ("evpn",),
        update_source=loopback_name(draft.platform(device)),
        reflector_client=client and not exterior,
        ebgp_multihop=MULTIHOP if exterior else 0,
        password=plan.keys.bgp or "",
        source=draft.marks.ref("backbone", "overlay"),
    )
    speak_bgp(draft, device, router_as(draft, device), [neighbor])
