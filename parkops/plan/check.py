"""Cross-checks of a well-formed plan: references, overlaps, capacity and buildable topologies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from parkops.errors import Problem
from parkops.plan.check_backbone import check_backbone, check_exits
from parkops.plan.check_cloud import check_cloud, check_hosted
from parkops.plan.check_edge import check_identifiers, check_local_data, check_nodes, check_workloads
from parkops.plan.check_enterprise import check_enterprise
from parkops.plan.check_events import check_events
from parkops.plan.check_far import check_far
from parkops.plan.check_names import check_devices
from parkops.plan.check_operations import (
    check_assessment,
    check_figures,
    check_growth,
    check_management,
    check_monitoring,
    check_statements,
)
from parkops.plan.check_pools import check_capacity, check_pools
from parkops.plan.check_production import check_cpes, check_gateways, check_rings, check_sdn, check_tsn
from parkops.plan.check_security import (
    check_conduits,
    check_flows,
    check_one_way,
    check_ports,
    check_response,
)
from parkops.plan.check_watching import check_watching
from parkops.plan.hints import unknown
from parkops.plan.marks import Marks
from parkops.plan.mlps import check_mlps
from parkops.plan.names import PlannedSite, far_zones, remote_accesses, sites
from parkops.plan.ports import ports_of
from parkops.plan.schema import EndpointPlan, NodePlan, Plan

Found = Iterator[Problem]


def check(plan: Plan, marks: Marks) -> list[Problem]:
    """Return every problem that the schema alone cannot see."""
    return [problem for rule in RULES for problem in rule(plan, marks)]


def check_segments(plan: Plan, marks: Marks) -> Found:
    """Every segment lies in a zone; a zone belongs to one tenant and is used."""
    owners: dict[str, str] = {}
    for site in sites(plan):
        for name, segment in site.plan.segments.items():
            path = (*site.path, "segments", name, "zone")
            zone = plan.zones.get(segment.zone)
            if zone is None:
                yield unknown(marks, path, segment.zone, "zone", plan.zones)
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
    used |= {access.zone for _, _, access in remote_accesses(plan)}
    used |= {line.zone for _, _, line in far_zones(plan) if line.zone}
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
                yield unknown(marks, (*path, "segment"), part.segment, "segment", site.plan.segments)
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


def check_topology(plan: Plan, marks: Marks) -> Found:
    """Every switch has a port for each of its cables."""
    for site in sites(plan):
        if site.plan.ring and site.plan.switches < 3:
            continue  # told elsewhere
        used = _ports_used(site)
        for number in range(1, site.plan.switches + 1):
            most = ports_of(plan, site.switch(number), site.plan.ports)
            if used[number] > most:
                where = (*site.path, "ports") if "ports" in site.plan.model_fields_set else site.path
                yield marks.key_problem(
                    where,
                    f"{site.switch(number)} needs {used[number]} ports",
                    f"at most {most}",
                    "raise `ports`, or spread over switches",
                )


def _ports_used(site: PlannedSite) -> Counter[int]:
    """Count cables by switch: gateways, neighbours, access points, endpoints and nodes."""
    used: Counter[int] = Counter()
    if site.fabric:
        used.update(range(1, site.plan.switches + 1))
        return _hanging(site, used)
    cables = 1 if site.trunk else len(site.plan.segments)
    for index in range(len(site.gateways)):
        both = (1, 2) if site.dual and site.trunk else (min(index + 1, site.plan.switches),)
        used.update(dict.fromkeys(both, cables))
    if site.dual:
        used.update({1: site.plan.switches, 2: site.plan.switches})  # two between them, one to each other
        used.update(dict.fromkeys(range(3, site.plan.switches + 1), 2))
    elif site.plan.ring and site.plan.ring.protocol == "prp":
        count = site.plan.switches
        used.update(dict.fromkeys(range(1, count - 1), 2))
        used.update({count - 1: count - 2, count: count - 2})
    else:
        for number in range(1, site.plan.switches):
            used[number] += 1
            used[number + 1] += 1
    if site.plan.ring and site.plan.ring.protocol != "prp":
        used[1] += 1
        used[site.plan.switches] += 1
    return _hanging(site, used)


def _hanging(site: PlannedSite, used: Counter[int]) -> Counter[int]:
    """Add what hangs on switches."""
    used.update(switch for _, _, switch in site.access_points())
    used[1] += len(site.controllers())
    used.update(group.switch for group in site.plan.endpoints.values())
    used.update(node.switch for node in site.plan.nodes.values())
    used.update(cpe.switch for cpe in site.plan.cpes.values())
    return used


RULES: tuple[Callable[[Plan, Marks], Iterable[Problem]], ...] = (
    check_pools,
    check_capacity,
    check_devices,
    check_segments,
    check_attachments,
    check_nodes,
    check_identifiers,
    check_workloads,
    check_rings,
    check_topology,
    check_tsn,
    check_cpes,
    check_gateways,
    check_sdn,
    check_backbone,
    check_exits,
    check_enterprise,
    check_far,
    check_flows,
    check_ports,
    check_conduits,
    check_one_way,
    check_response,
    check_local_data,
    check_mlps,
    check_cloud,
    check_hosted,
    check_management,
    check_monitoring,
    check_events,
    check_watching,
    check_growth,
    check_figures,
    check_assessment,
    check_statements,
)
