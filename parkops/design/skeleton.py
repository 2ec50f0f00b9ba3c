"""Pass 1: which devices there are, and what they are called."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice
from parkops.model import Role, Service
from parkops.plan.names import PARK_FIREWALL, PlannedSite, boundary, cores
from parkops.plan.protocols import expand, implied
from parkops.plan.schema import EndpointPlan, NodePlan


def add_devices(draft: Draft) -> None:
    """Add the backbone's devices, then each site's switches, nodes and endpoints."""
    _backbone(draft)
    for site in draft.sites:
        _switches(draft, site)
        for name, node in sorted(site.plan.nodes.items()):
            _node(draft, site, name, node)
        for name, group in sorted(site.plan.endpoints.items()):
            _endpoint(draft, site, name, group)


def _backbone(draft: Draft) -> None:
    plan, marks = draft.plan, draft.marks
    title = plan.backbone.title
    for name in cores(plan):
        draft.add(DraftDevice(name, Role.CORE, "frr", marks.ref("backbone", "cores"), title))
    draft.add(DraftDevice(PARK_FIREWALL, Role.PARK_FIREWALL, "linux", marks.ref("backbone", "exit"), title))
    outside = DraftDevice(
        "inet-1", Role.EXTERNAL, "host", marks.ref("backbone", "exit", "circuits"), "Internet"
    )
    outside.services.append(Service("listener", 443))
    draft.add(outside)
    for tenant_id, tenant in sorted(plan.tenants.items()):
        name = boundary(tenant.prefix)
        source = marks.ref("tenants", tenant_id)
        draft.add(DraftDevice(name, Role.BOUNDARY, "linux", source, tenant.title, tenant_id, tenant_id))


def _switches(draft: Draft, site: PlannedSite) -> None:
    plan = site.plan
    role = Role.RING_SWITCH if plan.ring else Role.ACCESS_SWITCH
    for number in range(1, plan.switches + 1):
        source = draft.marks.ref(*site.path, "ring" if plan.ring else "switches")
        device = DraftDevice(
            site.switch(number),
            role,
            "ietf",
            source,
            plan.title,
            site.tenant,
            site.id,
            ports_max=plan.ports,
            port_format="p{}",
        )
        device.ring = f"ring-{site.prefix}" if plan.ring else ""
        device.properties = {
            "ip_code": plan.ip_code,
            "power_supplies": str(plan.power_supplies),
            "ups_minutes": str(plan.ups_minutes),
            "kind": plan.kind,
        }
        draft.add(device)


def _node(draft: Draft, site: PlannedSite, name: str, node: NodePlan) -> None:
    source = draft.marks.ref(*site.path, "nodes", name)
    device = DraftDevice(
        site.node(name), Role(node.role), "linux", source, node.title or name, site.tenant, site.id
    )
    device.properties = {"kind": site.plan.kind, "ip_code": site.plan.ip_code}
    if node.resources:
        resources = node.resources.model_dump()
        protocols = resources.pop("protocols")
        device.properties.update({key: str(value) for key, value in resources.items()})
        device.properties["protocols"] = ",".join(protocols)
    if node.identifier:
        device.properties.update(
            {
                "prefix": node.identifier.prefix,
                "upstream": node.identifier.upstream,
                "tenants": ",".join(sorted(node.identifier.tenants)),
            }
        )
    draft.add(device)


def _endpoint(draft: Draft, site: PlannedSite, name: str, group: EndpointPlan) -> None:
    source = draft.marks.ref(*site.path, "endpoints", name)
    device = DraftDevice(
        site.endpoint(name), Role.ENDPOINT, "host", source, group.title, site.tenant, site.id
    )
    stated = "services" in group.model_fields_set
    for service in expand(group.services) if stated else implied(group.protocol):
        protocol, _, port = service.partition("/")
        if port:
            device.services.append(Service("listener", int(port), protocol))
    draft.add(device)
