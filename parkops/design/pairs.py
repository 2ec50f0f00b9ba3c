"""Pass: devices that stand in for each other, and the cables that are taken together (IEEE 802.1AX)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.design.roles import FIREWALLS
from parkops.model import Lag, Mlag, Pair, PortMode, SourceRef
from parkops.plan import names
from parkops.plan.names import PlannedSite
from parkops.platforms import lag_name

LOCAL_MAC = 0x02_00_00 << 24  # locally administered (IEEE 802, 8.2.2)
PEER, UP = 1, 1  # numbers of the peer link, and of the uplink of a switch below a pair


def form_pairs(draft: Draft) -> None:
    """State the pairs of firewalls and switches, and aggregate the links of the latter."""
    plan, marks = draft.plan, draft.marks
    _firewalls(draft, names.firewalls(plan), marks.ref("backbone", "firewall"))
    _firewalls(draft, names.public_gateways(plan), marks.ref("public", "boundary"))
    for tenant_id, tenant in sorted(plan.tenants.items()):
        _firewalls(draft, names.boundaries(tenant), marks.ref("tenants", tenant_id, "boundary"))
    for block in names.blocks(plan):
        if len(block) == 2 and plan.backbone.kind != "core":
            _pair(draft, f"{block[0]}+{block[1]}", "routers", block, draft.devices[block[0]].source)
    for site in draft.sites:
        if site.dual:
            _switches(draft, site)


def _pair(draft: Draft, pair_id: str, kind: str, devices: Sequence[str], source: SourceRef) -> None:
    draft.pairs.append(Pair(pair_id, kind, tuple(devices), source))
    for name in devices:
        draft.devices[name].pair = pair_id


def _firewalls(draft: Draft, devices: tuple[str, ...], source: SourceRef) -> None:
    if len(devices) == 2:
        _pair(draft, devices[0].removesuffix("-1"), "firewall", devices, source)


def _switches(draft: Draft, site: PlannedSite) -> None:
    first, second, *others = (draft.devices[name] for name in site.switches)
    gateways = [draft.devices[name] for name in site.gateways if site.trunk]
    source = draft.marks.ref(*site.path, "redundancy")
    kind = site.plan.redundancy
    _pair(draft, site.prefix, kind, (first.name, second.name), source)
    domain = draft.allocator.take("mlag", site.prefix, first=1, last=4095)
    for device, peer in ((first, second), (second, first)):
        link = lag(draft, device, PEER, _towards(device, peer.name), f"peer link to {peer.name}")
        device.mlag = Mlag(
            kind,
            domain,
            peer.name,
            link.name,
            "",  # keepalive runs over management; the addresses follow
            "",
            _mac(domain),
            100 if device is first else 90,
        )
        device.need(kind, source)
        device.need("lag", source)
    for device in (*gateways, *others):
        _below(draft, site, device, (first, second), source)


def _below(
    draft: Draft,
    site: PlannedSite,
    device: DraftDevice,
    pair: tuple[DraftDevice, DraftDevice],
    source: SourceRef,
) -> None:
    """Attach a switch or a gateway to both of a pair by one LAG."""
    number = draft.allocator.take(f"lags/{site.prefix}", device.name, first=2, last=4000)
    for upper in pair:
        lag(draft, upper, number, _towards(upper, device.name), f"to {device.name}", mlag=number)
    members = [port for upper in pair for port in _towards(device, upper.name)]
    own = UP
    if device.role in FIREWALLS:  # it may attach to several sites
        own = draft.allocator.take(f"lags/{device.name}", site.prefix, first=1, last=64)
    lag(draft, device, own, members, f"to {pair[0].name} and {pair[1].name}")
    device.need("lag", source)


def _mac(domain: int) -> str:
    text = f"{LOCAL_MAC | 0x010000 | domain:012x}"
    return ":".join(text[index : index + 2] for index in range(0, 12, 2))


def _towards(device: DraftDevice, peer: str) -> list[DraftPort]:
    return [port for port in device.ports_by_number() if port.peer_device == peer]


def lag(
    draft: Draft,
    device: DraftDevice,
    number: int,
    members: Iterable[DraftPort],
    description: str,
    *,
    mlag: int = 0,
) -> Lag:
    """Take ports together; the new logical port leads where the first of them does."""
    ports = list(members)
    name = lag_name(draft.platform(device), number, routed=device.role in FIREWALLS)
    found = Lag(number, name, tuple(port.name for port in ports), description, mlag)
    device.lags.append(found)
    for port in ports:
        port.mode, port.lag = PortMode.LAG_MEMBER, name
    device.ports[name] = DraftPort(
        name,
        PortMode.TRUNK,
        description,
        peer_device=ports[0].peer_device,
        rate_mbps=sum(port.rate_mbps for port in ports),
    )
    return found
