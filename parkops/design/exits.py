"""Pass: the ways out: operators' lines and the choice of them, translation, published services."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.design.numbers import base, first, v4, v6
from parkops.design.routing import originate, own_as, session, speak_bgp
from parkops.model import BgpNeighbor, ExitPath, Nat, PortMode, Segment, SourceRef, StaticRoute, Vpn
from parkops.plan import names
from parkops.plan.schema import CircuitPlan, LeasedLinePlan

FAR, NEAR = 1, 2  # of a transfer network the operator is .1, the park .2
DEFAULTS = ("0.0.0.0/0", "::/0")
BEST, STEP = 200, 10  # preference of the first choice, and how much less the next one has
LAST_RESORT = 250  # administrative distance of what keeps an aggregate announced
SPECIAL = tuple(  # RFC 6890: where a line's own address lies here, the filter would drop the line
    ip_network(prefix)
    for prefix in (
        *("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("2001:db8::/32", "fc00::/7"),
    )
)


@dataclass(frozen=True, slots=True)
class Line:
    """A circuit where it ends."""

    id: str
    plan: CircuitPlan
    device: DraftDevice
    port: DraftPort
    far4: str
    far6: str
    source: SourceRef


def lead_out(draft: Draft) -> None:
    """Address the lines, choose between them, translate, publish, and connect tenants' leased lines."""
    lines = _lines(draft)
    zone = external_zone(draft)
    for line in lines:
        _guard(draft, line, zone)
    _routers(draft, zone, {line.device.name for line in lines if not line.plan.asn})
    _choose(draft, lines)
    _translate(draft, lines)
    _publish(draft, lines)
    for tenant_id in sorted(draft.plan.tenants):
        for line_id in sorted(draft.plan.tenants[tenant_id].leased_lines):
            _leased(draft, tenant_id, line_id)


def external_zone(draft: Draft) -> str:
    """Return the zone outside the park, "" where the plan has none."""
    return min((name for name, zone in draft.plan.zones.items() if zone.kind == "external"), default="")


def _lines(draft: Draft) -> list[Line]:
    plan = draft.plan.backbone.exit
    outer = {link.b_device: link for link in draft.links.values() if link.kind == "exit"}
    found = []
    for circuit, far in names.outside(draft.plan).items():
        line, link = plan.circuits[circuit], outer[far]
        net4, net6 = line.ipv4 or plan.outside_ipv4, line.ipv6 or plan.outside_ipv6
        device, beyond = draft.devices[link.a_device], draft.devices[far]
        port = device.ports[link.a_interface]
        _transfer(port, net4, net6, NEAR)
        _transfer(beyond.ports[link.b_interface], net4, net6, FAR)
        beyond.gateway_ipv4, beyond.gateway_ipv6 = v4(first(net4) + NEAR), v6(first(net6) + NEAR)
        source = draft.marks.ref("backbone", "exit", "circuits", circuit)
        far4, far6 = v4(first(net4) + FAR), v6(first(net6) + FAR)
        found.append(Line(circuit, line, device, port, far4, far6, source))
    return found


def _transfer(port: DraftPort, net4: IPv4Network, net6: IPv6Network, number: int) -> None:
    port.mode = PortMode.ROUTED
    port.ipv4, port.ipv6 = (
        f"{v4(first(net4) + number)}/{net4.prefixlen}",
        f"{v6(first(net6) + number)}/{net6.prefixlen}",
    )


def _guard(draft: Draft, line: Line, zone: str) -> None:
    """Filter what cannot come from outside, and let the far end be outside."""
    plan, device = draft.plan.backbone.exit, line.device
    line.port.zone = zone
    beyond = draft.devices[line.port.peer_device]
    for port in beyond.ports.values():
        port.zone = zone
    explicit = draft.marks.ref("backbone", "exit")
    line.port.urpf = "" if plan.urpf == "none" else plan.urpf
    own = IPv4Network(line.port.ipv4, strict=False)
    possible = not any(special.version == 4 and own.subnet_of(special) for special in SPECIAL)
    line.port.bogons = possible if plan.bogons is None else plan.bogons
    if "urpf" in plan.model_fields_set and line.port.urpf:
        device.need("urpf", explicit)
    if plan.bogons:
        device.need("bogon-filter", explicit)


