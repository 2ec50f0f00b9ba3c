"""What the plan's further systems become in the design, one small park for each."""

from __future__ import annotations

import pytest

from parkops.design import design
from parkops.model import Park, Role
from parkops.plan import parse

RING = "ring: {protocol: rstp}"
PLC = "count: 3, switch: 2, services: [tcp/4840]"
MANAGEMENT = "management: {ntp: mgmt-1, syslog: mgmt-1, monitoring: mgmt-1}"
NODES = "  nodes:\n    mgmt-1:"
SMALL = "resources: {cpu_cores: 1, memory_gb: 1, storage_gb: 1, objects: 9}"
BROKER = f"    mq-1: {{role: edge-cloud, segment: operations, broker: true, {SMALL}}}\n"
LARGE = "resources: {cpu_cores: 4, memory_gb: 8, storage_gb: 64}"
HOST = "role: cloud-host, segment: operations, cloud_zone: az-1"


@pytest.fixture
def park(base_text: str):
    """Design the base plan with edits (find, put) and further text."""

    def build(*edits: tuple[str, str], append: str = "") -> Park:
        text = base_text
        for find, put in edits:
            assert text.count(find) == 1, find
            text = text.replace(find, put)
        return design(parse(text + append), {})[0]

    return build


def needs(park: Park, device: str) -> set[str]:
    return {need.feature for need in park.device(device).needs}


@pytest.mark.parametrize(
    ("ring", "roles"),
    [
        ("{protocol: rstp}", ["root", "bridge", "bridge"]),
        ("{protocol: rstp, manager: 2}", ["bridge", "root", "bridge"]),
        ("{protocol: erps}", ["owner", "node", "neighbor"]),
        ("{protocol: erps, owner: 2, neighbor: 3}", ["node", "owner", "neighbor"]),
        ("{protocol: mrp, manager: 3}", ["client", "client", "manager"]),
        ("{protocol: hsr}", ["node", "node", "node"]),
    ],
)
def test_ring_roles(park, ring: str, roles: list[str]) -> None:
    built = park((RING, f"ring: {ring}"))
    switches = [built.device(f"ac-p1-sw-{number}") for number in (1, 2, 3)]
    assert [switch.ring_members[0].role for switch in switches] == roles
    protocol = built.rings[0].protocol
    for index, switch in enumerate(switches):
        member = switch.ring_members[0]
        ways = [switch.interface(port).peer_device for port in (member.port0, member.port1)]
        east_and_west = [switches[(index + 1) % 3].name, switches[index - 1].name]
        assert ways == east_and_west or (protocol == "erps" and ways == east_and_west[::-1])
        if member.role in ("owner", "neighbor"):  # port 0 of both is an end of the protection link
            other = "neighbor" if member.role == "owner" else "owner"
            assert ways[0] == switches[roles.index(other)].name
        assert protocol in needs(built, switch.name)


def test_a_control_vlan_goes_around_an_erps_ring_and_nowhere_else(park) -> None:
    built = park((RING, "ring: {protocol: erps, wtr_minutes: 3}"))
    members = [built.device(f"ac-p1-sw-{number}").ring_members[0] for number in (1, 2, 3)]
    (control,) = {member.control_vlan for member in members}
    assert {member.wtr_minutes for member in members} == {3}
    assert control not in {segment.vlan for segment in built.segments}
    for device in built.devices:
        for port in device.interfaces:
            assert (control in port.vids) is bool(port.ring)


TSN = """tsn:
          cycle_us: 500
          grandmaster: 2
          streams:
            axis: {from: plc, to: [drive], period_us: 250, frame_bytes: 128, latency_us: 100, redundant: true}
            slow: {from: drive, to: [plc], period_us: 500, frame_bytes: 500, latency_us: 400}"""
DRIVE = "drive: {title: 驱动器, segment: control, element: machines, count: 1, switch: 1}"


