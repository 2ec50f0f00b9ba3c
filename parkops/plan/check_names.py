"""Cross-checks of names: no two devices get one name."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.plan.marks import Marks
from parkops.plan.names import PARK_FIREWALL, boundary, cores, sites
from parkops.plan.schema import Plan

Found = Iterator[Problem]
ARTIFACT_FOLDERS = ("all", "inventory", "lab", "localhost", "monitoring", "ungrouped")  # and Ansible's names
RESERVED = ("core", "fw", "svc", "pub", "inet")


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
    taken = dict.fromkeys((*cores(plan), PARK_FIREWALL, "inet-1"), "the backbone")
    taken.update(dict.fromkeys(ARTIFACT_FOLDERS, "parkops itself"))
    taken.update({boundary(tenant.prefix): f"tenant {name}" for name, tenant in plan.tenants.items()})
    taken.update(
        {
            site.switch(number): f"{site.id}'s switches"
            for site in sites(plan)
            for number in range(1, site.plan.switches + 1)
        }
    )
    for site in sites(plan):
        named = [(("endpoints", name), site.endpoint(name)) for name in site.plan.endpoints]
        named += [(("nodes", name), site.node(name)) for name in site.plan.nodes]
        for where, device in named:
            owner = f"{site.id}.{'.'.join(where)}"
            first = taken.setdefault(device, owner)
            if first != owner:
                yield marks.key_problem(
                    (*site.path, *where), f"device name {device!r} is taken by {first}", "another name"
                )
