"""Computes gate schedules for time-sensitive streams (IEEE 802.1Qbv): no two windows of a port overlap.

A frame of a stream waits at each bridge for a window of its own. The window of the next bridge opens
when the frame has surely arrived there, whatever the clocks' error, so that the worst case is known by
construction and does not depend on other traffic.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from parkops.model import GateEntry, GateSchedule

WIRE_OVERHEAD_BYTES = 20  # preamble, start delimiter and inter-packet gap (IEEE 802.3)
LONGEST_BYTES = 1522  # a frame of other traffic that may have just begun
PROPAGATION_NS = 500  # 100 m of cable
PROCESSING_NS = 5_000  # store and forward inside a bridge, worst case
CLOCK_NS = 1_000  # two clocks apart, up to seven hops from the grandmaster (IEEE 802.1AS-2020, B.3)
CLOCK_HOPS = 7
ALL_GATES = 255

PortId = tuple[str, str]  # device, port


@dataclass(frozen=True, slots=True)
class Hop:
    """A frame leaves a bridge's port, ``depth`` bridges after the talker (from 1)."""

    port: PortId
    depth: int
    rate_mbps: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream that asks for windows."""

    id: str
    period_ns: int
    frame_bytes: int
    latency_ns: int
    queue: int
    hops: tuple[Hop, ...]
    talker_rate_mbps: int


@dataclass(frozen=True, slots=True)
class Window:
    """A span of a port's cycle that belongs to one stream's queue."""

    start_ns: int
    end_ns: int
    queue: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """When a stream's talker sends within its period, and the longest way to any listener."""

    offset_ns: int
    bound_ns: int


@dataclass(slots=True)
class Busy:
    """A port's windows within one cycle, sorted and apart."""

    windows: list[Window] = field(default_factory=list)

    def conflict(self, start_ns: int, end_ns: int) -> int:
        """Return how far a span must move to clear the window that it meets, 0 when it meets none."""
        index = bisect_right(self.windows, start_ns, key=lambda window: window.start_ns)
        for window in self.windows[max(0, index - 1) : index + 1]:
            if window.start_ns < end_ns and window.end_ns > start_ns:
                return window.end_ns - start_ns
        return 0

    def add(self, window: Window) -> None:
        """Take a span that meets none."""
        index = bisect_right(self.windows, window.start_ns, key=lambda item: item.start_ns)
        self.windows.insert(index, window)


