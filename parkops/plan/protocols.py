"""The ports of the protocols that a plan may name instead of numbers (IANA names and their standards)."""

from __future__ import annotations

from collections.abc import Iterable

# protocol -> what a server of it listens on
PORTS: dict[str, tuple[str, ...]] = {
    "bacnet": ("udp/47808",),  # ASHRAE 135
    "coap": ("udp/5683", "udp/5684"),  # RFC 7252
    "dds": ("udp/7400", "udp/7401", "udp/7410", "udp/7411"),  # DDSI-RTPS 9.6.1, domain 0
    "dns": ("udp/53", "tcp/53"),
    "ftps": ("tcp/990",),
    "http": ("tcp/80",),
    "https": ("tcp/443",),
    "iec104": ("tcp/2404",),  # IEC 60870-5-104
    "kafka": ("tcp/9092",),
    "ldaps": ("tcp/636",),
    "lwm2m": ("udp/5683", "udp/5684"),  # OMA LwM2M over CoAP
    "modbus": ("tcp/502",),
    "mqtt": ("tcp/1883",),
    "mqtts": ("tcp/8883",),
    "mysql": ("tcp/3306",),
    "ntp": ("udp/123",),
    "opcua": ("tcp/4840",),  # IEC 62541-6
    "postgresql": ("tcp/5432",),
    "profinet": ("udp/34962", "udp/34963", "udp/34964"),  # IEC 61784-2
    "radius": ("udp/1812", "udp/1813"),
    "rtsp": ("tcp/554",),
    "s7": ("tcp/102",),
    "sip": ("udp/5060", "tcp/5061"),
    "smtp": ("tcp/25",),
    "snmp": ("udp/161",),
    "ssh": ("tcp/22",),
    "syslog": ("udp/514",),
    "syslog-tls": ("tcp/6514",),  # RFC 5425
    "tacacs": ("tcp/49",),
    "xmpp": ("tcp/5222",),
}
# Endpoints of these protocols are servers in themselves; those of the others are clients.
SERVERS = ("bacnet", "dds", "modbus", "opcua", "profinet", "rtsp")
# What an edge node listens on to be reached by endpoints of a protocol.
COLLECTED = {"mqtt": "mqtt", "lwm2m": "lwm2m", "xmpp": "xmpp", "coap": "coap"}


def expand(services: Iterable[str]) -> tuple[str, ...]:
    """Return services with each name replaced by its ports, each once, in the order given."""
    found = (port for service in services for port in PORTS.get(service, (service,)))
    return tuple(dict.fromkeys(found))


def implied(protocol: str) -> tuple[str, ...]:
    """Return what an endpoint of a protocol listens on when the plan does not say."""
    return PORTS[protocol] if protocol in SERVERS else ()
