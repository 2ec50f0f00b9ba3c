"""The cost of an assessment grows with the park, not with its square."""

from __future__ import annotations

import time
from dataclasses import replace

from assess_park import good_evidence, good_park

from parkops.assess import assess
from parkops.model import Park

FIELDS = {  # fields that name a device, segment, zone, tenant, link or flow
    "name", "id", "tenant", "site", "segment", "zone", "gateway_device", "peer_device", "a_device",
    "b_device", "device", "src_device", "dst_device", "representative", "src", "dst", "link", "ring", "flow",
}  # fmt: skip
SHARED = ("core-", "fw-", "inet-", "services", "edge", "identifier", "operations", "internet", "ec-1", "id-1")


def renamed(text: str, number: int) -> str:
    return text if not text or text.startswith(SHARED) else f"{text}#{number}"


def copied(item, number: int):
    given = {
        name: renamed(getattr(item, name), number)
        for name in FIELDS
        if isinstance(getattr(item, name, None), str)
    }
    if hasattr(item, "interfaces"):
        given["interfaces"] = tuple(copied(port, number) for port in item.interfaces)
        given["interfaces"] = tuple(replace(p, name=p.name.partition("#")[0]) for p in given["interfaces"])
        given["rules"] = tuple(copied(rule, number) for rule in item.rules)
    if hasattr(item, "links"):
        given["links"] = tuple(renamed(name, number) for name in item.links)
        given["devices"] = tuple(renamed(name, number) for name in item.devices)
    return replace(item, **given)


def large(copies: int) -> Park:
    """Return the good park with its tenants ``copies`` times."""
    park = good_park()
    tenants = {tenant.id for tenant in park.tenants}

    def multiply(items, owned):
        shared = [item for item in items if not owned(item)]
        return (*shared, *(copied(item, n) for n in range(copies) for item in items if owned(item)))

    def of_tenant(item):
        return item.tenant in tenants

    own = {device.name for device in park.devices if device.tenant in tenants}
    return replace(
        park,
        devices=multiply(park.devices, of_tenant),
        segments=multiply(park.segments, of_tenant),
        zones=multiply(park.zones, of_tenant),
        groups=multiply(park.groups, of_tenant),
        tenants=multiply(park.tenants, lambda tenant: True),
        links=multiply(park.links, lambda link: {link.a_device, link.b_device} & own),
        rings=multiply(park.rings, lambda ring: True),
        flows=multiply(park.flows, lambda flow: flow.src.startswith(("a.", "b."))),
        targets=multiply(park.targets, lambda target: target.device in own),
        expectations=multiply(park.expectations, lambda e: {e.src_device, e.dst_device} & own),
    )


def cpu_s(copies: int) -> float:
    park = large(copies)
    evidence = good_evidence(park)
    evidence = replace(evidence, reach=evidence.reach[::60])
    spent = []
    for _ in range(2):
        start = time.process_time()
        assess(park, evidence)
        spent.append(time.process_time() - start)
    return min(spent)


def test_eight_times_the_tenants_cost_no_more_than_sixteen_times_as_much():
    small, big = cpu_s(8), cpu_s(64)
    assert big < 16 * small, f"{small:.2f} s for 8, {big:.2f} s for 64"
