"""Pass: people who work from elsewhere: tunnels that a boundary or the park firewall ends."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice
from parkops.design.numbers import base, first, v4, v6
from parkops.model import Nat, Segment, SourceRef, Vpn
from parkops.plan import names
from parkops.plan.schema import RemoteAccessPlan

PORTS = {"wireguard": 51820, "ipsec": 500}
IKE_NAT = 4500  # RFC 7296, 2.23
TUNNELS = {"wireguard": "wg", "ipsec": "ipsec"}
CLIENTS = 254  # of one remote access, a /24 less the device's own address


def add_remote_access(draft: Draft) -> None:
    """Give every remote access its prefixes, its users' addresses, its tunnel, and a way in from outside."""
    plan = draft.plan
    for tenant, name, access in names.remote_accesses(plan):
        path = (*(("tenants", tenant) if tenant else ()), "remote_access", name)
        devices = names.boundaries(plan.tenants[tenant]) if tenant else names.firewalls(plan)
        number = _number(draft, f"{tenant or 'park'}.{name}")
        for device in devices:
            _add(draft, draft.devices[device], tenant, name, access, draft.marks.ref(*path), number)
        if tenant:
            _lead_in(draft, f"{tenant}.{name}", access, draft.vpns[-1])


def _number(draft: Draft, vpn_id: str) -> int:
    pool = draft.plan.pools.vpn
    assert pool is not None  # the plan's checks have told
    last = min(2 ** (24 - pool.ipv4.prefixlen), 2 ** (64 - pool.ipv6.prefixlen)) - 1
    return draft.allocator.take("vpn", vpn_id, first=0, last=last)


def _add(
    draft: Draft,
    device: DraftDevice,
    tenant: str,
    name: str,
    access: RemoteAccessPlan,
    source: SourceRef,
    number: int,
) -> None:
    pool, vpn_id = draft.plan.pools.vpn, f"{tenant or 'park'}.{name}"
    assert pool is not None
    net4, net6 = first(pool.ipv4) + (number << 8), first(pool.ipv6) + (number << 64)
    peers = []
    for user, plan in sorted(access.users.items()):
        host = draft.allocator.take(f"vpn/{vpn_id}", user, first=2, last=CLIENTS)
        peers.append((user, plan.identity, f"{v4(net4 + host)}/32,{v6(net6 + host)}/128"))
    prefix = f"{tenant}." if tenant else ""
    tunnel = draft.allocator.take(f"tunnels/{device.name}", vpn_id, first=0, last=999)
    vpn = Vpn(
        vpn_id,
        access.kind,
        device.name,
        "remote-access",
        tenant,
        access.port or PORTS[access.kind],
        f"{v4(net4)}/24",
        f"{v6(net6)}/64",
        tuple(prefix + segment for segment in access.segments),
        access.key,
        tuple(peers),
        access.auth,
        access.idle_s,
        source,
        f"{TUNNELS[access.kind]}{tunnel}",
        access.owner or tenant,
    )
    device.vpns.append(vpn)
    draft.vpns.append(vpn)
    device.need(access.kind, source)
    device.need("remote-access", source)
    if access.auth == "radius":
        device.need("aaa", source)
    _users(draft, vpn, access, source)


def _users(draft: Draft, vpn: Vpn, access: RemoteAccessPlan, source: SourceRef) -> None:
    """Make the users of a remote access a segment of their zone, so that flows say what they may do."""
    segment_id = f"vpn.{vpn.id}"
    if segment_id not in draft.segments:
        draft.segments[segment_id] = Segment(
            segment_id,
            access.zone,
            0,
            vpn.ipv4,
            vpn.ipv6,
            vpn.device,
            vpn.interface,
            vpn.tenant,
            access.reason,
            source,
            purpose="remote-access",
        )


def _lead_in(draft: Draft, vpn_id: str, access: RemoteAccessPlan, vpn: Vpn) -> None:
    """Translate what comes from outside for a tenant's remote access; WireGuard has a port of its own."""
    source = vpn.source
    assert source is not None
    segment = draft.segments[vpn.segments[0]]
    inside = base(next(port.ipv4 for _, port in draft.gateways(segment.id)))
    virtual = next((item.ipv4 for _, port in draft.gateways(segment.id) for item in port.vrrp), inside)
    ports = [(vpn.port, vpn.port)]
    if access.kind == "wireguard":
        lowest = PORTS["wireguard"]
        outside = draft.allocator.take("vpn-ports", vpn_id, first=lowest, last=lowest + 4000)
        ports = [(outside, vpn.port)]
    else:
        ports.append((IKE_NAT, IKE_NAT))
    for path in [item for item in draft.exits if not item.tenant]:
        for outer, inner in ports:
            nat = Nat(
                f"vpn-{vpn_id}-{outer}",
                "destination",
                path.interface,
                virtual,
                access.address or "interface",
                "udp",
                outer,
                inner,
                access.reason,
                source,
            )
            if nat not in draft.devices[path.device].nats:
                draft.devices[path.device].nats.append(nat)
