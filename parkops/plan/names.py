"""Names that the plan implies: sites, segments, devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parkops.plan.schema import LeasedLinePlan, Plan, RemoteAccessPlan, SitePlan, TenantPlan


@dataclass(frozen=True, slots=True)
class PlannedSite:
    """A site of a tenant or of the park itself, with its place in the plan."""

    id: str  # "huaxing.p1", "services", "public"
    tenant: str  # "" for the park's own
    prefix: str  # starts device names: "hx-p1", "svc", "pub"
    node_prefix: str  # starts node names: "hx-p1-", "" for park services
    gateway: str  # the device that routes and filters for it
    plan: SitePlan
    path: tuple[str, ...]
    standby: str = ""  # the second of a pair of gateways
    trunk: bool = False  # its gateways attach by one trunk, not by a port for each segment

    @property
    def gateways(self) -> tuple[str, ...]:
        """The devices that route and filter for it, the leading one first."""
        return (self.gateway, self.standby) if self.standby else (self.gateway,)

    @property
    def fabric(self) -> bool:
        """True where the backbone's own routers are its gateways."""
        return self.plan.gateway == "fabric"

    def block(self, number: int) -> int:
        """Return the number of the pair of routers that a switch attaches to, where the fabric routes."""
        return self.plan.blocks[number - 1] if number <= len(self.plan.blocks) else 1

    @property
    def dual(self) -> bool:
        """True where switches 1 and 2 are an M-LAG pair or a stack."""
        return self.plan.redundancy != "none"

    @property
    def switches(self) -> list[str]:
        """The names of its switches."""
        return [self.switch(number) for number in range(1, self.plan.switches + 1)]

    def switch(self, number: int) -> str:
        """Return the name of a switch (numbers from 1)."""
        return f"{self.prefix}-sw-{number}"

    def uplink_switch(self, index: int) -> str:
        """Return the switch that its gateway number ``index`` (from 0) attaches to."""
        return self.switch(min(index + 1, self.plan.switches))

    def segment(self, name: str) -> str:
        """Return the id of a segment."""
        return f"{self.id}.{name}"

    def endpoint(self, name: str) -> str:
        """Return the device name that stands for an endpoint group."""
        return f"{self.prefix}-{name}"

    def node(self, name: str) -> str:
        """Return the device name of a node."""
        return f"{self.node_prefix}{name}"

    def access_points(self) -> Iterator[tuple[str, str, int]]:
        """Yield (device name, key of its group, switch number) of every access point."""
        wireless = self.plan.wireless
        for name, group in sorted(wireless.access_points.items()) if wireless else ():
            for number in range(1, group.count + 1):
                yield f"{self.prefix}-{name}-{number}", name, group.switch

    def controllers(self) -> list[str]:
        """Return the names of its wireless controllers."""
        count = self.plan.wireless.controllers if self.plan.wireless else 0
        return [f"{self.prefix}-wlc-{number}" for number in range(1, count + 1)]


PARK_FIREWALL = "fw-1"
PUBLIC_GATEWAY = "pub-gw-1"


def _pair(first: str, redundancy: str) -> tuple[str, ...]:
    return (first, first[:-1] + "2") if redundancy == "pair" else (first,)


def boundary(prefix: str) -> str:
    """Return the name of a tenant's boundary device."""
    return f"{prefix}-bd-1"


def boundaries(tenant: TenantPlan) -> tuple[str, ...]:
    """Return the names of a tenant's boundary devices, the leading one first."""
    return _pair(boundary(tenant.prefix), tenant.boundary.redundancy)


def firewalls(plan: Plan) -> tuple[str, ...]:
    """Return the names of the park firewalls, the leading one first."""
    return _pair(PARK_FIREWALL, plan.backbone.firewall.redundancy)


def public_gateways(plan: Plan) -> tuple[str, ...]:
    """Return the gateways of a public-service network of its own; none where it is shared."""
    own = plan.public.mode == "own"
    return _pair(PUBLIC_GATEWAY, plan.public.boundary.redundancy) if own else ()


def one_way_gateway(name: str) -> str:
    """Return the device name of a one-way gateway."""
    return f"ow-{name}"


def sites(plan: Plan) -> tuple[PlannedSite, ...]:
    """Return every site: the park's services, the public services, then tenants in id order."""
    if "sites" not in plan.memo:
        plan.memo["sites"] = tuple(_sites(plan))
    found: tuple[PlannedSite, ...] = plan.memo["sites"]
    return found


