"""Names that the plan implies: sites, segments, devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parkops.plan.schema import Plan, SitePlan


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

    def switch(self, number: int) -> str:
        """Return the name of a switch (numbers from 1)."""
        return f"{self.prefix}-sw-{number}"

    def segment(self, name: str) -> str:
        """Return the id of a segment."""
        return f"{self.id}.{name}"

    def endpoint(self, name: str) -> str:
        """Return the device name that stands for an endpoint group."""
        return f"{self.prefix}-{name}"

    def node(self, name: str) -> str:
        """Return the device name of a node."""
        return f"{self.node_prefix}{name}"


PARK_FIREWALL = "fw-1"


def boundary(prefix: str) -> str:
    """Return the name of a tenant's boundary device."""
    return f"{prefix}-bd-1"


def one_way_gateway(name: str) -> str:
    """Return the device name of a one-way gateway."""
    return f"ow-{name}"


def sites(plan: Plan) -> Iterator[PlannedSite]:
    """Yield every site: the park's services, the public services, then tenants in id order."""
    yield PlannedSite("services", "", "svc", "", PARK_FIREWALL, plan.services, ("services",))
    yield PlannedSite("public", "", "pub", "pub-", PARK_FIREWALL, plan.public, ("public",))
    for tenant_id, tenant in sorted(plan.tenants.items()):
        for site_id, site in sorted(tenant.sites.items()):
            prefix = f"{tenant.prefix}-{site_id}"
            yield PlannedSite(
                f"{tenant_id}.{site_id}",
                tenant_id,
                prefix,
                f"{prefix}-",
                boundary(tenant.prefix),
                site,
                ("tenants", tenant_id, "sites", site_id),
            )


def cores(plan: Plan) -> list[str]:
    """Return the names of the core routers."""
    return [f"core-{number}" for number in range(1, plan.backbone.cores.count + 1)]