def _routers(draft: Draft, zone: str, static: Set[str]) -> None:
    """Let the park firewalls learn the ways out from the exit routers, and tell them what is inside.

    A router with a static line (``static``) originates the default route; others pass on what they learn.
    """
    plan = draft.plan
    routers, firewalls = names.exits(plan), names.firewalls(plan)
    source = draft.marks.ref("backbone", "exit", "routers")
    bfd, key = plan.backbone.bfd, plan.backbone.keys.bgp or ""
    for link in [item for _, item in sorted(draft.links.items()) if item.kind == "exit"]:
        if link.b_device not in routers:
            continue
        firewall, router = draft.devices[link.a_device], draft.devices[link.b_device]
        inner, outer = firewall.ports[link.a_interface], router.ports[link.b_interface]
        inner.zone = outer.zone = zone
        prepend = 1 if firewall.name in firewalls[1:] else 0
        up = session(inner, outer, own_as(draft, router), source=source, bfd=bfd, key=key, prepend=prepend)
        rank = routers.index(router.name)
        up = [replace(item, local_preference=BEST - STEP * rank) for item in up]
        down = session(outer, inner, own_as(draft, firewall), source=source, bfd=bfd, key=key)
        speak_bgp(draft, firewall, own_as(draft, firewall), up)
        speak_bgp(draft, router, own_as(draft, router), down)
    for name in routers:
        originate(draft, draft.devices[name], default=name in static)
    for name in firewalls if routers else ():
        _announce(
            draft, draft.devices[name], [str(plan.pools.segments.ipv4), str(plan.pools.segments.ipv6)], source
        )


def _announce(draft: Draft, device: DraftDevice, prefixes: list[str], source: SourceRef) -> None:
    """Originate aggregates, each kept alive by a route that discards."""
    if device.bgp is None:
        return
    networks = dict.fromkeys((*device.bgp.networks, *(("", prefix) for prefix in prefixes)))
    device.bgp = replace(device.bgp, networks=tuple(networks))
    for prefix in prefixes:
        device.statics.append(
            StaticRoute(prefix, "discard", distance=LAST_RESORT, description="aggregate", source=source)
        )


def _ranked(draft: Draft, lines: list[Line], tenant: str) -> Iterator[tuple[Line, int]]:
    """Yield each line with its preference for a tenant: its own order, else distance or price, else alike."""
    policy = draft.plan.backbone.exit.policy
    own = policy.tenants.get(tenant, ())
    if own:
        order = {name: index for index, name in enumerate(own)}
        for line in lines:
            yield line, BEST - STEP * order.get(line.id, len(own))
        return
    if policy.select == "load":
        yield from ((line, BEST) for line in lines)
        return
    values = {
        line.id: line.plan.distance if policy.select == "distance" else line.plan.price for line in lines
    }
    ranks = {value: rank for rank, value in enumerate(sorted(set(values.values())))}
    for line in lines:
        yield line, BEST - STEP * ranks[values[line.id]]


def _choose(draft: Draft, lines: list[Line]) -> None:
    """State the ways out, best first; the default routes and sessions follow the choice for all."""
    plan = draft.plan.backbone.exit
    total = sum(line.plan.bandwidth_mbps for line in lines)
    source = draft.marks.ref("backbone", "exit", "policy")
    for tenant in ("", *sorted(plan.policy.tenants)):
        for line, preference in _ranked(draft, lines, tenant):
            prefixes = tuple(str(network) for network in line.plan.networks)
            path = ExitPath(
                line.id,
                tenant,
                line.device.name,
                line.port.name,
                line.far4,
                line.far6,
                preference,
                max(1, round(100 * line.plan.bandwidth_mbps / total)),
                prefixes,
                source,
            )
            draft.exits.append(path)
            line.device.exits.append(path)
            if plan.policy.tenants:
                line.device.need("exit-policy", source)
    seen: set[str] = set()
    for line, preference in _ranked(draft, lines, ""):
        if line.port.name + line.device.name not in seen:  # lines that share a port share its way
            seen.add(line.port.name + line.device.name)
            _way(draft, line, preference)


def _way(draft: Draft, line: Line, preference: int) -> None:
    """Lead out over a line: by BGP where the operator speaks it, else by static routes."""
    plan, device = draft.plan.backbone.exit, line.device
    if not device.gateway_ipv4:
        device.gateway_ipv4, device.gateway_ipv6 = line.far4, line.far6
    networks = [str(network) for network in line.plan.networks]
    if line.plan.asn:
        neighbors = [
            BgpNeighbor(
                address,
                line.plan.asn,
                line.plan.operator,
                (family,),
                password=line.plan.key or "",
                local_preference=preference,
                prepend=(BEST - preference) // STEP,
                max_prefixes=1_000_000,
                source=line.source,
                announces=tuple(str(item) for item in plan.announce if f"ipv{item.version}" == family),
            )
            for address, family in ((line.far4, "ipv4"), (line.far6, "ipv6"))
        ]
        speak_bgp(draft, device, own_as(draft, device), neighbors)
        _announce(draft, device, [str(prefix) for prefix in plan.announce], line.source)
        return
    distance = 1 + (BEST - preference) // STEP
    for prefix in (*DEFAULTS, *networks):
        hop = line.far6 if ":" in prefix else line.far4
        at = distance if prefix in DEFAULTS else 1
        device.statics.append(StaticRoute(prefix, hop, "", at, line.plan.operator, line.source))


