"""The park and its evidence, indexed for the checks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from parkops.model import (
    Artifact,
    Availability,
    Device,
    EndpointGroup,
    Evidence,
    EvidenceKind,
    EvidenceSet,
    Expectation,
    FileSeen,
    Flow,
    IndicatorScore,
    Interface,
    Interval,
    Link,
    Measure,
    Park,
    PortMode,
    Reach,
    Result,
    Role,
    Running,
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

K = TypeVar("K")
V = TypeVar("V")

CONFIG_MAX_AGE_S = 86_400.0
STATE_MAX_AGE_S = 3_600.0
PROBE_MAX_AGE_S = 3_600.0


@dataclass(frozen=True)
class Context:
    """What a check may look at; nothing here reads a clock, a file or a device.

    ``asked`` narrows what is judged to some zones and what serves them; what is looked up by its id, and
    the ways between devices, stay those of the whole park.
    """

    park: Park
    evidence: EvidenceSet
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

    @cached_property
    def segments(self) -> dict[str, Segment]:
        """Segments by id."""
        return {segment.id: segment for segment in self.park.segments}

    @cached_property
    def zones(self) -> dict[str, Zone]:
        """Zones by id."""
        return {zone.id: zone for zone in self.park.zones}

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """Flows by id."""
        return {flow.id: flow for flow in self.park.flows}

    @cached_property
    def running(self) -> dict[str, Running]:
        """The newest running configuration of each device."""
        found: dict[str, Running] = {}
        for running in sorted(self.evidence.running, key=lambda item: item.time_s):
            found[running.device] = running
        return found

    @cached_property
    def artifacts(self) -> dict[str, list[Artifact]]:
        """Rendered artifacts by device."""
        return _grouped(
            (artifact.device, artifact) for artifact in self.evidence.artifacts if artifact.device
        )

    @cached_property
    def results(self) -> dict[str, Result]:
        """The last push's result of each device."""
        return {result.device: result for result in self.evidence.results}

    @cached_property
    def latest(self) -> dict[str, Interval]:
        """The newest state interval of each target."""
        found: dict[str, Interval] = {}
        for interval in self.evidence.intervals:
            known = found.get(interval.target)
            if known is None or (interval.end_s, interval.start_s) > (known.end_s, known.start_s):
                found[interval.target] = interval
        return found

    @cached_property
    def intervals(self) -> dict[str, list[Interval]]:
        """State intervals by target."""
        return _grouped((interval.target, interval) for interval in self.evidence.intervals)

    @cached_property
    def availability(self) -> dict[str, Availability]:
        """Availability by target over the monitored window."""
        return {item.target: item for item in self.evidence.availability}

    @cached_property
    def targets(self) -> dict[str, list[Target]]:
        """Targets by device."""
        return _grouped((target.device, target) for target in self.park.targets if not target.vantage)

    @cached_property
    def reach(self) -> dict[str, list[Reach]]:
        """Observations by expectation, oldest first."""
        ordered = sorted(self.evidence.reach, key=lambda item: item.time_s)
        return _grouped((seen.expectation, seen) for seen in ordered)

    @cached_property
    def groups_by_segment(self) -> dict[str, list[EndpointGroup]]:
        """Endpoint groups by segment."""
        return _grouped((group.segment, group) for group in self.park.groups)

    @cached_property
    def segments_by_tenant(self) -> dict[str, list[Segment]]:
        """Segments by owner; tunnels and what is behind leased lines are no broadcast domains of its own."""
        return _grouped((segment.tenant, segment) for segment in self.park.segments if segment.vlan)

    @cached_property
    def segments_by_zone(self) -> dict[str, list[Segment]]:
        """Segments by zone."""
        return _grouped((segment.zone, segment) for segment in self.park.segments)

    @cached_property
    def segments_by_site(self) -> dict[str, list[str]]:
        """Ids of segments by site."""
        return _grouped((segment.site, segment.id) for segment in self.park.segments if segment.site)

    @cached_property
    def devices_by_zone(self) -> dict[str, list[str]]:
        """Names of the devices with a port in each zone."""
        return _grouped((zone, name) for name, zones in self.zones_by_device.items() for zone in zones)

    @cached_property
    def ports_by_zone(self) -> dict[str, list[str]]:
        """Ports ("device port") that lead into each zone."""
        return _grouped(
            (zone, f"{device.name} {port.name}")
            for device in self.park.devices
            for port in device.interfaces
            if (zone := self.zone_of(port))
        )

    @cached_property
    def flows_by_zone(self) -> dict[str, list[Flow]]:
        """Flows by each zone at an end."""
        ends = ((flow, {self.zone_of_end(flow.src), self.zone_of_end(flow.dst)}) for flow in self.park.flows)
        return _grouped((zone.id, flow) for flow, zones in ends for zone in zones if zone)

    @cached_property
    def measures(self) -> dict[str, list[Measure]]:
        """Measured values by device."""
        return _grouped((measure.target.partition("/")[0], measure) for measure in self.evidence.measures)

    @cached_property
    def files(self) -> dict[str, FileSeen]:
        """Files that attestations and figures name, by name."""
        return {seen.path: seen for seen in self.evidence.files or ()}

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of all devices."""
        return frozenset(device.name for device in self.park.devices)

    @cached_property
    def segments_by_vlan(self) -> dict[int, list[Segment]]:
        """Segments by VLAN."""
        return _grouped((segment.vlan, segment) for segment in self.park.segments)

    @cached_property
    def devices_by_tenant(self) -> dict[str, list[Device]]:
        """Devices by owner."""
        return _grouped((device.tenant, device) for device in self.park.devices)

    @cached_property
    def devices_by_site(self) -> dict[str, list[Device]]:
        """Devices by site."""
        return _grouped((device.site, device) for device in self.park.devices)

    @cached_property
    def flows_by_tenant(self) -> dict[str, list[Flow]]:
        """Flows by the owner of the zone that they come from."""
        ends = ((self.zone_of_end(flow.src), flow) for flow in self.park.flows)
        return _grouped((zone.tenant, flow) for zone, flow in ends if zone)

    @cached_property
    def allowed_by_device(self) -> dict[str, list[Expectation]]:
        """Allowed expectations by each device at an end."""
        return _grouped(
            (name, expectation)
            for expectation in self.park.expectations
            if expectation.allowed
            for name in (expectation.src_device, expectation.dst_device)
        )

    @cached_property
    def link_targets(self) -> dict[str, list[Target]]:
        """Link targets by the link that they name, or by "device port"."""
        return _grouped(
            (key, target)
            for target in self.park.targets
            if target.probe == "link"
            for key in (
                target.param("link"),
                *(f"{target.device} {name.strip()}" for name in target.param("interface").split(",")),
            )
            if key
        )

    @cached_property
    def roles(self) -> dict[str, list[Device]]:
        """Devices by role."""
        return _grouped((device.role, device) for device in self.park.devices)

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
    def reached_zones(self) -> dict[str, frozenset[str]]:
        """Zones that each device has a port in or carries the VLAN of."""
        found = {}
        for device in self.park.devices:
            vlans = {
                segment.zone
                for vid, _ in device.vlans
                for segment in self.segments_by_vlan.get(vid, ())
                if segment.tenant == device.tenant
            }
            found[device.name] = self.zones_by_device[device.name] | vlans
        return found

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

    @cached_property
    def devices_by_segment(self) -> dict[str, tuple[Device, ...]]:
        """Devices with a port in each segment."""
        found: dict[str, dict[str, Device]] = {}
        for device in self.park.devices:
            for port in device.interfaces:
                if port.segment:
                    found.setdefault(port.segment, {})[device.name] = device
        return {segment: tuple(devices.values()) for segment, devices in found.items()}

    @cached_property
    def zones_by_device(self) -> dict[str, frozenset[str]]:
        """Zones that each device has a port in."""
        return {
            device.name: frozenset(filter(None, (self.zone_of(port) for port in device.interfaces)))
            for device in self.park.devices
        }

    def zone_of(self, port: Interface) -> str:
        """Return the zone id that a port leads into, "" for none."""
        if port.zone:
            return port.zone
        segment = self.segments.get(port.segment)
        return segment.zone if segment else ""

    def zone_of_end(self, end: str) -> Zone | None:
        """Return the zone that an end of a flow (a zone or a segment id) lies in."""
        segment = self.segments.get(end)
        return self.zones.get(segment.zone if segment else end)

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

    def every(self, *roles: Role | str) -> tuple[Device, ...]:
        """Return the park's devices of some roles, whatever is judged."""
        return tuple(device for role in roles for device in self.roles.get(role, ()))

    @cached_property
    def plants(self) -> dict[str, list[Segment]]:
        """Return the segments of each production site (its site, else its zone)."""
        return _grouped((segment.site or segment.zone, segment) for segment in self.segments_of("production"))

    def kinds_of(self, device: str) -> frozenset[str]:
        """Return the kinds of zone that a device has a port in; an operator's node is external."""
        kinds = {self.zones[zone].kind for zone in self.zones_by_device.get(device, ())}
        if self.park.device(device).role is Role.EXTERNAL:
            kinds.add("external")
        return frozenset(kinds)

    def fabric(self, name: str) -> bool:
        """Tell whether a gateway is a router of a fabric, where each zone is a routing instance."""
        return name in self.names and bool(self.park.device(name).vrfs or self.park.device(name).vnis)

    def covers(self, end: str, device: Device) -> bool:
        """Tell whether an end of a flow (a zone or a segment id) holds a device."""
        segments = {port.segment for port in device.interfaces}
        return end in segments or (end not in self.segments and end in self.zones_by_device[device.name])

    def ends(self, expectation: Expectation) -> tuple[frozenset[str], frozenset[str]]:
        """Return the zones of an expectation's source and destination."""
        none: frozenset[str] = frozenset()
        return (
            self.zones_by_device.get(expectation.src_device, none),
            self.zones_by_device.get(expectation.dst_device, none),
        )

    def fresh(self, time_s: float, max_age_s: float) -> bool:
        """Tell whether something seen at ``time_s`` still counts; nothing from the future does."""
        return -60.0 <= self.now_s - time_s <= max_age_s


SHARED = frozenset(
    {
        "segments", "zones", "flows", "running", "artifacts", "results", "latest", "availability", "targets",
        "reach", "groups_by_segment", "segments_by_tenant", "segments_by_vlan", "devices_by_tenant",
        "devices_by_site", "flows_by_tenant", "allowed_by_device", "link_targets", "roles",
        "devices_by_segment", "zones_by_device", "reached_zones", "segments_by_zone", "segments_by_site",
        "devices_by_zone", "ports_by_zone", "flows_by_zone", "measures", "names", "files", "intervals",
    }
)  # fmt: skip  # indexes of the whole park, whatever is judged


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


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