def test_time_sensitive_streams_have_paths_times_and_gates(park) -> None:
    built = park(
        (PLC, f"count: 1, switch: 2, services: [tcp/4840]}}\n          {DRIVE[:-1]}"),
        (RING, f"{RING}\n        {TSN}"),
    )
    (domain,) = built.tsn
    assert domain.grandmaster == "ac-p1-sw-2"
    ptp = {name: built.device(name).ptp for name in domain.devices}
    assert [ptp[name].priority1 for name in domain.devices] == [246, 100, 110]
    axis, slow = built.streams
    assert (axis.id, axis.talker, axis.listeners) == ("acme.p1.axis", "ac-p1-plc", ("ac-p1-drive",))
    assert set(axis.path) == {
        "ac-p1-sw-2--ac-p1-plc",
        "ac-p1-sw-1--ac-p1-sw-2",
        "ac-p1-sw-2--ac-p1-sw-3",
        "ac-p1-sw-3--ac-p1-sw-1",
        "ac-p1-sw-1--ac-p1-drive",
    }
    assert len(slow.path) == 3
    assert 0 < axis.bound_us <= 100
    assert slow.vlan == next(item.vlan for item in built.segments if item.id == "acme.p1.control")
    scheduled = {
        (device.name, port.peer_device)
        for device in built.devices
        for port in device.interfaces
        if port.schedule is not None
    }
    assert scheduled == {
        ("ac-p1-sw-1", "ac-p1-drive"),
        ("ac-p1-sw-1", "ac-p1-sw-2"),
        ("ac-p1-sw-2", "ac-p1-plc"),
        ("ac-p1-sw-2", "ac-p1-sw-1"),
        ("ac-p1-sw-2", "ac-p1-sw-3"),
        ("ac-p1-sw-3", "ac-p1-sw-1"),
    }
    assert {"gptp", "gate-control", "frer"} <= needs(built, "ac-p1-sw-1")


def test_a_5g_device_stands_in_its_segment_and_has_a_line(park) -> None:
    cpe = "cpes: {cpe-1: {segment: control, operator: 中国移动, bandwidth_mbps: 200, apn: factory, slice: 2}}"
    built = park(
        ("control: {zone: plant}", "control: {zone: plant, access: [wired, 5g]}"),
        (RING, f"{RING}\n        {cpe}"),
    )
    device = built.device("ac-p1-cpe-1")
    assert device.role is Role.CPE_5G
    assert device.property("apn") == "factory"
    segment = next(item for item in built.segments if item.id == "acme.p1.control")
    assert device.gateway_ipv4 == segment.ipv4.replace(".0/24", ".1")
    assert {port.name for port in device.interfaces} >= {"wwan0"}
    assert [(line.kind, line.operator, line.tenant) for line in built.circuits if line.kind == "5g"] == [
        ("5g", "中国移动", "acme")
    ]


def test_endpoints_reach_their_edge_node_or_are_read_by_it(park) -> None:
    built = park(
        (PLC, "count: 3, switch: 2, protocol: opcua, gateway: mq-1"),
        (
            NODES,
            "  nodes:\n" + BROKER + "    mgmt-1:",
        ),
    )
    flow = next(item for item in built.flows if item.id.startswith("gateway/"))
    assert (flow.src, flow.dst, flow.ports) == ("services.operations", "acme.p1.control", (4840,))
    plc = built.device("ac-p1-plc")
    assert [(service.kind, service.port) for service in plc.services] == [("listener", 4840)]
    for name in ("fw-1", "ac-bd-1"):
        assert any(rule.flow == flow.id for rule in built.device(name).rules)


