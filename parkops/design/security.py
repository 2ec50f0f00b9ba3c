"""Pass 5: the flows of the plan become named rules on each enforcement point; the rest is denied."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice, DraftPort
from parkops.model import Flow, PortMode, Role, Rule, Segment
from parkops.plan.names import PARK_FIREWALL
from parkops.plan.protocols import expand

INTERNET = ("internet",)  # stands for every address outside the park's pools
ENFORCERS = (Role.PARK_FIREWALL, Role.BOUNDARY)
Segments = tuple[Segment, ...]


def write_rules(draft: Draft) -> None:
    """Turn each flow into rules on its source's and its destination's boundary, and on serving nodes."""
    _flows(draft)
    nodes = _nodes(draft)
    for flow in draft.flows:
        src, dst = draft.places(flow.src), draft.places(flow.dst)
        for name in _enforcers(draft, flow, src, dst):
            _boundary_rule(draft, draft.devices[name], flow, src, dst)
        for segment in dst:
            for device, port in nodes.get(segment.id, ()):
                _input_rule(draft, device, port, flow, src)


def _nodes(draft: Draft) -> dict[str, list[tuple[DraftDevice, DraftPort]]]:
    """Return the Linux nodes of each segment, with the port that leads into it."""
    found: dict[str, list[tuple[DraftDevice, DraftPort]]] = {}
    for _, device in sorted(draft.devices.items()):
        if device.platform == "linux" and device.role not in ENFORCERS:
            port = next(port for port in device.ports.values() if port.mode is PortMode.ROUTED)
            found.setdefault(port.segment, []).append((device, port))
    return found


def _enforcers(draft: Draft, flow: Flow, src: Segments, dst: Segments) -> list[str]:
    if src == dst and len(src) == 1:
        return []  # it never leaves its segment
    names = {segment.gateway_device for segment in (*src, *dst)}
    return sorted(names | {PARK_FIREWALL} if draft.external(flow.dst) else names)


def _flows(draft: Draft) -> None:
    """Split the plan's flows by protocol; TCP keeps the flow's name, so that adding UDP renames nothing."""
    for name, flow in sorted(draft.plan.flows.items()):
        by_protocol: dict[str, set[int]] = {}
        for service in expand(flow.service):
            protocol, _, port = service.partition("/")
            by_protocol.setdefault(protocol, set()).update([int(port)] if port else [])
        for protocol, ports in sorted(by_protocol.items()):
            draft.flows.append(
                Flow(
                    name if protocol == "tcp" else f"{name}/{protocol}",
                    flow.src,
                    flow.dst,
                    protocol,
                    tuple(sorted(ports)),
                    flow.reason,
                    flow.traffic,
                    draft.marks.ref("flows", name),
                    flow.owner,
                    flow.latency_ms,
                    flow.local_only,
                )
            )


def _rule(
    draft: Draft,
    device: DraftDevice,
    flow: Flow,
    inside: str,
    outside: str,
    src: Segments,
    dst: Segments,
) -> None:
    number = draft.allocator.take(f"rules/{device.name}", flow.id, first=1, last=9999)
    anywhere = draft.external(flow.dst)
    device.rules.append(
        Rule(
            f"R{number:04d}",
            flow.id,
            f"{flow.reason} ({flow.owner})",
            inside,
            outside,
            flow.protocol,
            flow.ports,
            tuple(segment.ipv4 for segment in src),
            INTERNET if anywhere else tuple(seg.ipv4 for seg in dst),
            tuple(segment.ipv6 for segment in src),
            INTERNET if anywhere else tuple(seg.ipv6 for seg in dst),
            flow.source,
        )
    )


def _boundary_rule(draft: Draft, device: DraftDevice, flow: Flow, src: Segments, dst: Segments) -> None:
    inside = _ports_towards(device, src)
    if draft.external(flow.dst):
        outside = [device.masquerade_interface] if device.masquerade_interface else _uplinks(device)
    else:
        outside = _ports_towards(device, dst)
    _rule(draft, device, flow, ",".join(inside), ",".join(outside), src, dst)


def _ports_towards(device: DraftDevice, segments: Segments) -> list[str]:
    local = {segment.gateway_interface for segment in segments if segment.gateway_device == device.name}
    remote = any(segment.gateway_device != device.name for segment in segments)
    return sorted(local | set(_uplinks(device) if remote else ()))


def _uplinks(device: DraftDevice) -> list[str]:
    return sorted(port.name for port in device.ports.values() if port.ospf_cost)


def _input_rule(draft: Draft, device: DraftDevice, port: DraftPort, flow: Flow, src: Segments) -> None:
    """Let a node's own services be reached by a flow that leads to its segment."""
    served = {service.port for service in device.services if service.protocol == flow.protocol}
    wanted = tuple(sorted(served & set(flow.ports)))
    if not wanted:
        return
    number = draft.allocator.take(f"rules/{device.name}", flow.id, first=1, last=9999)
    device.rules.append(
        Rule(
            f"R{number:04d}",
            flow.id,
            f"{flow.reason} ({flow.owner})",
            port.name,
            "",
            flow.protocol,
            wanted,
            tuple(segment.ipv4 for segment in src),
            (port.ipv4.partition("/")[0],),
            tuple(segment.ipv6 for segment in src),
            (port.ipv6.partition("/")[0],),
            flow.source,
        )
    )
