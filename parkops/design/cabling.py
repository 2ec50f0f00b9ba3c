"""Pass 2: which ports are connected; rings close, boundaries attach to two cores."""

from __future__ import annotations

from itertools import combinations, pairwise

from parkops.design.draft import Draft
from parkops.model import Ring
from parkops.plan.names import PARK_FIREWALL, PlannedSite, boundary, cores


def lay_cables(draft: Draft) -> None:
    """Connect the backbone, each site's switches, and what hangs on them."""
    _backbone(draft)
    for site in draft.sites:
        _switches(draft, site)
        for name in sorted(site.plan.segments):
            draft.connect(
                site.gateway, site.switch(1), "uplink", detail=f"{site.prefix}-{name}", important=True
            )
        for name, node in sorted(site.plan.nodes.items()):
            draft.connect(site.switch(node.switch), site.node(name), "access", important=True)
        for name, group in sorted(site.plan.endpoints.items()):
            draft.connect(site.switch(group.switch), site.endpoint(name), "access")


def _backbone(draft: Draft) -> None:
    names, rate = cores(draft.plan), draft.plan.backbone.link_rate_mbps
    for a, b in combinations(names, 2):
        draft.connect(a, b, "backbone", rate_mbps=rate, important=True)
    boundaries = [boundary(tenant.prefix) for _, tenant in sorted(draft.plan.tenants.items())]
    for device in (PARK_FIREWALL, *boundaries):
        for core in names[:2]:
            draft.connect(core, device, "backbone", rate_mbps=rate, important=True)
    circuits = draft.plan.backbone.exit.circuits
    draft.connect(
        PARK_FIREWALL,
        "inet-1",
        "exit",
        important=True,
        rate_mbps=sum(circuit.bandwidth_mbps for circuit in circuits.values()),
    )


def _switches(draft: Draft, site: PlannedSite) -> None:
    names = [site.switch(number) for number in range(1, site.plan.switches + 1)]
    pairs = list(pairwise(names))
    if site.plan.ring:
        pairs.append((names[-1], names[0]))
    kind = "ring" if site.plan.ring else "uplink"
    ring = draft.devices[names[0]].ring
    links = []
    for a, b in pairs:
        for port in draft.connect(a, b, kind, important=True):
            port.ring = ring
            links.append(port.link)
    if site.plan.ring:
        source = draft.marks.ref(*site.path, "ring")
        draft.rings.append(
            Ring(ring, site.plan.ring.protocol, tuple(names), tuple(dict.fromkeys(links)), source)
        )
