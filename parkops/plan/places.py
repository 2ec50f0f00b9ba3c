"""Where things of the plan stand: segments with their zone, nodes and endpoints with their segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parkops.plan.names import PlannedSite, far_zones, remote_accesses, sites
from parkops.plan.schema import EndpointPlan, NodePlan, Plan

OUTSIDE = "(outside)"  # no tenant's id


@dataclass(frozen=True, slots=True)
class Attached:
    """A node or an endpoint group, by the name of the device that stands for it."""

    name: str
    key: str  # in its site
    site: PlannedSite
    plan: NodePlan | EndpointPlan
    path: tuple[str, ...]

    @property
    def segment(self) -> str:
        """The id of its segment."""
        return self.site.segment(self.plan.segment)

    @property
    def node(self) -> NodePlan | None:
        """The node's plan; None for an endpoint group."""
        return self.plan if isinstance(self.plan, NodePlan) else None


@dataclass(frozen=True, slots=True)
class Places:
    """Everything that a flow, a service or a workload may name."""

    segments: Mapping[str, PlannedSite]  # segment id -> site
    zones: Mapping[str, str]  # segment id -> zone
    owners: Mapping[str, str]  # zone with segments -> tenant, "" for the park
    attached: Mapping[str, Attached]  # device name -> node or endpoint group
    external: frozenset[str]

    @classmethod
    def of(cls, plan: Plan) -> Places:
        """Return the places of a plan, worked out once."""
        if "places" not in plan.memo:
            plan.memo["places"] = cls._of(plan)
        found: Places = plan.memo["places"]
        return found

    @classmethod
    def _of(cls, plan: Plan) -> Places:
        segments: dict[str, PlannedSite] = {}
        zones: dict[str, str] = {}
        attached: dict[str, Attached] = {}
        for site in sites(plan):
            for name, segment in site.plan.segments.items():
                segments[site.segment(name)], zones[site.segment(name)] = site, segment.zone
            for name, node in site.plan.nodes.items():
                path = (*site.path, "nodes", name)
                attached[site.node(name)] = Attached(site.node(name), name, site, node, path)
            for name, group in site.plan.endpoints.items():
                path = (*site.path, "endpoints", name)
                attached.setdefault(
                    site.endpoint(name), Attached(site.endpoint(name), name, site, group, path)
                )
        owners = {zones[name]: site.tenant for name, site in segments.items()}
        for tenant, _, access in remote_accesses(plan):
            owners.setdefault(access.zone, tenant)
        for tenant, _, line in far_zones(plan):
            owners.setdefault(line.zone or "", tenant)
        external = frozenset(name for name, zone in plan.zones.items() if zone.kind == "external")
        return cls(segments, zones, owners, attached, external)

    def tenant(self, place: str) -> str | None:
        """Return whose a zone or a segment is; None for what has no segment, which is told elsewhere."""
        if place in self.segments:
            return self.segments[place].tenant
        return OUTSIDE if place in self.external else self.owners.get(place)

    def zone(self, place: str) -> str:
        """Return the zone of a zone or a segment."""
        return self.zones.get(place, place)

    def known(self, place: str) -> bool:
        """Return whether a name is a zone with segments, an external zone or a segment."""
        return place in self.segments or place in self.owners or place in self.external

    def nodes(self, *roles: str) -> dict[str, Attached]:
        """Return the nodes of some roles, by device name."""
        return {
            name: item
            for name, item in self.attached.items()
            if item.node is not None and item.node.role in roles
        }