def _sites(plan: Plan) -> Iterator[PlannedSite]:
    park, firewall = firewalls(plan), plan.backbone.firewall
    yield _site("services", "", ("svc", ""), park, plan.services, ("services",), firewall.attach)
    own = public_gateways(plan)
    attach = plan.public.boundary.attach if own else firewall.attach
    first = park if plan.public.gateway == "fabric" else own or park
    yield _site("public", "", ("pub", "pub-"), first, plan.public, ("public",), attach)
    for tenant_id, tenant in sorted(plan.tenants.items()):
        gateways, attach = boundaries(tenant), tenant.boundary.attach
        for site_id, site in sorted(tenant.sites.items()):
            names = (f"{tenant.prefix}-{site_id}", f"{tenant.prefix}-{site_id}-")
            path = ("tenants", tenant_id, "sites", site_id)
            filters = park if site.gateway == "fabric" else gateways
            yield _site(f"{tenant_id}.{site_id}", tenant_id, names, filters, site, path, attach)


def _site(
    site_id: str,
    tenant: str,
    names: tuple[str, str],
    gateways: tuple[str, ...],
    plan: SitePlan,
    path: tuple[str, ...],
    attach: str,
) -> PlannedSite:
    standby = gateways[1] if len(gateways) > 1 else ""
    return PlannedSite(site_id, tenant, *names, gateways[0], plan, path, standby, trunk=attach == "trunk")


def remote_accesses(plan: Plan) -> Iterator[tuple[str, str, RemoteAccessPlan]]:
    """Yield (tenant or "", name, plan) of every remote access."""
    for name, access in sorted(plan.remote_access.items()):
        yield "", name, access
    for tenant_id, tenant in sorted(plan.tenants.items()):
        for name, access in sorted(tenant.remote_access.items()):
            yield tenant_id, name, access


def far_zones(plan: Plan) -> Iterator[tuple[str, str, LeasedLinePlan]]:
    """Yield (tenant, line, plan) of every leased line that has a zone behind it."""
    for tenant_id, tenant in sorted(plan.tenants.items()):
        for name, line in sorted(tenant.leased_lines.items()):
            if line.zone:
                yield tenant_id, name, line


def _numbered(prefix: str, part: object) -> list[str]:
    return [f"{prefix}-{number}" for number in range(1, getattr(part, "count", 0) + 1)]


def cores(plan: Plan) -> list[str]:
    """Return the names of the core routers."""
    return [] if plan.backbone.kind == "spine-leaf" else _numbered("core", plan.backbone.cores)


def aggregations(plan: Plan) -> list[str]:
    """Return the names of the aggregation routers."""
    return _numbered("agg", plan.backbone.aggregations) if plan.backbone.kind == "three-tier" else []


def spines(plan: Plan) -> list[str]:
    """Return the names of the spines."""
    return _numbered("spine", plan.backbone.spines) if plan.backbone.kind == "spine-leaf" else []


def leaves(plan: Plan) -> list[str]:
    """Return the names of the leaves."""
    return _numbered("leaf", plan.backbone.leaves) if plan.backbone.kind == "spine-leaf" else []


def backbone(plan: Plan) -> list[str]:
    """Return the names of all backbone routers."""
    return [*cores(plan), *aggregations(plan), *spines(plan), *leaves(plan)]


def head(plan: Plan) -> list[str]:
    """Return the routers that the park firewalls attach to: two cores, or the first two leaves."""
    return (cores(plan) or leaves(plan))[:2]


def blocks(plan: Plan) -> list[list[str]]:
    """Return the pairs of routers that boundaries attach to, first to be filled first."""
    edge = aggregations(plan) or leaves(plan)
    pairs = [edge[index : index + 2] for index in range(0, len(edge), 2)]
    return pairs or [cores(plan)[:2]]


def exits(plan: Plan) -> list[str]:
    """Return the names of the exit routers; none where lines end on the park firewall."""
    return [f"exit-{number}" for number in range(1, plan.backbone.exit.routers + 1)]


def outside(plan: Plan) -> dict[str, str]:
    """Return the device beyond each circuit; lines of one exit without a network of their own share it."""
    lines = sorted(plan.backbone.exit.circuits.items())
    return {name: f"inet-{name}" if line.ipv4 else f"inet-{line.exit}" for name, line in lines}
