"""The table of probes: what each needs, takes and may take."""

from __future__ import annotations

from collections.abc import Mapping

from parkops.model import State
from parkops.monitor.probes import parameters as take
from parkops.monitor.probes.agent import CREDENTIALS
from parkops.monitor.probes.base import Entry, Over, Parameter
from parkops.monitor.probes.dns import RCODES, TYPES, dns, domain_name
from parkops.monitor.probes.exits import MOST_HOPS, exits, routers
from parkops.monitor.probes.flow import KINDS, flow
from parkops.monitor.probes.gnmi import gnmi
from parkops.monitor.probes.gnmi_messages import ENCODINGS, MODES
from parkops.monitor.probes.gnmi_messages import path as gnmi_path
from parkops.monitor.probes.http import http, https
from parkops.monitor.probes.icmp import icmp
from parkops.monitor.probes.identifier import identifier
from parkops.monitor.probes.link import SOURCES, interfaces, link
from parkops.monitor.probes.lldp import PORTS as LLDP_PORTS
from parkops.monitor.probes.lldp import cables, lldp
from parkops.monitor.probes.modbus import FUNCTIONS, modbus
from parkops.monitor.probes.mqtt import mqtt
from parkops.monitor.probes.netconf import modules, netconf, subtree
from parkops.monitor.probes.ntp import ntp
from parkops.monitor.probes.oids import TOPICS
from parkops.monitor.probes.opcua import opcua
from parkops.monitor.probes.radius import radius
from parkops.monitor.probes.snmp import HEALTH, bounds, snmp
from parkops.monitor.probes.ssh import ssh
from parkops.monitor.probes.syslog import syslog
from parkops.monitor.probes.tcp import tcp
from parkops.monitor.probes.tls import tls

COMMON: Mapping[str, Parameter] = {
    "timeout_s": Parameter(take.positive),
    "severity": take.one_of("critical", "warning"),
}
EXPECT: Mapping[str, Parameter] = {
    "expect": take.one_of("answer", "blocked"),
    "boundary": take.one_of("drop", "reject"),  # what a boundary of somebody else's does with what it stops
}
TLS: Mapping[str, Parameter] = {
    "ca": Parameter(take.file),
    "name": Parameter(take.text),
    "min_days": Parameter(take.positive),
}
HTTP: Mapping[str, Parameter] = {
    "path": Parameter(take.path),
    "status": take.between(100, 599),
    "body": Parameter(take.text),
    "host": Parameter(take.text),
}

