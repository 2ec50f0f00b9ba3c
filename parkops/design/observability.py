"""Pass 6: what the monitor watches."""

from __future__ import annotations

from parkops.design.draft import Draft, DraftDevice
from parkops.model import Link, Target

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
    intervals = draft.plan.monitoring.intervals
    draft.targets.append(
        Target(
            target,
            probe,
            device.name,
            address,
            port,
            intervals.get(device.role.value, draft.plan.monitoring.interval_s),
            device.tenant,
            _zone(device),
            params,
        )
    )


def _zone(device: DraftDevice) -> str:
    """Return the zone that all its ports lead into, "" where there are several."""
    zones = {item.zone for item in device.ports.values()} - {""}
    return zones.pop() if len(zones) == 1 else ""


def _device_targets(draft: Draft, device: DraftDevice) -> None:
    _add(draft, device, "icmp")
    if draft.platform(device).driver == "netconf":
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
            several = service.kind in ("workload", "hosted")
            _add(
                draft,
                device,
                "tcp",
                service.port,
                f"{service.kind}-{service.port}" if several else service.kind,
            )


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
