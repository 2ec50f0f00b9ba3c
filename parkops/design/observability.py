"""Pass 6: what the monitor watches, and what must and must not pass between endpoints."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice
from parkops.model import Expectation, Flow, Link, Target

NETCONF_PORT, SSH_PORT = 830, 22


def add_targets(draft: Draft) -> None:
    """Watch every managed device by its means, and every important cable from one end."""
    for name in sorted(draft.devices):
        device = draft.devices[name]
        if device.management_ipv4:
            _device_targets(draft, device)
    for link in (draft.links[link_id] for link_id in sorted(draft.links)):
        if link.important:
            _link_target(draft, link)


def _add(
    draft: Draft,
    device: DraftDevice,
    probe: str,
    port: int = 0,
    detail: str = "",
    params: tuple[tuple[str, str], ...] = (),
) -> None:
    target = f"{device.name}/{probe}" + (f"/{detail}" if detail else "")
    address = device.management_ipv4.partition("/")[0]
    zones = sorted({item.zone for item in device.ports.values() if item.zone})
    draft.targets.append(
        Target(
            target,
            probe,
            device.name,
            address,
            port,
            draft.plan.monitoring.interval_s,
            device.tenant,
            zones[0] if len(zones) == 1 else "",
            params,
        )
    )


def _device_targets(draft: Draft, device: DraftDevice) -> None:
    _add(draft, device, "icmp")
    if device.platform == "ietf":
        _add(draft, device, "netconf", NETCONF_PORT)
        return
    _add(draft, device, "ssh", SSH_PORT)
    for service in device.services:
        if service.kind == "node_exporter":
            _add(draft, device, "http", service.port, "metrics", (("path", "/metrics"),))
        elif service.kind == "prometheus":
            _add(draft, device, "http", service.port, "prometheus", (("path", "/-/healthy"),))
        elif service.kind == "identifier":
            first = service.params[0][0] if service.params else ""
            path = f"/resolve/{first}" if first else "/"
            _add(draft, device, "http", service.port, "resolve", (("path", path),))
        elif service.kind in ("mqtt", "ntp"):
            _add(draft, device, service.kind, service.port)
        elif service.protocol == "tcp":
            _add(draft, device, "tcp", service.port, service.kind)


def _link_target(draft: Draft, link: Link) -> None:
    """Read a cable's state at the end that tells it: a switch by NETCONF, a Linux node by its exporter."""
    ends = ((link.a_device, link.a_interface), (link.b_device, link.b_interface))
    for platform, source in (("ietf", "netconf"), ("linux", "node_exporter"), ("frr", "frr")):
        for name, interface in ends:
            device = draft.devices[name]
            if device.platform == platform:
                port = {"netconf": NETCONF_PORT, "node_exporter": 9100, "frr": SSH_PORT}[source]
                params = (("source", source), ("interface", interface), ("link", link.id))
                _add(draft, device, "link", port, interface, params)
                return


def add_expectations(draft: Draft) -> None:
    """Say for every pair of places, with a service at one end, whether a flow allows it."""
    sources = [
        device for _, device in sorted(draft.devices.items()) if _segment_of(device) or _outside(device)
    ]
    for destination in sources:
        for service in destination.services:
            if service.kind in ("node_exporter", "ntp", "syslog"):
                continue  # management plane, out of band
            for source in sources:
                if source is not destination:
                    _expect(draft, source, destination, service.protocol, service.port)


def _segment_of(device: DraftDevice) -> str:
    if device.platform not in ("host", "linux"):
        return ""
    segments = [port.segment for port in device.ports.values() if port.segment]
    return segments[0] if len(segments) == 1 else ""


def _outside(device: DraftDevice) -> bool:
    return device.platform == "host" and not _segment_of(device)


def _expect(draft: Draft, source: DraftDevice, destination: DraftDevice, protocol: str, port: int) -> None:
    here, there = _segment_of(source), _segment_of(destination)
    flow = next((flow for flow in draft.flows if _allows(draft, flow, here, there, protocol, port)), None)
    if here == there and (flow is None or destination.platform == "host"):
        return  # inside one segment nothing stands between two hosts
    if flow is None and source.platform == "linux":
        return  # endpoints stand for what an intruder would use
    interface = next(item for item in destination.ports.values() if item.ipv4)
    for family, address in (("4", interface.ipv4), ("6", interface.ipv6)):
        draft.expectations.append(
            Expectation(
                f"{source.name}>{destination.name}:{protocol}/{port}/ipv{family}",
                source.name,
                destination.name,
                address.partition("/")[0],
                protocol,
                port,
                flow is not None,
                flow.id if flow else "",
                flow.reason if flow else "no flow of the plan allows it",
            )
        )


def _allows(draft: Draft, flow: Flow, here: str, there: str, protocol: str, port: int) -> bool:
    if flow.protocol != protocol or port not in flow.ports:
        return False
    if here not in [segment.id for segment in draft.places(flow.src)]:
        return False
    if draft.external(flow.dst):
        return there == ""
    return there in [segment.id for segment in draft.places(flow.dst)]
