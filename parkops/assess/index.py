"""The park and its evidence, indexed: of the whole park, whatever is judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from parkops.model import (
    Artifact,
    Availability,
    Device,
    EndpointGroup,
    EvidenceSet,
    Expectation,
    FileSeen,
    Flow,
    Interface,
    Interval,
    Measure,
    Park,
    Reach,
    Result,
    Role,
    Running,
    Segment,
    Target,
    Zone,
)

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Index:
    """What is looked up by its id, and the ways between devices; made when it is asked for."""

    park: Park
    evidence: EvidenceSet

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
        return grouped((artifact.device, artifact) for artifact in self.evidence.artifacts if artifact.device)

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
        return grouped((interval.target, interval) for interval in self.evidence.intervals)

    @cached_property
    def availability(self) -> dict[str, Availability]:
        """Availability by target over the monitored window."""
        return {item.target: item for item in self.evidence.availability}

    @cached_property
    def targets(self) -> dict[str, list[Target]]:
        """Targets by device."""
        return grouped((target.device, target) for target in self.park.targets if not target.vantage)

    @cached_property
    def reach(self) -> dict[str, list[Reach]]:
        """Observations by expectation, oldest first."""
        ordered = sorted(self.evidence.reach, key=lambda item: item.time_s)
        return grouped((seen.expectation, seen) for seen in ordered)

    @cached_property
    def groups_by_segment(self) -> dict[str, list[EndpointGroup]]:
        """Endpoint groups by segment."""
        return grouped((group.segment, group) for group in self.park.groups)

    @cached_property
    def segments_by_tenant(self) -> dict[str, list[Segment]]:
        """Segments by owner; tunnels and what is behind leased lines are no broadcast domains of its own."""
        return grouped((segment.tenant, segment) for segment in self.park.segments if segment.vlan)

    @cached_property
    def segments_by_zone(self) -> dict[str, list[Segment]]:
        """Segments by zone."""
        return grouped((segment.zone, segment) for segment in self.park.segments)

    @cached_property
    def segments_by_site(self) -> dict[str, list[str]]:
        """Ids of segments by site."""
        return grouped((segment.site, segment.id) for segment in self.park.segments if segment.site)

    @cached_property
    def segments_by_vlan(self) -> dict[int, list[Segment]]:
        """Segments by VLAN."""
        return grouped((segment.vlan, segment) for segment in self.park.segments)

    @cached_property
    def devices_by_zone(self) -> dict[str, list[str]]:
        """Names of the devices with a port in each zone."""
        return grouped((zone, name) for name, zones in self.zones_by_device.items() for zone in zones)

    @cached_property
    def devices_by_tenant(self) -> dict[str, list[Device]]:
        """Devices by owner."""
        return grouped((device.tenant, device) for device in self.park.devices)

    @cached_property
    def devices_by_site(self) -> dict[str, list[Device]]:
        """Devices by site."""
        return grouped((device.site, device) for device in self.park.devices)

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
    def ports_by_zone(self) -> dict[str, list[str]]:
        """Ports ("device port") that lead into each zone."""
        return grouped(
            (zone, f"{device.name} {port.name}")
            for device in self.park.devices
            for port in device.interfaces
            if (zone := self.zone_of(port))
        )

    @cached_property
    def flows_by_zone(self) -> dict[str, list[Flow]]:
        """Flows by each zone at an end."""
        ends = ((flow, {self.zone_of_end(flow.src), self.zone_of_end(flow.dst)}) for flow in self.park.flows)
        return grouped((zone.id, flow) for flow, zones in ends for zone in zones if zone)

    @cached_property
    def flows_by_tenant(self) -> dict[str, list[Flow]]:
        """Flows by the owner of the zone that they come from."""
        ends = ((self.zone_of_end(flow.src), flow) for flow in self.park.flows)
        return grouped((zone.tenant, flow) for zone, flow in ends if zone)

    @cached_property
    def allowed_by_device(self) -> dict[str, list[Expectation]]:
        """Allowed expectations by each device at an end."""
        return grouped(
            (name, expectation)
            for expectation in self.park.expectations
            if expectation.allowed
            for name in (expectation.src_device, expectation.dst_device)
        )

    @cached_property
    def measures(self) -> dict[str, list[Measure]]:
        """Measured values by device."""
        return grouped((measure.target.partition("/")[0], measure) for measure in self.evidence.measures)

    @cached_property
    def files(self) -> dict[str, FileSeen]:
        """Files that attestations and figures name, by name."""
        return {seen.path: seen for seen in self.evidence.files or ()}

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of all devices."""
        return frozenset(device.name for device in self.park.devices)

    @cached_property
    def link_targets(self) -> dict[str, list[Target]]:
        """Link targets by the link that they name, or by "device port"."""
        return grouped(
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
        return grouped((device.role, device) for device in self.park.devices)

    @cached_property
    def zones_by_device(self) -> dict[str, frozenset[str]]:
        """Zones that each device has a port in."""
        return {
            device.name: frozenset(filter(None, (self.zone_of(port) for port in device.interfaces)))
            for device in self.park.devices
        }

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

    def every(self, *roles: Role | str) -> tuple[Device, ...]:
        """Return the park's devices of some roles, whatever is judged."""
        return tuple(device for role in roles for device in self.roles.get(role, ()))

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


# Indexes that outlive a change of what is judged.
SHARED = frozenset(name for name, value in vars(Index).items() if isinstance(value, cached_property))


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Return what belongs to each key, in order."""
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