@dataclass(slots=True)
class Table:
    """The gates of all ports of a domain."""

    cycle_ns: int
    clock_ns: int = CLOCK_NS
    ports: dict[PortId, Busy] = field(default_factory=dict)
    rates: dict[PortId, int] = field(default_factory=dict)

    def fit(self, wanted: Wanted) -> Fitted | str:
        """Give a stream the earliest windows that are free, or return why it does not fit."""
        bound_ns = self.bound_ns(wanted)
        if bound_ns > wanted.latency_ns:
            return f"its way takes {bound_ns / 1000:g} us at worst, of {wanted.latency_ns / 1000:g} us"
        if 2 * self._longest_ns(wanted) > wanted.period_ns:
            return f"a frame of {wanted.frame_bytes} bytes fills more than half of its period"
        if self._meets_itself(wanted):
            return "its own two ways meet on one port at the same time"
        offset_ns = 0
        while offset_ns < wanted.period_ns:
            move_ns = self._conflict(wanted, offset_ns)
            if not move_ns:
                self._take(wanted, offset_ns)
                return Fitted(offset_ns, bound_ns)
            offset_ns += move_ns
        return "no time is left in the cycle on its way"

    def bound_ns(self, wanted: Wanted) -> int:
        """Return the time from the talker's first bit to a listener's last, at worst."""
        return max(self.arrival_ns(wanted, hop) for hop in wanted.hops)

    def arrival_ns(self, wanted: Wanted, hop: Hop) -> int:
        """Return the time from the talker's first bit to the last one at the far end of a hop, at worst."""
        return self._start_ns(wanted, hop) + self._length_ns(wanted, hop) + PROPAGATION_NS + self.clock_ns

    def spread_ns(self, wanted: Wanted, first: Hop, last: Hop) -> int:
        """Return how long after the copy of one hop that of another, as deep or deeper, may come at worst."""
        return self.arrival_ns(wanted, last) - self._start_ns(wanted, first)

    def _longest_ns(self, wanted: Wanted) -> int:
        return max(self._length_ns(wanted, hop) for hop in wanted.hops)

    def _length_ns(self, wanted: Wanted, hop: Hop) -> int:
        return wire_ns(wanted.frame_bytes, hop.rate_mbps) + self.clock_ns

    def _start_ns(self, wanted: Wanted, hop: Hop) -> int:
        """Return when a hop's window opens after the talker begins to send."""
        slowest = min(wanted.talker_rate_mbps, *(item.rate_mbps for item in wanted.hops))
        step = wire_ns(wanted.frame_bytes, slowest) + self.clock_ns + PROPAGATION_NS + PROCESSING_NS
        return hop.depth * step

    def _spans(self, wanted: Wanted, offset_ns: int, hop: Hop) -> list[tuple[int, int]]:
        """Return a hop's windows in the cycle; one that runs over its end is cut in two."""
        start, length = self._start_ns(wanted, hop), self._length_ns(wanted, hop)
        spans = []
        for base in range(offset_ns, self.cycle_ns + offset_ns, wanted.period_ns):
            begin = (base + start) % self.cycle_ns
            end = begin + length
            spans.append((begin, min(end, self.cycle_ns)))
            if end > self.cycle_ns:
                spans.append((0, end - self.cycle_ns))
        return spans

    def _conflict(self, wanted: Wanted, offset_ns: int) -> int:
        """Return the least that the offset must grow by; a smaller step would meet the same window."""
        for hop in wanted.hops:
            busy = self.ports.get(hop.port)
            for begin, end in self._spans(wanted, offset_ns, hop) if busy else ():
                move_ns = busy.conflict(begin, end) if busy else 0
                if move_ns:
                    return move_ns
        return 0

    def _meets_itself(self, wanted: Wanted) -> bool:
        """Return whether two hops of one port overlap; no offset could part them."""
        spans: dict[PortId, list[tuple[int, int]]] = {}
        for hop in wanted.hops:
            spans.setdefault(hop.port, []).extend(self._spans(wanted, 0, hop))
        return any(
            before[1] > after[0] for found in spans.values() for before, after in pairwise(sorted(found))
        )

    def _take(self, wanted: Wanted, offset_ns: int) -> None:
        for hop in wanted.hops:
            busy = self.ports.setdefault(hop.port, Busy())
            self.rates[hop.port] = hop.rate_mbps
            for begin, end in self._spans(wanted, offset_ns, hop):
                busy.add(Window(begin, end, wanted.queue))

    def schedules(self) -> Mapping[PortId, GateSchedule]:
        """Return the gate control list of each port that a stream leaves by."""
        queues = 0
        for busy in self.ports.values():
            for window in busy.windows:
                queues |= 1 << window.queue
        return {
            port: GateSchedule(
                self.cycle_ns,
                0,
                control_list(
                    busy.windows, self.cycle_ns, ALL_GATES & ~queues, wire_ns(LONGEST_BYTES, self.rates[port])
                ),
            )
            for port, busy in sorted(self.ports.items())
        }


def wire_ns(frame_bytes: int, rate_mbps: int) -> int:
    """Return how long a frame occupies a wire, rounded up."""
    return -(-(frame_bytes + WIRE_OVERHEAD_BYTES) * 8 * 1000 // rate_mbps)


def control_list(
    windows: Sequence[Window], cycle_ns: int, others: int, guard_ns: int
) -> tuple[GateEntry, ...]:
    """Return entries that fill the cycle: windows, and other traffic between them but for a guard band.

    Before each window the gates are closed for the longest frame that other traffic may have begun;
    where a gap is no longer than that, no other traffic starts in it at all.
    """
    entries: list[GateEntry] = []
    at, first = 0, windows[0].start_ns if windows else cycle_ns
    for window in windows:
        _gap(entries, window.start_ns - at, others, guard_ns)
        _entry(entries, 1 << window.queue, window.end_ns - window.start_ns)
        at = window.end_ns
    tail_guard = max(0, guard_ns - first) if windows else 0  # the next cycle may begin with a window
    _gap(entries, cycle_ns - at, others, tail_guard)
    return tuple(entries)


def _gap(entries: list[GateEntry], length_ns: int, others: int, guard_ns: int) -> None:
    _entry(entries, others, length_ns - min(guard_ns, length_ns))
    _entry(entries, 0, min(guard_ns, length_ns))


def _entry(entries: list[GateEntry], gates: int, duration_ns: int) -> None:
    if not duration_ns:
        return
    if entries and entries[-1].gates == gates:
        entries[-1] = GateEntry(gates, entries[-1].duration_ns + duration_ns)
    else:
        entries.append(GateEntry(gates, duration_ns))
