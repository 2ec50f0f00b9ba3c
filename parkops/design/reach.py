"""Pass 7: what must and what must not pass between endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parkops.design.draft import Draft, DraftDevice
from parkops.design.roles import NODES, UNMANAGED
from parkops.model import Expectation, Flow, Role, Service

MANAGEMENT = ("node_exporter", "ntp", "syslog")  # out of band
OUTSIDE = ""  # in the place of a segment
AT = "@"  # before the name of a device, in the place of a segment
EVERY_PAIR = 100  # up to so many endpoints and nodes every pair is expected, from there on a choice

FlowsBySource = Mapping[str, Flow]  # source segment -> the first flow that allows it


@dataclass(frozen=True, slots=True)
class Ends:
    """Who may open or take a session, in name order."""

    everyone: tuple[DraftDevice, ...]
    by_segment: Mapping[str, tuple[DraftDevice, ...]]
    strangers: Mapping[str, tuple[DraftDevice, ...]]  # tenant -> one endpoint of each of its zones


def add_expectations(draft: Draft) -> None:
    """Say for pairs of places, with a service at one end, whether a flow allows it.

    In a small park for every pair; in a large one for all that is allowed, and for each service from
    every zone of its tenant, from a zone of the park and of another tenant, and from outside.
    """
    ends, allowed = _ends(draft), allowed_flows(draft)
    for destination in ends.everyone:
        there = _segment_of(destination) or OUTSIDE
        for service in destination.services:
            if service.kind not in MANAGEMENT:
                flows = {
                    **allowed.get((f"{AT}{destination.name}", service.protocol, service.port), {}),
                    **allowed.get((there, service.protocol, service.port), {}),
                }
                for source in _sources(ends, destination, flows):
                    if source is not destination:
                        _expect(
                            draft, source, destination, service, flows.get(_segment_of(source) or OUTSIDE)
                        )


def _ends(draft: Draft) -> Ends:
    by_segment: dict[str, list[DraftDevice]] = {}
    strangers: dict[str, dict[str, DraftDevice]] = {}
    everyone = [device for _, device in sorted(draft.devices.items()) if _segment_of(device) is not None]
    for device in everyone:
        segment = _segment_of(device) or OUTSIDE
        by_segment.setdefault(segment, []).append(device)
        if device.platform == "host":
            zone = draft.segments[segment].zone if segment in draft.segments else OUTSIDE
            strangers.setdefault(device.tenant, {}).setdefault(zone, device)
    return Ends(
        tuple(everyone),
        {segment: tuple(devices) for segment, devices in by_segment.items()},
        {tenant: tuple(zones.values()) for tenant, zones in sorted(strangers.items())},
    )


def _sources(ends: Ends, destination: DraftDevice, flows: FlowsBySource) -> Iterator[DraftDevice]:
    if len(ends.everyone) <= EVERY_PAIR:
        yield from ends.everyone
        return
    chosen = [device for segment in flows for device in ends.by_segment.get(segment, ())]
    chosen += [*ends.strangers.get(destination.tenant, ()), *ends.strangers.get("", ())]
    chosen += ends.by_segment.get(OUTSIDE, ())
    tenants = [tenant for tenant in ends.strangers if tenant]
    if tenants:
        following = next((tenant for tenant in tenants if tenant > destination.tenant), tenants[0])
        chosen += ends.strangers[following][:1]
    yield from sorted({device.name: device for device in chosen}.values(), key=lambda device: device.name)


def _segment_of(device: DraftDevice) -> str | None:
    """Return the segment of an endpoint or node, OUTSIDE beyond the exit, None for a network device."""
    if device.role not in NODES | UNMANAGED:
        return None
    segments = [port.segment for port in device.ports.values() if port.segment]
    if len(segments) == 1 and not device.router_id:
        return segments[0]
    return OUTSIDE if device.role is Role.EXTERNAL else None


def allowed_flows(draft: Draft) -> dict[tuple[str, str, int], dict[str, Flow]]:
    """Return the flows by what they lead to (segment or device, protocol, port) and where they come from."""
    found: dict[tuple[str, str, int], dict[str, Flow]] = {}
    for flow in draft.flows:
        ends, sources = _places(draft, flow.dst), _places(draft, flow.src)
        for port in flow.ports:
            for there in (f"{AT}{flow.dst_device}",) if flow.dst_device else ends:
                flows = found.setdefault((there, flow.protocol, port), {})
                for source in sources:
                    flows.setdefault(source, flow)
    return found


def _places(draft: Draft, end: str) -> tuple[str, ...]:
    return (OUTSIDE,) if draft.external(end) else tuple(item.id for item in draft.places(end))


def _expect(
    draft: Draft, source: DraftDevice, destination: DraftDevice, service: Service, flow: Flow | None
) -> None:
    if _segment_of(source) == _segment_of(destination) and (flow is None or destination.platform == "host"):
        return  # inside one segment nothing stands between two hosts
    if flow is None and source.platform == "linux":
        return  # endpoints stand for what an intruder would use
    interface = next(item for item in destination.ports.values() if item.ipv4)
    for family, address in (("4", interface.ipv4), ("6", interface.ipv6)):
        draft.expectations.append(
            Expectation(
                f"{source.name}>{destination.name}:{service.protocol}/{service.port}/ipv{family}",
                source.name,
                destination.name,
                address.partition("/")[0],
                service.protocol,
                service.port,
                flow is not None,
                flow.id if flow else "",
                flow.reason if flow else "no flow of the plan allows it",
            )
        )
