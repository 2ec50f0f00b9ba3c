"""How full links are: octets that interfaces counted against the rate that the plan gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from parkops.figures.spread import Summed, spread
from parkops.model import Park, Rollup, Utilisation

_OCTETS = re.compile(r"^(?:if_|hc_)?(in|out)_octets_per_s\[(.+)\]$")


def utilisation(park: Park, rollups: Iterable[Rollup]) -> tuple[Utilisation, ...]:
    """Return what the rollups of counters come to, by device, interface and direction."""
    devices = {target.id: target.device for target in park.targets}
    sums: dict[tuple[str, str, str], Summed] = {}
    for rollup in rollups:
        found = _OCTETS.match(rollup.name)
        if found and rollup.target in devices:
            key = devices[rollup.target], found[2], found[1]
            sums.setdefault(key, Summed()).add(rollup)
    rates = {
        (device.name, port.name): port.rate_mbps * 1e6
        for device in park.devices
        for port in device.interfaces
        if port.rate_mbps
    }
    return tuple(
        Utilisation(device, port, way, rates[device, port], 8 * told.mean, 8 * told.p95, 8 * told.maximum)
        for (device, port, way), total in sorted(sums.items())
        if (device, port) in rates and (told := spread(total)) is not None
    )
