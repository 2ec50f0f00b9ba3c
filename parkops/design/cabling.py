"""Pass 2: which ports are connected; rings close, boundaries attach to two routers of the backbone."""

from __future__ import annotations

from itertools import combinations, pairwise, product

from parkops.design.draft import Draft
from parkops.model import Ring
from parkops.plan import names
from parkops.plan.names import PlannedSite
from parkops.plan.schema import TenantPlan


def lay_cables(draft: Draft) -> None:
    """Connect the backbone, each site's switches, and what hangs on them."""
    _backbone(draft)
    _boundaries(draft)
    _exits(draft)
    _leased_lines(draft)
    for site in draft.sites:
        _switches(draft, site)
        _gateways(draft, site)
        _attached(draft, site)


def _backbone(draft: Draft) -> None:
    """Mesh the cores; attach each aggregation to two cores and its neighbour, each leaf to all spines."""
    plan = draft.plan
    rate = plan.backbone.link_rate_mbps
    cores = names.cores(plan)
    cables = [
        *combinations(cores, 2),
        *product(cores[:2], names.aggregations(plan)),
        *(tuple(pair) for pair in names.blocks(plan) if len(pair) == 2 and names.aggregations(plan)),
        *product(names.spines(plan), names.leaves(plan)),
    ]
    for a, b in cables:
        draft.connect(a, b, "backbone", rate_mbps=rate, important=True)


def _boundaries(draft: Draft) -> None:
    plan, rate = draft.plan, draft.plan.backbone.link_rate_mbps
    cables = list(product((*names.firewalls(plan), *names.public_gateways(plan)), names.head(plan)))
    for tenant_id, tenant in sorted(plan.tenants.items()):
        cables += product(names.boundaries(tenant), _block(draft, tenant_id, tenant))
    for device, router in cables:
        draft.connect(router, device, "backbone", rate_mbps=rate, important=True)


def _block(draft: Draft, tenant_id: str, tenant: TenantPlan) -> list[str]:
    """Return the routers that a tenant attaches to; pairs are filled in turn, a new one moves nobody."""
    blocks, plan = names.blocks(draft.plan), draft.plan.backbone
    edges = plan.aggregations if plan.kind == "three-tier" else plan.leaves
    if len(blocks) == 1 or edges is None:
        return blocks[0]
    if tenant.block:
        return blocks[min(tenant.block, len(blocks)) - 1]
    last = len(blocks) * edges.tenants - 1
    return blocks[draft.allocator.take("blocks", tenant_id, first=0, last=last) // edges.tenants]


def _exits(draft: Draft) -> None:
    """Lead the operators' lines to the exit routers, or to the park firewall where there are none."""
    plan = draft.plan
    routers, firewalls = names.exits(plan), names.firewalls(plan)
    for router, firewall in product(routers, firewalls):
        draft.connect(firewall, router, "exit", rate_mbps=plan.backbone.link_rate_mbps, important=True)
    rates: dict[tuple[str, str], int] = {}
    for circuit, far in names.outside(plan).items():
        line = plan.backbone.exit.circuits[circuit]
        near = routers[min(line.exit, len(routers)) - 1] if routers else firewalls[0]
        rates[near, far] = rates.get((near, far), 0) + line.bandwidth_mbps
    for (near, far), rate in sorted(rates.items()):
        draft.connect(near, far, "exit", important=True, rate_mbps=rate)


def _leased_lines(draft: Draft) -> None:
    for _, tenant in sorted(draft.plan.tenants.items()):
        for line_id, line in sorted(tenant.leased_lines.items()):
            if line.ipv4 or line.ipv6:
                near = names.boundaries(tenant)[0]
                draft.connect(near, line_id, "leased-line", important=True, rate_mbps=line.bandwidth_mbps)


def _gateways(draft: Draft, site: PlannedSite) -> None:
    """Attach the gateways by a cable for each segment or by a trunk, or the switches to the fabric."""
    if site.fabric:
        for number, switch in enumerate(site.switches, 1):
            draft.connect(fabric_router(draft, site, number), switch, "uplink", important=True)
        return
    details = (
        [site.prefix] if site.trunk else [f"{site.prefix}-{name}" for name in sorted(site.plan.segments)]
    )
    for index, gateway in enumerate(site.gateways):
        both = site.dual and site.trunk
        for switch in site.switches[:2] if both else [site.uplink_switch(index)]:
            for detail in details:
                draft.connect(gateway, switch, "uplink", detail=detail, important=True)


def fabric_router(draft: Draft, site: PlannedSite, number: int) -> str:
    """Return the router that a switch attaches to; those of a pair take turns."""
    blocks = names.blocks(draft.plan)
    block = blocks[min(site.block(number), len(blocks)) - 1]
    return block[(number - 1) % len(block)]


def _attached(draft: Draft, site: PlannedSite) -> None:
    for name, _, switch in site.access_points():
        draft.connect(site.switch(switch), name, "access", important=True)
    for name in site.controllers():
        draft.connect(site.switch(1), name, "access", important=True)
    for name, node in sorted(site.plan.nodes.items()):
        draft.connect(site.switch(node.switch), site.node(name), "access", important=True)
    for name, group in sorted(site.plan.endpoints.items()):
        draft.connect(site.switch(group.switch), site.endpoint(name), "access")


def _switches(draft: Draft, site: PlannedSite) -> None:
    if site.fabric:
        return  # each switch attaches to the fabric
    if site.dual:
        _dual(draft, site)
        return
    switches = site.switches
    pairs = list(pairwise(switches))
    if site.plan.ring and site.plan.ring.protocol == "prp":
        pairs = list(product(switches[:-2], switches[-2:]))  # all in LAN A and in LAN B, which never meet
    elif site.plan.ring:
        pairs.append((switches[-1], switches[0]))
    kind = "ring" if site.plan.ring else "uplink"
    ring = draft.devices[switches[0]].ring
    links = []
    for a, b in pairs:
        for port in draft.connect(a, b, kind, important=True):
            port.ring = ring
            links.append(port.link)
    if site.plan.ring:
        source = draft.marks.ref(*site.path, "ring")
        draft.rings.append(
            Ring(ring, site.plan.ring.protocol, tuple(switches), tuple(dict.fromkeys(links)), source)
        )


def _dual(draft: Draft, site: PlannedSite) -> None:
    """Join switches 1 and 2 by two cables, and attach every other switch to both."""
    first, second, *others = site.switches
    for number in (1, 2):
        draft.connect(first, second, "peer", detail=f"peer-{number}", rate_mbps=10_000, important=True)
    for switch, upper in product(others, (first, second)):
        draft.connect(upper, switch, "uplink", rate_mbps=10_000, important=True)
