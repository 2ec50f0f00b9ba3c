"""Cross-checks of the cloud and of hosted services: hosts, quotas, ends and users."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.plan.hints import unknown
from parkops.plan.marks import Key, Marks
from parkops.plan.places import Attached, Places
from parkops.plan.schema import CloudPlan, HostedPlan, Plan

Found = Iterator[Problem]
Path = tuple[Key, ...]
QUOTAS = (("vcpus", "virtual CPUs"), ("memory_gb", "GB of memory"), ("storage_gb", "GB of storage"))


def check_cloud(plan: Plan, marks: Marks) -> Found:
    """Zones have the hosts that their model needs, and quotas fit the hosts."""
    places = Places.of(plan)
    hosts = places.nodes("cloud-host")
    zones = plan.cloud.zones if plan.cloud else {}
    for name, item in places.attached.items():
        if item.node is None:
            continue
        if item.node.cloud_zone and item.node.role != "cloud-host":
            yield marks.problem(
                (*item.path, "cloud_zone"), f"{name} has the role {item.node.role}", "a cloud-host"
            )
        elif item.node.role == "cloud-host" and item.node.cloud_zone not in zones:
            if item.node.cloud_zone:
                yield unknown(marks, (*item.path, "cloud_zone"), item.node.cloud_zone, "cloud zone", zones)
            else:
                yield marks.key_problem(
                    item.path, f"cloud host {name} is in no zone", "cloud_zone: a zone of `cloud`"
                )
    if plan.cloud is None:
        return
    yield from _controller(marks, plan.cloud, places)
    for zone_id, zone in plan.cloud.zones.items():
        path = ("cloud", "zones", zone_id)
        inside = [item for item in hosts.values() if item.node and item.node.cloud_zone == zone_id]
        if zone.model == "public" and not zone.provider:
            yield marks.key_problem(path, f"public zone {zone_id!r} has no provider", "provider: who runs it")
        if zone.model == "public" and inside:
            yield marks.key_problem(
                path, f"public zone {zone_id!r} has hosts of the park", "hosts in a private or park zone"
            )
        if zone.model in ("private", "park") and not inside:
            yield marks.key_problem(
                path, f"{zone.model} zone {zone_id!r} has no host", "nodes with the role cloud-host in it"
            )
        if plan.cloud.model in ("public", "private", "park") and zone.model != plan.cloud.model:
            yield marks.problem(
                (*path, "model"), f"a {zone.model} zone in a {plan.cloud.model} cloud", "model: hybrid"
            )
    if len(hosts) > plan.cloud.servers:
        yield marks.problem(
            ("cloud", "servers"),
            f"{len(hosts)} cloud hosts are planned, {plan.cloud.servers} servers stated",
            f"at least {len(hosts)}",
        )
    yield from _tenants(plan, marks, plan.cloud, places, hosts)


def _controller(marks: Marks, cloud: CloudPlan, places: Places) -> Found:
    servers = places.nodes("management-server", "server")
    if cloud.controller and cloud.controller not in servers:
        yield unknown(marks, ("cloud", "controller"), cloud.controller, "server", servers)
    if cloud.tenants and not cloud.controller:
        yield marks.key_problem(
            ("cloud", "tenants"), "quotas that no controller sets", "controller: a server that runs it"
        )


def _tenants(plan: Plan, marks: Marks, cloud: CloudPlan, places: Places, hosts: dict[str, Attached]) -> Found:
    for name, tenant in cloud.tenants.items():
        path = ("cloud", "tenants", name)
        if name not in plan.tenants:
            yield _no_tenant(marks, path, name, plan)
        for index, zone in enumerate(tenant.zones):
            if zone not in cloud.zones:
                yield unknown(marks, (*path, "zones", index), zone, "cloud zone", cloud.zones)
        for index, network in enumerate(tenant.networks):
            if network not in places.segments:
                yield unknown(marks, (*path, "networks", index), network, "segment", places.segments)
            elif places.segments[network].tenant not in ("", name):
                yield marks.problem(
                    (*path, "networks", index),
                    f"segment {network!r} belongs to {places.segments[network].tenant!r}",
                    "a segment of its own, or of the park",
                )
    own = [zone for zone, item in cloud.zones.items() if item.model in ("private", "park")]
    have = capacity(cloud, hosts)
    for key, words in QUOTAS:
        need = sum(getattr(tenant, key) for tenant in cloud.tenants.values() if set(tenant.zones) <= set(own))
        if own and need > have[key]:
            yield marks.key_problem(
                ("cloud", "tenants"),
                f"quotas of {need} {words} on hosts with {have[key]:g}",
                f"at most {have[key]:g}",
                "more hosts, or smaller quotas",
            )


def capacity(cloud: CloudPlan, hosts: dict[str, Attached]) -> dict[str, float]:
    """Return what the park's own hosts can give to tenants."""
    found = dict.fromkeys((key for key, _ in QUOTAS), 0.0)
    for item in hosts.values():
        resources = item.node.resources if item.node else None
        if resources is not None:
            found["vcpus"] += resources.cpu_cores * cloud.overcommit
            found["memory_gb"] += resources.memory_gb
            found["storage_gb"] += resources.storage_gb
    return found


