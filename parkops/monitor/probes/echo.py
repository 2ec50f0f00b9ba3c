"""ICMP echo for many targets at once: arrays in place of tasks, one system call for many packets."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from parkops.model import Target
from parkops.monitor.clock import RecordClock, Seconds, boot_s
from parkops.monitor.probes.icmp import RATE_PER_S
from parkops.monitor.probes.lane import Good, Lane, Lost, timeout_s

PLAIN = frozenset({"timeout_s", "severity"})  # parameters of ICMP targets that are probed here


def fits(target: Target) -> bool:
    """Tell whether a target asks for nothing but a plain echo."""
    vantage: str = getattr(target, "vantage", "")
    if target.probe != "icmp" or vantage:
        return False
    return {name for name, _ in target.params} <= PLAIN


class Echo:
    """Probes ICMP targets of both families in their time. ``step`` does what is due and never waits."""

    def __init__(
        self,
        targets: Sequence[tuple[int, Target]],
        clock: RecordClock,
        good: Good,
        lost: Lost,
        *,
        default_timeout_s: float = 1.0,
        rate_per_s: float = RATE_PER_S,
        steady: Seconds = boot_s,
    ) -> None:
        """Begin the first pass now; ``targets`` carry the index by which they are reported."""
        families: dict[int, list[tuple[int, Target]]] = {}
        for index, target in targets:
            family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
            families.setdefault(family, []).append((index, target))
        self._lanes = [
            Lane(family, members, clock, good, lost, default_timeout_s, rate_per_s, steady)
            for family, members in sorted(families.items())
        ]
        self._lane_of = {index: lane for lane in self._lanes for index in lane.places}

    def step(self) -> float:
        """Take answers, call what is overdue lost, send what is due; return by how much that is late."""
        return max((lane.step() for lane in self._lanes), default=0.0)

    def next_s(self) -> float:
        """Return the steady time at which ``step`` has something to do."""
        return min((lane.next_s() for lane in self._lanes), default=float("inf"))

    def again(self, index: int, due_s: float) -> None:
        """Probe a target once more at a steady time."""
        self._lane_of[index].again(index, due_s)

    @property
    def skipped(self) -> int:
        """How many probes were left out because sending fell a whole round behind."""
        return sum(lane.skipped for lane in self._lanes)

    def close(self) -> None:
        """Close the sockets; probes that are under way are dropped."""
        for lane in self._lanes:
            lane.close()


__all__ = ["Echo", "fits", "timeout_s"]
