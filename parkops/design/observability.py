"""Pass 6: what the monitor watches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from parkops.design.draft import Draft, DraftDevice
from parkops.design.plane import DNS_PORT
from parkops.model import Link, Service, SnmpUser, SourceRef, Target
from parkops.plan.hints import unknown
from parkops.plan.schema import ProbePlan

NETCONF_PORT, SSH_PORT, SNMP_PORT, MQTT_TLS_PORT = 830, 22, 161, 8883
COLLECT_S = 30.0  # what an agent counts is read no more often
CA_FILE = "/etc/ssl/parkops/ca.pem"  # of the park's own certificates, here as on its nodes
LOG_FILE = "/var/log/park/parkops-probe.log"  # where a collector of the park keeps the probe's messages
RENEW_DAYS = "14"
GATEWAYS = {"opcua-gateway": "opcua", "modbus-bridge": "modbus"}  # kind of workload -> what it speaks

LINK_SOURCES = (("netconf", NETCONF_PORT), ("node_exporter", 9100), ("frr", SSH_PORT), ("snmp", SNMP_PORT))

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """One target of a device: the probe, its port, what tells it from others, and what asks for it."""

    probe: str
    port: int = 0
    detail: str = ""
    params: Params = ()
    source: SourceRef | None = None  # None: the device's own
    least_s: float = 0.0  # interval, at least


def add_targets(draft: Draft) -> None:
    """Watch every managed device by its means, and every important cable from one end."""
    cables = _cables(draft)
    for name in sorted(draft.devices):
        device = draft.devices[name]
        if device.management_ipv4:
            for watch in _device_targets(draft, device, cables.get(name, ())):
                _add(draft, device, watch)
    for link in (draft.links[link_id] for link_id in sorted(draft.links)):
        if link.important:
            _link_target(draft, link)
    for name, stated in sorted(draft.plan.monitoring.probes.items()):
        _stated_target(draft, name, stated)


def _stated_target(draft: Draft, name: str, stated: ProbePlan) -> None:
    """Watch what the plan states by itself; the monitor's own table tells later whether it can."""
    path = ("monitoring", "probes", name)
    device = draft.devices.get(stated.device)
    if device is None or not device.management_ipv4:
        managed = (known.name for known in draft.devices.values() if known.management_ipv4)
        draft.problems.append(
            unknown(draft.marks, (*path, "device"), stated.device, "managed device", managed)
        )
        return
    params = tuple((key, _word(value)) for key, value in sorted(stated.params.items()))
    watch = Watch(stated.probe, stated.port or 0, name, params, draft.marks.ref(*path))
    _add(draft, device, watch, stated.address, stated.interval_s)


def _word(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:g}"


def _add(
    draft: Draft,
    device: DraftDevice,
    watch: Watch,
    address: IPv4Address | IPv6Address | None = None,
    interval_s: float | None = None,
) -> None:
    target = f"{device.name}/{watch.probe}" + (f"/{watch.detail}" if watch.detail else "")
    monitoring = draft.plan.monitoring
    of_role_s = monitoring.intervals.get(device.role.value, monitoring.interval_s)
    draft.targets.append(
        Target(
            target,
            watch.probe,
            device.name,
            str(address) if address else device.management_ipv4.partition("/")[0],
            watch.port,
            interval_s or max(of_role_s, watch.least_s),
            device.tenant,
            _zone(device),
            watch.params,
            source=watch.source or device.source,
        )
    )


def _zone(device: DraftDevice) -> str:
    """Return the zone that all its ports lead into, "" where there are several."""
    zones = {item.zone for item in device.ports.values()} - {""}
    return zones.pop() if len(zones) == 1 else ""


def _device_targets(draft: Draft, device: DraftDevice, cables: tuple[str, ...]) -> Iterator[Watch]:
    yield Watch("icmp")
    yield from _snmp_targets(draft, device, cables)
    if draft.platform(device).driver == "netconf":
        yield Watch("netconf", NETCONF_PORT)
        return
    yield Watch("ssh", SSH_PORT)
    for service in device.services:
        watch = _service_target(draft, device, service)
        if watch is not None:
            yield watch


def _snmp_targets(draft: Draft, device: DraftDevice, cables: tuple[str, ...]) -> Iterator[Watch]:
    """Ask the agents of platforms that the plan's SNMP users are rendered for."""
    users = _users(draft, device)
    if not users:
        return
    login, source = _login(users[0]), draft.marks.ref("management", "snmp", "users", users[0].name)
    yield Watch("snmp", SNMP_PORT, params=login, source=source)
    kind = ("platform", device.platform)
    for topic in ("interfaces", "health"):
        yield Watch("snmp", SNMP_PORT, topic, (*login, ("collect", topic), kind), source, COLLECT_S)
    if cables:
        yield Watch("lldp", SNMP_PORT, params=(*login, ("cables", ",".join(cables))), least_s=COLLECT_S)