def _no_tenant(marks: Marks, path: Path, name: str, plan: Plan) -> Problem:
    problem = unknown(marks, path, name, "tenant", plan.tenants)
    return marks.key_problem(path, problem.what, problem.expected, problem.hint)


def check_hosted(plan: Plan, marks: Marks) -> Found:
    """A service stands somewhere, and its users exist."""
    places = Places.of(plan)
    for name, hosted in plan.hosted.items():
        path = ("hosted", name)
        if hosted.kind == "upstream":
            yield from _upstream(marks, path, hosted, places)
        else:
            yield from _inside(marks, path, hosted, places)
        for index, user in enumerate(hosted.users):
            where = (*path, "users", index)
            if user not in plan.zones and user not in places.segments:
                yield unknown(marks, where, user, "zone or segment", [*plan.zones, *places.segments])
            elif user in places.external:
                yield marks.problem(
                    where,
                    "users outside the park",
                    "zones or segments inside it",
                    "publish the service instead",
                )


def _upstream(marks: Marks, path: Path, hosted: HostedPlan, places: Places) -> Found:
    if hosted.node:
        yield marks.problem(
            (*path, "node"), f"{path[-1]!r} is outside the park", "zone and address", "or another `kind`"
        )
    if not hosted.zone:
        yield marks.key_problem(path, f"{path[-1]!r} is outside, by no zone", "zone: an external zone")
    elif hosted.zone not in places.external:
        yield unknown(marks, (*path, "zone"), hosted.zone, "external zone", places.external)
    if not hosted.address:
        yield marks.key_problem(path, f"{path[-1]!r} is outside, at no address", "address: its name")


def _inside(marks: Marks, path: Path, hosted: HostedPlan, places: Places) -> Found:
    for key in ("zone", "address", "level"):
        if getattr(hosted, key):
            yield marks.key_problem(
                (*path, key), f"`{key}` of a {hosted.kind} of the park", "only of an upstream platform"
            )
    if not hosted.node:
        yield marks.key_problem(path, f"{path[-1]!r} runs nowhere", "node: where it runs")
    elif hosted.node not in places.attached:
        yield unknown(marks, (*path, "node"), hosted.node, "node or endpoint", places.attached)
    if hosted.data and hosted.kind != "database":
        yield marks.key_problem((*path, "data"), f"`data` of a {hosted.kind}", "only of a database")
    if hosted.kind == "database" and not hosted.data:
        yield marks.key_problem(
            path, f"database {path[-1]!r} does not say whose data it holds", "data: industry, park, …"
        )
