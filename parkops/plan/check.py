"""Cross-checks of a well-formed plan: references, overlaps, capacity and buildable topologies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from parkops.errors import Problem
from parkops.plan.check_names import check_devices, check_management
from parkops.plan.check_pools import check_capacity, check_pools
from parkops.plan.marks import Marks
from parkops.plan.names import PlannedSite, sites
from parkops.plan.schema import EndpointPlan, NodePlan, Plan

Found = Iterator[Problem]
OUTSIDE = "(outside)"  # no tenant's id
LISTED = 24  # so many options are listed; of more, only the closest is named


def check(plan: Plan, marks: Marks) -> list[Problem]:
    """Return every problem that the schema alone cannot see."""
    return [problem for rule in RULES for problem in rule(plan, marks)]


def _unknown(
    marks: Marks, path: tuple[str | int, ...], name: str, kind: str, known: Iterable[str]
) -> Problem:
    options = sorted(known)
    close = get_close_matches(name, options, n=1)
    expected = f"one of {', '.join(options)}" if 0 < len(options) <= LISTED else f"a {kind} that exists"
    return marks.problem(
        path, f"no {kind} {name!r}", expected, f"did you mean {close[0]!r}?" if close else ""
    )


def check_segments(plan: Plan, marks: Marks) -> Found:
    """Every segment lies in a zone; a zone belongs to one tenant and is used."""
    owners: dict[str, str] = {}
    for site in sites(plan):
        for name, segment in site.plan.segments.items():
            path = (*site.path, "segments", name, "zone")
            zone = plan.zones.get(segment.zone)
            if zone is None:
                yield _unknown(marks, path, segment.zone, "zone", plan.zones)
            elif zone.kind == "external":
                yield marks.problem(
                    path,
                    f"segment {name!r} lies in the external zone {segment.zone!r}",
                    "a zone inside the park",
                )
            elif owners.setdefault(segment.zone, site.tenant) != site.tenant:
                owner = f"tenant {owners[segment.zone]!r}" if owners[segment.zone] else "the park"
                yield marks.problem(
                    path,
                    f"zone {segment.zone!r} belongs to {owner} already",
                    "a zone of its own for each tenant",
                    "add a zone below `zones`",
                )
    used = {segment.zone for site in sites(plan) for segment in site.plan.segments.values()}
    meant = {close for zone in used - set(plan.zones) for close in get_close_matches(zone, plan.zones, n=1)}
    for name, zone in plan.zones.items():
        if name not in used | meant and zone.kind != "external":
            yield marks.key_problem(
                ("zones", name),
                f"zone {name!r} has no segment",
                "a segment in it",
                "remove the zone, or name it in a segment",
            )


def check_attachments(plan: Plan, marks: Marks) -> Found:
    """Endpoints and nodes hang on switches and segments that exist."""
    for site in sites(plan):
        attached: list[tuple[str, str, EndpointPlan | NodePlan]] = [
            *(("endpoints", name, group) for name, group in site.plan.endpoints.items()),
            *(("nodes", name, node) for name, node in site.plan.nodes.items()),
        ]
        for kind, name, part in attached:
            path = (*site.path, kind, name)
            if part.segment not in site.plan.segments:
                yield _unknown(marks, (*path, "segment"), part.segment, "segment", site.plan.segments)
            elif isinstance(part, EndpointPlan):
                yield from _endpoint(marks, path, part, site)
            if part.switch > site.plan.switches:
                yield marks.problem(
                    (*path, "switch"),
                    f"there is no switch {part.switch}",
                    f"1 to {site.plan.switches}" if site.plan.switches > 1 else "1, the site's only switch",
                    "raise `switches` of the site",
                )


def _endpoint(marks: Marks, path: tuple[str, ...], group: EndpointPlan, site: PlannedSite) -> Found:
    offered = site.plan.segments[group.segment].access
    if group.access not in offered:
        yield marks.problem(
            (*path, "access"),
            f"segment {group.segment!r} offers no {group.access} access",
            f"one of {', '.join(offered)}",
            f"or add {group.access} to the segment's access",
        )
    if group.connected is not None and group.connected > group.count:
        yield marks.problem(
            (*path, "connected"),
            f"{group.connected} endpoints connected of {group.count}",
            f"at most {group.count}",
        )
    yield from _ports(marks, (*path, "services"), group.services)


def _ports(marks: Marks, path: tuple[str, ...], services: tuple[str, ...]) -> Found:
    for index, service in enumerate(services):
        _, _, port = service.partition("/")
        if port and int(port) > 65535:
            yield marks.problem((*path, index), f"port {port} does not exist", "a port of 1 to 65535")


def check_nodes(plan: Plan, marks: Marks) -> Found:
    """A node has what its role needs, and its role suits its place (guide, edge and identifier)."""
    for site in sites(plan):
        for name, node in site.plan.nodes.items():
            path = (*site.path, "nodes", name)
            yield from _node(plan, marks, path, node, site)


def _node(plan: Plan, marks: Marks, path: tuple[str, ...], node: NodePlan, site: PlannedSite) -> Found:
    if node.role == "edge-gateway" and site.plan.kind not in ("plant", "office"):
        yield marks.problem(
            (*path, "role"),
            f"an edge gateway in a {site.plan.kind} network",
            "a plant or an office",
            "edge clouds serve the backbone",
        )
    if node.role == "edge-cloud" and site.plan.kind == "plant":
        yield marks.problem(
            (*path, "role"),
            "an edge cloud in a plant",
            "an office or the park services",
            "edge gateways and controllers serve a plant",
        )
    if node.role.startswith("edge") and node.resources is None:
        yield marks.key_problem(
            path, f"edge node {path[-1]!r} states no resources", "resources: {cpu_cores, …}"
        )
    if node.broker and not node.role.startswith("edge"):
        yield marks.problem((*path, "broker"), f"a broker on a {node.role}", "an edge gateway or edge cloud")
    if (node.role == "identifier-node") != (node.identifier is not None):
        yield marks.key_problem(
            path,
            f"{node.role} {path[-1]!r} and its `identifier` do not go together",
            "`identifier` on an identifier-node, and only there",
        )
    if node.identifier is not None:
        yield from _identifier(plan, marks, (*path, "identifier"), node)


def _identifier(plan: Plan, marks: Marks, path: tuple[str, ...], node: NodePlan) -> Found:
    identifier = node.identifier
    assert identifier is not None
    for index, tenant in enumerate(identifier.tenants):
        if tenant not in plan.tenants:
            yield _unknown(marks, (*path, "tenants", index), tenant, "tenant", plan.tenants)
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


def check_topology(plan: Plan, marks: Marks) -> Found:
    """Rings close, and every switch has a port for each of its cables."""
    for site in sites(plan):
        if site.plan.ring and site.plan.switches < 3:
            yield marks.problem(
                (*site.path, "ring"),
                f"a ring of {_switches(site.plan.switches)}",
                "at least 3 switches",
                "raise `switches`, or remove `ring`",
            )
            continue
        used = _ports_used(site)
        for number in range(1, site.plan.switches + 1):
            if used[number] > site.plan.ports:
                where = (*site.path, "ports") if "ports" in site.plan.model_fields_set else site.path
                yield marks.key_problem(
                    where,
                    f"{site.switch(number)} needs {used[number]} ports",
                    f"at most {site.plan.ports}",
                    "raise `ports`, or spread over switches",
                )


def _switches(count: int) -> str:
    return "1 switch" if count == 1 else f"{count} switches"


def _ports_used(site: PlannedSite) -> Counter[int]:
    """Count cables by switch: gateway ports on switch 1, neighbours, endpoints and nodes."""
    used: Counter[int] = Counter({1: len(site.plan.segments)})
    for number in range(1, site.plan.switches):
        used[number] += 1
        used[number + 1] += 1
    if site.plan.ring:
        used[1] += 1
        used[site.plan.switches] += 1
    used.update(group.switch for group in site.plan.endpoints.values())
    used.update(node.switch for node in site.plan.nodes.values())
    return used


def check_public(plan: Plan, marks: Marks) -> Found:
    """Refuse what the design cannot build yet, rather than build something else."""
    if plan.public.mode == "own":
        yield marks.problem(
            ("public", "mode"),
            "a public-service network of its own is not built yet",
            "shared",
            "it then stands behind the park firewall, in zones of its own",
        )


def check_flows(plan: Plan, marks: Marks) -> Found:
    """Flows lead from and to places that exist, and local data stays with its tenant."""
    segments = {site.segment(name): site for site in sites(plan) for name in site.plan.segments}
    owners = {
        site.plan.segments[name].zone: site.tenant for site in sites(plan) for name in site.plan.segments
    }
    for name, flow in plan.flows.items():
        path = ("flows", name)
        tenants: list[str | None] = []  # None: the zone has no segment, which is told elsewhere
        for key, place in (("from", flow.src), ("to", flow.dst)):
            if place not in plan.zones and place not in segments:
                yield _unknown(marks, (*path, key), place, "zone or segment", [*plan.zones, *segments])
                continue
            outside = place in plan.zones and plan.zones[place].kind == "external"
            tenants.append(
                segments[place].tenant
                if place in segments
                else owners.get(place, OUTSIDE if outside else None)
            )
        if flow.src in plan.zones and plan.zones[flow.src].kind == "external":
            yield marks.problem(
                (*path, "from"),
                "a flow from outside the park",
                "a zone or segment inside the park",
                "sessions are opened from inside; replies to them pass",
            )
        if flow.local_only and len(tenants) == 2 and tenants[0] != tenants[1] and None not in tenants:
            yield marks.problem(
                (*path, "local_only"), "local-only data would leave its tenant", "both ends in one tenant"
            )
        yield from _ports(marks, (*path, "service"), flow.service)


def check_statements(plan: Plan, marks: Marks) -> Found:
    """What the operator states is in range and not out of date before it starts."""
    for number, figure in plan.figures.items():
        path = ("figures", number)
        if not 1 <= number <= 60:
            yield marks.key_problem(path, f"there is no indicator {number}", "1 to 60")
        if figure.x_min is not None and figure.x_max is not None and figure.x_min >= figure.x_max:
            yield marks.problem(
                (*path, "x_min"),
                f"x_min {figure.x_min:g} is not below x_max {figure.x_max:g}",
                "x_min < x_max (formula 2)",
            )
    for requirement, attestation in plan.attestations.items():
        if attestation.expires <= attestation.date:
            yield marks.problem(
                ("attestations", requirement, "expires"),
                "expires before it was stated",
                f"a date after {attestation.date}",
            )
    if plan.security.connected_platforms > plan.security.platforms:
        yield marks.problem(
            ("security", "connected_platforms"),
            f"{plan.security.connected_platforms} platforms connected of {plan.security.platforms}",
            f"at most {plan.security.platforms}",
        )


RULES: tuple[Callable[[Plan, Marks], Iterable[Problem]], ...] = (
    check_pools,
    check_capacity,
    check_devices,
    check_segments,
    check_attachments,
    check_nodes,
    check_topology,
    check_public,
    check_flows,
    check_management,
    check_statements,
)
