"""How many data ports a device has: what `devices` says about it, else what its section says."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from parkops.plan.schema import Plan


def ports_of(plan: Plan, device: str, default: int) -> int:
    """Return the data ports of a device; its own entry of `devices` before the longest pattern's."""
    if "ports" not in plan.memo:
        plan.memo["ports"] = _stated(plan)
    exact, patterns = plan.memo["ports"]
    if device in exact:
        return int(exact[device])
    return next((ports for pattern, ports in patterns if fnmatchcase(device, pattern)), default)


def fewest(plan: Plan, devices: Iterable[str], default: int) -> tuple[str, int]:
    """Return the device with the fewest ports of some that are cabled alike, and how many it has."""
    return min(((name, ports_of(plan, name, default)) for name in devices), key=lambda item: item[1])


def _stated(plan: Plan) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """Return the port counts by name and by pattern, the most special pattern first."""
    stated = {key: item.ports for key, item in plan.devices.items() if item.ports is not None}
    wild = {key for key in stated if "*" in key or "?" in key}
    patterns = sorted(wild, key=lambda key: (len(key), key), reverse=True)
    exact = {key: ports for key, ports in stated.items() if key not in wild}
    return exact, [(key, stated[key]) for key in patterns]
