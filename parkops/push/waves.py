"""Plan the waves of a change: redundancy is kept, a canary goes first, the direction is the change's."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from parkops.model import Device, Expectation, Park, Role

# From the inside of the park to its edge; roles of one number may share a wave.
TIERS = {
    Role.CORE: 0,
    Role.SPINE: 0,
    Role.EXIT: 1,
    Role.PARK_FIREWALL: 1,
    Role.AGGREGATION: 2,
    Role.BOUNDARY: 2,
    Role.LEAF: 2,
}
EDGE = 3  # switches, gateways, servers: nothing lies behind them but endpoints
# Roles whose devices stand in for each other all over the park, those that do within their site, and those
# behind which nothing else has a second way.
PARK_WIDE = frozenset({Role.CORE, Role.SPINE, Role.EXIT, Role.PARK_FIREWALL})
ALONE = frozenset({Role.ACCESS_SWITCH, Role.RING_SWITCH, Role.ACCESS_POINT, Role.CPE_5G})
MAX_WAVE = 200  # devices that may be in doubt at the same time, at most


@dataclass(frozen=True, slots=True)
class Risk:
    """What a wave puts at stake: the allowed flows that have no path while its devices are out."""

    devices: tuple[str, ...]
    flows: tuple[str, ...]  # expectation ids


def plan_waves(
    park: Park,
    devices: Collection[str],
    *,
    inside_first: bool = True,
    at_stake: bool = True,
    max_wave: int = MAX_WAVE,
) -> tuple[tuple[str, ...], ...]:
    """Return the waves that change ``devices``, each sorted by name; the same input gives the same waves.

    No wave holds two devices of one redundancy group (a pair of cores, the servers of a site) or of one
    ring: taking two switches out of a ring splits it, neighbours or not. One canary per platform goes first,
    the one with the least at stake. ``inside_first``: from the core to the edge, as a change that adds needs
    it (a path exists before traffic enters it); else from the edge to the core, as one that removes does.
    ``at_stake`` is False for a park in which nothing works yet: after the canaries all goes at once.
    """
    names = sorted(set(devices))
    groups = {name: groups_of(park.device(name)) for name in names}
    canary = _canaries(park, names, groups) if len(names) > 1 else ()
    waves = [canary] if canary else []
    if not at_stake:
        rest = [name for name in names if name not in canary]
        return (*waves, *(tuple(rest[n : n + max_wave]) for n in range(0, len(rest), max_wave)))
    tiers: dict[int, list[str]] = defaultdict(list)
    for name in names:
        if name not in canary:
            tiers[_tier(park.device(name))].append(name)
    for tier in sorted(tiers, reverse=not inside_first):
        waves += _coloured(tiers[tier], groups, max_wave)
    return tuple(waves)


def groups_of(device: Device) -> frozenset[str]:
    """Return the redundancy groups of a device: no two members of one may be out at the same time."""
    groups = set[str]()
    if device.role in PARK_WIDE:
        groups.add(f"role {device.role}")
    elif device.role not in ALONE:
        groups.add(f"role {device.role} of {device.tenant}/{device.site}")
    if device.pair:
        groups.add(f"pair {device.pair}")
    rings = {device.ring, *(interface.ring for interface in device.interfaces)} - {""}
    return frozenset(groups | {f"ring {ring}" for ring in rings})


def _tier(device: Device) -> int:
    return TIERS.get(device.role, EDGE)


def _canaries(park: Park, names: Sequence[str], groups: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Choose one device per platform, the farthest from the core, with no group twice."""
    by_platform: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_platform[park.device(name).platform].append(name)
    chosen: list[str] = []
    taken: set[str] = set()
    for platform in sorted(by_platform):
        free = [name for name in by_platform[platform] if not groups[name] & taken]
        if free and len(by_platform[platform]) > 1:  # the only one of its kind is no canary of anything
            best = min(free, key=lambda name: (-_tier(park.device(name)), len(groups[name]), name))
            chosen.append(best)
            taken |= groups[best]
    return tuple(sorted(chosen))


def _coloured(
    names: Sequence[str], groups: Mapping[str, frozenset[str]], max_wave: int
) -> list[tuple[str, ...]]:
    """Put each device into the first wave that holds none of its groups (greedy colouring, by name)."""
    waves: list[tuple[list[str], set[str]]] = []
    for name in names:
        for wave, taken in waves:
            if len(wave) < max_wave and not groups[name] & taken:
                break
        else:
            wave, taken = [], set()
            waves.append((wave, taken))
        wave.append(name)
        taken |= groups[name]
    return [tuple(wave) for wave, _ in waves]


def grows(diffs: Iterable[tuple[int, int]]) -> bool:
    """Tell from (added, removed) lines whether a change adds as least as much as it removes."""
    counts = list(diffs)
    return sum(added for added, _ in counts) >= sum(removed for _, removed in counts)


def at_risk(park: Park, wave: Collection[str]) -> Risk:
    """Return the allowed flows that lose their last path if all devices of a wave fail at once.

    A path is one of cables; it costs one walk over the park's links.
    """
    out = frozenset(wave)
    part = _parts(park, out)
    flows = [
        one.id
        for one in park.expectations
        if one.allowed and (_cut(one, out) or part.get(one.src_device) != part.get(one.dst_device))
    ]
    return Risk(tuple(sorted(out)), tuple(sorted(flows)))


def _cut(one: Expectation, out: frozenset[str]) -> bool:
    return one.src_device in out or one.dst_device in out


def _parts(park: Park, out: frozenset[str]) -> dict[str, int]:
    """Number the parts into which the park falls without some devices."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for link in park.links:
        if link.a_device not in out and link.b_device not in out:
            neighbours[link.a_device].append(link.b_device)
            neighbours[link.b_device].append(link.a_device)
    part: dict[str, int] = {}
    for number, device in enumerate(park.devices):
        if device.name in out or device.name in part:
            continue
        part[device.name], pending = number, deque([device.name])
        while pending:
            for name in neighbours[pending.popleft()]:
                if name not in part:
                    part[name] = number
                    pending.append(name)
    return part
