"""Pass: time and gates of time-sensitive domains: 802.1AS roles, paths of streams, schedules of ports."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.design.frer import RTAG_BYTES, Route
from parkops.design.gates import CLOCK_HOPS, CLOCK_NS, Fitted, Hop, Table, Wanted
from parkops.design.members import Members
from parkops.model import Link, Ptp, Stream, TsnDomain
from parkops.plan.names import PlannedSite
from parkops.plan.schema import StreamPlan, TsnPlan

GRANDMASTER, STANDBY, BRIDGE = 100, 110, 246  # priority1 (IEEE 802.1AS-2020, 8.6.2.1: 246 for bridges)
PRIORITY2 = 248
Way = tuple[int, ...]  # numbers of switches, from the talker's to the listener's


def schedule_streams(draft: Draft) -> None:
    """Build each site's time-sensitive domain. After the VLANs."""
    for site in draft.sites:
        if site.plan.tsn is not None:
            _Domain(draft, site, site.plan.tsn).build()


@dataclass(frozen=True, slots=True)
class Course:
    """All that a stream passes: as a whole, and each way round by itself."""

    whole: Route
    sides: dict[str, Route]  # east, west; "" in a line


class _Domain:
    """One site's switches, their links, the table of their gates, and their member streams."""

    def __init__(self, draft: Draft, site: PlannedSite, plan: TsnPlan) -> None:
        self.draft, self.site, self.plan = draft, site, plan
        self.count = site.plan.switches
        self.source = draft.marks.ref(*site.path, "tsn")
        hops = self.count // 2 if site.plan.ring else self.count - 1
        self.table = Table(plan.cycle_us * 1000, CLOCK_NS * max(1, -(-hops // CLOCK_HOPS)))
        self.members = Members(draft, self.table)

    def build(self) -> None:
        """Keep time, then fit the streams: the most urgent first, then by id."""
        switches = [self._switch(number) for number in range(1, self.count + 1)]
        grandmaster = self._switch(self.plan.grandmaster).name
        self.draft.tsn.append(
            TsnDomain(
                self.site.id,
                tuple(device.name for device in switches),
                grandmaster,
                self.table.cycle_ns,
                self.source,
            )
        )
        timed = self._timed_ports()
        for number, device in enumerate(switches, 1):
            self._keep_time(number, device, timed.get(device.name, set()))
        for name, stream in sorted(
            self.plan.streams.items(), key=lambda item: (item[1].latency_us, item[1].period_us, item[0])
        ):
            self._fit(name, stream)
        self.members.settle()
        for (name, port), schedule in self.table.schedules().items():
            self.draft.devices[name].ports[port].schedule = schedule
            self.draft.devices[name].need("gate-control", self.source)

    def _switch(self, number: int) -> DraftDevice:
        return self.draft.devices[self.site.switch(number)]

    def _end(self, name: str) -> str:
        return self.site.node(name) if name in self.site.plan.nodes else self.site.endpoint(name)

    def _at(self, name: str) -> int:
        part = self.site.plan.nodes.get(name) or self.site.plan.endpoints[name]
        return part.switch

    def _towards(self, device: str, peer: str) -> DraftPort:
        return next(port for port in self.draft.devices[device].ports.values() if port.peer_device == peer)

    def _timed_ports(self) -> dict[str, set[str]]:
        """Return the ports of each switch that lead to other switches, to talkers and to listeners."""
        ends = {
            self._end(end)
            for stream in self.plan.streams.values()
            for end in (stream.talker, *stream.listeners)
        }
        names = {self.site.switch(number) for number in range(1, self.count + 1)}
        return {
            name: {
                port.name
                for port in self.draft.devices[name].ports.values()
                if port.peer_device in names or port.peer_device in ends
            }
            for name in sorted(names)
        }

    def _keep_time(self, number: int, device: DraftDevice, ports: set[str]) -> None:
        standby = self.plan.standby or self.plan.grandmaster % self.count + 1
        leads = number == self.plan.grandmaster
        priority = GRANDMASTER if leads else STANDBY if number == standby else BRIDGE
        device.ptp = Ptp(self.plan.domain, priority, PRIORITY2, tuple(sorted(ports)), leads)
        for name in ports:
            device.ports[name].ptp = True
        device.need("gptp", self.source)

    def _ways(self, start: int, end: int) -> dict[str, Way]:
        """Return the ways between two switches by their side, the shortest first; a line has one."""
        if not self.site.plan.ring:
            step = 1 if end >= start else -1
            return {"": tuple(range(start, end + step, step))}
        lengths = {"east": (end - start) % self.count, "west": (start - end) % self.count}
        signs = {"east": 1, "west": -1}
        return {
            side: tuple((start - 1 + step * signs[side]) % self.count + 1 for step in range(length + 1))
            for side, length in sorted(lengths.items(), key=lambda item: item[1])
        }

    def _course(self, plan: StreamPlan) -> Course:
        """Return the shortest way to each listener, and of a redundant stream the other way, too."""
        talker, first = self._end(plan.talker), self._at(plan.talker)
        port = self._towards(self._switch(first).name, talker)
        course = Course(Route({port.link: None}), {})
        for listener in sorted(plan.listeners):
            ways = list(self._ways(first, self._at(listener)).items())
            for side, way in ways if plan.redundant else ways[:1]:
                start = (self._switch(first).name, port.name)
                route = course.sides.setdefault(side, Route({port.link: None}, inward={start: None}))
                for item in (course.whole, route):
                    self._walk(way, self._end(listener), item)
        return course

    def _fit(self, name: str, plan: StreamPlan) -> None:
        course = self._course(plan)
        first = self.draft.links[next(iter(course.whole.links))]
        wanted = Wanted(
            name,
            plan.period_us * 1000,
            plan.frame_bytes + (RTAG_BYTES if plan.redundant else 0),
            int(plan.latency_us * 1000),
            plan.pcp,
            tuple(course.whole.hops),
            first.rate_mbps,
        )
        fitted = self.table.fit(wanted)
        if isinstance(fitted, str):
            self.draft.problems.append(
                self.draft.marks.key_problem(
                    (*self.site.path, "tsn", "streams", name),
                    f"stream {name!r} does not fit: {fitted}",
                    "windows on each port of its way, in every period",
                    "a longer period or latency, shorter frames, or fewer streams",
                )
            )
            return
        self._add(name, plan, course, wanted, fitted)

    def _walk(self, way: Way, listener: str, route: Route) -> None:
        names = [*(self._switch(number).name for number in way), listener]
        for depth, (device, peer) in enumerate(pairwise(names), 1):
            port = self._towards(device, peer)
            link: Link = self.draft.links[port.link]
            route.links[link.id] = None
            route.hops[Hop((device, port.name), depth, link.rate_mbps)] = None
            if peer != listener:
                route.inward[(peer, port.peer_interface)] = None

    def _add(self, name: str, plan: StreamPlan, course: Course, wanted: Wanted, fitted: Fitted) -> None:
        source = self.draft.marks.ref(*self.site.path, "tsn", "streams", name)
        part = self.site.plan.nodes.get(plan.talker) or self.site.plan.endpoints[plan.talker]
        stream = Stream(
            f"{self.site.id}.{name}",
            self.site.id,
            self._end(plan.talker),
            tuple(sorted(self._end(listener) for listener in plan.listeners)),
            self.draft.segments[self.site.segment(part.segment)].vlan,
            plan.pcp,
            plan.period_us * 1000,
            plan.frame_bytes,
            plan.latency_us,
            plan.redundant,
            tuple(course.whole.links),
            fitted.offset_ns,
            source,
            fitted.bound_ns / 1000,
            plan.mac.upper(),
        )
        if plan.redundant:
            stream = self.members.add(stream, course.sides, wanted)
        self.draft.streams.append(stream)
