"""What the monitor watches, as the plan asks for it."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest

from parkops.design import design
from parkops.lab import served
from parkops.model import Park, Target
from parkops.monitor import prepare
from parkops.monitor.probes import PROBES
from parkops.plan import parse
from parkops.plan.schema import ProbePlan

SNMP = "snmp: {users: {watch: {auth_key: env:A, privacy_key: env:P, privacy: aes256}}}"
AAA = "aaa: {servers: {mgmt-1: {key: env:R, port: 1912}}}"
USERS = "local_users: {rescue: {password_hash: env:H}}"
DNS = "dns: {servers: [mgmt-1], domain: park.example}"
MORE = f"monitoring: mgmt-1, {SNMP}, {AAA}, {DNS}, {USERS}}}"
IDENTIFIER = """
    mgmt-1: {role: management-server, segment: operations}
    id-1:
      role: identifier-node
      segment: operations
      identifier: {prefix: "88.1", upstream: 上级, records: [{identifier: 88.1/a, value: "甲"}]}"""
SERVER = "    mgmt-1: {role: management-server, segment: operations}"
SMALL = "cpu_cores: 0.5, memory_mb: 256, storage_gb: 1"
WORKLOADS = f"""resources: {{cpu_cores: 4, memory_gb: 8, storage_gb: 64, objects: 50}}
            workloads:
              collect: {{kind: opcua-gateway, image: "r.example/o:1", {SMALL}, ports: [tcp/4841]}}
              meters: {{kind: modbus-bridge, image: "r.example/m:1", {SMALL}, ports: [tcp/502]}}
              app: {{kind: application, image: "r.example/a:1", {SMALL}, ports: [tcp/8080]}}"""


@pytest.fixture
def watched(base_text: str):
    """Design the base plan with edits; return its targets by id, checked by the monitor's own table."""

    def build(*edits: tuple[str, str]) -> dict[str, Target]:
        text = base_text
        for find, put in edits:
            assert text.count(find) == 1, find
            text = text.replace(find, put)
        built: Park = design(parse(text), {})[0]
        prepare(built.targets)
        return {target.id: target for target in built.targets}

    return build


def test_every_target_says_what_asks_for_it(watched) -> None:
    found = watched()
    probes = Counter(target.probe for target in found.values() if target.probe != "flow")
    assert set(probes) == {"icmp", "ssh", "netconf", "http", "mqtt", "ntp", "syslog", "link"}
    for target in found.values():
        if target.probe != "flow":
            assert target.source is not None
            assert target.source.line > 0
    assert found["mgmt-1/ntp"].source.path == "management.ntp"
    assert found["core-1/icmp"].source.path == "backbone.cores"


def test_messages_to_a_collector_are_followed_now_and_then(watched) -> None:
    found = watched()
    target = found["mgmt-1/syslog"]
    assert (target.port, target.interval_s) == (514, 30)
    over_tls = watched(("monitoring: mgmt-1}", "monitoring: mgmt-1, syslog_tls: true}"))
    assert "mgmt-1/syslog" not in over_tls
    tls = over_tls["mgmt-1/tls/syslog"]
    assert (tls.port, tls.param("name"), tls.param("min_days")) == (6514, "mgmt-1", "14")


def test_agents_are_asked_where_the_plan_has_users_and_the_platform_has_agents(watched) -> None:
    assert not [name for name in watched() if "/snmp" in name or "/lldp" in name]
    found = watched(("monitoring: mgmt-1}", MORE))
    agents = {target.device for target in found.values() if target.probe == "snmp"}
    assert "mgmt-1" in agents
    assert not {name for name in agents if name.startswith("ac-p1-sw")}, "ietf has no agent"
    assert {"core-1", "core-2"} <= agents, "a router of FRR has that of its host"
    target = found["mgmt-1/snmp"]
    assert target.interval_s == 5
    assert dict(target.params) == {
        "user": "watch", "auth": "sha256", "auth_key": "env:A", "privacy": "aes256", "privacy_key": "env:P",
    }  # fmt: skip
    assert str(target.source).endswith("management.snmp.users.watch")
    for topic in ("interfaces", "health"):
        collected = found[f"mgmt-1/snmp/{topic}"]
        assert (collected.param("collect"), collected.param("platform")) == (topic, "linux")
        assert collected.interval_s == 30