def _users(draft: Draft, device: DraftDevice) -> tuple[SnmpUser, ...]:
    """Return the users of a device's agent, () where its platform has none."""
    has_agent = device.plane is not None and "snmpv3" in draft.platform(device).features
    return device.plane.snmp_users if device.plane and has_agent else ()


def _login(user: SnmpUser) -> Params:
    return (
        ("user", user.name),
        ("auth", user.auth),
        ("auth_key", user.auth_key),
        ("privacy", user.privacy),
        ("privacy_key", user.privacy_key),
    )


def _cables(draft: Draft) -> dict[str, tuple[str, ...]]:
    """Return the cables of each device between two ends that speak LLDP, as its probe reads them."""
    found: dict[str, list[str]] = {}
    for link in (draft.links[link_id] for link_id in sorted(draft.links)):
        ends = (draft.devices[link.a_device], draft.devices[link.b_device])
        if all(end.management_ipv4 and "lldp" in draft.platform(end).features for end in ends):
            a, b = (link.a_device, link.a_interface), (link.b_device, link.b_interface)
            found.setdefault(a[0], []).append(f"{a[1]}={b[0]}|{b[1]}|{link.id}")
            found.setdefault(b[0], []).append(f"{b[1]}={a[0]}|{a[1]}|{link.id}")
    return {name: tuple(cables) for name, cables in found.items()}


def _service_target(draft: Draft, device: DraftDevice, service: Service) -> Watch | None:
    """Return how a daemon is watched, None for what cannot be asked."""
    ref, port = draft.marks.ref, service.port
    match service.kind:
        case "node_exporter":
            return Watch("http", port, "metrics", (("path", "/metrics"),))
        case "prometheus":
            healthy = (("path", "/-/healthy"),)
            return Watch("http", port, "prometheus", healthy, ref("management", "monitoring"))
        case "identifier":
            return _identifier(service)
        case "mqtt" if device.properties.get("mqtt") == "tls":  # it wants a certificate of its clients, too
            return Watch("tls", MQTT_TLS_PORT, "mqtt", _certificate(device))
        case "mqtt":
            return Watch("mqtt", port)
        case "ntp":
            return Watch("ntp", port, source=ref("management", "ntp"))
        case "dns" if draft.plan.management.dns:
            name = f"{device.name}.{draft.plan.management.dns.domain}"
            return Watch("dns", DNS_PORT, params=(("name", name),), source=ref("management", "dns"))
        case "radius" if draft.plan.management.aaa:
            key = draft.plan.management.aaa.servers[device.name].key
            source = ref("management", "aaa", "servers", device.name)
            return Watch("radius", port, params=(("key", key),), source=source)
        case "syslog" if draft.plan.management.syslog_tls:
            return Watch("tls", port, "syslog", _certificate(device), ref("management", "syslog_tls"))
        case "syslog":
            kept = (("file", LOG_FILE), ("sudo", "yes"))
            return Watch("syslog", port, params=kept, source=ref("management", "syslog"), least_s=COLLECT_S)
        case "workload" | "hosted":
            return _hosted(device, service)
    return Watch("tcp", port, service.kind) if service.protocol == "tcp" else None


def _certificate(device: DraftDevice) -> Params:
    return (("ca", CA_FILE), ("name", device.name), ("min_days", RENEW_DAYS))


def _identifier(service: Service) -> Watch:
    """Resolve the first record that the plan states; without any, the node only has to serve."""
    if not service.params:
        return Watch("http", service.port, "resolve", (("path", "/"), ("status", "404")))
    name, stated = service.params[0]
    return Watch("identifier", service.port, params=(("identifier", name), ("value", stated)))


def _hosted(device: DraftDevice, service: Service) -> Watch | None:
    """Speak a gateway's own protocol with it; of another program only its port is known."""
    if service.protocol != "tcp":
        return None
    name = dict(service.params).get("name", "")
    workload = next((item for item in device.workloads if item.id == f"{device.name}.{name}"), None)
    probe = GATEWAYS.get(workload.kind, "tcp") if workload else "tcp"
    source = workload.source if workload else None
    return Watch(probe, service.port, f"{service.kind}-{service.port}", source=source)


def _link_target(draft: Draft, link: Link) -> None:
    """Read a cable's state at the end that tells it: by NETCONF, its exporter, FRR's shell or its agent."""
    ends = ((link.a_device, link.a_interface), (link.b_device, link.b_interface))
    for source, port in LINK_SOURCES:
        for name, interface in ends:
            device = draft.devices[name]
            if _tells_links(draft, device, source):
                login = _login(device.plane.snmp_users[0]) if source == "snmp" and device.plane else ()
                params = (("source", source), ("interface", interface), ("link", link.id), *login)
                _add(draft, device, Watch("link", port, interface, params))
                return


def _tells_links(draft: Draft, device: DraftDevice, source: str) -> bool:
    if source == "snmp":
        return bool(device.management_ipv4 and _users(draft, device))
    return device.platform == {"netconf": "ietf", "node_exporter": "linux", "frr": "frr"}[source]
