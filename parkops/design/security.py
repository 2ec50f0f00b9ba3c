"""Pass 5: the flows of the plan become named rules on each enforcement point; the rest is denied."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice
from parkops.model import Flow, PortMode, Role, Rule, Segment

INTERNET = ("internet",)  # stands for every address outside the park's pools
ENFORCERS = (Role.PARK_FIREWALL, Role.BOUNDARY)


def write_rules(draft: Draft) -> None:
    """Turn each flow into rules on its source's and its destination's boundary, and on serving nodes."""
    _flows(draft)
    for name in sorted(draft.devices):
        device = draft.devices[name]
        if device.role in ENFORCERS:
            for flow in draft.flows:
                _boundary_rule(draft, device, flow)
        elif device.platform == "linux":
            for flow in draft.flows:
                _input_rule(draft, device, flow)


def _flows(draft: Draft) -> None:
    for name, flow in sorted(draft.plan.flows.items()):
        by_protocol: dict[str, list[int]] = {}
        for service in flow.service:
            protocol, _, port = service.partition("/")
            by_protocol.setdefault(protocol, []).extend([int(port)] if port else [])
        for protocol, ports in sorted(by_protocol.items()):
            flow_id = name if len(by_protocol) == 1 else f"{name}-{protocol}"
            draft.flows.append(
                Flow(
                    flow_id,
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
    src: list[Segment],
    dst: list[Segment],
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


def _boundary_rule(draft: Draft, device: DraftDevice, flow: Flow) -> None:
    src, dst = draft.places(flow.src), draft.places(flow.dst)
    exit_here = draft.external(flow.dst) and bool(device.masquerade_interface)
    here = any(segment.gateway_device == device.name for segment in (*src, *dst)) or exit_here
    if not here or (src == dst and len(src) == 1):
        return
    inside = _ports_towards(device, src)
    if draft.external(flow.dst):
        outside = [device.masquerade_interface] if exit_here else _uplinks(device)
    else:
        outside = _ports_towards(device, dst)
    _rule(draft, device, flow, ",".join(inside), ",".join(outside), src, dst)


def _ports_towards(device: DraftDevice, segments: list[Segment]) -> list[str]:
    local = {segment.gateway_interface for segment in segments if segment.gateway_device == device.name}
    remote = any(segment.gateway_device != device.name for segment in segments)
    return sorted(local | set(_uplinks(device) if remote else ()))


def _uplinks(device: DraftDevice) -> list[str]:
    return sorted(port.name for port in device.ports.values() if port.ospf_cost)


def _input_rule(draft: Draft, device: DraftDevice, flow: Flow) -> None:
    """Let a node's own services be reached by the flows that lead to its segment."""
    port = next(port for port in device.ports.values() if port.mode is PortMode.ROUTED)
    dst = draft.places(flow.dst)
    served = {service.port for service in device.services if service.protocol == flow.protocol}
    wanted = tuple(sorted(served & set(flow.ports)))
    if any(segment.id == port.segment for segment in dst) and wanted:
        number = draft.allocator.take(f"rules/{device.name}", flow.id, first=1, last=9999)
        src = draft.places(flow.src)
        own4, own6 = port.ipv4.partition("/")[0], port.ipv6.partition("/")[0]
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
                (own4,),
                tuple(segment.ipv6 for segment in src),
                (own6,),
                flow.source,
            )
        )
