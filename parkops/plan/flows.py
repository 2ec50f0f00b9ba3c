"""Every flow that a plan asks for: those it states, and those that follow from what it states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parkops.plan.names import boundary, remote_accesses, sites
from parkops.plan.places import Attached, Places
from parkops.plan.protocols import COLLECTED, PORTS, expand
from parkops.plan.schema import EndpointPlan, FlowBase, Plan


@dataclass(frozen=True, slots=True)
class PlannedFlow:
    """A flow with its ends, whoever asked for it."""

    id: str
    src: str
    dst: str
    service: tuple[str, ...]  # tcp/PORT, udp/PORT, icmp
    reason: str
    owner: str
    path: tuple[str | int, ...]
    traffic: str = "data"
    latency_ms: float = 0.0
    local_only: bool = False
    one_way: bool = False
    log: bool = False
    cleared: str = ""
    hosted: str = ""
    conduit: str = ""
    dst_device: str = ""


def planned_flows(plan: Plan, places: Places | None = None) -> list[PlannedFlow]:
    """Return all flows in the order of their ids; derived ids hold a slash, so that none is taken."""
    places = places or Places.of(plan)
    found = [*stated(plan), *_hosted(plan, places), *_published(plan, places), *_remote(plan, places)]
    found += [*_collected(places), *_portals(plan, places)]
    found += [*_identifiers(plan, places), *_time(plan, places)]
    return sorted(found, key=lambda flow: flow.id)


def stated(plan: Plan) -> Iterator[PlannedFlow]:
    """Yield the flows of `flows` and of `conduits`, as they are written."""
    for name, flow in plan.flows.items():
        yield _stated(name, flow.src, flow.dst, flow, ("flows", name), "")
    for name, conduit in plan.conduits.items():
        for key, inner in conduit.flows.items():
            src, dst = reversed(conduit.zones) if inner.back else conduit.zones
            path = ("conduits", name, "flows", key)
            yield _stated(f"{name}/{key}", src, dst, inner, path, name)


def _stated(
    name: str, src: str, dst: str, flow: FlowBase, path: tuple[str | int, ...], conduit: str
) -> PlannedFlow:
    return PlannedFlow(
        name,
        src,
        dst,
        expand(flow.service),
        f"{flow.reason}; {flow.cleared}" if flow.cleared else flow.reason,
        flow.owner,
        path,
        flow.traffic,
        flow.latency_ms,
        flow.local_only,
        flow.one_way,
        flow.log,
        flow.cleared,
        conduit=conduit,
    )


def _hosted(plan: Plan, places: Places) -> Iterator[PlannedFlow]:
    """Let the users of each platform reach it, and nothing else."""
    for name, hosted in plan.hosted.items():
        there = places.attached.get(hosted.node)
        dst = hosted.zone if hosted.kind == "upstream" else there.segment if there else ""
        if not dst:
            continue
        for index, user in enumerate(hosted.users):
            yield PlannedFlow(
                f"hosted/{name}/{user}",
                user,
                dst,
                expand(hosted.service),
                hosted.reason,
                hosted.owner,
                ("hosted", name, "users", index),
                hosted.traffic,
                local_only=hosted.local_only,
                hosted=name,
                dst_device=_alone(there) if hosted.kind != "upstream" else "",
            )


def _published(plan: Plan, places: Places) -> Iterator[PlannedFlow]:
    """Let what is published be reached from outside, at the one device that serves it."""
    external = min(places.external, default="")
    for name, published in plan.published.items():
        there = places.attached.get(published.to)
        if there is None or not external:
            continue  # told elsewhere
        protocol, _, port = published.service.partition("/")
        yield PlannedFlow(
            f"published/{name}",
            external,
            there.segment,
            (f"{protocol}/{published.inside_port or port}",),
            published.reason,
            published.owner,
            ("published", name),
            "internet",
            dst_device=published.to,
        )


def _remote(plan: Plan, places: Places) -> Iterator[PlannedFlow]:
    """Let the tunnels of remote access come in as far as the boundary that ends them."""
    external = min(places.external, default="")
    for tenant, name, access in remote_accesses(plan):
        if not tenant or not external:
            continue  # the park firewall itself ends it
        port = access.port or 51820
        yield PlannedFlow(
            f"remote/{tenant}.{name}",
            external,
            f"{tenant}.{access.segments[0]}",
            (f"udp/{port}",) if access.kind == "wireguard" else ("udp/500", "udp/4500"),
            access.reason,
            access.owner or tenant,
            ("tenants", tenant, "remote_access", name),
            "internet",
            dst_device=boundary(plan.tenants[tenant].prefix),
        )


def _portals(plan: Plan, places: Places) -> Iterator[PlannedFlow]:
    """Let the clients of open networks reach the page that lets them in."""
    external = min(places.external, default="")
    for site in sites(plan):
        for name, network in site.plan.wireless.networks.items() if site.plan.wireless else ():
            portal = network.portal
            there = places.attached.get(portal.server) if portal else None
            dst = there.segment if there else external
            if portal is None or not dst or network.segment not in site.plan.segments:
                continue
            yield PlannedFlow(
                f"portal/{site.id}.{name}",
                site.segment(network.segment),
                dst,
                (f"tcp/{portal.port}",),
                f"portal of {network.ssid}: {portal.url}",
                site.tenant or plan.park.operator,
                (*site.path, "wireless", "networks", name, "portal"),
                "internet",
                dst_device=_alone(there),
            )


def _collected(places: Places) -> Iterator[PlannedFlow]:
    """Let endpoints reach their edge node, or be read by it, as their protocol has it."""
    for item in places.attached.values():
        group = item.plan
        if not isinstance(group, EndpointPlan) or group.gateway not in places.attached:
            continue
        node = places.attached[group.gateway]
        if group.protocol not in PORTS:
            continue  # told elsewhere
        pushes = group.protocol in COLLECTED
        src, dst = (item, node) if pushes else (node, item)
        yield PlannedFlow(
            f"gateway/{item.site.id}.{item.key}",
            src.segment,
            dst.segment,
            PORTS[COLLECTED.get(group.protocol, group.protocol)],
            f"{group.title}: {group.protocol} {'to' if pushes else 'read by'} {node.name}",
            _owner(item),
            (*item.path, "gateway"),
            "control",
            local_only=node.site.tenant == item.site.tenant and bool(item.site.tenant),
            dst_device=_alone(dst),
        )


def _alone(item: Attached | None) -> str:
    """Return the device that a flow leads to, where it stands for no more than itself."""
    if item is None or (isinstance(item.plan, EndpointPlan) and item.plan.count > 1):
        return ""
    return item.name


def _owner(item: Attached) -> str:
    return item.site.tenant or "the park's operator"


def _identifiers(plan: Plan, places: Places) -> Iterator[PlannedFlow]:
    """Let identifier nodes register with, and ask, the node above them."""
    for name, item in places.nodes("identifier-node").items():
        identifier = item.node.identifier if item.node else None
        if identifier is None:
            continue
        above = places.attached.get(identifier.upstream)
        dst, service = (above.segment, "tcp/80") if above else (identifier.via, "tcp/443")
        if dst:
            yield PlannedFlow(
                f"identifier/{name}",
                item.segment,
                dst,
                (service,),
                f"identifiers below {identifier.prefix}: registration and resolution upstream",
                _owner(item),
                (*item.path, "identifier", "upstream"),
                dst_device=_alone(above),
            )


def _time(plan: Plan, places: Places) -> Iterator[PlannedFlow]:
    """Let time servers ask theirs, outside the park."""
    external = min(places.external, default="")
    if not plan.management.upstream_ntp or not external:
        return
    for name in plan.management.ntp:
        if name in places.attached:
            yield PlannedFlow(
                f"plane/ntp/{name}",
                places.attached[name].segment,
                external,
                ("udp/123",),
                "time from servers outside the park",
                plan.park.operator,
                ("management", "upstream_ntp"),
                "management",
            )
