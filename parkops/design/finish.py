"""Last pass: what is stated is carried over, and the draft is frozen into a `Park`."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.design.pools import pool_sizes
from parkops.model import (
    Access,
    AssessmentPolicy,
    Attestation,
    Circuit,
    EndpointGroup,
    Figure,
    Interconnect,
    Park,
    Tenant,
    Waiver,
    Zone,
)
from parkops.plan.indicators import FALLING
from parkops.plan.schema import FigurePlan, Pools
from parkops.plan.schema.park import AccessInfo

CLOUD = ("model", "servers", "storage_tb", "controller", "overcommit")  # stated facts of a section
SECURITY = ("platform", "platforms", "connected_platforms", "quarantine", "graded_response", "mlps")


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
                item.sha256,
            )
            for name, item in sorted(plan.attestations.items())
        ),
        waivers=tuple(
            Waiver(name, item.owner, item.reason, item.expires.isoformat(), marks.ref("waivers", name))
            for name, item in sorted(plan.waivers.items())
        ),
        interconnects=tuple(
            Interconnect(
                name,
                item.between,
                item.asked_by,
                item.until.isoformat(),
                item.reason,
                marks.ref("interconnects", name),
            )
            for name, item in sorted(plan.interconnects.items())
        ),
        assessment=_policy(draft),
        catalogues=plan.catalogues,
        facts=_facts(draft),
        pools=pool_sizes(draft),
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
            line.distance,
            line.price,
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
                line.distance,
                line.price,
            )
            for name, line in sorted(tenant.leased_lines.items())
        ]
    for site in draft.sites:
        found += [
            Circuit(
                f"{site.id}.{name}",
                cpe.operator,
                "5g",
                cpe.bandwidth_mbps,
                site.tenant,
                draft.marks.ref(*site.path, "cpes", name),
            )
            for name, cpe in sorted(site.plan.cpes.items())
        ]
    return tuple(found)


def _figures(draft: Draft) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            number,
            _value(number, item),
            item.x_min,
            item.x_max,
            item.evidence,
            item.date.isoformat(),
            item.by,
            draft.marks.ref("figures", number),
            _components(item),
            _share(item),
            tuple(sorted(item.years.items())),
        )
        for number, item in sorted(draft.plan.figures.items())
    )


def _share(item: FigurePlan) -> tuple[float, float] | None:
    if item.numerator is None or item.denominator is None:
        return None
    return item.numerator, item.denominator


def _value(number: int, item: FigurePlan) -> float | bool | None:
    """Return the value as stated, as a share in per cent, or as the mean yearly change in per cent."""
    share = _share(item)
    if share is not None:
        return 100 * share[0] / share[1] if share[1] else None
    if item.years:
        first, last = min(item.years), max(item.years)
        rate: float = (item.years[last] / item.years[first]) ** (1 / (last - first)) - 1
        return -100 * rate if number in FALLING else 100 * rate
    if item.value is None:
        return next(iter(item.components.values()), 0.0)
    return item.value


def _components(item: FigurePlan) -> tuple[tuple[str, float], ...]:
    """Return what the value is made of: named components, a share's two sides, amounts by year."""
    if item.components:
        return tuple((name, float(value)) for name, value in item.components.items())
    if item.numerator is not None and item.denominator is not None:
        return (("numerator", item.numerator), ("denominator", item.denominator))
    return tuple((str(year), amount) for year, amount in sorted(item.years.items()))


def _policy(draft: Draft) -> AssessmentPolicy:
    stated = draft.plan.assessment
    years = draft.plan.park.horizon_years
    budget = stated.budget if isinstance(stated.budget, tuple) else (stated.budget,) * years
    source = draft.marks.ref("assessment") if "assessment" in draft.plan.model_fields_set else None
    return AssessmentPolicy(
        stated.profile, stated.weights, budget, tuple(sorted(stated.prices.items())), source
    )


def _facts(draft: Draft) -> tuple[tuple[str, str], ...]:
    plan = draft.plan
    facts: dict[str, str] = {
        "pools.ipv4": ",".join(_prefixes(plan.pools, "ipv4")),
        "pools.ipv6": ",".join(_prefixes(plan.pools, "ipv6")),
        "public.mode": plan.public.mode,
        "monitoring.interval_s": f"{plan.monitoring.interval_s:g}",
        "monitoring.objective_percent": f"{plan.monitoring.objective_percent:g}",
        "management.ntp": plan.management.ntp[0],
        "management.syslog": plan.management.syslog[0],
        "management.monitoring": plan.management.monitoring,
        "management.upstream_ntp": ",".join(plan.management.upstream_ntp),
    }
    for section, part, keys in (("cloud", plan.cloud, CLOUD), ("security", plan.security, SECURITY)):
        for key in keys if part else ():
            value = getattr(part, key)
            facts[f"{section}.{key}"] = ",".join(value) if isinstance(value, tuple) else str(value)
    for name, item in plan.interconnects.items():
        tenants = " and ".join(item.between)
        facts[f"interconnect.{name}"] = f"{tenants}: {item.reason} ({item.asked_by}, until {item.until})"
    return tuple(sorted(facts.items()))


def _prefixes(pools: Pools, family: str) -> list[str]:
    """Return all that is inside the park; what is not is the Internet."""
    parts = (pools.management, pools.loopbacks, pools.links, pools.segments, *filter(None, (pools.vpn,)))
    return sorted(str(getattr(part, family)) for part in parts if hasattr(part, family))


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
        enable=info.enable,
    )
