"""Pass: the cloud with its hosts and quotas, and the services that the park hosts or uses."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import CloudTenant, CloudZone, HostedService, Service
from parkops.plan.protocols import expand
from parkops.plan.schema import HostedPlan


def build_cloud(draft: Draft) -> None:
    """State the cloud's zones with their hosts, and the tenants' quotas."""
    cloud, marks = draft.plan.cloud, draft.marks
    if cloud is None:
        return
    hosts: dict[str, list[str]] = {}
    for site in draft.sites:
        for name, node in sorted(site.plan.nodes.items()):
            if node.cloud_zone:
                hosts.setdefault(node.cloud_zone, []).append(site.node(name))
    for name, zone in sorted(cloud.zones.items()):
        draft.cloud_zones.append(
            CloudZone(
                name,
                zone.title,
                zone.model,
                marks.ref("cloud", "zones", name),
                tuple(sorted(hosts.get(name, ()))),
                zone.provider,
            )
        )
    for name, tenant in sorted(cloud.tenants.items()):
        draft.cloud_tenants.append(
            CloudTenant(
                name,
                name,
                tuple(sorted(tenant.zones)),
                tenant.vcpus,
                tenant.memory_gb,
                tenant.storage_gb,
                tuple(sorted(tenant.networks)),
                tenant.floating_ips,
                marks.ref("cloud", "tenants", name),
            )
        )
    if cloud.controller and cloud.tenants:
        draft.devices[cloud.controller].need("openstack", marks.ref("cloud", "controller"))


def host_services(draft: Draft) -> None:
    """Let each hosted service listen where it runs."""
    for name, plan in sorted(draft.plan.hosted.items()):
        ports = tuple(
            (protocol, int(port))
            for protocol, _, port in (service.partition("/") for service in expand(plan.service))
            if port
        )
        device = draft.devices.get(plan.node)
        if device is not None:
            kind = "listener" if device.platform == "host" else "hosted"
            taken = {(service.protocol, service.port) for service in device.services}
            device.services += [
                Service(kind, port, protocol, (("name", name),))
                for protocol, port in ports
                if (protocol, port) not in taken
            ]
        draft.hosted.append(_hosted(draft, name, plan, ports))


def _hosted(draft: Draft, name: str, plan: HostedPlan, ports: tuple[tuple[str, int], ...]) -> HostedService:
    device = draft.devices.get(plan.node)
    inside = next((port.ipv4 for port in device.ports.values() if port.ipv4), "") if device else ""
    return HostedService(
        name,
        plan.title,
        plan.kind,
        device.tenant if device else "",
        device.name if device else "",
        inside.partition("/")[0] or plan.address,
        ports,
        draft.marks.ref("hosted", name),
        published=any(item.to == plan.node for item in draft.plan.published.values()),
        database=plan.data,
        users=tuple(sorted(plan.users)),
        level=plan.level,
    )
