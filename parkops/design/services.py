"""Pass: which daemons each Linux node runs."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import Role, Service

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
            device.services.append(Service("ntp", NTP_PORT, "udp"))
        if name in management.syslog:
            device.services.append(Service("syslog", SYSLOG_PORT, "udp"))
        if name == management.monitoring:
            device.services.append(Service("prometheus", PROMETHEUS_PORT))
    for site in draft.sites:
        for node_name, node in sorted(site.plan.nodes.items()):
            device = draft.devices[site.node(node_name)]
            if node.broker:
                device.services.append(Service("mqtt", MQTT_PORT))
            if device.role is Role.IDENTIFIER and node.identifier is not None:
                records = tuple((record.identifier, record.value) for record in node.identifier.records)
                device.services.append(Service("identifier", HTTP_PORT, params=records))
