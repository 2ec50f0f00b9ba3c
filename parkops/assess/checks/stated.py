"""Checks on the plan: what the equipment of a place is stated to be rated for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from parkops.assess.context import Context, plan
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Device

OUTDOOR = "outdoor"


def _devices(context: Context, roles: Sequence[str], place: str) -> list[Device]:
    """Return the devices of some roles in a kind of place: a site's kind, or "outdoor" by its property."""
    found = context.devices(*roles)
    if place == OUTDOOR:
        return [device for device in found if device.property("place") == OUTDOOR]
    return [device for device in found if not place or device.property("kind") == place]


def _nothing(roles: Sequence[str], place: str) -> str:
    what = " or ".join(roles) or "managed device"
    return f"the park has no {what}" + (f" in a place of kind {place}" if place else "")


def _mend(device: Device, name: str, value: str) -> str:
    return f"devices.{device.name}.properties.{name}: {value}"


def properties_stated(
    context: Context, names: Sequence[str], roles: Sequence[str] = (), place: str = "", what: str = ""
) -> Iterator[Outcome]:
    """Decide whether some devices state every one of some properties."""
    expected = what or f"{listed(names)} stated"
    devices = _devices(context, roles, place)
    if not devices:
        yield not_applicable(expected, _nothing(roles, place))
    for device in devices:
        missing = [name for name in names if not device.property(name)]
        actual = f"not stated: {listed(missing)}" if missing else "all stated"
        cited = [plan(device.source, f"{device.name}: {actual}", device.name)]
        mend = "; ".join(_mend(device, name, "…") for name in missing)
        yield decided(not missing, expected, actual, cited, device.name, mend)


def property_among(
    context: Context, name: str, allowed: Sequence[str], roles: Sequence[str] = (), place: str = ""
) -> Iterator[Outcome]:
    """Decide whether a stated property of some devices is one of some values; nothing stated is unknown."""
    expected = f"{name.replace('_', ' ')} of {' or '.join(allowed)}"
    devices = _devices(context, roles, place)
    if not devices:
        yield not_applicable(expected, _nothing(roles, place))
    for device in devices:
        stated = device.property(name)
        held = None if not stated else stated in allowed
        actual = stated or "nothing stated in the plan"
        cited = [plan(device.source, f"{device.name}: {actual}", device.name)]
        yield decided(held, expected, actual, cited, device.name, _mend(device, name, allowed[0]))


def property_covers(
    context: Context, name: str, low: float, high: float, roles: Sequence[str] = (), place: str = ""
) -> Iterator[Outcome]:
    """Decide whether a stated range ("-40..70") of some devices covers what their place asks for."""
    expected = f"{name.replace('_', ' ')} from {low:g} to {high:g} covered"
    devices = _devices(context, roles, place)
    if not devices:
        yield not_applicable(expected, _nothing(roles, place))
    for device in devices:
        stated = device.property(name)
        found = re.fullmatch(r"\s*(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)\s*", stated)
        held = None if not found else float(found[1]) <= low and float(found[2]) >= high
        actual = stated or "nothing stated in the plan"
        cited = [plan(device.source, f"{device.name}: {actual}", device.name)]
        mend = _mend(device, name, f'"{low:g}..{high:g}"')
        yield decided(held, expected, actual, cited, device.name, mend)


def separate_ways(context: Context, roles: Sequence[str], name: str = "ducts") -> Iterator[Outcome]:
    """Decide whether the two ways out of a device run in ducts of their own (property: "A,B")."""
    expected = f"two different {name}, one for each way"
    devices = [
        d for d in context.devices(*roles) if d.ring or sum(p.mode == "trunk" for p in d.interfaces) > 1
    ]
    if not devices:
        yield not_applicable(expected, "no such device has two ways out")
    for device in devices:
        ways = [part.strip() for part in device.property(name).split(",") if part.strip()]
        held = None if not ways else len(set(ways)) == len(ways) >= 2
        actual = ", ".join(ways) or "nothing stated in the plan"
        cited = [plan(device.source, f"{device.name}: {actual}", device.name)]
        yield decided(held, expected, actual, cited, device.name, _mend(device, name, '"east,west"'))
