"""Pass: which daemons each Linux node runs."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.design.plane import AAA_PORTS, DNS_PORT, SDN_PORTS, SYSLOG_TLS_PORT, TRAP_PORT
from parkops.model import Role, Service
from parkops.plan.schema import ManagementPlan, SdnPlan

MQTT_PORT, HTTP_PORT, NTP_PORT, SYSLOG_PORT = 1883, 80, 123, 514
NODE_EXPORTER_PORT, PROMETHEUS_PORT = 9100, 9090


def add_services(draft: Draft) -> None:
    """Give every Linux node time, logging and metrics, and each role its own daemons."""
    management = draft.plan.management
    for name, device in sorted(draft.devices.items()):
        if device.platform != "linux":
            continue
        device.services.append(Service("node_exporter", NODE_EXPORTER_PORT))
        if name in management.ntp:
            device.services.append(_udp("ntp", NTP_PORT))
        if name in management.syslog:
            tls = management.syslog_tls
            device.services.append(Service("syslog", SYSLOG_TLS_PORT) if tls else _udp("syslog", SYSLOG_PORT))
        if name == management.monitoring:
            device.services.append(Service("prometheus", PROMETHEUS_PORT))
        device.services += _management(management, draft.plan.sdn, name)
    for site in draft.sites:
        for node_name, node in sorted(site.plan.nodes.items()):
            device = draft.devices[site.node(node_name)]
            if node.broker:
                device.services.append(Service("mqtt", MQTT_PORT))
            if device.role is Role.IDENTIFIER and node.identifier is not None:
                records = tuple((record.identifier, record.value) for record in node.identifier.records)
                device.services.append(Service("identifier", HTTP_PORT, params=records))


def _udp(kind: str, port: int) -> Service:
    return Service(kind, port, "udp")


def _management(plan: ManagementPlan, sdn: SdnPlan | None, name: str) -> list[Service]:
    """Return the further daemons of the management plane that a node runs."""
    found: list[Service] = []
    if plan.dns and name in plan.dns.servers:
        found.append(_udp("dns", DNS_PORT))
    if plan.aaa and name in plan.aaa.servers:
        port = plan.aaa.servers[name].port or AAA_PORTS[plan.aaa.protocol]
        found.append(Service(plan.aaa.protocol, port, "udp" if plan.aaa.protocol == "radius" else "tcp"))
    if plan.snmp and name in plan.snmp.traps:
        found.append(_udp("snmp-trap", TRAP_PORT))
    if sdn and name == sdn.controller:
        found.append(Service(sdn.protocol, sdn.port or SDN_PORTS[sdn.protocol]))
    return found
