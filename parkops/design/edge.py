"""Pass: which workloads run on which edge node, and on which ports they listen."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import Service, Workload
from parkops.plan.names import PlannedSite
from parkops.plan.placement import place
from parkops.plan.protocols import expand
from parkops.plan.schema import PlacedWorkloadPlan, WorkloadPlan

FEATURES = {"opcua-gateway": "opcua-gateway", "modbus-bridge": "modbus-bridge"}  # beside containers


def place_workloads(draft: Draft) -> None:
    """Put every workload on its nodes; what finds no room was refused with the plan."""
    for site in draft.sites:
        for node, part in sorted(site.plan.nodes.items()):
            for name, workload in sorted(part.workloads.items()):
                _run(draft, site, node, name, workload, ("nodes", node, "workloads", name))
        placement = place(site)
        for name, placed in sorted(site.plan.workloads.items()):
            for node in placement.of(name):
                _run(draft, site, node, name, placed, ("workloads", name))


def _run(
    draft: Draft, site: PlannedSite, node: str, name: str, plan: WorkloadPlan, path: tuple[str, ...]
) -> None:
    device = draft.devices[site.node(node)]
    source = draft.marks.ref(*site.path, *path)
    ports = tuple(
        (protocol, int(port))
        for protocol, _, port in (service.partition("/") for service in expand(plan.ports))
        if port
    )
    workload = Workload(
        f"{device.name}.{name}",
        device.name,
        plan.image,
        plan.cpu_cores,
        plan.memory_mb,
        plan.storage_gb,
        plan.kind,
        ports,
        source,
        site.tenant,
        plan.replicas if isinstance(plan, PlacedWorkloadPlan) else 1,
        plan.local_only,
        tuple(sorted(plan.env.items())),
        plan.cycle_us,
    )
    draft.workloads.append(workload)
    device.workloads.append(workload)
    device.services += [Service("workload", port, protocol, (("name", name),)) for protocol, port in ports]
    device.need("containers", source)
    if plan.kind in FEATURES:
        device.need(FEATURES[plan.kind], source)
