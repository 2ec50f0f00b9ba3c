"""What a check may look at: the park and its evidence, narrowed to what is judged."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from parkops.assess.index import SHARED, Index, grouped
from parkops.model import (
    Device,
    EndpointGroup,
    Evidence,
    EvidenceKind,
    Expectation,
    Flow,
    IndicatorScore,
    Interface,
    Interval,
    Link,
    PortMode,
    Reach,
    Role,
    Segment,
    SourceRef,
    State,
    Target,
    Tenant,
    Verdict,
    Zone,
)

ENFORCEMENT = (Role.PARK_FIREWALL, Role.BOUNDARY)
SWITCHES = (Role.RING_SWITCH, Role.ACCESS_SWITCH)
BACKBONE = (Role.CORE, Role.SPINE, Role.AGGREGATION, Role.LEAF)
EDGE = (Role.EDGE_GATEWAY, Role.EDGE_CLOUD)
UNMANAGED = (Role.ENDPOINT, Role.EXTERNAL)

V = TypeVar("V")

CONFIG_MAX_AGE_S = 86_400.0
STATE_MAX_AGE_S = 3_600.0
PROBE_MAX_AGE_S = 3_600.0


@dataclass(frozen=True)
class Context(Index):
    """What a check may look at; nothing here reads a clock, a file or a device.

    ``asked`` narrows what is judged to some zones and what serves them; what is looked up by its id, and
    the ways between devices, stay those of the whole park.
    """

    indicators: tuple[IndicatorScore, ...] = ()
    verdicts: Mapping[str, Verdict] | None = None  # requirement id -> verdict, for composite checks
    asked: frozenset[str] | None = None  # Zone.id; None: the whole park
    carriers: bool = True  # what lies in no zone, such as a core, is judged with them
    platform_dirs: tuple[Path, ...] = ()  # of the user's own platforms, with their audits
    memo: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def within(self, zones: frozenset[str] | None, carriers: bool = True) -> Context:
        """Return the same park and evidence, with some zones as what is judged; indexes are shared."""
        narrowed = replace(self, asked=zones, carriers=carriers)
        for name in SHARED & self.__dict__.keys():
            narrowed.__dict__[name] = self.__dict__[name]
        return narrowed

    def once(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return what ``make`` gives, made at most once for a key, whatever is judged."""
        if key not in self.memo:
            self.memo[key] = make()
        return cast("V", self.memo[key])

    @property
    def now_s(self) -> float:
        """The time of the assessment (Unix time)."""
        return self.evidence.now_s

    def fresh(self, time_s: float, max_age_s: float) -> bool:
        """Tell whether something seen at ``time_s`` still counts; nothing from the future does."""
        return -60.0 <= self.now_s - time_s <= max_age_s

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links with an end at a device that is judged."""
        if self.asked is None:
            return self.park.links
        names = self.judged
        return tuple(link for link in self.park.links if {link.a_device, link.b_device} & names)

    @cached_property
    def judged(self) -> frozenset[str]:
        """Names of the devices that are judged: those in the zones asked for, and what carries them."""
        if self.asked is None:
            return frozenset(device.name for device in self.park.devices)
        return frozenset(
            device.name
            for device in self.park.devices
            if self.asked & self.reached_zones[device.name]
            or (self.carriers and self.asked and self._carries(device))
        )

    def _carries(self, device: Device) -> bool:
        alone = not self.reached_zones[device.name] or device.role is Role.PARK_FIREWALL
        return alone and device.managed and device.role is not Role.EXTERNAL

    @cached_property
    def managed(self) -> tuple[Device, ...]:
        """The managed devices that are judged."""
        if self.asked is None:
            return self.park.managed
        return tuple(device for device in self.park.managed if device.name in self.judged)

    @cached_property
    def judged_zones(self) -> tuple[Zone, ...]:
        """The zones that are judged, in plan order."""
        return tuple(zone for zone in self.park.zones if self.asked is None or zone.id in self.asked)

    @cached_property
    def tenants(self) -> tuple[Tenant, ...]:
        """The tenants with a zone that is judged."""
        if self.asked is None:
            return self.park.tenants
        owners = {segment.tenant for segment in self.park.segments if segment.zone in self.asked}
        return tuple(tenant for tenant in self.park.tenants if tenant.id in owners)

    @cached_property
    def groups(self) -> tuple[EndpointGroup, ...]:
        """The endpoint groups in zones that are judged."""
        if self.asked is None:
            return self.park.groups
        return tuple(
            group
            for group in self.park.groups
            if (segment := self.segments.get(group.segment)) and segment.zone in self.asked
        )

    @cached_property
    def judged_flows(self) -> tuple[Flow, ...]:
        """The flows with an end in a zone that is judged."""
        if self.asked is None:
            return self.park.flows
        return tuple(
            flow
            for flow in self.park.flows
            if any((zone := self.zone_of_end(end)) and zone.id in self.asked for end in (flow.src, flow.dst))
        )

    @cached_property
    def expectations(self) -> tuple[Expectation, ...]:
        """The expectations with an end in a zone that is judged."""
        if self.asked is None:
            return self.park.expectations
        asked = self.asked
        return tuple(item for item in self.park.expectations if any(end & asked for end in self.ends(item)))

    @cached_property
    def judged_targets(self) -> tuple[Target, ...]:
        """The targets of devices that are judged."""
        if self.asked is None:
            return self.park.targets
        return tuple(target for target in self.park.targets if target.device in self.judged)

    def zones_of_kind(self, *kinds: str) -> tuple[Zone, ...]:
        """Return the zones of some kinds, in plan order."""
        return tuple(zone for zone in self.judged_zones if zone.kind in kinds)

    def segments_of(self, *kinds: str) -> tuple[Segment, ...]:
        """Return the segments in zones of some kinds."""
        ids = {zone.id for zone in self.zones_of_kind(*kinds)}
        return tuple(segment for segment in self.park.segments if segment.zone in ids)

    def groups_of(self, *kinds: str) -> tuple[EndpointGroup, ...]:
        """Return the endpoint groups in zones of some kinds."""
        ids = {segment.id for segment in self.segments_of(*kinds)}
        return tuple(group for group in self.park.groups if group.segment in ids)

    def devices(self, *roles: Role | str) -> tuple[Device, ...]:
        """Return the devices of some roles that are judged; all managed ones when no role is named."""
        if not roles:
            return self.managed
        found = tuple(device for role in roles for device in self.roles.get(role, ()))
        return found if self.asked is None else tuple(d for d in found if d.name in self.judged)

    @cached_property
    def plants(self) -> dict[str, list[Segment]]:
        """Return the segments of each production site (its site, else its zone)."""
        return grouped((segment.site or segment.zone, segment) for segment in self.segments_of("production"))


def plan(source: SourceRef, text: str, subject: str = "park") -> Evidence:
    """Cite a line of the plan."""
    return Evidence(EvidenceKind.PLAN, subject, str(source), text, None)


def observed(interval: Interval, device: str, max_age_s: float, kind: EvidenceKind) -> Evidence:
    """Cite a state interval of a target."""
    text = f"{interval.state} for {interval.duration_s:.0f} s" + (
        f" ({interval.reason})" if interval.reason else ""
    )
    return Evidence(kind, device, f"probe {interval.target}", text, interval.end_s, max_age_s)


def tried(expectation: Expectation, seen: Reach, max_age_s: float) -> Evidence:
    """Cite one try of an expectation."""
    passed = {True: "passed", False: "was blocked", None: "could not be tried"}[seen.passed]
    rtt = f" in {seen.rtt_s * 1000:.2f} ms" if seen.rtt_s is not None else ""
    where = f"{expectation.src_device} → {expectation.dst_device} {expectation.protocol}"
    port = f"/{expectation.port}" if expectation.port else ""
    text = f"{where}{port} {passed}{rtt}" + (f": {seen.detail}" if seen.detail else "")
    return Evidence(
        EvidenceKind.PROBE, expectation.id, f"reach {expectation.id}", text, seen.time_s, max_age_s
    )


def ports_of(device: Device, *modes: PortMode) -> tuple[Interface, ...]:
    """Return the ports of some modes."""
    return tuple(port for port in device.interfaces if port.mode in modes)


def state_of(
    context: Context, device: str, probes: Iterable[str], max_age_s: float, kind: EvidenceKind
) -> tuple[bool | None, tuple[Evidence, ...]]:
    """Tell whether a device's fresh probes are all up: yes, no, or None when none is fresh and known."""
    wanted = tuple(probes)
    known: list[bool] = []
    cited: list[Evidence] = []
    for target in context.targets.get(device, ()):
        interval = context.latest.get(target.id)
        if interval is None or (wanted and target.probe not in wanted):
            continue
        cited.append(observed(interval, device, max_age_s, kind))
        if context.fresh(interval.end_s, max_age_s) and interval.state is not State.UNKNOWN:
            known.append(interval.state is State.UP)
    return (all(known) if known else None), tuple(cited)
