"""What the rules of Prometheus watch, beside single targets: objectives, pairs, rings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from parkops.model import Flow, Objective, Park, SourceRef, Target
from parkops.render.promql import one_of, text

# name, severity, long and short window, share of the budget's days that they may burn (see the template)
BURNS = (
    ("ObjectiveBurnsFast", "critical", "1h", "5m", "0.48"),
    ("ObjectiveBurnsSteadily", "critical", "6h", "30m", "0.2"),
    ("ObjectiveBurnsSlowly", "warning", "1d", "2h", "0.1"),
    ("ObjectiveBurnsSlowly", "warning", "3d", "6h", "(1 / 30)"),
)


@dataclass(frozen=True, slots=True)
class Goal:
    """An objective as rules count it: over the probes whose labels ``match``."""

    id: str
    subject: str
    tenant: str
    match: str
    budget_days: float  # of the window, that may be lost
    latency_s: float  # 0: none
    loss: float  # 0 to 1, 0: none
    probes_per_s: float  # that are expected, 0 where no loss is stated
    source: SourceRef
    zone: str = ""
    devices: tuple[str, ...] | None = None  # None: not told by device

    def covers(self, target: Target) -> bool:
        """Return whether a target's probes count."""
        if self.devices is not None:
            return target.device in self.devices and target.probe == "icmp"
        return (not self.zone or target.zone == self.zone) and (
            not self.tenant or target.tenant == self.tenant
        )


@dataclass(frozen=True, slots=True)
class Together:
    """Devices or cables that stand in for each other."""

    id: str
    tenant: str
    match: str
    devices: tuple[str, ...]
    targets: tuple[str, ...]
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Watch:
    """All that has rules of its own."""

    objectives: tuple[Goal, ...] = ()
    pairs: tuple[Together, ...] = ()
    rings: tuple[Together, ...] = ()

    @property
    def burns(self) -> tuple[tuple[str, str, str, str, str], ...]:
        """The windows and limits of the alerts on objectives."""
        return BURNS

    @classmethod
    def of(cls, park: Park) -> Watch:
        """Return what a park's rules watch."""
        return cls(_goals(park), _pairs(park), _rings(park))


def _goals(park: Park) -> tuple[Goal, ...]:
    if not park.objectives:
        return ()
    gateways = _gateways(park)
    flows = {flow.id: flow for flow in park.flows}
    classes: dict[str, list[Flow]] = defaultdict(list)
    for flow in park.flows:
        classes[flow.traffic_class].append(flow)
    roles: dict[str, list[str]] = defaultdict(list)
    for device in park.managed:
        roles[device.role.value].append(device.name)
    goals = []
    for item in park.objectives:
        kind, _, name = item.subject.partition(":")
        devices: Iterable[str] | None = None
        if kind == "device":
            devices = roles[name]
        elif kind in ("flow", "class"):
            counted = [flows[name]] if kind == "flow" else classes[name]
            devices = {device for flow in counted for device in _on_the_way(flow, gateways)}
        goals.append(_goal(park, item, kind, name, None if devices is None else tuple(sorted(devices))))
    return tuple(goals)


def _gateways(park: Park) -> Mapping[str, set[str]]:
    """Return the devices that a flow's end lies behind, by segment and by zone."""
    found: dict[str, set[str]] = defaultdict(set)
    for segment in park.segments:
        if segment.gateway_device:
            found[segment.id].add(segment.gateway_device)
            found[segment.zone].add(segment.gateway_device)
    return found


def _on_the_way(flow: Flow, gateways: Mapping[str, set[str]]) -> set[str]:
    ends = gateways.get(flow.src, set()) | gateways.get(flow.dst, set())
    return ends | {flow.dst_device} if flow.dst_device else ends


def _goal(park: Park, item: Objective, kind: str, name: str, devices: tuple[str, ...] | None) -> Goal:
    tenant, zone = (name if kind == wanted else "" for wanted in ("tenant", "zone"))
    matches = [f"{label}={text(value)}" for label, value in (("tenant", tenant), ("zone", zone)) if value]
    if devices is not None:
        matches = ['probe="icmp"', f"device=~{one_of(devices)}"]
    goal = Goal(
        item.id,
        item.subject,
        tenant,
        ",".join(matches),
        round((1 - item.availability_percent / 100) * item.window_days, 9),
        round(item.latency_ms / 1000, 9),
        round(item.loss_percent / 100, 9),
        0,
        item.source,
        zone,
        devices,
    )
    if not goal.loss:
        return goal
    counted = park.targets
    if devices is not None:
        names = frozenset(devices)
        counted = tuple(target for target in counted if target.device in names and target.probe == "icmp")
    else:
        counted = tuple(target for target in counted if goal.covers(target))
    rate = sum(1 / target.interval_s for target in counted)
    return replace(goal, probes_per_s=round(rate, 6)) if rate else replace(goal, loss=0)


def _pairs(park: Park) -> tuple[Together, ...]:
    tenants = {device.name: device.tenant for device in park.managed}
    return tuple(
        Together(
            pair.id,
            tenants[pair.devices[0]],
            one_of(pair.devices),
            pair.devices,
            (),
            pair.source,
        )
        for pair in park.pairs
        if all(name in tenants for name in pair.devices)
    )


def _rings(park: Park) -> tuple[Together, ...]:
    tenants = {device.name: device.tenant for device in park.managed}
    watched: dict[str, list[str]] = defaultdict(list)
    for target in park.targets:
        if target.probe == "link":
            watched[target.param("link")].append(target.id)
    rings = []
    for ring in park.rings:
        targets = tuple(target for link in ring.links for target in watched.get(link, ()))
        if targets:
            tenant = tenants.get(ring.devices[0], "")
            rings.append(Together(ring.id, tenant, one_of(targets), ring.devices, targets, ring.source))
    return tuple(rings)
