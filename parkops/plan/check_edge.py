"""Cross-checks of edge nodes and identifier nodes: their place, their resources, what they run."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.plan.flows import planned_flows
from parkops.plan.hints import unknown
from parkops.plan.marks import Key, Marks
from parkops.plan.names import PlannedSite, sites
from parkops.plan.placement import EDGE, place
from parkops.plan.places import Attached, Places
from parkops.plan.schema import NodePlan, Plan, WorkloadPlan

Found = Iterator[Problem]
Path = tuple[Key, ...]
CARRIES = (*EDGE, "server", "cloud-host")  # roles that may run workloads


def check_nodes(plan: Plan, marks: Marks) -> Found:
    """A node has what its role needs, and its role suits its place (guide, edge and identifier)."""
    for site in sites(plan):
        for name, node in site.plan.nodes.items():
            path = (*site.path, "nodes", name)
            yield from _place(marks, path, node, site)
            yield from _node(marks, path, node)


def _place(marks: Marks, path: Path, node: NodePlan, site: PlannedSite) -> Found:
    if node.role == "edge-gateway" and site.plan.kind not in ("plant", "office"):
        yield marks.problem(
            (*path, "role"),
            f"an edge gateway in a {site.plan.kind} network",
            "a plant or an office",
            "edge clouds serve the backbone",
        )
    if node.role == "edge-controller" and site.plan.kind != "plant":
        yield marks.problem(
            (*path, "role"),
            f"an edge controller in a {site.plan.kind} network",
            "a plant",
            "it controls production equipment",
        )
    if node.role == "edge-cloud" and site.plan.kind == "plant":
        yield marks.problem(
            (*path, "role"),
            "an edge cloud in a plant",
            "an office or the park services",
            "edge gateways and controllers serve a plant",
        )


def _node(marks: Marks, path: Path, node: NodePlan) -> Found:
    if node.role in (*EDGE, "cloud-host") and node.resources is None:
        kind = "edge node" if node.role in EDGE else "cloud host"
        yield marks.key_problem(path, f"{kind} {path[-1]!r} states no resources", "resources: {cpu_cores, …}")
    if node.broker and node.role not in EDGE:
        yield marks.problem((*path, "broker"), f"a broker on a {node.role}", "an edge gateway or edge cloud")
    if node.role == "edge-controller" and not node.cycle_us:
        yield marks.key_problem(
            path, f"edge controller {path[-1]!r} states no control cycle", "cycle_us: its control cycle"
        )
    if node.cycle_us and node.role != "edge-controller":
        yield marks.problem(
            (*path, "cycle_us"),
            f"a control cycle, and the role {node.role}",
            "an edge controller, or a workload",
        )
    if (node.role == "identifier-node") != (node.identifier is not None):
        yield marks.key_problem(
            path,
            f"{node.role} {path[-1]!r} and its `identifier` do not go together",
            "`identifier` on an identifier-node, and only there",
        )
    if node.workloads and node.role not in CARRIES:
        yield marks.key_problem(
            (*path, "workloads"),
            f"workloads, and the role {node.role}",
            "an edge node, a server or a cloud host",
        )


def check_identifiers(plan: Plan, marks: Marks) -> Found:
    """Prefixes are unique and inside their upstream's, records below their node's."""
    places, prefixes = Places.of(plan), dict[str, str]()
    nodes = places.nodes("identifier-node")
    for name, item in nodes.items():
        identifier = item.node.identifier if item.node else None
        if identifier is None:
            continue
        path = (*item.path, "identifier")
        first = prefixes.setdefault(identifier.prefix, name)
        if first != name:
            yield marks.problem(
                (*path, "prefix"),
                f"prefix {identifier.prefix} belongs to {first} already",
                "a prefix of its own for each node",
            )
        yield from _upstream(plan, marks, path, item, nodes)
        for index, tenant in enumerate(identifier.tenants):
            if tenant not in plan.tenants:
                yield unknown(marks, (*path, "tenants", index), tenant, "tenant", plan.tenants)
            elif item.site.tenant and tenant != item.site.tenant:
                yield marks.problem(
                    (*path, "tenants", index),
                    f"a node of {item.site.tenant!r} serves {tenant!r}",
                    "its own tenant; a node of the park serves several",
                )
        yield from _records(marks, path, item)


def _upstream(plan: Plan, marks: Marks, path: Path, item: Attached, nodes: dict[str, Attached]) -> Found:
    identifier = item.node.identifier if item.node else None
    assert identifier is not None
    above, outer = nodes.get(identifier.upstream), identifier.upstream_prefix
    if above is item:
        yield marks.problem((*path, "upstream"), "the node is its own upstream", "another node")
        return
    if above is not None and above.node is not None and above.node.identifier is not None:
        if outer:
            yield marks.problem(
                (*path, "upstream_prefix"),
                f"{identifier.upstream} is a node of the park, whose prefix is known",
                "no `upstream_prefix`",
            )
        outer = above.node.identifier.prefix
        if identifier.via:
            yield marks.problem((*path, "via"), f"{identifier.upstream} is a node of the park", "no `via`")
    if outer and not identifier.prefix.startswith(outer + "."):
        yield marks.problem(
            (*path, "prefix"), f"{identifier.prefix} is not inside the upstream's {outer}", f"{outer}.…"
        )
    external = [name for name, zone in plan.zones.items() if zone.kind == "external"]
    if identifier.via and identifier.via not in external:
        yield unknown(marks, (*path, "via"), identifier.via, "external zone", external)


def _records(marks: Marks, path: Path, item: Attached) -> Found:
    identifier = item.node.identifier if item.node else None
    assert identifier is not None
    first: dict[str, int] = {}
    for index, record in enumerate(identifier.records):
        if first.setdefault(record.identifier.lower(), index) != index:
            yield marks.problem(
                (*path, "records", index, "identifier"),
                f"{record.identifier!r} stands twice, upper and lower case being one",
                "each identifier once",
            )
        if not record.identifier.startswith(identifier.prefix + "/"):
            yield marks.problem(
                (*path, "records", index, "identifier"),
                f"{record.identifier!r} is not below the node's prefix",
                f"{identifier.prefix}/…",
            )


def check_workloads(plan: Plan, marks: Marks) -> Found:
    """Workloads fit their nodes together, and do not listen on one port twice."""
    for site in sites(plan):
        placed = place(site)
        for name, workload in site.plan.workloads.items():
            path = (*site.path, "workloads", name)
            wrong = [
                (index, other)
                for index, other in enumerate(workload.nodes)
                if other not in site.plan.nodes or site.plan.nodes[other].role not in CARRIES
            ]
            for index, other in wrong:
                yield unknown(marks, (*path, "nodes", index), other, "edge node of the site", placed.nodes)
            missing = workload.replicas - len(placed.of(name))
            if missing and not wrong:
                yield marks.key_problem(
                    path,
                    f"{len(placed.of(name))} of {workload.replicas} replicas of {name!r} find a node",
                    f"{workload.cpu_cores:g} cores, {workload.memory_mb} MB and {workload.storage_gb} GB "
                    f"free on {workload.replicas} nodes",
                    "more or larger edge nodes, or fewer replicas",
                )
        for key, node in site.plan.nodes.items():
            path = (*site.path, "nodes", key)
            if node.resources is not None:
                yield from _fits(marks, path, node, site.node(key))
            yield from _listens(marks, path, node)


def _fits(marks: Marks, path: Path, node: NodePlan, name: str) -> Found:
    resources = node.resources
    assert resources is not None
    sums = (
        ("cpu_cores", sum(item.cpu_cores for item in node.workloads.values()), resources.cpu_cores, "cores"),
        (
            "memory_gb",
            sum(item.memory_mb for item in node.workloads.values()) / 1024,
            resources.memory_gb,
            "GB of memory",
        ),
        (
            "storage_gb",
            sum(item.storage_gb for item in node.workloads.values()),
            resources.storage_gb,
            "GB of storage",
        ),
    )
    for key, need, have, words in sums:
        if need > have:
            yield marks.problem(
                (*path, "resources", key),
                f"the workloads of {name} need {need:g} {words} of {have}",
                f"at least {need:g}",
                "a larger node, or fewer workloads",
            )


def _listens(marks: Marks, path: Path, node: NodePlan) -> Found:
    first: dict[str, str] = {"tcp/1883": "the broker"} if node.broker else {}
    for name, workload in node.workloads.items():
        for index, port in enumerate(workload.ports):
            owner = first.setdefault(port, name)
            if owner != name:
                yield marks.problem(
                    (*path, "workloads", name, "ports", index),
                    f"{port} is taken by {owner}",
                    "a port of its own for each workload of a node",
                )


def check_local_data(plan: Plan, marks: Marks) -> Found:
    """No flow leads the data of a local-only workload out of its tenant, unless it says why it may."""
    places = Places.of(plan)
    local = dict(_local(plan, places))
    if not local:
        return
    for flow in planned_flows(plan, places):
        workload = local.get(flow.src) or next(
            (local[name] for name, zone in places.zones.items() if zone == flow.src and name in local), None
        )
        owner, there = places.tenant(flow.src), places.tenant(flow.dst)
        if workload and there is not None and owner != there and not flow.cleared:
            yield marks.key_problem(
                flow.path,
                f"flow {flow.id!r} would take data of the local-only {workload} out of {owner!r}",
                "no flow to others from its segment",
                "say in `cleared` why these data may leave, or move the workload",
            )


def _local(plan: Plan, places: Places) -> Iterator[tuple[str, str]]:
    """Yield the segments that hold local-only workloads, with the workload."""
    for site in sites(plan):
        running: list[tuple[str, str, WorkloadPlan]] = [
            (node, f"workload {name!r}", item)
            for node, part in site.plan.nodes.items()
            for name, item in part.workloads.items()
        ]
        for name, placed in site.plan.workloads.items():
            running += [(node, f"workload {name!r}", placed) for node in place(site).of(name)]
        for node, words, item in running:
            if item.local_only and site.plan.nodes[node].segment in site.plan.segments:
                yield site.segment(site.plan.nodes[node].segment), words
