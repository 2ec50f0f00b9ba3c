"""Pass: the flows of the plan become named rules on each enforcement point; the rest is denied."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.model import Flow, PortMode, Role, Rule, Segment
from parkops.plan.flows import PlannedFlow, planned_flows
from parkops.plan.names import firewalls

INTERNET = ("internet",)  # stands for every address outside the park's pools
ENFORCERS = (Role.PARK_FIREWALL, Role.BOUNDARY)
GATEWAY_ROLES = (*ENFORCERS, Role.ONE_WAY_GATEWAY)
Segments = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A flow with the segments at its ends, and whether an end lies outside the park."""

    flow: Flow
    src: Segments
    dst: Segments
    from_outside: bool
    to_outside: bool


def write_rules(draft: Draft) -> None:
    """Turn each flow into rules on its source's and its destination's boundary, and on serving nodes."""
    _flows(draft)
    nodes, partners, one_way = _nodes(draft), _partners(draft), _one_way(draft)
    for flow in draft.flows:
        crossing = Crossing(
            flow,
            draft.places(flow.src),
            draft.places(flow.dst),
            draft.external(flow.src),
            draft.external(flow.dst),
        )
        through = one_way.get(_zones(draft, flow)) if flow.one_way else None
        enforcers = [through] if through else _enforcers(draft, crossing, partners)
        for name in enforcers:
            _boundary_rule(draft, draft.devices[name], crossing, _hosts(draft, crossing))
        for segment in crossing.dst:
            for device, port in nodes.get(segment.id, ()):
                if flow.dst_device in ("", device.name):
                    _input_rule(draft, device, port, crossing)


def _zones(draft: Draft, flow: Flow) -> tuple[str, str]:
    src, dst = (draft.segments[end].zone if end in draft.segments else end for end in (flow.src, flow.dst))
    return src, dst


def _one_way(draft: Draft) -> dict[tuple[str, str], str]:
    return {(item.src_zone, item.dst_zone): item.device for item in draft.one_ways}


def _partners(draft: Draft) -> dict[str, tuple[str, ...]]:
    """Return the devices of each pair that filter alike."""
    return {name: pair.devices for pair in draft.pairs if pair.kind == "firewall" for name in pair.devices}


def _nodes(draft: Draft) -> dict[str, list[tuple[DraftDevice, DraftPort]]]:
    """Return the Linux nodes of each segment, with the port that leads into it."""
    found: dict[str, list[tuple[DraftDevice, DraftPort]]] = {}
    for _, device in sorted(draft.devices.items()):
        if device.platform == "linux" and device.role not in GATEWAY_ROLES:
            for port in device.ports.values():
                if port.mode is PortMode.ROUTED and port.segment:
                    found.setdefault(port.segment, []).append((device, port))
    return found