PLANE = """management:
  ntp: [mgmt-1, mgmt-2]
  syslog: [mgmt-1, mgmt-2]
  monitoring: mgmt-1
  upstream_ntp: [ntp.example]
  ntp_key: env:NTP_KEY
  dns: {servers: [mgmt-2, 192.0.2.53]}
  aaa: {servers: {mgmt-1: {key: env:RADIUS}}}
  snmp: {users: {watch: {auth_key: env:A, privacy_key: env:P}}, traps: [mgmt-1]}
  local_users: {rescue: {password_hash: env:HASH}}
  out_of_band: {vrf: mgmt}
  idle_s: 300
  levels: {3: {idle_s: 120}}
sdn: {controller: mgmt-2, sites: [acme.p1]}"""
SECOND = "  nodes:\n    mgmt-2: {role: management-server, segment: operations}\n    mgmt-1:"


def test_the_management_plane_is_shared_by_level(park) -> None:
    built = park((MANAGEMENT, PLANE), (NODES, SECOND))
    planes = {device.name: device.plane for device in built.managed}
    assert all(planes.values())
    first, second = built.device("mgmt-1"), built.device("mgmt-2")
    core = planes["core-1"]
    assert [server.address for server in core.of("syslog")] == [
        first.management_address,
        second.management_address,
    ]
    assert [(server.key, server.key_id) for server in core.of("ntp")] == [("env:NTP_KEY", 1)] * 2
    assert [server.address for server in core.of("dns")] == [second.management_address, "192.0.2.53"]
    assert (core.idle_s, planes["ac-p1-sw-1"].idle_s, core.vrf, planes["mgmt-1"].vrf) == (
        300,
        120,
        "mgmt",
        "",
    )
    assert planes["ac-p1-sw-1"] is planes["ac-p1-sw-3"]
    assert [server.port for server in planes["ac-p1-sw-1"].of("netconf-call-home")] == [4334]
    assert not planes["pub-sw-1"].of("netconf-call-home")
    assert {"aaa", "snmpv3", "ntp-authentication", "management-vrf"} <= needs(built, "core-1")
    assert {("radius", 1812), ("snmp-trap", 162)} <= {(item.kind, item.port) for item in first.services}
    upstream = [flow for flow in built.flows if flow.id.startswith("plane/ntp/")]
    assert [(flow.src, flow.dst, flow.protocol, flow.ports) for flow in upstream] == [
        ("services.operations", "internet", "udp", (123,))
    ] * 2


def test_every_managed_device_has_a_plane_without_any_further_word(demo_park: Park) -> None:
    assert all(device.plane is not None for device in demo_park.managed)
    assert {server.kind for server in demo_park.plane.servers} == {"ntp", "syslog"}


HOSTED = """hosted:
  mes:
    {title: 制造执行, kind: application, node: mgmt-1, service: [https], users: [office, acme.p1.control],
     reason: 生产管理, owner: 信息部}
  city:
    {title: 城市平台, kind: upstream, zone: internet, address: city.example, service: [https],
     users: [operations], reason: 数据上报, owner: 运营部, level: city}
"""


def test_hosted_services_listen_and_their_users_reach_them(park) -> None:
    built = park(append=HOSTED)
    flows = {flow.id: flow for flow in built.flows if flow.id.startswith("hosted/")}
    assert sorted(flows) == ["hosted/city/operations", "hosted/mes/acme.p1.control", "hosted/mes/office"]
    assert flows["hosted/mes/office"].service == "mes"
    server = built.device("mgmt-1")
    (rule,) = [rule for rule in server.rules if rule.flow == "hosted/mes/office"]
    assert (rule.out_interface, rule.ports) == ("", (443,))
    assert any(target.id == "mgmt-1/tcp/hosted-443" for target in built.targets)
    city, mes = built.hosted
    assert (city.address, city.device, mes.device) == ("city.example", "", "mgmt-1")
    assert mes.address == server.interfaces[0].ipv4.partition("/")[0]


