"""Checks on the plan: what equipment is rated for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import EDGE, Context, plan
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Role


def property_at_least(
    context: Context,
    roles: Sequence[str],
    name: str,
    least: float,
    unit: str = "",
    important: bool = False,
    place: str = "",
) -> Iterator[Outcome]:
    """Decide whether a stated property of some devices reaches a number; nothing stated is unknown.

    With ``important`` only the park's own devices and those of important tenants are asked, with
    ``place`` only those in such a place.
    """
    expected = f"{name.replace('_', ' ')} of {least:g}{unit} or more"
    vital = {tenant.id for tenant in context.tenants if tenant.important} | {""}
    devices = [d for d in context.devices(*roles) if not important or d.tenant in vital]
    devices = [d for d in devices if not place or d.property("kind") == place]
    if not devices:
        yield not_applicable(expected, "the park has no such device")
    for device in devices:
        stated = device.property(name)
        value = float(stated) if stated.replace(".", "", 1).isdigit() else None
        held = None if value is None else value >= least
        actual = f"{stated}{unit}" if stated else "nothing stated in the plan"
        yield decided(
            held,
            expected,
            actual,
            [plan(device.source, f"{device.name}: {actual}", device.name)],
            device.name,
        )


def ip_code_at_least(context: Context, place: str, least: str) -> Iterator[Outcome]:
    """Decide whether devices in a kind of place have an IP code (IEC 60529) of at least both digits."""
    devices = [d for d in context.managed if d.property("kind") == place]
    expected = f"{least} or better in every {place}"
    if not devices:
        yield not_applicable(expected, f"the park has no managed device in a {place}")
    for device in devices:
        code = device.property("ip_code")
        held = None if not code else code[2] >= least[2] and code[3] >= least[3]
        cited = [plan(device.source, f"{device.name}: {code or 'nothing stated'}", device.name)]
        yield decided(held, expected, code or "nothing stated", cited, device.name)


def edge_capabilities(context: Context) -> Iterator[Outcome]:
    """Decide whether each edge node declares network, compute, storage application and site."""
    expected = "network, compute, storage, application and site declared"
    nodes = context.devices(*EDGE)
    if not nodes:
        yield not_applicable(expected, "the park has no edge node")
    for node in nodes:
        declared = {
            "network": bool(node.interfaces),
            "compute": bool(node.property("cpu_cores") and node.property("memory_gb")),
            "storage": bool(node.property("storage_gb")),
            "application": any(s.kind not in ("node_exporter", "syslog", "ntp") for s in node.services),
            "site": bool(node.site),
        }
        missing = [name for name, there in declared.items() if not there]
        cited = [plan(node.source, node.name, node.name)]
        yield decided(not missing, expected, f"missing: {listed(missing)}", cited, node.name)


def edge_rating(context: Context) -> Iterator[Outcome]:
    """Decide whether each edge gateway is rated for what its site connects, by number and protocol."""
    expected = "no more connected objects than rated, all by protocols that it speaks"
    nodes = [node for node in context.devices(Role.EDGE_GATEWAY) if node.site]
    if not nodes:
        yield not_applicable(expected, "the park has no edge gateway at a site")
    for node in nodes:
        rated, spoken = node.property("objects"), set(node.property("protocols").split(","))
        segments = [s for s in context.segments_by_tenant.get(node.tenant, ()) if s.site == node.site]
        groups = [g for s in segments for g in context.groups_by_segment.get(s.id, ())]
        objects = [g for g in groups if g.protocol != "ip"]
        count = sum(group.count for group in objects)
        foreign = {g.protocol for g in objects} - spoken
        actual = f"{count} objects for {rated or 'no rating'}" + (
            f", not spoken: {listed(foreign)}" if foreign else ""
        )
        cited = [plan(g.source, f"{g.id}: {g.count} by {g.protocol}", g.id) for g in objects]
        held = None if not rated.isdigit() else count <= int(rated) and not foreign
        yield decided(held, expected, actual, [plan(node.source, node.name, node.name), *cited], node.name)