# All requests to one NETCONF server come together: between them it must have its quiet, because netconfd
# 2.13 does not let a confirmed commit time out while requests arrive each half second.
PROBES: Mapping[str, Entry] = {
    "icmp": Entry(icmp, timeout_s=1.0, portless=True, severity="critical", paced=True, over=Over.ICMP),
    "tcp": Entry(tcp, timeout_s=2.0, over=Over.TCP),
    "ssh": Entry(
        ssh,
        timeout_s=3.0,
        port=22,
        parameters={"login": take.one_of("yes", "no"), "version": Parameter(take.text)},
        over=Over.TCP,
    ),
    "netconf": Entry(
        netconf,
        timeout_s=5.0,
        port=830,
        parameters={
            "modules": Parameter(modules),
            "session": take.one_of("keep", "fresh"),
            "get": Parameter(subtree),
            "contains": Parameter(take.text),
        },
        together=lambda target: f"netconf/{target.address}",
        over=Over.TCP,
    ),
    "mqtt": Entry(
        mqtt,
        timeout_s=3.0,
        port=1883,
        parameters={
            "topic": Parameter(take.text),
            "user": Parameter(take.text),
            "password": Parameter(take.reference),
            "tls": take.one_of("yes", "no"),
            **TLS,
        },
        over=Over.TCP,
    ),
    "http": Entry(http, timeout_s=3.0, port=80, parameters=HTTP, over=Over.TCP),
    "https": Entry(https, timeout_s=4.0, port=443, parameters={**HTTP, **TLS}, over=Over.TCP),
    "tls": Entry(tls, timeout_s=4.0, port=443, parameters=TLS, over=Over.TCP),
    "dns": Entry(
        dns,
        timeout_s=3.0,
        port=53,
        parameters={
            "name": Parameter(domain_name, required=True),
            "type": take.one_of(*TYPES),
            "rcode": take.one_of(*RCODES),
            "answer": Parameter(take.names),
        },
        over=Over.UDP,
    ),
    "radius": Entry(
        radius,
        timeout_s=3.0,
        port=1812,
        parameters={
            "key": Parameter(take.reference, required=True),
            "user": Parameter(take.text),
            "password": Parameter(take.reference),
            "result": take.one_of("accept", "reject", "challenge"),
        },
    ),
    "modbus": Entry(
        modbus,
        timeout_s=3.0,
        port=502,
        parameters={
            "unit": take.between(0, 255),
            "table": take.one_of(*FUNCTIONS),
            "register": take.between(0, 65535),
            "count": take.between(1, 120),
            "min": Parameter(take.number),
            "max": Parameter(take.number),
        },
        over=Over.TCP,
    ),
    "ntp": Entry(
        ntp,
        timeout_s=2.0,
        port=123,
        parameters={"max_stratum": take.between(1, 15), "max_offset_s": Parameter(take.positive)},
        over=Over.UDP,
    ),
    "snmp": Entry(
        snmp,
        timeout_s=5.0,
        port=161,
        parameters={
            **CREDENTIALS,
            "collect": take.some_of(HEALTH, *TOPICS),
            "platform": Parameter(take.text),
            "interface": Parameter(take.names),
            "max": Parameter(bounds),
        },
    ),
    "flow": Entry(
        flow,
        timeout_s=3.0,
        portless=True,  # ICMP has none
        parameters={
            **EXPECT,
            "kind": take.one_of(*KINDS),
            "flow": Parameter(take.text),  # Flow.id, for people
            "host": Parameter(take.text),
            "path": Parameter(take.path),
        },
        paced=True,  # it waits for other machines, and keeps its own time
    ),
    "lldp": Entry(
        lldp,
        timeout_s=5.0,
        portless=True,  # the source decides
        parameters={
            **CREDENTIALS,
            "source": take.one_of(*LLDP_PORTS),
            "cables": Parameter(cables, required=True),
        },
        together=lambda target: f"{target.param('source', 'snmp')}/{target.address}",
    ),
    "opcua": Entry(
        opcua,
        timeout_s=5.0,
        port=4840,
        parameters={
            "path": Parameter(take.path),
            "node": Parameter(take.text),
            "min": Parameter(take.number),
            "max": Parameter(take.number),
            "user": Parameter(take.text),
            "password": Parameter(take.reference),
        },
        over=Over.TCP,
    ),
    "gnmi": Entry(
        gnmi,
        timeout_s=5.0,
        port=9339,
        parameters={
            "path": Parameter(gnmi_path, required=True),
            "mode": take.one_of(*MODES),
            "encoding": take.one_of(*ENCODINGS),
            "equals": Parameter(take.text),
            "tls": take.one_of("yes", "no"),
            "ca": Parameter(take.file),
            "name": Parameter(take.text),
            "user": Parameter(take.text),
            "password": Parameter(take.reference),
        },
        over=Over.TCP,
    ),
    "syslog": Entry(
        syslog,
        timeout_s=5.0,
        port=514,
        parameters={
            "protocol": take.one_of("udp", "tcp", "tls"),
            "file": Parameter(take.path, required=True),
            "read": take.one_of("ssh", "local"),
            "ssh_port": take.between(1, 65535),
            "sudo": take.one_of("yes", "no"),
            "ca": Parameter(take.file),
            "name": Parameter(take.text),
        },
    ),
    "identifier": Entry(
        identifier,
        timeout_s=3.0,
        port=80,
        parameters={
            "identifier": Parameter(take.text, required=True),
            "value": Parameter(take.text),
            "path": Parameter(take.path),
            "tls": take.one_of("yes", "no"),
            "ca": Parameter(take.file),
            "name": Parameter(take.text),
        },
        over=Over.TCP,
    ),
    "exit": Entry(
        exits,
        timeout_s=5.0,
        port=443,
        parameters={
            "exits": Parameter(routers, required=True),
            "source": Parameter(take.address),
            "through": Parameter(take.text),
            "hops": take.between(1, MOST_HOPS),
        },
    ),
    "link": Entry(
        link,
        timeout_s=5.0,
        portless=True,  # the source decides
        parameters={
            **CREDENTIALS,
            "interface": Parameter(interfaces, required=True),
            "source": take.one_of(*SOURCES),
            "link": Parameter(take.text),  # Link.id, for people
        },
        on_timeout=State.UNKNOWN,
        severity="critical",
        together=lambda target: f"{target.param('source', 'netconf')}/{target.address}",
    ),
}
