"""Root causes: which events are consequences of which, from the park's topology."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parkops.model import Event, Target
from parkops.monitor.topology import Topology, Ways, hops, ways

SIGNAL = "/signal/"
LINK_WORDS = ("linkdown", "link-down", "link down", "interface-down", "if-down")


@dataclass(slots=True)
class Trouble:
    """What is wrong now, sorted by what it is about."""

    dead: dict[str, Event] = field(default_factory=dict)  # devices that do not answer
    cut: dict[str, Event] = field(default_factory=dict)  # links that are down
    rest: list[Event] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)  # targets with an outage
    services: dict[tuple[str, int], int] = field(default_factory=dict)  # device and port, likewise


@dataclass(frozen=True, slots=True)
class Analyst:
    """Knows the park and its targets; asked again whenever something has changed."""

    topology: Topology
    targets: Mapping[str, Target]
    window_s: float  # a cause may be seen this much later than its consequence

    _ways: dict[str, Ways] = field(default_factory=dict)

    def explain(self, events: Iterable[Event], alive_s: Mapping[str, float]) -> dict[int, int | None]:
        """Return the event that each unresolved event is a consequence of, None for its own cause.

        ``alive_s`` tells when each device answered last: a device that answered after the failures is a place
        from which the monitor reaches others, whatever way its own answer took.
        """
        found = self._sort(events)
        every = {event.id: event for event in (*found.dead.values(), *found.cut.values(), *found.rest)}
        parents: dict[int, int | None] = dict.fromkeys(every)
        cut = self._explained_links(found, parents)
        self._devices(found, cut, alive_s, parents)
        for event in found.rest:
            parents[event.id] = self._other(event, found)
        self._flows(found, cut, parents)
        self._same_place(found, parents)
        self._together(found, parents)
        return {number: self._root(number, parents, every) for number in parents}

    def _sort(self, events: Iterable[Event]) -> Trouble:
        found = Trouble()
        for event in sorted(events, key=lambda event: (event.opened_s, event.id)):
            target = self.targets.get(event.target)
            link = self.link_of(event)
            if event.kind == "outage":
                found.lost[event.target] = event.id
                if target is not None and target.port and not target.vantage:
                    found.services[target.device, target.port] = event.id
            if event.kind == "outage" and target is not None and target.is_device:
                found.dead.setdefault(event.device, event)
            elif event.kind == "outage" and link and link not in found.cut:
                found.cut[link] = event
            else:
                found.rest.append(event)
        return found

    def link_of(self, event: Event) -> str:
        """Return the link that an event is about, "" for none."""
        target = self.targets.get(event.target)
        if target is not None:
            if target.probe != "link":
                return ""
            names = target.param("interface").split(",")
            found = (self.topology.ports.get((target.device, name.strip()), "") for name in names)
            return target.param("link") or next(filter(None, found), "")
        name = event.target.partition(SIGNAL)[2]
        word, _, port = name.partition(":")
        is_link = word.lower() in LINK_WORDS
        return self.topology.ports.get((event.device, port), "") if is_link else ""

    def _explained_links(self, found: Trouble, parents: dict[int, int | None]) -> dict[str, int]:
        """A link is down with a device at its end; the others are causes themselves."""
        cut = {}
        for link, event in found.cut.items():
            ends = [found.dead[name] for name in self.topology.ends.get(link, ()) if name in found.dead]
            if ends:
                parents[event.id] = min(ends, key=lambda end: (end.opened_s, end.id)).id
            else:
                cut[link] = event.id
        return cut

    def _devices(
        self,
        found: Trouble,
        cut: Mapping[str, int],
        alive_s: Mapping[str, float],
        parents: dict[int, int | None],
    ) -> None:
        dead = {name: event.id for name, event in found.dead.items()}
        if not dead:
            return
        failures = [*found.dead.values(), *found.cut.values()]
        last_s = max(event.opened_s for event in failures)
        alive = {name for name, time_s in alive_s.items() if time_s > last_s and name not in dead}
        before = self.topology.cut_off((*sorted(alive), *sorted(self.topology.roots)), dead, cut)
        for name, event in found.dead.items():
            parents[event.id] = before.get(name)

    def _other(self, event: Event, found: Trouble) -> int | None:
        """A service is lost with its machine; a signal says of a link or a device what a probe sees too."""
        if event.device in found.dead:
            return found.dead[event.device].id
        if event.kind != "outage" and event.target in found.lost:
            return found.lost[event.target]
        target = self.targets.get(event.target)
        if target is not None and target.vantage and target.param("expect") != "blocked":
            return found.services.get((target.device, target.port))
        link = self.link_of(event)
        if link in found.cut:
            return found.cut[link].id
        ends = self.topology.ends.get(link, ())
        return next((found.dead[name].id for name in ends if name in found.dead), None)

    def _flows(self, found: Trouble, cut: Mapping[str, int], parents: dict[int, int | None]) -> None:
        """Traffic between two nodes is lost with what stands between them, on every way."""
        dead = {name: event.id for name, event in found.dead.items()}
        if not dead and not cut:
            return
        waiting: dict[str, list[tuple[Event, str]]] = defaultdict(list)
        for event in found.rest:
            target = self.targets.get(event.target)
            if target is not None and target.vantage and parents[event.id] is None:
                waiting[target.vantage].append((event, target.device))
        for vantage, items in waiting.items():
            before = self.topology.cut_off((vantage,), dead, cut)
            for event, device in items:
                parents[event.id] = before.get(device)

    def _same_place(self, found: Trouble, parents: dict[int, int | None]) -> None:
        """What is lost or slow on one device belongs together, under what its machine shows."""
        first: dict[tuple[str, str], int] = {}
        for event in found.rest:
            target = self.targets.get(event.target)
            if target is not None and event.kind in ("loss", "latency") and target.is_device:
                first[event.device, event.kind] = event.id
        for event in found.rest:
            machine = first.get((event.device, event.kind))
            if machine not in (None, event.id) and parents[event.id] is None:
                target = self.targets.get(event.target)
                if target is not None and not target.vantage:
                    parents[event.id] = machine

    def _together(self, found: Trouble, parents: dict[int, int | None]) -> None:
        """Traffic in the same trouble at the same time, that shares a cable or gets where it must not."""
        leaders: list[tuple[Event, set[str]]] = []
        for event in found.rest:
            target = self.targets.get(event.target)
            if target is None or not target.vantage or parents[event.id] is not None:
                continue
            places = self.places(target)
            for leader, shared in leaders:
                near = abs(event.opened_s - leader.opened_s) <= self.window_s or event.parent == leader.id
                if leader.kind == event.kind and near and shared & places:
                    shared.intersection_update(places)
                    parents[event.id] = leader.id
                    break
            else:
                leaders.append((event, places))

    def places(self, target: Target) -> set[str]:
        """Return where a flow can be in trouble: cables on its way; of a forbidden one, where it gets to."""
        if target.param("expect") == "blocked":
            return {f"{target.device}:{target.port}"}
        return {cable for hop in self._hops(target) for cable in hop}

    def _hops(self, target: Target) -> tuple[tuple[str, ...], ...]:
        if target.vantage not in self._ways:
            self._ways[target.vantage] = ways(self.topology, target.vantage)
        segments = self.topology.segments
        own = segments.get(target.vantage, frozenset()) | segments.get(target.device, frozenset())

        def used(beside: tuple[str, ...]) -> tuple[str, ...]:
            """Return those cables that carry a segment of either end; all where that tells nothing."""
            return tuple(cable for cable in beside if segments.get(cable, frozenset()) & own) or beside

        return tuple(map(used, hops(self._ways[target.vantage], target.device)))

    def suspects(self, events: Iterable[Event], healthy: Iterable[str]) -> tuple[str, ...]:
        """Return the cables that all these flows share and no healthy one uses, else all that they share."""
        watched = [self.targets.get(event.target) for event in events]
        flows = [t for t in watched if t is not None and t.vantage and t.param("expect") != "blocked"]
        if not flows:
            return ()
        shared = set.intersection(*(self.places(flow) for flow in flows))
        used: set[str] = set()
        for name in healthy:
            target = self.targets.get(name)
            if target is not None and target.vantage and target.param("expect") != "blocked":
                used |= {hop[0] for hop in self._hops(target) if len(hop) == 1}
        return tuple(sorted(shared - used or shared))

    def _root(
        self, number: int, parents: Mapping[int, int | None], events: Mapping[int, Event]
    ) -> int | None:
        """Follow causes to the first of them that may be one: it began early enough."""
        root, seen = parents[number], {number}
        while root is not None and root not in seen:
            seen.add(root)
            above = parents.get(root)
            if above is None:
                break
            root = above
        if root is None or root == number:
            return None
        return root if events[number].opened_s >= events[root].opened_s - self.window_s else None