def test_workloads_are_placed_and_stay_where_they_are(park) -> None:
    nodes = "".join(
        f"          gw-{number}: {{role: edge-gateway, segment: control, {LARGE}}}\n"
        for number in range(2, 6)
    )
    image = '{image: "a:1", cpu_cores: 1, memory_mb: 512, replicas: 2, ports: [tcp/8080]}'

    def placed(*names: str) -> dict[str, set[str]]:
        body = "workloads: {" + ", ".join(f"{name}: {image}" for name in names) + "}"
        built = park(
            (RING, f"{RING}\n        {body}"),
            ("        nodes:\n          gw-1:", f"        nodes:\n{nodes}          gw-1:"),
        )
        found: dict[str, set[str]] = {}
        for workload in built.workloads:
            found.setdefault(workload.id.rpartition(".")[2], set()).add(workload.device)
        assert all("containers" in needs(built, workload.device) for workload in built.workloads)
        return found

    few, more = placed("vision", "twin"), placed("vision", "twin", "audit", "scada")
    assert {name: more[name] for name in few} == few
    assert all(len(devices) == 2 for devices in more.values())


CLOUD = """cloud:
  model: park
  servers: 2
  storage_tb: 2
  controller: mgmt-1
  zones: {az-1: {title: 一区}}
  tenants: {acme: {zones: [az-1], vcpus: 100, memory_gb: 64, storage_gb: 500, networks: [acme.hq.staff]}}
growth: {cloud: [10, 10, 10, 10, 10]}
"""
HOSTS = "".join(
    f"    h-{number}: {{{HOST}, resources: {{cpu_cores: 16, memory_gb: 64, storage_gb: 1000}}}}\n"
    for number in (1, 2)
)


def test_the_cloud_has_hosts_quotas_and_advice_on_its_growth(park) -> None:
    built = park((NODES, f"  nodes:\n{HOSTS}    mgmt-1:"), append=CLOUD)
    assert built.cloud_zones[0].hosts == ("h-1", "h-2")
    assert (built.cloud_tenants[0].vcpus, built.cloud_tenants[0].networks) == (100, ("acme.hq.staff",))
    assert next(item for item in built.growth if item.system == "cloud").percent == (10,) * 5
    growth = [item.what for item in built.advice if item.topic == "growth"]
    assert growth == ["quotas of 100 virtual CPUs grow to 161, the hosts have 128"]


def test_quarantine_is_prepared_where_a_tenant_enters_and_leaves(demo_park: Park) -> None:
    prepared = {(device.name, item.name): item for device in demo_park.devices for item in device.quarantines}
    assert set(prepared) == {
        ("fw-1", "quarantine-huaxing"),
        ("fw-1", "quarantine-yuntai"),
        ("hx-bd-1", "quarantine-huaxing"),
        ("yt-bd-1", "quarantine-yuntai"),
    }
    inside = {
        prefix for item in demo_park.segments if item.tenant == "huaxing" for prefix in (item.ipv4, item.ipv6)
    }
    boundary = prepared["hx-bd-1", "quarantine-huaxing"]
    assert set(boundary.prefixes) == inside
    assert boundary.stages == ("log", "limit", "quarantine", "block")
    device = demo_park.device("hx-bd-1")
    assert {device.interface(name).peer_device for name in boundary.interfaces} == {"core-1", "core-2"}


def test_conduits_gather_all_flows_between_zones(demo_park: Park) -> None:
    conduits = {conduit.zones: conduit for conduit in demo_park.conduits}
    assert conduits["hx-control", "hx-office"].flows == ("hx-mes-plc",)
    assert conduits["hx-control", "hx-office"].enforcers == ("hx-bd-1",)
    crossing = {flow for conduit in demo_park.conduits for flow in conduit.flows}
    assert {flow.id for flow in demo_park.flows} - crossing == {"hx-plc-data"}


