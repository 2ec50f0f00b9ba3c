"""Cross-checks of flows, conduits and one-way gateways: ends, owners, and what may not be."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.plan.flows import PlannedFlow, stated
from parkops.plan.hints import unknown
from parkops.plan.marks import Key, Marks
from parkops.plan.names import one_way_gateway
from parkops.plan.places import Places
from parkops.plan.schema import EndpointPlan, Plan

Found = Iterator[Problem]


def check_flows(plan: Plan, marks: Marks) -> Found:
    """Flows lead from and to places that exist, and local data stays with its tenant."""
    places = Places.of(plan)
    for flow in stated(plan):
        if not flow.conduit:
            yield from _ends(plan, marks, flow, places)
        yield from _local(marks, flow, places)
        yield from _services(marks, flow)


def _ends(plan: Plan, marks: Marks, flow: PlannedFlow, places: Places) -> Found:
    for key, place in (("from", flow.src), ("to", flow.dst)):
        if place not in plan.zones and place not in places.segments:
            yield unknown(marks, (*flow.path, key), place, "zone or segment", [*plan.zones, *places.segments])
    if flow.src in places.external:
        yield marks.problem(
            (*flow.path, "from"),
            "a flow from outside the park",
            "a zone or segment inside the park",
            "sessions are opened from inside; replies to them pass",
        )


def _local(marks: Marks, flow: PlannedFlow, places: Places) -> Found:
    src, dst = places.tenant(flow.src), places.tenant(flow.dst)
    if flow.local_only and src is not None and dst is not None and src != dst:
        yield marks.problem(
            (*flow.path, "local_only"), "local-only data would leave its tenant", "both ends in one tenant"
        )


def _services(marks: Marks, flow: PlannedFlow) -> Found:
    stated_ports = {service: index for index, service in reversed(list(enumerate(flow.service)))}
    for service, index in stated_ports.items():
        protocol, _, port = service.partition("/")
        if port and int(port) > 65535:
            where = (*flow.path, "service", index)
            yield marks.problem(where, f"port {port} does not exist", "a port of 1 to 65535")
        if flow.one_way and protocol != "udp":
            yield marks.problem(
                (*flow.path, "one_way"),
                f"{service} needs answers, and a one-way flow gets none",
                "udp/PORT only",
            )


def check_ports(plan: Plan, marks: Marks) -> Found:
    """Ports of endpoints, workloads and hosted services exist."""
    parts: list[tuple[tuple[Key, ...], tuple[str, ...]]] = [
        (("hosted", name, "service"), hosted.service) for name, hosted in plan.hosted.items()
    ]
    for item in Places.of(plan).attached.values():
        if isinstance(item.plan, EndpointPlan):
            parts.append(((*item.path, "services"), item.plan.services))
            continue
        parts += [
            ((*item.path, "workloads", name, "ports"), workload.ports)
            for name, workload in item.plan.workloads.items()
        ]
    for path, services in parts:
        for index, service in enumerate(services):
            _, _, port = service.partition("/")
            if port and int(port) > 65535:
                yield marks.problem((*path, index), f"port {port} does not exist", "a port of 1 to 65535")


def check_conduits(plan: Plan, marks: Marks) -> Found:
    """A conduit joins two different zones, once."""
    places = Places.of(plan)
    first: dict[frozenset[str], str] = {}
    for name, conduit in plan.conduits.items():
        path = ("conduits", name)
        for index, zone in enumerate(conduit.zones):
            if zone not in plan.zones:
                yield unknown(marks, (*path, "zones", index), zone, "zone", plan.zones)
        if conduit.zones[0] == conduit.zones[1]:
            yield marks.problem((*path, "zones"), "a conduit from a zone to itself", "two zones")
        owner = first.setdefault(frozenset(conduit.zones), name)
        if owner != name:
            yield marks.problem(
                (*path, "zones"),
                f"conduit {owner!r} joins these zones already",
                "one conduit for two zones",
                "add its flows there",
            )
        for key, flow in conduit.flows.items():
            source = conduit.zones[1] if flow.back else conduit.zones[0]
            if source in places.external:
                yield marks.key_problem(
                    (*path, "flows", key),
                    "a flow from outside the park",
                    "a flow from the zone inside",
                    "sessions are opened from inside; replies to them pass",
                )


def check_one_way(plan: Plan, marks: Marks) -> Found:
    """A one-way gateway stands between two zones of one owner, and nothing is to come back through it."""
    places = Places.of(plan)
    for name, gateway in plan.security.one_way.items():
        path = ("security", "one_way", name)
        if one_way_gateway(name) in places.attached:
            yield marks.key_problem(path, f"device name {one_way_gateway(name)!r} is taken", "another name")
        for key, zone in (("from", gateway.src), ("to", gateway.dst)):
            if zone not in plan.zones:
                yield unknown(marks, (*path, key), zone, "zone", plan.zones)
            elif zone in places.external:
                yield marks.problem((*path, key), f"{zone!r} is outside the park", "a zone inside it")
        if gateway.src == gateway.dst:
            yield marks.problem((*path, "to"), "a one-way gateway from a zone to itself", "another zone")
            continue
        if {gateway.src, gateway.dst} - set(places.owners):
            continue
        if places.owners[gateway.src] != places.owners[gateway.dst]:
            yield marks.problem(
                (*path, "to"),
                f"{gateway.dst!r} belongs to another owner than {gateway.src!r}",
                "two zones behind one boundary",
            )
        yield from _against(plan, marks, name, places)


def _against(plan: Plan, marks: Marks, name: str, places: Places) -> Found:
    """Refuse flows between the gateway's zones that it cannot carry."""
    gateway = plan.security.one_way[name]
    for flow in stated(plan):
        ends = places.zone(flow.src), places.zone(flow.dst)
        if ends == (gateway.dst, gateway.src):
            yield marks.key_problem(
                flow.path,
                f"flow {flow.id!r} leads against the one-way gateway {name!r}",
                f"flows from {gateway.src} to {gateway.dst} only",
            )
        elif ends == (gateway.src, gateway.dst) and not flow.one_way:
            yield marks.key_problem(
                flow.path,
                f"flow {flow.id!r} wants answers through the one-way gateway {name!r}",
                "one_way: true, over UDP",
            )


def check_response(plan: Plan, marks: Marks) -> Found:
    """The stages of a response stand in their order, each once, and have what they need."""
    stages, order = plan.security.graded_response, ("log", "limit", "quarantine", "block")
    path = ("security", "graded_response")
    if sorted(set(stages), key=order.index) != list(stages):
        wanted = ", ".join(sorted(set(stages), key=order.index))
        yield marks.problem(path, f"stages {', '.join(stages)}", f"the mildest first, each once: {wanted}")
    if plan.security.quarantine_segments and not plan.security.quarantine:
        yield marks.problem(
            ("security", "quarantine_segments"),
            "quarantine for segments without quarantine for tenants",
            "quarantine: true",
        )
