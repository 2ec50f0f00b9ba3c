"""Checks on the plan: whether equipment, addresses, quotas and nodes carry the demand, up to the horizon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from math import prod

from parkops.assess.context import BACKBONE, EDGE, Context, plan, ports_of
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Device, PortMode, Role

SYSTEMS = {"production": "production", "enterprise": "enterprise", "public-service": "public"}


def growth(context: Context, system: str) -> float:
    """Return the factor by which a system grows up to the horizon."""
    for item in context.park.growth:
        if item.system == system:
            return prod(1 + percent / 100 for percent in item.percent)
    return (1 + context.park.growth_percent / 100) ** context.park.horizon_years


def endpoints_fit(context: Context, ceiling_percent: float) -> Iterator[Outcome]:
    """Decide whether every segment's prefix still holds its endpoints at the horizon."""
    expected = f"at most {ceiling_percent:g} % of the addresses used at the horizon"
    found = 0
    for segment in context.segments_of(*SYSTEMS, "park-service"):
        groups = context.groups_by_segment.get(segment.id, ())
        count = sum(group.count for group in groups)
        if not count or not segment.ipv4:
            continue
        found += 1
        factor = growth(context, SYSTEMS.get(context.zones[segment.zone].kind, "edge"))
        room = max(ip_network(segment.ipv4, strict=False).num_addresses - 3, 1)
        share = 100 * count * factor / room
        actual = f"{count} endpoints x {factor:.2f} over {room} addresses of {segment.ipv4}: {share:.0f} %"
        cited = [plan(segment.source, f"{segment.id}: {segment.ipv4}", segment.id)]
        cited += [plan(group.source, f"{group.id}: {group.count}", group.id) for group in groups]
        mend = f"split the endpoints of {segment.id} over two segments, or widen pools.segments"
        yield decided(share <= ceiling_percent, expected, actual, cited, segment.id, mend)
    if not found:
        yield not_applicable(expected, "no segment has endpoints")


def ports_at_horizon(context: Context, roles: Sequence[str], system: str = "backbone") -> Iterator[Outcome]:
    """Decide whether devices have ports enough for as many more neighbours as the growth brings."""
    expected = "a port for each neighbour at the horizon"
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, f"the park has no {' or '.join(roles)}")
    factor = growth(context, system)
    for device in devices:
        used = len({p.link for p in device.interfaces if p.link and p.mode is not PortMode.MANAGEMENT})
        free = len(device.unused) + len(ports_of(device, PortMode.UNUSED))
        held = used * factor <= used + free if used else None
        actual = f"{used} ports used x {factor:.2f}, {used + free} there"
        cited = [plan(device.source, f"{device.name}: {actual}", device.name)]
        mend = f"devices.{device.name}.ports: {round(used * factor + 0.5)} or more"
        yield decided(held, expected, actual, cited, device.name, mend)


def capacity_stated(
    context: Context, name: str, unit: str, demand: str, roles: Sequence[str] = ()
) -> Iterator[Outcome]:
    """Decide whether a stated capacity carries the demand at the horizon; nothing stated is unknown.

    ``demand`` is "ports" (the rates of all used data ports) or "exits" (of all lines out of the park).
    """
    expected = f"{name.replace('_', ' ')} for the demand at the horizon"
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, f"the park has no {' or '.join(roles) or 'managed device'}")
    rates = context.once("rates", lambda: {link.id: link.rate_mbps for link in context.park.links})
    lines = sum(line.bandwidth_mbps for line in context.park.circuits if line.kind == "exit")
    factor = growth(context, "backbone")
    for device in devices:
        now = lines if demand == "exits" else _ports_mbps(device, rates)
        stated = device.property(name)
        value = float(stated) if stated.replace(".", "", 1).isdigit() else None
        need = now * factor
        held = None if value is None else value >= need
        actual = f"{stated} {unit}" if stated else "nothing stated in the plan"
        actual += f"; needed: {now} x {factor:.2f} = {need:.0f} {unit}"
        cited = [plan(device.source, f"{device.name}: {actual}", device.name)]
        mend = f"devices.{device.name}.properties.{name}: what its data sheet says, {need:.0f} or more"
        yield decided(held, expected, actual, cited, device.name, mend)


def _ports_mbps(device: Device, rates: Mapping[str, int]) -> int:
    return sum(rates.get(port.link, 0) for port in device.interfaces if port.link)


