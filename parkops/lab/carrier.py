"""Carry link state through the cables: a port that is down takes its far end's carrier away."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from parkops.lab import kernel
from parkops.lab.places import CABLES, POD_CUTS, cable_end, netns
from parkops.lab.spec import LabSpec

_NETLINK_ROUTE, _RTMGRP_LINK = 0, 1


class Carrier:
    """Sockets into every node's namespace; ``sync`` makes the cables' ends follow the ports."""

    def __init__(self, lab: LabSpec) -> None:
        self._lab = lab
        with kernel.network_namespace(netns(CABLES)):
            self._cables = kernel.control_socket()
        self._controls: dict[str, socket.socket] = {}
        self.events: dict[str, socket.socket] = {}
        self._ends: dict[str, list[tuple[str, int, str]]] = {}
        for index, cable in enumerate(lab.cables):
            # A port decides over the carrier of the port at the other end: over that end's inner half.
            self._ends.setdefault(cable.a_node, []).append((cable.a_port, index, "b"))
            self._ends.setdefault(cable.b_node, []).append((cable.b_port, index, "a"))
        for node in self._ends:
            self.attach(node)

    def attach(self, node: str) -> None:
        """Open the sockets of a node's namespace; again after it got a fresh one."""
        for table in (self._controls, self.events):
            if node in table:
                table.pop(node).close()
        with kernel.network_namespace(netns(node)):
            self._controls[node] = kernel.control_socket()
            event = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_ROUTE)
            event.bind((0, _RTMGRP_LINK))
            event.setblocking(False)
            self.events[node] = event

    def drain(self, node: str) -> None:
        """Throw waiting notices away: only that something happened matters."""
        try:
            while self.events[node].recv(65536):
                pass
        except OSError:  # nothing left, or notices were lost: either way the state is read afresh
            return

    def sync(self, nodes: Iterable[str] | None = None) -> None:
        """Set the cables' ends by the ports of the given nodes (default: all) and by the cuts."""
        cuts = read_cuts()
        for node in self._ends if nodes is None else nodes:
            for port, index, side in self._ends[node]:
                flags = kernel.link_flags(self._controls[node], port)
                up = bool(flags is not None and flags & kernel.IFF_UP) and index not in cuts
                kernel.set_link(self._cables, cable_end(index, side), up)


def read_cuts() -> set[int]:
    """Return the indexes of the cables that are cut."""
    if not POD_CUTS.exists():
        return set()
    return {int(word) for word in POD_CUTS.read_text().split()}


def write_cuts(cuts: set[int]) -> None:
    """Write the indexes of the cables that are cut."""
    POD_CUTS.write_text(" ".join(str(index) for index in sorted(cuts)))
