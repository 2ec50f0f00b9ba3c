"""Which targets are counted together: by device, role, tenant, zone, flow and class of traffic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from parkops.model import Flow, Park, Target

KINDS = ("tenant", "zone", "device", "role", "flow", "class", "target", "park")
SHARED = "(park)"  # what belongs to no tenant, or leads into several zones
Members = Mapping[tuple[str, str], Sequence[str]]  # (kind, name) -> ids of targets


def members(park: Park) -> Members:
    """Return the targets of every group of a park.

    A flow is what is measured from its source (targets with the parameter ``flow``); one that nobody
    measures so is as good as the gateways on its way, by ICMP.
    """
    roles = {device.name: device.role.value for device in park.devices}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    measured: dict[str, list[str]] = defaultdict(list)
    for target in park.targets:
        names = {
            "park": park.name, "target": target.id, "device": target.device,
            "tenant": target.tenant or SHARED, "zone": target.zone or SHARED,
            "role": roles.get(target.device, ""),
        }  # fmt: skip
        for kind, name in names.items():
            if name:
                found[kind, name].append(target.id)
        if target.param("flow"):
            measured[target.param("flow")].append(target.id)
    _add_flows(park, measured, found)
    return found


def _add_flows(
    park: Park, measured: Mapping[str, list[str]], found: dict[tuple[str, str], list[str]]
) -> None:
    pings = {target.device: target for target in park.targets if target.is_device}
    gateways: dict[str, set[str]] = defaultdict(set)
    for segment in park.segments:
        if segment.gateway_device:
            gateways[segment.id].add(segment.gateway_device)
            gateways[segment.zone].add(segment.gateway_device)
    classes: dict[str, set[str]] = defaultdict(set)
    for flow in park.flows:
        ids = measured.get(flow.id) or _on_the_way(flow, gateways, pings)
        if ids:
            found["flow", flow.id] = list(ids)
            classes[flow.traffic_class].update(ids)
    for name, members_of in classes.items():
        found["class", name] = sorted(members_of)


def _on_the_way(flow: Flow, gateways: Mapping[str, set[str]], pings: Mapping[str, Target]) -> list[str]:
    ends = set(gateways.get(flow.src, ())) | set(gateways.get(flow.dst, ()))
    ends |= {flow.dst_device} if flow.dst_device else set()
    return [pings[name].id for name in sorted(ends) if name in pings]
