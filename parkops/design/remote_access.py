"""Pass: people who work from elsewhere: tunnels that a boundary or the park firewall ends."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice
from parkops.design.numbers import first, v4, v6
from parkops.model import Vpn
from parkops.plan import names
from parkops.plan.schema import RemoteAccessPlan

PORTS = {"wireguard": 51820, "ipsec": 500}
CLIENTS = 254  # of one remote access, a /24 less the device's own address


def add_remote_access(draft: Draft) -> None:
    """Give every remote access its prefixes, its users' addresses, and its device."""
    plan = draft.plan
    for name, access in sorted(plan.remote_access.items()):
        for device in names.firewalls(plan):
            _add(draft, draft.devices[device], "", name, access, ("remote_access", name))
    for tenant_id, tenant in sorted(plan.tenants.items()):
        for name, access in sorted(tenant.remote_access.items()):
            path = ("tenants", tenant_id, "remote_access", name)
            for device in names.boundaries(tenant):
                _add(draft, draft.devices[device], tenant_id, name, access, path)


def _add(
    draft: Draft, device: DraftDevice, tenant: str, name: str, access: RemoteAccessPlan, path: tuple[str, ...]
) -> None:
    pool = draft.plan.pools.vpn
    if pool is None:
        return  # told by the plan's checks
    vpn_id, source = f"{tenant or 'park'}.{name}", draft.marks.ref(*path)
    last = min(2 ** (24 - pool.ipv4.prefixlen), 2 ** (64 - pool.ipv6.prefixlen)) - 1
    number = draft.allocator.take("vpn", vpn_id, first=0, last=last)
    net4, net6 = first(pool.ipv4) + (number << 8), first(pool.ipv6) + (number << 64)
    peers = []
    for user, plan in sorted(access.users.items()):
        host = draft.allocator.take(f"vpn/{vpn_id}", user, first=2, last=CLIENTS)
        peers.append((user, plan.identity, f"{v4(net4 + host)}/32,{v6(net6 + host)}/128"))
    prefix = f"{tenant}." if tenant else ""
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
    )
    device.vpns.append(vpn)
    draft.vpns.append(vpn)
    device.need(access.kind, source)
    if access.auth == "radius":
        device.need("aaa", source)
