"""Pass 1: which devices there are, and what they are called."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice
from parkops.design.identity import Identity
from parkops.design.production import add_production
from parkops.model import Role, Service, SourceRef
from parkops.plan import names
from parkops.plan.names import PlannedSite
from parkops.plan.protocols import expand, implied
from parkops.plan.schema import EndpointPlan, NodePlan


def add_devices(draft: Draft) -> None:
    """Add the backbone's devices, then each site's switches, access points, nodes and endpoints."""
    identity = Identity.of(draft)
    _backbone(draft, identity)
    _firewalls(draft, identity)
    for site in draft.sites:
        _switches(draft, site, identity)
        _wireless(draft, site, identity)
        for name, node in sorted(site.plan.nodes.items()):
            _node(draft, site, name, node, identity)
        for name, group in sorted(site.plan.endpoints.items()):
            _endpoint(draft, site, name, group, identity)
    add_production(draft, identity)
    identity.finish(draft)


def _backbone(draft: Draft, identity: Identity) -> None:
    plan, marks = draft.plan, draft.marks
    rows = (
        (names.cores(plan), Role.CORE, "cores"),
        (names.aggregations(plan), Role.AGGREGATION, "aggregations"),
        (names.spines(plan), Role.SPINE, "spines"),
        (names.leaves(plan), Role.LEAF, "leaves"),
        (names.exits(plan), Role.EXIT, "exit"),
    )
    for found, role, key in rows:
        source = marks.ref("backbone", key)
        for name in found:
            device = DraftDevice(name, role, "", source, plan.backbone.title, ports_max=plan.backbone.ports)
            draft.add(identity.apply(device))


def _firewalls(draft: Draft, identity: Identity) -> None:
    """Add what filters: the park firewall, the public network's gateway, each tenant's boundary."""
    plan, marks = draft.plan, draft.marks
    source = marks.ref("backbone", "exit")
    for name in names.firewalls(plan):
        draft.add(identity.apply(DraftDevice(name, Role.PARK_FIREWALL, "", source, plan.backbone.title)))
    for name in names.public_gateways(plan):
        source = marks.ref("public", "mode")
        draft.add(identity.apply(DraftDevice(name, Role.BOUNDARY, "", source, plan.public.title)))
    for circuit, name in names.outside(plan).items():
        _outside(draft, name, marks.ref("backbone", "exit", "circuits", circuit), identity)
    for tenant_id, tenant in sorted(plan.tenants.items()):
        source = marks.ref("tenants", tenant_id)
        for name in names.boundaries(tenant):
            device = DraftDevice(name, Role.BOUNDARY, "", source, tenant.title, tenant_id, tenant_id)
            draft.add(identity.apply(device))
        for line_id, line in sorted(tenant.leased_lines.items()):
            if line.ipv4 or line.ipv6:
                source = marks.ref("tenants", tenant_id, "leased_lines", line_id)
                far = DraftDevice(line_id, Role.EXTERNAL, "", source, line.operator, tenant_id)
                draft.add(identity.apply(far))


def _outside(draft: Draft, name: str, source: SourceRef, identity: Identity) -> None:
    if name in draft.devices:
        return
    if name == "inet-1":
        source = draft.marks.ref("backbone", "exit", "circuits")
    device = DraftDevice(name, Role.EXTERNAL, "", source, "Internet")
    if name == min(names.outside(draft.plan).values()):
        device.services.append(Service("listener", 443))  # one place stands for the Internet
    draft.add(identity.apply(device))


def _properties(site: PlannedSite) -> dict[str, str]:
    plan = site.plan
    return {
        "ip_code": plan.ip_code,
        "power_supplies": str(plan.power_supplies),
        "ups_minutes": str(plan.ups_minutes),
        "kind": plan.kind,
    }


def _switches(draft: Draft, site: PlannedSite, identity: Identity) -> None:
    plan = site.plan
    role = Role.RING_SWITCH if plan.ring else Role.ACCESS_SWITCH
    source = draft.marks.ref(*site.path, "ring" if plan.ring else "switches")
    for name in site.switches:
        device = DraftDevice(name, role, "", source, plan.title, site.tenant, site.id, ports_max=plan.ports)
        device.ring = f"ring-{site.prefix}" if plan.ring else ""
        device.properties = _properties(site)
        draft.add(identity.apply(device))


def _wireless(draft: Draft, site: PlannedSite, identity: Identity) -> None:
    wireless = site.plan.wireless
    if wireless is None:
        return
    path = (*site.path, "wireless")
    for name, key, _ in site.access_points():
        source = draft.marks.ref(*path, "access_points", key)
        title = wireless.access_points[key].title or site.plan.title
        device = DraftDevice(name, Role.ACCESS_POINT, "", source, title, site.tenant, site.id, ports_max=2)
        device.properties = {"kind": site.plan.kind, "ip_code": site.plan.ip_code}
        draft.add(identity.apply(device))
    for name in site.controllers():
        source = draft.marks.ref(*path, "controllers")
        role, title = Role.WIRELESS_CONTROLLER, site.plan.title
        draft.add(
            identity.apply(DraftDevice(name, role, "", source, title, site.tenant, site.id, ports_max=8))
        )


def _node(draft: Draft, site: PlannedSite, name: str, node: NodePlan, identity: Identity) -> None:
    source = draft.marks.ref(*site.path, "nodes", name)
    device = DraftDevice(
        site.node(name), Role(node.role), "", source, node.title or name, site.tenant, site.id
    )
    device.properties = {"kind": site.plan.kind, "ip_code": site.plan.ip_code}
    if node.resources:
        resources = node.resources.model_dump()
        protocols = resources.pop("protocols")
        device.properties.update({key: str(value) for key, value in resources.items()})
        device.properties["protocols"] = ",".join(protocols)
    if node.cycle_us:
        device.properties["cycle_us"] = str(node.cycle_us)
    if node.identifier:
        device.properties.update(
            {
                "prefix": node.identifier.prefix,
                "upstream": node.identifier.upstream,
                "tenants": ",".join(sorted(node.identifier.tenants)),
            }
        )
    draft.add(identity.apply(device))


def _endpoint(draft: Draft, site: PlannedSite, name: str, group: EndpointPlan, identity: Identity) -> None:
    source = draft.marks.ref(*site.path, "endpoints", name)
    device = DraftDevice(site.endpoint(name), Role.ENDPOINT, "", source, group.title, site.tenant, site.id)
    stated = "services" in group.model_fields_set
    for service in expand(group.services) if stated else implied(group.protocol):
        protocol, _, port = service.partition("/")
        if port:
            device.services.append(Service("listener", int(port), protocol))
    draft.add(identity.apply(device))