def test_a_conduit_of_the_plan_brings_its_flows_and_its_name(park) -> None:
    built = park(
        append="""conduits:
  it-ot:
    zones: [office, plant]
    security_level: 3
    flows: {alarm: {service: [mqtts], reason: 告警, owner: 生产部, back: true, log: true}}
"""
    )
    conduit = next(item for item in built.conduits if item.id == "it-ot")
    assert (conduit.flows, conduit.security_level) == (("it-ot/alarm", "read-plc"), 3)
    flow = next(item for item in built.flows if item.id == "it-ot/alarm")
    assert (flow.src, flow.dst, flow.ports) == ("plant", "office", (8883,))
    rules = [rule for rule in built.device("ac-bd-1").rules if rule.flow == "it-ot/alarm"]
    assert [rule.log for rule in rules] == [True]


def test_a_one_way_gateway_carries_what_the_boundary_does_not(park) -> None:
    flow = "up: {from: plant, to: office, service: [udp/514], reason: 日志上送, owner: 生产部, one_way: true}"
    read = "  read-plc: {from: office, to: plant, service: [tcp/4840], reason: 读取设备状态, owner: 信息部}\n"
    built = park((read, f"  {flow}\n"), append="security: {one_way: {d-1: {from: plant, to: office}}}\n")
    gateway = built.device("ow-d-1")
    assert gateway.role is Role.ONE_WAY_GATEWAY
    inside, outside = gateway.interfaces
    assert (inside.zone, outside.zone) == ("plant", "office")
    (rule,) = gateway.rules
    assert (rule.in_interface, rule.out_interface) == (inside.name, outside.name)
    assert (rule.one_way, rule.stateful) == (True, False)
    assert not any(item.flow == rule.flow for item in built.device("ac-bd-1").rules)
    assert "one-way" in needs(built, "ow-d-1")


def test_allowances_name_the_protocols_of_the_network_itself(demo_park: Park) -> None:
    found = {(item.kind, item.interface) for item in demo_park.device("hx-bd-1").allowances}
    assert {("ospf", "eth1"), ("bfd", "eth2"), ("time", ""), ("log", "")} <= found
    assert not demo_park.device("hx-p1-sw-1").allowances


def test_objectives_of_the_park_of_its_parts_and_of_its_flows(park) -> None:
    built = park(
        (
            "service: [tcp/4840], reason: 读取设备状态",
            "service: [opcua], latency_ms: 20, reason: 读取设备状态",
        ),
        append=f"monitoring: {{intervals: {{core: 1}}, objectives: {{cores: {CORES}}}}}\n",
    )
    objectives = {item.id: item for item in built.objectives}
    assert (objectives["cores"].subject, objectives["flow/read-plc"].latency_ms) == ("device:core", 20)
    assert objectives["all"].availability_percent == 99.9
    intervals = {target.device: target.interval_s for target in built.targets}
    assert (intervals["core-1"], intervals["fw-1"]) == (1, 5)


CORES = "{for: 'role:core', availability_percent: 99.99}"
EVIDENCE = "evidence: e.pdf, date: 2026-09-30, by: 运营部}"


def test_figures_are_worked_out_from_what_they_are_made_of(park) -> None:
    built = park(
        append=f"""figures:
  7: {{numerator: 30, denominator: 40, {EVIDENCE}
  51: {{years: {{2023: 100, 2024: 110, 2025: 121}}, {EVIDENCE}
  14: {{components: {{responsible department exists: true, security staff: 5}}, {EVIDENCE}
"""
    )
    figures = {figure.indicator: figure for figure in built.figures}
    assert figures[7].value == 75
    assert figures[7].components == (("numerator", 30), ("denominator", 40))
    assert round(float(figures[51].value), 6) == 10
    assert figures[51].components[0] == ("2023", 100)
    assert dict(figures[14].components) == {"responsible department exists": 1, "security staff": 5}


def test_advice_tells_shortfalls_and_flows_that_nothing_shows(park) -> None:
    advice = park(("service: [tcp/443]", "service: [tcp/8443]")).advice
    assert "level 3 zone 'plant' with one log collector" in {
        item.what for item in advice if item.topic == "mlps"
    }
    assert [item.what for item in advice if item.topic == "flow"] == [
        "nothing listens at the end of flow 'web', so that nothing shows that it works"
    ]
