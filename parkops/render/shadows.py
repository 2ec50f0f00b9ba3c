"""What is lost with a device: all that lies behind it and has no other way to the backbone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from parkops.model import Park, Role

ROOTS = (frozenset((Role.CORE, Role.SPINE)), frozenset((Role.EXIT, Role.PARK_FIREWALL)))
ROOT = ""  # stands for the whole backbone


def shadows(park: Park) -> dict[str, tuple[str, ...]]:
    """Return the devices behind each device, or behind each pair by the pair's id; only the nearest counts.

    These are the immediate dominators of an undirected graph: the top of each biconnected component (Tarjan
    1972), with the backbone as one node and each pair as one. Linear in devices and cables.
    """
    group = _groups(park)
    if ROOT not in group.values():
        return {}
    members: dict[str, list[str]] = defaultdict(list)
    for name, node in group.items():
        members[node].append(name)
    return {
        node: tuple(sorted(name for below in nodes for name in members[below]))
        for node, nodes in sorted(_tops(_neighbours(park, group)).items())
        if node != ROOT
    }


def _groups(park: Park) -> dict[str, str]:
    """Return the node that each managed device belongs to."""
    managed = {device.name: device.role for device in park.managed}
    group = {name: name for name in managed}
    for pair in park.pairs:
        group |= {name: f"pair {pair.id}" for name in pair.devices if name in managed}
    for roles in ROOTS:
        roots = [name for name, role in managed.items() if role in roles]
        if roots:
            return group | dict.fromkeys(roots, ROOT)
    return group


def _neighbours(park: Park, group: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for link in park.links:
        one, other = group.get(link.a_device), group.get(link.b_device)
        if one is not None and other is not None and one != other:
            found[one][other] = found[other][one] = None
    return {node: tuple(others) for node, others in found.items()}


def _tops(neighbours: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the nodes of each biconnected component but its top, by the top."""
    order, low = {ROOT: 0}, {ROOT: 0}
    seen, found = [ROOT], dict[str, list[str]]()
    path = [(ROOT, ROOT, iter(neighbours.get(ROOT, ())))]
    while path:
        node, parent, rest = path[-1]
        below = next(rest, None)
        if below is None:
            path.pop()
            if node != ROOT:
                low[parent] = min(low[parent], low[node])
                if low[node] >= order[parent]:
                    found.setdefault(parent, []).extend(_popped(seen, node))
        elif below not in order:
            order[below] = low[below] = len(order)
            seen.append(below)
            path.append((below, node, iter(neighbours[below])))
        elif below != parent:
            low[node] = min(low[node], order[below])
    return found


def _popped(seen: list[str], last: str) -> Iterable[str]:
    while True:
        node = seen.pop()
        yield node
        if node == last:
            return