def _translate(draft: Draft, lines: list[Line]) -> None:
    if not draft.plan.backbone.exit.nat:
        return
    inside = str(draft.plan.pools.segments.ipv4)
    for line in lines:
        device, name = line.device, f"exit-{line.port.name}"
        device.masquerade_interface = device.masquerade_interface or line.port.name
        if all(nat.id != name for nat in device.nats):
            reason = f"out over {line.plan.operator}"
            device.nats.append(
                Nat(name, "source", line.port.name, inside, "interface", reason=reason, source=line.source)
            )
            device.need("nat", line.source)


def _publish(draft: Draft, lines: list[Line]) -> None:
    """Let published services be reached at the lines' own addresses, or at an address of the park's own."""
    for name, plan in sorted(draft.plan.published.items()):
        source = draft.marks.ref("published", name)
        protocol, _, port = plan.service.partition("/")
        server = next(item for item in draft.devices[plan.to].ports.values() if item.ipv4)
        for device, port_name in dict.fromkeys((line.device.name, line.port.name) for line in lines):
            draft.devices[device].nats.append(
                Nat(
                    f"published-{name}",
                    "destination",
                    port_name,
                    base(server.ipv4),
                    plan.address or "interface",
                    protocol,
                    int(port),
                    plan.inside_port or int(port),
                    plan.reason,
                    source,
                )
            )
            draft.devices[device].need("nat", source)


def _leased(draft: Draft, tenant_id: str, line_id: str) -> None:
    """Connect a tenant's private line to its boundary: a link with its routes, in a tunnel where asked."""
    tenant = draft.plan.tenants[tenant_id]
    line = tenant.leased_lines[line_id]
    if not (line.ipv4 or line.ipv6):
        return
    source = draft.marks.ref("tenants", tenant_id, "leased_lines", line_id)
    link = draft.links[f"{names.boundaries(tenant)[0]}--{line_id}"]
    device, far = draft.devices[link.a_device], draft.devices[line_id]
    ends = device.ports[link.a_interface], far.ports[link.b_interface]
    for port, number in zip(ends, (NEAR, FAR), strict=True):
        port.mode, port.source, port.description = PortMode.ROUTED, source, f"{line_id} {line.operator}"
        port.ipv4 = f"{v4(first(line.ipv4) + number)}/{line.ipv4.prefixlen}" if line.ipv4 else ""
        port.ipv6 = f"{v6(first(line.ipv6) + number)}/{line.ipv6.prefixlen}" if line.ipv6 else ""
    far.gateway_ipv4, far.gateway_ipv6 = base(ends[0].ipv4), base(ends[0].ipv6)
    for network in line.networks:
        hop = ends[1].ipv6 if network.version == 6 else ends[1].ipv4
        device.statics.append(StaticRoute(str(network), base(hop), "", 1, line.operator, source))
    device.need("static", source)
    if line.zone:
        _beyond(draft, tenant_id, line_id, line, *ends)
    if line.tunnel == "ipsec":
        _tunnel(draft, device, tenant_id, line_id, line, source)


def _beyond(
    draft: Draft, tenant_id: str, line_id: str, line: LeasedLinePlan, near: DraftPort, far: DraftPort
) -> None:
    """Make the line's far end, and each network behind it, a segment of its zone, so that flows name it."""
    source = draft.marks.ref("tenants", tenant_id, "leased_lines", line_id, "zone")
    zone, device = line.zone or "", far.peer_device
    near.zone = far.zone = zone
    far.segment = f"line.{tenant_id}.{line_id}"
    prefixes = {far.segment: (str(line.ipv4 or ""), str(line.ipv6 or ""))}
    for network in line.networks:
        both = ("", str(network)) if network.version == 6 else (str(network), "")
        prefixes[f"{far.segment}.{network}"] = both
    for segment_id, (ipv4, ipv6) in prefixes.items():
        draft.segments[segment_id] = Segment(
            segment_id,
            zone,
            0,
            ipv4,
            ipv6,
            device,
            near.name,
            tenant_id,
            f"{line_id} {line.operator}",
            source,
            purpose="leased-line",
        )


def _tunnel(
    draft: Draft, device: DraftDevice, tenant: str, line_id: str, line: LeasedLinePlan, source: SourceRef
) -> None:
    segments = tuple(sorted(item.id for item in draft.segments.values() if item.tenant == tenant))
    ipv4, ipv6 = (str(item) if item else "" for item in (line.ipv4, line.ipv6))
    peer = v4(first(line.ipv4) + FAR) if line.ipv4 else v6(first(line.ipv6) + FAR) if line.ipv6 else ""
    vpn = Vpn(
        line_id,
        "ipsec",
        device.name,
        "site-to-site",
        tenant,
        500,
        ipv4,
        ipv6,
        segments,
        line.key or "",
        ((line_id, line.peer or "", peer),),
        "certificate" if line.peer else "key",
        source=source,
    )
    device.vpns.append(vpn)
    draft.vpns.append(vpn)
    device.need("ipsec", source)
