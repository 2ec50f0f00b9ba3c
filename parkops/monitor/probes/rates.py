"""Rates of counters between two looks: bits a second, and the share of an interface's speed."""

from __future__ import annotations

import time
from collections.abc import Iterable

from parkops.monitor.probes.base import value

COUNTERS = {"if_in_octets_total": "if_in_bps", "if_out_octets_total": "if_out_bps"}
Seen = dict[str, tuple[float, float]]  # counter -> when it was read (steady clock), what it was


def rates(seen: Seen, values: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the rates since the last call, and keep the counters in ``seen``.

    A counter that went back belongs to an agent that began anew: no rate follows from it.
    """
    now_s, found = time.monotonic(), []
    speeds = dict(values)
    busiest: dict[str, float] = {}
    for name, number in list(speeds.items()):
        kind, _, rest = name.partition("[")
        if kind not in COUNTERS:
            continue
        then_s, before = seen.get(name, (now_s, number))
        seen[name] = (now_s, number)
        if now_s <= then_s or number < before:
            continue
        of = rest.removesuffix("]")
        bps = (number - before) * 8 / (now_s - then_s)
        found.append(value(COUNTERS[kind], bps, of))
        busiest[of] = max(busiest.get(of, 0.0), bps)
    for of, bps in busiest.items():
        if speed_bps := speeds.get(f"if_speed_bps[{of}]"):
            found.append(value("if_utilisation_ratio", bps / speed_bps, of))
    return found