def _enforcers(draft: Draft, crossing: Crossing, partners: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the devices that a flow passes; all of a pair, whichever leads."""
    if crossing.src == crossing.dst and len(crossing.src) == 1:
        return []  # it never leaves its segment
    names = {segment.gateway_device for segment in (*crossing.src, *crossing.dst)}
    if crossing.to_outside or crossing.from_outside:
        names |= set(firewalls(draft.plan))
    return sorted({partner for name in names for partner in partners.get(name, (name,))})


def _flows(draft: Draft) -> None:
    """Split the plan's flows by protocol; TCP keeps the flow's name, so that adding UDP renames nothing."""
    for planned in planned_flows(draft.plan):
        by_protocol: dict[str, set[int]] = {}
        for service in planned.service:
            protocol, _, port = service.partition("/")
            by_protocol.setdefault(protocol, set()).update([int(port)] if port else [])
        for protocol, ports in sorted(by_protocol.items()):
            draft.flows.append(_flow(draft, planned, protocol, tuple(sorted(ports))))
    draft.flows.sort(key=lambda flow: flow.id)


def _flow(draft: Draft, planned: PlannedFlow, protocol: str, ports: tuple[int, ...]) -> Flow:
    return Flow(
        planned.id if protocol == "tcp" else f"{planned.id}/{protocol}",
        planned.src,
        planned.dst,
        protocol,
        ports,
        planned.reason,
        planned.traffic,
        draft.marks.ref(*planned.path),
        planned.owner,
        planned.latency_ms,
        planned.local_only,
        planned.one_way,
        planned.hosted,
        planned.log,
        planned.dst_device,
    )


def _hosts(draft: Draft, crossing: Crossing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return where a flow leads, IPv4 and IPv6: to segments, or to one device of a segment."""
    name = crossing.flow.dst_device
    if not name:
        return _of_family(crossing.dst)
    ports = [port for port in draft.devices[name].ports.values() if port.ipv4]
    port = next((port for port in ports if port.segment == crossing.flow.dst), ports[0])
    return (port.ipv4.partition("/")[0] + "/32",), (port.ipv6.partition("/")[0] + "/128",)


def _of_family(segments: Segments) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the prefixes of segments, IPv4 and IPv6; what is behind a line may have one of them only."""
    both = ((item.ipv4 for item in segments), (item.ipv6 for item in segments))
    return tuple(filter(None, both[0])), tuple(filter(None, both[1]))


def _boundary_rule(
    draft: Draft, device: DraftDevice, crossing: Crossing, hosts: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    flow, anywhere, sources = crossing.flow, INTERNET, _of_family(crossing.src)
    number = draft.allocator.take(f"rules/{device.name}", flow.id, first=1, last=9999)
    device.rules.append(
        Rule(
            f"R{number:04d}",
            flow.id,
            f"{flow.reason} ({flow.owner})",
            ",".join(_ports(draft, device, crossing.src, crossing.from_outside)),
            ",".join(_ports(draft, device, crossing.dst, crossing.to_outside)),
            flow.protocol,
            flow.ports,
            anywhere if crossing.from_outside else sources[0],
            anywhere if crossing.to_outside else hosts[0],
            anywhere if crossing.from_outside else sources[1],
            anywhere if crossing.to_outside else hosts[1],
            flow.source,
            stateful=not flow.one_way,
            log=flow.log,
            one_way=flow.one_way,
            traffic_class=flow.traffic_class,
        )
    )
    if flow.one_way:
        device.need("one-way", flow.source)


def _ports(draft: Draft, device: DraftDevice, segments: Segments, outside: bool) -> list[str]:
    """Return the ports of a device that lead to segments, or out of the park."""
    if outside:
        return draft.outside_ports(device) or draft.uplinks(device)
    by_segment = {port.segment: port.name for port in device.ports.values() if port.segment and port.ipv4}
    by_segment |= {f"vpn.{vpn.id}": vpn.interface for vpn in device.vpns if vpn.interface}
    by_segment |= {
        item.id: item.gateway_interface
        for item in segments
        if item.purpose == "leased-line" and item.gateway_device == device.name
    }
    local = {by_segment[segment.id] for segment in segments if segment.id in by_segment}
    remote = any(segment.id not in by_segment for segment in segments)
    return sorted(local | set(draft.uplinks(device) if remote else ()))


def _input_rule(draft: Draft, device: DraftDevice, port: DraftPort, crossing: Crossing) -> None:
    """Let a node's own services be reached by a flow that leads to its segment."""
    flow = crossing.flow
    served = {service.port for service in device.services if service.protocol == flow.protocol}
    wanted = tuple(sorted(served & set(flow.ports)))
    if not wanted:
        return
    number = draft.allocator.take(f"rules/{device.name}", flow.id, first=1, last=9999)
    anywhere, sources = INTERNET if crossing.from_outside else None, _of_family(crossing.src)
    device.rules.append(
        Rule(
            f"R{number:04d}",
            flow.id,
            f"{flow.reason} ({flow.owner})",
            port.name,
            "",
            flow.protocol,
            wanted,
            anywhere or sources[0],
            (port.ipv4.partition("/")[0],),
            anywhere or sources[1],
            (port.ipv6.partition("/")[0],),
            flow.source,
            log=flow.log,
            traffic_class=flow.traffic_class,
        )
    )
