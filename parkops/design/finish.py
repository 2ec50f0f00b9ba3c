"""Last pass: what is stated is carried over, and the draft is frozen into a `Park`."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import (
    Access,
    Attestation,
    Circuit,
    EndpointGroup,
    Figure,
    Park,
    Tenant,
    Waiver,
    Zone,
)
from parkops.plan.schema import Pools
from parkops.plan.schema.park import AccessInfo


def finish(draft: Draft) -> Park:
    """Return the finished park."""
    plan, marks = draft.plan, draft.marks
    management = plan.pools.management.ipv4
    return Park(
        name=plan.park.id,
        title=plan.park.title,
        operator=plan.park.operator,
        plan_file=marks.file,
        plan_digest=draft.loaded.digest,
        horizon_years=plan.park.horizon_years,
        growth_percent=plan.park.growth_percent,
        management_network=str(management),
        management_gateway=str(management[1]),
        access=_access(plan.access),
        source=marks.ref("park"),
        devices=tuple(device.freeze() for _, device in sorted(draft.devices.items())),
        links=tuple(link for _, link in sorted(draft.links.items())),
        segments=tuple(segment for _, segment in sorted(draft.segments.items())),
        zones=_zones(draft),
        groups=_groups(draft),
        circuits=_circuits(draft),
        tenants=tuple(
            Tenant(name, tenant.title, tenant.important, marks.ref("tenants", name))
            for name, tenant in sorted(plan.tenants.items())
        ),
        figures=_figures(draft),
        attestations=tuple(
            Attestation(
                name,
                item.evidence,
                item.date.isoformat(),
                item.by,
                item.expires.isoformat(),
                marks.ref("attestations", name),
            )
            for name, item in sorted(plan.attestations.items())
        ),
        waivers=tuple(
            Waiver(name, item.owner, item.reason, item.expires.isoformat(), marks.ref("waivers", name))
            for name, item in sorted(plan.waivers.items())
        ),
        facts=_facts(draft),
        pools=_pools(draft),
        **draft.estate(),
    )


def _zones(draft: Draft) -> tuple[Zone, ...]:
    owners = {segment.zone: segment.tenant for segment in draft.segments.values()}
    return tuple(
        Zone(
            name,
            zone.title,
            zone.kind,
            owners.get(name, ""),
            zone.mlps_level,
            zone.industrial,
            draft.marks.ref("zones", name),
        )
        for name, zone in sorted(draft.plan.zones.items())
    )


def _groups(draft: Draft) -> tuple[EndpointGroup, ...]:
    return tuple(
        EndpointGroup(
            f"{site.id}.{name}",
            group.title,
            site.tenant,
            site.segment(group.segment),
            group.element,
            group.protocol,
            group.access,
            group.count,
            group.count if group.connected is None else group.connected,
            draft.marks.ref(*site.path, "endpoints", name),
            site.endpoint(name),
        )
        for site in draft.sites
        for name, group in sorted(site.plan.endpoints.items())
    )


def _circuits(draft: Draft) -> tuple[Circuit, ...]:
    found = [
        Circuit(
            name,
            line.operator,
            "exit",
            line.bandwidth_mbps,
            "",
            draft.marks.ref("backbone", "exit", "circuits", name),
        )
        for name, line in sorted(draft.plan.backbone.exit.circuits.items())
    ]
    for tenant_id, tenant in sorted(draft.plan.tenants.items()):
        found += [
            Circuit(
                name,
                line.operator,
                "leased-line",
                line.bandwidth_mbps,
                tenant_id,
                draft.marks.ref("tenants", tenant_id, "leased_lines", name),
            )
            for name, line in sorted(tenant.leased_lines.items())
        ]
    return tuple(found)


def _figures(draft: Draft) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            number,
            item.value,
            item.x_min,
            item.x_max,
            item.evidence,
            item.date.isoformat(),
            item.by,
            draft.marks.ref("figures", number),
        )
        for number, item in sorted(draft.plan.figures.items())
    )


def _facts(draft: Draft) -> tuple[tuple[str, str], ...]:
    plan = draft.plan
    facts: dict[str, str] = {
        "pools.ipv4": ",".join(_prefixes(plan.pools, "ipv4")),
        "pools.ipv6": ",".join(_prefixes(plan.pools, "ipv6")),
        "public.mode": plan.public.mode,
        "monitoring.interval_s": f"{plan.monitoring.interval_s:g}",
        "monitoring.objective_percent": f"{plan.monitoring.objective_percent:g}",
        **{
            f"management.{key}": str(value)
            for key, value in plan.management.model_dump().items()
            if key != "upstream_ntp"
        },
        "management.upstream_ntp": ",".join(plan.management.upstream_ntp),
    }
    for section, part in (("cloud", plan.cloud), ("security", plan.security)):
        for key, value in (part.model_dump() if part else {}).items():
            facts[f"{section}.{key}"] = ",".join(value) if isinstance(value, tuple) else str(value)
    return tuple(sorted(facts.items()))


def _prefixes(pools: Pools, family: str) -> list[str]:
    """Return all that is inside the park; what is not is the Internet."""
    parts = (pools.management, pools.loopbacks, pools.links, pools.segments)
    return sorted(str(getattr(part, family)) for part in parts if hasattr(part, family))


def _pools(draft: Draft) -> tuple[tuple[str, int, int], ...]:
    pools, used = draft.plan.pools, draft.allocator.used
    return (
        ("links", used("links"), pools.links.ipv4.num_addresses // 2),
        ("loopbacks", used("loopbacks"), pools.loopbacks.ipv4.num_addresses - 2),
        ("management", used("management"), pools.management.ipv4.num_addresses - 3),
        ("segments", used("segments"), 2 ** (24 - pools.segments.ipv4.prefixlen)),
        ("vlans", used("vlans"), pools.vlans.last - pools.vlans.first + 1),
    )


def _access(info: AccessInfo) -> Access:
    """Return how to log in, as the plan states it."""
    return Access(
        info.user,
        info.key,
        info.password,
        info.known_hosts,
        jump=info.jump,
        bind_device=info.management_vrf,
        call_home=info.call_home,
    )