def test_neighbours_are_compared_with_the_cables_of_the_plan(watched) -> None:
    found = watched(("monitoring: mgmt-1}", f"{MORE}\nplatforms: {{core: huawei_vrp}}"))
    cables = found["core-1/lldp"].param("cables").split(",")
    (between,) = [cable for cable in cables if cable.endswith("|core-1--core-2")]
    interface, _, far = between.partition("=")
    assert interface.startswith("XGigabitEthernet")
    assert far.startswith("core-2|XGigabitEthernet")
    assert all(cable.count("|") == 2 for cable in cables)
    link = next(item for item in found.values() if item.param("link") == "core-1--core-2")
    assert (link.probe, link.port, link.param("source"), link.param("user")) == ("link", 161, "snmp", "watch")


def test_services_of_management_are_asked_in_their_own_words(watched) -> None:
    found = watched(("monitoring: mgmt-1}", MORE))
    assert found["mgmt-1/dns"].param("name") == "mgmt-1.park.example"
    radius = found["mgmt-1/radius"]
    assert (radius.port, radius.params) == (1912, (("key", "env:R"),))
    assert str(radius.source).endswith("management.aaa.servers.mgmt-1")


def test_identifiers_and_gateways(watched) -> None:
    found = watched((SERVER, IDENTIFIER.lstrip("\n")))
    assert dict(found["id-1/identifier"].params) == {"identifier": "88.1/a", "value": "甲"}
    gateway = "resources: {cpu_cores: 4, memory_gb: 8, storage_gb: 64, objects: 50}"
    found = watched((gateway, WORKLOADS))
    probes = {target.port: target.probe for target in found.values() if "/workload-" in target.id}
    assert probes == {4841: "opcua", 502: "modbus", 8080: "tcp"}
    assert found["ac-p1-gw-1/opcua/workload-4841"].source.path.endswith("workloads.collect")


def test_a_broker_with_certificates_is_asked_for_its_own(watched) -> None:
    properties = "devices: {ac-p1-gw-1: {properties: {mqtt: tls}}}"
    found = watched(("monitoring: mgmt-1}", f"monitoring: mgmt-1}}\n{properties}"))
    target = found["ac-p1-gw-1/tls/mqtt"]
    assert (target.port, target.param("name")) == (8883, "ac-p1-gw-1")
    assert "ac-p1-gw-1/mqtt" not in found


STATED = """
monitoring:
  intervals: {management-server: 2}
  probes:
    cloud: {probe: exit, device: fw-1, address: 198.51.100.10, params: {exits: ct-1=203.0.113.1, hops: 3}}
    portal: {probe: https, device: mgmt-1, port: 8443, interval_s: 60, params: {min_days: 14.5, ca: /ca.pem}}
    clock: {probe: gnmi, device: core-1, params: {path: /system/clock, tls: false}}
"""


def test_what_the_plan_states_is_watched_too(watched) -> None:
    found = watched(("monitoring: mgmt-1}", f"monitoring: mgmt-1}}\n{STATED}"))
    cloud = found["fw-1/exit/cloud"]
    assert (cloud.address, cloud.port, cloud.interval_s) == ("198.51.100.10", 0, 5)
    assert dict(cloud.params) == {"exits": "ct-1=203.0.113.1", "hops": "3"}
    assert cloud.source.path == "monitoring.probes.cloud"
    portal = found["mgmt-1/https/portal"]
    assert (portal.address, portal.port, portal.interval_s) == (found["mgmt-1/icmp"].address, 8443, 60)
    assert dict(portal.params) == {"ca": "/ca.pem", "min_days": "14.5"}
    assert found["core-1/gnmi/clock"].param("tls") == "no"
    assert found["mgmt-1/icmp"].interval_s == 2


def test_the_plan_names_every_probe_but_flows() -> None:
    stated = ProbePlan.model_fields["probe"].annotation
    assert {*get_args(stated), "flow"} == set(PROBES)


def test_a_lab_is_asked_for_nothing_that_its_nodes_do_not_run(watched) -> None:
    found = watched(("monitoring: mgmt-1}", MORE))
    kept = {target.probe for target in served(found.values())}
    assert not kept & {"snmp", "dns", "radius", "tls", "lldp"}
    assert kept >= {"icmp", "ssh", "netconf", "http", "ntp", "syslog"}
