"""Checks on the plan: room to the horizon, spare ports and oversubscription."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.assess.context import SWITCHES, Context, plan, ports_of
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import PortMode

DATA = (PortMode.ROUTED, PortMode.ACCESS, PortMode.TRUNK, PortMode.UNUSED)


def pools_at_horizon(context: Context, ceiling_percent: float, least_years: int) -> Iterator[Outcome]:
    """Decide whether every pool stays under its ceiling with yearly growth compounded to the horizon."""
    park = context.park
    factor = (1 + park.growth_percent / 100) ** park.horizon_years
    here = plan(
        park.source, f"{park.growth_percent:g} % a year for {park.horizon_years} years: x {factor:.3f}"
    )
    held = park.horizon_years >= least_years
    yield decided(
        held, f"a horizon of {least_years} years or more", f"{park.horizon_years} years", [here], "horizon"
    )
    for pool, used, size in park.pools:
        share = 100 * used * factor / size if size else float("inf")
        expected = f"at most {ceiling_percent:g} % of {size} used at the horizon"
        cited = [here, plan(park.source, f"pool {pool}: {used} of {size} used today", pool)]
        yield decided(share <= ceiling_percent, expected, f"{share:.1f} %", cited, pool)
    if not park.pools:
        yield decided(None, "pools with their use", "the design names no pool", [here])


def spare_capacity(context: Context, target_percent: float) -> Iterator[Outcome]:
    """Decide whether enough ports of each role of switch, and of each pool, are free today."""
    for role in SWITCHES:
        devices = context.devices(role)
        total = sum(len(ports_of(d, *DATA)) + len(d.unused) for d in devices)
        if not total:
            continue
        free = {d.name: len(ports_of(d, PortMode.UNUSED)) + len(d.unused) for d in devices}
        spare = 100 * sum(free.values()) / total
        cited = [plan(d.source, f"{d.name}: {free[d.name]} ports free", d.name) for d in devices]
        yield decided(
            spare >= target_percent, f"{target_percent:g} % of ports free", f"{spare:.0f} %", cited, role
        )
    for pool, used, size in context.park.pools:
        spare = 100 * (size - used) / size if size else 0
        cited = [plan(context.park.source, f"pool {pool}: {used} of {size} used", pool)]
        yield decided(spare >= target_percent, f"{target_percent:g} % free", f"{spare:.0f} %", cited, pool)


def oversubscription(context: Context, limit: float) -> Iterator[Outcome]:
    """Decide the worst ratio of access to uplink bandwidth of each access switch.

    Source of the bound: default 20:1 at the access layer.
    """
    rates = {link.id: link.rate_mbps for link in context.park.links}
    kinds = {link.id: link.kind for link in context.park.links}
    expected = f"at most {limit:g}:1 between access and uplink bandwidth"
    switches = context.devices(*SWITCHES)
    if not switches:
        yield not_applicable(expected, "the park has no access switch")
    for device in switches:
        used = [port for port in device.interfaces if port.link]
        down = sum(rates.get(p.link, 0) for p in used if kinds.get(p.link) == "access")
        up = sum(rates.get(p.link, 0) for p in used if kinds.get(p.link) in ("uplink", "ring"))
        actual = f"{down} Mbit/s of access over {up} Mbit/s of uplink"
        held = None if not up else down / up <= limit
        links = listed(f"{p.name} {kinds.get(p.link, '')}" for p in used)
        yield decided(held, expected, actual, [plan(device.source, links, device.name)], device.name)
