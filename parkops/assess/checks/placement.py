"""Checks on the plan: where edge nodes, identifier nodes and published services stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import EDGE, Context, plan
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Role


def edge_forms(context: Context) -> Iterator[Outcome]:
    """Decide whether the edge nodes of the plan have a form of the guide (controller, gateway, cloud)."""
    expected = "edge nodes, each a controller, a gateway or a cloud"
    nodes = context.devices(*EDGE)
    cited = [plan(d.source, f"{d.name}: {d.role}", d.name) for d in nodes]
    forms = listed(node.role for node in nodes)
    yield decided(bool(nodes) or None, expected, f"{len(nodes)} edge nodes: {forms}", cited)


def edge_placement(context: Context, role: str, allowed: Sequence[str]) -> Iterator[Outcome]:
    """Decide whether edge nodes of one form stand only in kinds of zone where the guide puts them."""
    nodes = context.devices(role)
    expected = f"{role} only in {', '.join(allowed)} networks"
    if not nodes:
        yield not_applicable(expected, f"the park has no {role}")
    for node in nodes:
        kinds = context.kinds_of(node.name)
        held = bool(kinds) and kinds <= set(allowed)
        yield decided(
            held, expected, f"in {listed(kinds)}", [plan(node.source, node.name, node.name)], node.name
        )


def gateway_in_plants(context: Context, protocols: Sequence[str]) -> Iterator[Outcome]:
    """Decide whether each plant with field protocols has an edge gateway."""
    sites = {device.site or device.tenant for device in context.every(Role.EDGE_GATEWAY)}
    expected = "an edge gateway in each plant with field protocols"
    asked = 0
    for site, segments in context.plants.items():
        groups = [
            g for s in segments for g in context.groups_by_segment.get(s.id, ()) if g.protocol in protocols
        ]
        if not groups:
            continue
        asked += 1
        served = site in sites or any(
            device.role is Role.EDGE_GATEWAY
            for s in segments
            for device in context.devices_by_segment.get(s.id, ())
        )
        cited = [plan(g.source, f"{g.id}: {g.protocol}", g.id) for g in groups]
        yield decided(served, expected, "it has one" if served else "it has none", cited, site)
    if not asked:
        yield not_applicable(expected, "no plant has a field protocol")


def identifier_nodes(context: Context) -> Iterator[Outcome]:
    """Decide whether every tenant has an identifier node of its own, or is served by the park's node.

    Served means: the node's plan names the tenant, and a flow of the tenant leads to it.
    """
    nodes = context.every(Role.IDENTIFIER)
    expected = "an identifier node of its own, or a place and a flow at the park's node"
    for tenant in context.tenants:
        own = [node for node in nodes if node.tenant == tenant.id]
        shared = [n for n in nodes if not n.tenant and tenant.id in n.property("tenants").split(",")]
        flows = [
            flow
            for flow in context.flows_by_tenant.get(tenant.id, ())
            if any(context.covers(flow.dst, node) for node in shared)
        ]
        cited = [plan(node.source, node.name, node.name) for node in (*own, *shared)]
        cited += [plan(flow.source, f"{flow.id}: {flow.reason}", flow.id) for flow in flows]
        actual = f"own nodes {listed(n.name for n in own)}, flows {listed(f.id for f in flows)}"
        yield decided(
            bool(own or flows), expected, actual, cited or [plan(tenant.source, tenant.title)], tenant.id
        )
    if not context.tenants:
        yield not_applicable(expected, "the park has no tenant")


def identifier_upstream(context: Context) -> Iterator[Outcome]:
    """Decide whether each identifier node names the node above it."""
    for node in context.devices(Role.IDENTIFIER):
        upstream = node.property("upstream")
        cited = [plan(node.source, node.name, node.name)]
        yield decided(bool(upstream), "a named upstream node", upstream or "none named", cited, node.name)
    if not context.devices(Role.IDENTIFIER):
        yield not_applicable("a named upstream node", "the park has no identifier node")


def flow_to_role(context: Context, role: str, from_kinds: Sequence[str]) -> Iterator[Outcome]:
    """Decide whether the plan lists a flow from some kinds of zone to the zone of some role."""
    homes = context.every(role)
    flows = [
        flow
        for flow in context.judged_flows
        if any(context.covers(flow.dst, device) for device in homes)
        and (src := context.zone_of_end(flow.src))
        and src.kind in from_kinds
    ]
    cited = [plan(f.source, f"{f.id}: {f.src} → {f.dst}: {f.reason}", f.id) for f in flows]
    expected = f"a listed flow from {' or '.join(from_kinds)} to the {role}"
    if not homes:
        yield not_applicable(expected, f"the park has no {role}")
        return
    yield decided(bool(flows), expected, f"{len(flows)} flows", cited)


def published_services(context: Context) -> Iterator[Outcome]:
    """Decide whether anything is published to the outside; where it is, more than the plan must be seen."""
    flows = [
        f for f in context.judged_flows if (src := context.zone_of_end(f.src)) and src.kind == "external"
    ]
    expected = "published services behind a proxy, with a path and a name"
    if not flows:
        yield not_applicable(expected, "the plan lets nothing in from outside")
    for flow in flows:
        cited = [plan(flow.source, f"{flow.id}: {flow.src} → {flow.dst}", flow.id)]
        yield decided(None, expected, f"{flow.id} is published", cited, flow.id)
