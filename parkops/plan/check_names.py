"""Cross-checks of names: no two devices get one name."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.plan import names
from parkops.plan.marks import Marks
from parkops.plan.names import sites
from parkops.plan.schema import Plan

Found = Iterator[Problem]
ARTIFACT_FOLDERS = ("all", "inventory", "lab", "localhost", "monitoring", "ungrouped")  # and Ansible's names
RESERVED = ("agg", "core", "exit", "fw", "inet", "leaf", "pub", "spine", "svc")


def check_devices(plan: Plan, marks: Marks) -> Found:
    """No two devices get one name."""
    prefixes: dict[str, str] = {}
    for tenant_id, tenant in plan.tenants.items():
        path = ("tenants", tenant_id, "prefix")
        if tenant.prefix in RESERVED:
            yield marks.problem(
                path, f"prefix {tenant.prefix!r} is the park's own", f"anything but {', '.join(RESERVED)}"
            )
        first = prefixes.setdefault(tenant.prefix, tenant_id)
        if first != tenant_id:
            yield marks.problem(
                path,
                f"prefix {tenant.prefix!r} belongs to tenant {first!r} already",
                "a prefix of its own for each tenant",
            )
    taken = _own_names(plan)
    for tenant_id, tenant in plan.tenants.items():
        for line_id, line in tenant.leased_lines.items():
            if not (line.ipv4 or line.ipv6):
                continue  # nothing stands for it
            owner = f"leased line {tenant_id}.{line_id}"
            first = taken.setdefault(line_id, owner)
            if first != owner:
                yield marks.key_problem(
                    ("tenants", tenant_id, "leased_lines", line_id),
                    f"device name {line_id!r} is taken by {first}",
                    "another name",
                )
    for site in sites(plan):
        attached = [(("endpoints", name), site.endpoint(name)) for name in site.plan.endpoints]
        attached += [(("nodes", name), site.node(name)) for name in site.plan.nodes]
        for where, device in attached:
            owner = f"{site.id}.{'.'.join(where)}"
            first = taken.setdefault(device, owner)
            if first != owner:
                yield marks.key_problem(
                    (*site.path, *where), f"device name {device!r} is taken by {first}", "another name"
                )


def _own_names(plan: Plan) -> dict[str, str]:
    """Return the names that follow from the plan's numbers, and whose they are."""
    own = [*names.backbone(plan), *names.exits(plan), *names.firewalls(plan), *names.outside(plan).values()]
    taken = dict.fromkeys((*own, "inet-1"), "the backbone")
    taken.update(dict.fromkeys(names.public_gateways(plan), "the public-service network"))
    taken.update(dict.fromkeys(ARTIFACT_FOLDERS, "parkops itself"))
    for tenant_id, tenant in plan.tenants.items():
        taken.update(dict.fromkeys(names.boundaries(tenant), f"tenant {tenant_id}"))
    for site in sites(plan):
        taken.update(dict.fromkeys(site.switches, f"{site.id}'s switches"))
        taken.update({name: f"{site.id}'s access points" for name, _, _ in site.access_points()})
        taken.update(dict.fromkeys(site.controllers(), f"{site.id}'s wireless controllers"))
    return taken
