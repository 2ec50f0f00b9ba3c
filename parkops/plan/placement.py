"""Places a site's workloads on its edge nodes: the same plan, the same places; a new one moves few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

from parkops.plan.names import PlannedSite
from parkops.plan.schema import NodePlan, PlacedWorkloadPlan, WorkloadPlan

EDGE = ("edge-controller", "edge-gateway", "edge-cloud")


@dataclass(slots=True)
class Room:
    """What a node has left."""

    cpu_cores: float
    memory_mb: float
    storage_gb: float

    @classmethod
    def of(cls, node: NodePlan) -> Room:
        """Return what a node's own workloads leave."""
        resources = node.resources
        room = cls(0, 0, 0)
        if resources is not None:
            room = cls(resources.cpu_cores, resources.memory_gb * 1024, resources.storage_gb)
        for workload in node.workloads.values():
            room.give(workload)
        return room

    def fits(self, workload: WorkloadPlan) -> bool:
        """Return whether a workload fits."""
        return (
            workload.cpu_cores <= self.cpu_cores
            and workload.memory_mb <= self.memory_mb
            and workload.storage_gb <= self.storage_gb
        )

    def give(self, workload: WorkloadPlan) -> None:
        """Take away what a workload uses."""
        self.cpu_cores -= workload.cpu_cores
        self.memory_mb -= workload.memory_mb
        self.storage_gb -= workload.storage_gb


@dataclass(frozen=True, slots=True)
class Placement:
    """The nodes of each workload of a site; fewer than its replicas where there is no room."""

    nodes: tuple[str, ...]  # that may carry workloads
    placed: Mapping[str, tuple[str, ...]]

    def of(self, workload: str) -> tuple[str, ...]:
        """Return the nodes of a workload."""
        return self.placed.get(workload, ())


def place(site: PlannedSite) -> Placement:
    """Place each workload, the largest first, by rendezvous hashing among the nodes with room.

    A node's rank for a workload depends on their two names alone, so that what is added or removed moves
    only what it leaves no room for, or makes room for.
    """
    rooms = {
        name: Room.of(node) for name, node in sorted(site.plan.nodes.items()) if node.resources is not None
    }
    edge = tuple(name for name in rooms if site.plan.nodes[name].role in EDGE)
    placed: dict[str, tuple[str, ...]] = {}
    for name, workload in sorted(site.plan.workloads.items(), key=_largest_first):
        may = [node for node in workload.nodes or edge if node in rooms]
        ranked = sorted(set(may), key=partial(_rank, name))
        chosen = tuple(node for node in ranked if rooms[node].fits(workload))[: workload.replicas]
        for node in chosen:
            rooms[node].give(workload)
        placed[name] = tuple(sorted(chosen))
    return Placement(edge, placed)


def _largest_first(item: tuple[str, PlacedWorkloadPlan]) -> tuple[float, float, str]:
    return (-item[1].cpu_cores, -item[1].memory_mb, item[0])


def _rank(workload: str, node: str) -> bytes:
    return blake2b(f"{workload}@{node}".encode(), digest_size=8).digest()