def backbone_load(context: Context, ceiling_percent: float) -> Iterator[Outcome]:
    """Decide whether one link less still carries a tenant's share of all lines out, at the horizon."""
    expected = f"at most {ceiling_percent:g} % of an uplink after the loss of the other"
    lines = [line for line in context.park.circuits if line.kind == "exit"]
    factor = growth(context, "backbone")
    whole = sum(line.bandwidth_mbps for line in lines) * factor
    rates = context.once("rates", lambda: {link.id: link.rate_mbps for link in context.park.links})
    routers = {device.name for device in context.every(*BACKBONE, Role.EXIT)}
    if not context.tenants:
        yield not_applicable(expected, "the park has no tenant")
    for tenant in context.tenants:
        own = [d for d in context.devices_by_tenant.get(tenant.id, ()) if d.role is Role.BOUNDARY]
        ups = [rates.get(p.link, 0) for d in own for p in d.interfaces if p.peer_device in routers and p.link]
        left = sorted(ups)[: max(len(ups) - 1, 1)]
        share = 100 * whole / sum(left) if sum(left) else float("inf")
        actual = f"{whole:.0f} Mbit/s of all exits over {sum(left)} Mbit/s: {share:.0f} %"
        cited = [plan(d.source, f"{d.name}: {len(d.interfaces)} ports", d.name) for d in own]
        cited += [plan(line.source, f"{line.id}: {line.bandwidth_mbps} Mbit/s", line.id) for line in lines]
        mend = "backbone.link_rate_mbps: a higher rate"
        yield decided(bool(ups) and share <= ceiling_percent, expected, actual, cited, tenant.id, mend)


def workloads_fit(context: Context, ceiling_percent: float) -> Iterator[Outcome]:
    """Decide whether the programs of each edge node fit its processors, memory and storage."""
    expected = f"at most {ceiling_percent:g} % of processors, memory and storage used by programs"
    programs = [item for device in context.devices(*EDGE, Role.EDGE_CONTROLLER) for item in device.workloads]
    if not programs:
        yield not_applicable(expected, "no edge node runs a program of the plan")
        return
    for device in context.devices(*EDGE, Role.EDGE_CONTROLLER):
        if not device.workloads:
            continue
        shares = {
            "processors": _share(sum(w.cpu_cores for w in device.workloads), device, "cpu_cores", 1),
            "memory": _share(sum(w.memory_mb for w in device.workloads), device, "memory_gb", 1024),
            "storage": _share(sum(w.storage_gb for w in device.workloads), device, "storage_gb", 1),
        }
        known = {name: share for name, share in shares.items() if share is not None}
        over = [name for name, share in known.items() if share > ceiling_percent]
        held = False if over else True if len(known) == len(shares) else None
        actual = ", ".join(f"{name} {share:.0f} %" for name, share in known.items()) or "no resources stated"
        cited = [
            plan(w.source, f"{w.id}: {w.cpu_cores:g} cores, {w.memory_mb} MB", w.id) for w in device.workloads
        ]
        mend = f"resources of {device.name}: more, or a program less"
        yield decided(held, expected, actual, cited, device.name, mend)


def _share(need: float, device: Device, name: str, unit: int) -> float | None:
    stated = device.property(name)
    return 100 * need / (float(stated) * unit) if stated.isdigit() and int(stated) else None


def cloud_at_horizon(context: Context, resources: Sequence[str]) -> Iterator[Outcome]:
    """Decide whether the cloud's hosts still hold the tenants' quotas at the horizon."""
    expected = f"{listed(resources)} of the hosts for all quotas at the horizon"
    quotas = context.park.cloud_tenants
    if not context.park.fact("cloud.model"):
        yield not_applicable(expected, "the park has no cloud")
        return
    if not quotas:
        cited = [plan(context.park.source, "cloud without tenants")]
        actual = "the plan states no quotas (cloud.tenants), so no need can be told"
        yield decided(None, expected, actual, cited)
        return
    hosts = context.every(Role.CLOUD_HOST)
    factor = growth(context, "cloud")
    overcommit = float(context.park.fact("cloud.overcommit", "1") or 1)
    keys = {"vcpus": ("cpu_cores", overcommit), "memory": ("memory_gb", 1.0), "storage": ("storage_gb", 1.0)}
    asked = {
        "vcpus": sum(q.vcpus for q in quotas),
        "memory": sum(q.memory_gb for q in quotas),
        "storage": sum(q.storage_gb for q in quotas),
    }
    for resource in resources:
        name, times = keys[resource]
        have = sum(float(h.property(name) or 0) for h in hosts) * times
        need = asked[resource] * factor
        actual = f"{asked[resource]} x {factor:.2f} = {need:.0f} asked, {have:.0f} there"
        cited = [
            plan(q.source, f"{q.tenant}: {q.vcpus} vCPU, {q.memory_gb} GB, {q.storage_gb} GB", q.id)
            for q in quotas
        ]
        cited += [plan(h.source, f"{h.name}: {h.property(name)}", h.name) for h in hosts]
        held = need <= have if have else None
        yield decided(held, expected, actual, cited, resource, "another node of role cloud-host")
