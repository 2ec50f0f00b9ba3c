"""The park's devices and cables as a graph, for finding what a failure takes with it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parkops.model import Park, Role


@dataclass(frozen=True, slots=True)
class Topology:
    """Neighbours of each device with the cable to them; ``roots`` is where the monitor stands."""

    neighbours: Mapping[str, tuple[tuple[str, str], ...]]  # device -> (link id, device)
    ends: Mapping[str, tuple[str, str]]  # link id -> devices
    ports: Mapping[tuple[str, str], str]  # (device, interface) -> link id
    roots: frozenset[str]
    roles: Mapping[str, str]
    segments: Mapping[str, frozenset[str]] = field(default_factory=dict)  # of each cable, and each device

    @classmethod
    def of(cls, park: Park) -> Topology:
        """Return the graph of a park."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        ports = {}
        for link in park.links:
            found[link.a_device].append((link.id, link.b_device))
            found[link.b_device].append((link.id, link.a_device))
            ports[link.a_device, link.a_interface] = ports[link.b_device, link.b_interface] = link.id
        return cls(
            {name: tuple(items) for name, items in found.items()},
            {link.id: (link.a_device, link.b_device) for link in park.links},
            ports,
            _roots(park),
            {device.name: device.role.value for device in park.devices},
            _segments(park),
        )

    def cut_off(
        self, starts: Iterable[str], dead: Mapping[str, int], cut: Mapping[str, int]
    ) -> dict[str, int | None]:
        """Return what stands between ``starts`` and each device: the nearest failure, None for none.

        ``dead`` are devices and ``cut`` links with the number of their failure. A device that is dead itself
        is told what stands before it. A breadth-first search that takes ways without a failure first: linear.
        """
        label: dict[str, int | None] = {}
        queue = deque[tuple[str, int | None]]((name, None) for name in starts)
        while queue:
            name, before = queue.popleft()
            if name in label:
                continue
            label[name] = before
            behind = dead.get(name) if before is None else before
            for link, other in self.neighbours.get(name, ()):
                if other in label:
                    continue
                beyond = cut.get(link) if behind is None else behind
                if beyond is None:
                    queue.appendleft((other, None))
                else:
                    queue.append((other, beyond))
        return label


Ways = Mapping[str, tuple[str, tuple[str, ...]]]  # device -> the device before it, and the cables between


def ways(topology: Topology, start: str) -> Ways:
    """Return how each device is reached from one on a shortest way; several cables may lie side by side."""
    before: dict[str, tuple[str, tuple[str, ...]]] = {start: ("", ())}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for _, other in topology.neighbours.get(name, ()):
            if other not in before:
                beside = (link for link, device in topology.neighbours[name] if device == other)
                before[other] = (name, tuple(beside))
                queue.append(other)
    return before


def hops(found: Ways, device: str) -> tuple[tuple[str, ...], ...]:
    """Return the cables of each hop on the way to a device, the nearest to it first."""
    hops = []
    while found.get(device, ("", ()))[1]:
        device, beside = found[device]
        hops.append(beside)
    return tuple(hops)


def _segments(park: Park) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for device in park.devices:
        for interface in device.interfaces:
            if interface.segment:
                found[device.name].add(interface.segment)
                found[interface.link].add(interface.segment)
    return {name: frozenset(items) for name, items in found.items()}


def _roots(park: Park) -> frozenset[str]:
    """Return the management servers, else the backbone."""
    for roles in ((Role.MANAGEMENT,), (Role.CORE, Role.SPINE)):
        found = frozenset(device.name for device in park.devices if device.role in roles)
        if found:
            return found
    return frozenset()
