"""Checks on the plan: the cloud, what is hosted, and the platforms above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import Context, plan
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Role


def cloud_managed(context: Context) -> Iterator[Outcome]:
    """Decide whether the cloud has a controller and hosts under it."""
    expected = "a controller and the hosts that it manages"
    if not context.park.fact("cloud.model"):
        yield decided(False, expected, "no cloud", [plan(context.park.source, "cloud")], "park", "cloud: …")
        return
    controller = context.park.fact("cloud.controller")
    hosts = context.every(Role.CLOUD_HOST)
    actual = f"controller {controller if controller not in ('', 'None') else 'none'}, {len(hosts)} hosts"
    cited = [plan(h.source, f"{h.name}: {h.property('cpu_cores')} cores", h.name) for h in hosts]
    held = controller not in ("", "None") and bool(hosts)
    mend = "cloud.controller: a management server; nodes of role cloud-host with cloud_zone"
    yield decided(held, expected, actual, cited or [plan(context.park.source, "cloud")], "park", mend)


def cloud_quotas(context: Context, isolated: bool = False) -> Iterator[Outcome]:
    """Decide whether tenants have quotas in the cloud; ``isolated``: on networks of their own."""
    expected = "a quota" + (" on networks of its own" if isolated else "")
    if not context.park.fact("cloud.model"):
        yield not_applicable(expected, "the park has no cloud")
        return
    quotas = {item.tenant: item for item in context.park.cloud_tenants}
    users: dict[str, list[str]] = {}
    for item in quotas.values():
        for network in item.networks:
            users.setdefault(network, []).append(item.tenant)
    for tenant in context.tenants:
        quota = quotas.get(tenant.id)
        shared = [n for n in quota.networks if len(users[n]) > 1] if quota else []
        actual = (
            f"{quota.vcpus} vCPU, {quota.memory_gb} GB, {len(quota.networks)} networks" if quota else "none"
        )
        actual += f"; shared: {listed(shared)}" if shared else ""
        cited = [plan(quota.source if quota else tenant.source, actual, tenant.id)]
        mend = f"cloud.tenants.{tenant.id}: {{zones: […], vcpus: …, memory_gb: …, storage_gb: …}}"
        yield decided(bool(quota) and not (isolated and shared), expected, actual, cited, tenant.id, mend)


def cloud_model(context: Context) -> Iterator[Outcome]:
    """Decide whether the cloud's model is named, and what leaves for a public cloud is encrypted."""
    model = context.park.fact("cloud.model")
    expected = "a named cloud model, and an encrypted line to what is outside"
    outside = [zone for zone in context.park.cloud_zones if zone.model == "public"]
    tunnels = [vpn for vpn in context.park.vpns if vpn.purpose == "site-to-site"]
    tunnels = tunnels or [v for d in context.park.devices for v in d.vpns if v.purpose == "site-to-site"]
    held = bool(model) and (bool(tunnels) or not (outside or model in ("public", "hybrid")))
    actual = f"model {model or 'none'}, {len(outside)} public zones, {len(tunnels)} tunnels"
    cited = [plan(zone.source, f"{zone.id}: {zone.model}", zone.id) for zone in context.park.cloud_zones]
    cited = cited or [plan(context.park.source, f"cloud.model {model or 'not stated'}")]
    mend = "cloud.model; leased_lines with tunnel: ipsec to a public cloud"
    yield decided(held, expected, actual, cited, "park", mend)


def important_services_twice(context: Context) -> Iterator[Outcome]:
    """Decide whether programs and services for important tenants run on two nodes or more."""
    expected = "two instances or more on different nodes"
    important = {tenant.id for tenant in context.park.tenants if tenant.important} | {""}
    places: dict[str, set[str]] = {}
    sources = {}
    for device in context.managed:
        for item in device.workloads:
            if (item.tenant or device.tenant) in important and not item.cycle_us:
                name = item.id.partition(".")[2] or item.id
                places.setdefault(name, set()).add(device.name)
                sources[name] = item.source
    if not places:
        yield not_applicable(expected, "the plan places no program for an important tenant")
    for name, nodes in sorted(places.items()):
        cited = [plan(sources[name], f"{name} on {listed(nodes)}", name)]
        yield decided(
            len(nodes) > 1, expected, f"on {listed(nodes)}", cited, name, f"workloads.{name}.replicas: 2"
        )


def upstream_platforms(context: Context, levels: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether the plan lists platforms outside that the park reports to."""
    found = [i for i in context.park.hosted if i.kind == "upstream" and (not levels or i.level in levels)]
    expected = "platforms outside" + (f" of level {' or '.join(levels)}" if levels else "") + ", listed"
    cited = [plan(item.source, f"{item.id}: {item.title} at {item.address}", item.id) for item in found]
    mend = "hosted: an entry with kind: upstream, zone, address, level"
    actual = listed(f"{item.id} ({item.level or 'no level'})" for item in found)
    yield decided(bool(found), expected, actual, cited or [plan(context.park.source, "hosted")], "park", mend)


def plan_validated(context: Context) -> Iterator[Outcome]:
    """Decide whether the inputs passed the schema and the cross-checks: without that there is no park."""
    actual = f"plan {context.park.plan_file} passed them (digest {context.park.plan_digest[:16]})"
    held = bool(context.park.plan_digest)
    yield decided(
        held, "inputs checked against a schema before use", actual, [plan(context.park.source, actual)]
    )


def catalogue_held(
    context: Context, catalogue: str, prefixes: Sequence[str] = (), kinds: Sequence[str] = ()
) -> Iterator[Outcome]:
    """Decide whether no control of another catalogue failed without waiver; open ones leave it unknown."""
    from parkops.model import Verdict

    expected = f"no control of {catalogue} failed"
    found = {
        name: verdict
        for name, verdict in (context.verdicts or {}).items()
        if not prefixes or name.startswith(tuple(prefixes))
    }
    failed = [name for name, verdict in found.items() if verdict is Verdict.FAIL]
    opened = [name for name, verdict in found.items() if verdict is Verdict.UNKNOWN]
    if kinds and not context.zones_of_kind(*kinds):
        yield not_applicable(expected, f"the park has no zone of kind {', '.join(kinds)}")
        return
    held = False if failed else None if opened or not found else True
    actual = f"{len(failed)} failed ({listed(failed)}), {len(opened)} not yet evidenced of {len(found)}"
    cited = [
        plan(zone.source, f"{zone.title}: level {zone.mlps_level}", zone.id)
        for zone in context.zones_of_kind(*kinds)
    ]
    mend = f"`parkops controls list --catalogue {catalogue} --verdict fail`, and mend or waive each"
    yield decided(held, expected, actual, cited, "park", mend)
