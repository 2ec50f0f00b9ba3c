"""A small park made by hand in which every check of the catalogue holds, with fresh evidence of it."""

from __future__ import annotations

from dataclasses import replace

from parkops.model import (
    Access,
    Artifact,
    ArtifactKind,
    Attestation,
    Availability,
    Circuit,
    Device,
    EndpointGroup,
    Event,
    EvidenceSet,
    Expectation,
    Flow,
    Interface,
    Interval,
    Link,
    Outcome,
    Park,
    PortMode,
    Reach,
    Result,
    Ring,
    Role,
    Rule,
    Running,
    Segment,
    Service,
    SourceRef,
    State,
    Step,
    Target,
    Tenant,
    Zone,
)

NOW = 1_790_000_000.0  # 2026-09-21
INTERVAL_S = 2.0


def ref(line: int, path: str = "x") -> SourceRef:
    return SourceRef("park.yaml", line, 3, path)


def port(name: str, mode: PortMode = PortMode.ROUTED, **given: object) -> Interface:
    return Interface(name, mode, **given)  # type: ignore[arg-type]


MGMT = {
    name: f"172.31.0.{number}/24"
    for number, name in enumerate(
        [
            "core-1",
            "core-2",
            "fw-1",
            "fw-2",
            "a-bd-1",
            "a-bd-2",
            "b-bd-1",
            "b-bd-2",
            "a-sw-1",
            "a-sw-2",
            "a-sw-3",
            "ao-sw-1",
            "b-sw-1",
            "s-sw-1",
            "a-gw-1",
            "b-gw-1",
            "ec-1",
            "id-1",
            "mgmt-1",
        ],
        10,
    )
}
EXPORTER = Service("node_exporter", 9100)
SWITCH = {"kind": "plant", "ip_code": "IP54", "power_supplies": "2", "ups_minutes": "45"}
EDGE = {
    "cpu_cores": "4",
    "memory_gb": "8",
    "storage_gb": "64",
    "objects": "200",
    "protocols": "opcua,mqtt",
    "kind": "plant",
    "ip_code": "IP54",
}


def device(
    name: str,
    role: Role,
    *ports: Interface,
    platform: str = "linux",
    tenant: str = "",
    site: str = "",
    services: tuple[Service, ...] = (),
    properties: dict[str, str] | None = None,
    **rest: object,
) -> Device:
    return Device(
        name,
        role,
        platform,
        ref(10, f"devices.{name}"),
        title=name,
        tenant=tenant,
        site=site,
        management_ipv4=MGMT.get(name, ""),
        interfaces=ports,
        services=services,
        properties=tuple(sorted((properties or {}).items())),
        **rest,  # type: ignore[arg-type]
    )


def access(name: str, segment: str, pvid: int, **given: object) -> Interface:
    return port(name, PortMode.ACCESS, segment=segment, pvid=pvid, **given)


def trunk(name: str, *vids: int, ring: str = "") -> Interface:
    return port(name, PortMode.TRUNK, vids=vids, ring=ring)


UNUSED = port("p9", PortMode.UNUSED)
SEGMENTS = {  # id -> (zone, vlan, number, gateway, tenant, site)
    "a.p1.control": ("a-control", 101, 1, "a-bd-1", "a", "a.p1"),
    "a.office.staff": ("a-office", 102, 2, "a-bd-1", "a", "a.office"),
    "b.p1.control": ("b-control", 103, 3, "b-bd-1", "b", "b.p1"),
    "services.edge": ("edge", 104, 4, "fw-1", "", "services"),
    "services.identifier": ("identifier", 105, 5, "fw-1", "", "services"),
    "services.operations": ("operations", 106, 6, "fw-1", "", "services"),
    "public.iot": ("iot", 107, 7, "fw-1", "", "public"),
}
ZONES = {
    "a-control": ("production", "a", 3, True),
    "a-office": ("enterprise", "a", 2, False),
    "b-control": ("production", "b", 3, True),
    "edge": ("park-service", "", 3, False),
    "identifier": ("park-service", "", 3, False),
    "operations": ("management", "", 3, False),
    "iot": ("public-service", "", 2, False),
    "internet": ("external", "", 1, False),
}


def segment(name: str) -> Segment:
    zone, vlan, number, gateway, tenant, site = SEGMENTS[name]
    v4, v6 = f"10.1.{number}.0/24", f"fd00:1:{number}::/64"
    ways = ("wired", "wifi6")
    return Segment(name, zone, vlan, v4, v6, gateway, "eth3", tenant, name, ref(20), site, ways)


def rule(number: int, flow: str, src: str, dst: str, protocol: str, *ports: int) -> Rule:
    s, d = segment(src), segment(dst)
    return Rule(
        f"R{number:04d}", flow, "because", "eth3", "eth1", protocol, ports,
        (s.ipv4,), (d.ipv4,), (s.ipv6,), (d.ipv6,), ref(30),
    )  # fmt: skip


RULES = {
    "a-edge": ("a.p1.control", "services.edge", "tcp", 8883),
    "a-mes": ("a.office.staff", "a.p1.control", "tcp", 4843),
    "a-id": ("a.office.staff", "services.identifier", "tcp", 8443),
    "b-id": ("b.p1.control", "services.identifier", "tcp", 8443),
    "ops-video": ("services.operations", "public.iot", "tcp", 322),
}
PLACES = {  # who enforces which flow
    "fw-1": ("a-edge", "a-id", "b-id", "ops-video"),
    "fw-2": ("a-edge", "a-id", "b-id", "ops-video"),
    "a-bd-1": ("a-edge", "a-mes", "a-id"),
    "a-bd-2": ("a-edge", "a-mes", "a-id"),
    "b-bd-1": ("b-id",),
    "b-bd-2": ("b-id",),
    "id-1": ("a-id", "b-id"),
}


def rules(name: str) -> tuple[Rule, ...]:
    found = enumerate(PLACES.get(name, ()), 1)
    return tuple(
        rule(number, flow, *RULES[flow][:3], *RULES[flow][3:])
        for number, flow in found  # type: ignore[arg-type]
    )


def flow(name: str, owner: str = "owner", **given: object) -> Flow:
    src, dst, protocol, *ports = RULES[name]
    traffic = "video" if name == "ops-video" else "control"
    made = Flow(name, str(src), str(dst), str(protocol), tuple(ports), "because", traffic, ref(40), owner)  # type: ignore[arg-type]
    return replace(made, **given)  # type: ignore[arg-type]


def _devices() -> tuple[Device, ...]:
    def boundary(name: str, tenant: str, *zones: str) -> Device:
        inner = [port(f"eth{n}", segment=s) for n, s in enumerate(zones, 3)]
        up = [port("eth1", peer_device="core-1"), port("eth2", peer_device="core-2")]
        return device(
            name, Role.BOUNDARY, *up, *inner, tenant=tenant, services=(EXPORTER,), rules=rules(name)
        )

    parks = ("services.edge", "services.identifier", "services.operations", "public.iot")
    walls = [
        device(
            f"fw-{n}",
            Role.PARK_FIREWALL,
            *(port(f"eth{i}", segment=s) for i, s in enumerate(parks, 3)),
            services=(EXPORTER,),
            rules=rules(f"fw-{n}"),
        )
        for n in (1, 2)
    ]
    ring = [
        device(
            f"a-sw-{n}",
            Role.RING_SWITCH,
            trunk("p1", 101, ring="ring-a"),
            trunk("p2", 101, ring="ring-a"),
            access("p3", "a.p1.control", 101),
            UNUSED,
            platform="ietf",
            tenant="a",
            site="a.p1",
            ring="ring-a",
            vlans=((101, "control"),),
            properties=SWITCH,
        )
        for n in (1, 2, 3)
    ]

    def switch(name: str, tenant: str, site: str, *names: str) -> Device:
        ports = [access(f"p{n}", s, SEGMENTS[s][1]) for n, s in enumerate(names, 1)]
        vlans = tuple((SEGMENTS[s][1], s) for s in names)
        return device(
            name, Role.ACCESS_SWITCH, *ports, UNUSED, platform="ietf", tenant=tenant, site=site,
            vlans=vlans, properties={"kind": "office"},
        )  # fmt: skip

    def host(name: str, where: str, tenant: str) -> Device:
        number = SEGMENTS[where][2]
        there = port("eth1", segment=where, ipv4=f"10.1.{number}.9/24", ipv6=f"fd00:1:{number}::9/64")
        return device(name, Role.ENDPOINT, there, platform="host", tenant=tenant)

    mqtt = Service("mqtt", 8883)
    return (
        device("core-1", Role.CORE, platform="frr", services=(EXPORTER,)),
        device("core-2", Role.CORE, platform="frr", services=(EXPORTER,)),
        *walls,
        boundary("a-bd-1", "a", "a.p1.control", "a.office.staff"),
        boundary("a-bd-2", "a", "a.p1.control", "a.office.staff"),
        boundary("b-bd-1", "b", "b.p1.control"),
        boundary("b-bd-2", "b", "b.p1.control"),
        *ring,
        switch("ao-sw-1", "a", "a.office", "a.office.staff"),
        switch("b-sw-1", "b", "b.p1", "b.p1.control"),
        switch("s-sw-1", "", "services", *parks),
        device(
            "a-gw-1", Role.EDGE_GATEWAY, port("eth1", segment="a.p1.control"), tenant="a", site="a.p1",
            services=(EXPORTER, mqtt), properties=EDGE,
        ),
        device(
            "b-gw-1", Role.EDGE_GATEWAY, port("eth1", segment="b.p1.control"), tenant="b", site="b.p1",
            services=(EXPORTER, mqtt), properties=EDGE,
        ),
        device(
            "ec-1", Role.EDGE_CLOUD, port("eth1", segment="services.edge"), site="services",
            services=(EXPORTER, mqtt), properties={**EDGE, "kind": "service"},
        ),
        device(
            "id-1", Role.IDENTIFIER, port("eth1", segment="services.identifier"), site="services",
            services=(EXPORTER, Service("identifier", 8443)), rules=rules("id-1"),
            properties={"upstream": "second-level node", "tenants": "a,b"},
        ),
        device(
            "mgmt-1", Role.MANAGEMENT, port("eth1", segment="services.operations"), site="services",
            services=(EXPORTER, Service("syslog", 514, "udp"), Service("ntp", 123, "udp")),
        ),
        *(host(name, where, tenant) for name, (where, tenant, *_) in HOSTS.items()),
        device("inet-1", Role.EXTERNAL, platform="host"),
        device("inet-2", Role.EXTERNAL, platform="host"),
    )  # fmt: skip


HOSTS = {  # name -> (segment, tenant, element, protocol, access)
    "a-plc": ("a.p1.control", "a", "machines", "opcua", "wired"),
    "a-worker": ("a.p1.control", "a", "people", "ip", "wifi6"),
    "a-tray": ("a.p1.control", "a", "materials", "mqtt", "wifi6"),
    "a-climate": ("a.p1.control", "a", "environment", "mqtt", "wired"),
    "b-plc": ("b.p1.control", "b", "machines", "opcua", "wired"),
    "b-worker": ("b.p1.control", "b", "people", "ip", "wifi6"),
    "b-tray": ("b.p1.control", "b", "materials", "mqtt", "wifi6"),
    "b-climate": ("b.p1.control", "b", "environment", "mqtt", "wired"),
    "a-pc": ("a.office.staff", "a", "people", "ip", "wired"),
    "camera": ("public.iot", "", "environment", "rtsp", "wired"),
    "meter": ("public.iot", "", "environment", "modbus", "wired"),
    "truck": ("public.iot", "", "materials", "ip", "5g"),
}


def group(name: str) -> EndpointGroup:
    where, tenant, element, protocol, way = HOSTS[name]
    return EndpointGroup(f"g-{name}", name, tenant, where, element, protocol, way, 10, 10, ref(50), name)


def link(a: str, b: str, kind: str, *, important: bool = True, number: int = 1) -> Link:
    return Link(f"{a}--{b}", a, f"l{number}", b, f"l{number}", kind, 1000, important)


def _links() -> tuple[Link, ...]:
    pairs = [("core-1", "core-2", "backbone")]
    pairs += [(wall, core, "backbone") for wall in ("fw-1", "fw-2") for core in ("core-1", "core-2")]
    pairs += [("fw-1", "inet-1", "exit"), ("fw-2", "inet-2", "exit")]
    for side in ("a-bd-1", "a-bd-2", "b-bd-1", "b-bd-2"):
        pairs += [(side, "core-1", "backbone"), (side, "core-2", "backbone")]
    pairs += [("a-sw-1", "a-sw-2", "ring"), ("a-sw-2", "a-sw-3", "ring"), ("a-sw-3", "a-sw-1", "ring")]
    pairs += [("a-sw-1", "a-bd-1", "uplink"), ("a-sw-3", "a-bd-2", "uplink")]
    for low, first, second in (
        ("ao-sw-1", "a-bd-1", "a-bd-2"),
        ("b-sw-1", "b-bd-1", "b-bd-2"),
        ("s-sw-1", "fw-1", "fw-2"),
    ):
        pairs += [(low, first, "uplink"), (low, second, "uplink")]
    made = [link(a, b, kind) for a, b, kind in pairs]
    nodes = [("a-gw-1", "a-sw-1"), ("a-gw-1", "a-sw-2"), ("b-gw-1", "b-sw-1")]
    nodes += [(name, "s-sw-1") for name in ("ec-1", "id-1", "mgmt-1", "camera", "meter", "truck")]
    nodes += [(name, "a-sw-2") for name in HOSTS if name.startswith("a-") and name != "a-pc"]
    nodes += [(name, "b-sw-1") for name in HOSTS if name.startswith("b-")] + [("a-pc", "ao-sw-1")]
    return tuple(made + [link(b, a, "access", important=False) for a, b in nodes])


def _with_ports(devices: tuple[Device, ...], links: tuple[Link, ...]) -> tuple[Device, ...]:
    """Hang each cable on a port of its own name, so that rates can be summed."""
    extra: dict[str, list[Interface]] = {}
    for cable in links:
        for name in (cable.a_device, cable.b_device):
            ports = extra.setdefault(name, [])
            ports.append(port(f"x{len(ports)}", PortMode.LOOPBACK, link=cable.id))
    return tuple(replace(d, interfaces=(*d.interfaces, *extra.get(d.name, ()))) for d in devices)


def expectation(src: str, dst: str, number: int, *, allowed: bool) -> Expectation:
    return Expectation(
        f"{src}>{dst}:{number}", src, dst, "10.1.1.9", "tcp", number, allowed, "f" if allowed else "", "why"
    )


def targets() -> tuple[Target, ...]:
    probes = {name: ["icmp"] for name in MGMT}
    for name in MGMT:
        probes[name].append("netconf" if "-sw-" in name else "ssh")
    for name in ("a-gw-1", "b-gw-1", "ec-1"):
        probes[name].append("mqtt")
    found = [Target(f"{n}/{p}", p, n, "172.31.0.1", 0, INTERVAL_S) for n, own in probes.items() for p in own]
    found += [
        Target(f"{n}/http/metrics", "http", n, "172.31.0.1", 9100, INTERVAL_S)
        for n in MGMT
        if "-sw-" not in n
    ]
    found.append(Target("id-1/http/resolve", "http", "id-1", "172.31.0.1", 8443, INTERVAL_S))
    found.append(Target("camera/icmp", "icmp", "camera", "10.1.7.9", 0, INTERVAL_S, zone="iot"))
    for cable in _links():
        if cable.important:
            params = (("interface", cable.a_interface), ("link", cable.id))
            name = f"{cable.a_device}/link/{cable.b_device}"
            found.append(Target(name, "link", cable.a_device, "172.31.0.1", 0, INTERVAL_S, params=params))
    return tuple(found)


def good_park() -> Park:
    links = _links()
    return Park(
        name="p",
        title="手工园区",
        operator="运营方",
        plan_file="park.yaml",
        plan_digest="d" * 32,
        horizon_years=5,
        growth_percent=5,
        management_network="172.31.0.0/24",
        management_gateway="172.31.0.1",
        access=Access(),
        source=ref(1, "park"),
        devices=tuple(sorted(_with_ports(_devices(), links), key=lambda d: d.name)),
        links=links,
        segments=tuple(segment(name) for name in SEGMENTS),
        zones=tuple(
            Zone(name, name, kind, tenant, level, ics, ref(5))
            for name, (kind, tenant, level, ics) in ZONES.items()
        ),
        flows=(*(flow(name) for name in RULES if name != "a-mes"), flow("a-mes", local_only=True)),
        groups=tuple(group(name) for name in HOSTS),
        rings=(
            Ring(
                "ring-a",
                "rstp",
                ("a-sw-1", "a-sw-2", "a-sw-3"),
                ("a-sw-1--a-sw-2", "a-sw-2--a-sw-3", "a-sw-3--a-sw-1"),
                ref(60),
            ),
        ),
        circuits=(
            Circuit("c1", "电信", "exit", 1000, "", ref(61)),
            Circuit("c2", "联通", "exit", 1000, "", ref(62)),
            Circuit("c3", "移动", "leased-line", 100, "a", ref(63)),
        ),
        tenants=(Tenant("a", "甲", True, ref(70)), Tenant("b", "乙", False, ref(71))),
        targets=targets(),
        expectations=(
            expectation("a-plc", "ec-1", 8883, allowed=True),
            expectation("a-worker", "a-gw-1", 8883, allowed=True),
            expectation("a-tray", "a-gw-1", 8883, allowed=True),
            expectation("a-climate", "a-gw-1", 8883, allowed=True),
            expectation("a-pc", "id-1", 8443, allowed=True),
            expectation("b-plc", "ec-1", 8883, allowed=True),
            expectation("b-worker", "b-gw-1", 8883, allowed=True),
            expectation("b-tray", "b-gw-1", 8883, allowed=True),
            expectation("b-climate", "b-gw-1", 8883, allowed=True),
            expectation("mgmt-1", "meter", 502, allowed=True),
            expectation("mgmt-1", "truck", 80, allowed=True),
            expectation("a-pc", "a-plc", 502, allowed=False),
            expectation("a-pc", "b-plc", 4840, allowed=False),
            expectation("inet-1", "a-plc", 4840, allowed=False),
            expectation("a-plc", "inet-1", 443, allowed=False),
        ),
        facts=(
            ("cloud.servers", "24"),
            ("cloud.storage_tb", "320"),
            ("public.mode", "shared"),
            ("security.connected_platforms", "2"),
            ("security.graded_response", "log,limit,quarantine,block"),
            ("security.platform", "平台"),
            ("security.platforms", "3"),
            ("security.quarantine", "True"),
        ),
        pools=(("segments", 7, 256), ("vlans", 7, 900)),
        attestations=(
            Attestation("SEC-PUB-MGMT-03", "risk.pdf", "2026-05-20", "安全部", "2027-05-20", ref(80)),
        ),
    )


NFT = """table inet parkops {{
    chain input {{
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state established,related accept
        iifname "eth0" ip saddr 172.31.0.0/24 tcp dport {{ 22, 9100 }} accept comment "management plane"
{input}
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "eth3" ip saddr != 10.1.0.0/16 counter drop comment "anti-spoofing"
{forward}
        limit rate 10/second log prefix "drop "
        counter drop
    }}
}}
"""


def nft(d: Device) -> str:
    lines = [
        f"        ip{'6' if v == 6 else ''} saddr {{ {', '.join(src)} }} ip{'6' if v == 6 else ''} daddr "
        f"{{ {', '.join(dst)} }} {r.protocol} dport {{ {', '.join(map(str, r.ports))} }} counter accept "
        f'comment "{r.id} {r.flow}: {r.reason}"'
        for r in d.rules
        for v, src, dst in ((4, r.src_v4, r.dst_v4), (6, r.src_v6, r.dst_v6))
    ]
    own = "\n".join(lines)
    at_input = d.role is Role.IDENTIFIER
    return NFT.format(input=own if at_input else "", forward="" if at_input else own)


SSHD = "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitEmptyPasswords no\n"
BROKER = "listener 8883\ncertfile /etc/tls.pem\nallow_anonymous false\n"


def files(d: Device) -> dict[str, str]:
    found = {
        "/etc/nftables.conf": nft(d),
        "/etc/ssh/sshd_config.d/parkops.conf": SSHD,
        "/etc/chrony/chrony.conf": "server 172.31.0.28 iburst\n",
        "/etc/rsyslog.d/parkops.conf": '*.* action(type="omfwd" target="172.31.0.28" port="514")\n',
        "/etc/sysctl.d/60-parkops.conf": "net.ipv4.conf.all.rp_filter = 1\n",
    }
    if any(service.kind == "mqtt" for service in d.services):
        found["/etc/mosquitto/conf.d/parkops.conf"] = BROKER
    return found


def switch_xml(d: Device) -> str:
    lines = [
        '<bridges xmlns="urn:ieee:std:802.1Q:yang:ieee802-dot1q-bridge"><bridge><name>br0</name>',
        "<component>",
    ]
    for vid, _ in d.vlans:
        lines.append(f"<filtering-database><vlan-registration-entry><vids>{vid}</vids>")
        for p in d.interfaces:
            if p.pvid == vid or vid in p.vids:
                how = "untagged" if p.pvid == vid else "tagged"
                lines.append(
                    f"<port-map><port-ref>{p.name[1:]}</port-ref><static-vlan-registration-entries>"
                    f"<vlan-transmitted>{how}</vlan-transmitted></static-vlan-registration-entries></port-map>"
                )
        lines.append("</vlan-registration-entry></filtering-database>")
    if d.ring:
        lines.append('<rstp xmlns="urn:ieee:std:802.1Q:yang:ieee802-dot1q-rstp-bridge"/>')
    lines += [
        "</component></bridge></bridges>",
        '<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces">',
    ]
    for p in d.interfaces:
        if not p.name.startswith("p"):
            continue
        if p.mode is PortMode.UNUSED:
            lines.append(f"<interface><name>{p.name}</name><enabled>false</enabled></interface>")
            continue
        frames = "admit-only-untagged-and-priority-tagged" if p.pvid else "admit-only-VLAN-tagged-frames"
        lines.append(
            f"<interface><name>{p.name}</name><bridge-port><pvid>{p.pvid or 1}</pvid>"
            f"<acceptable-frame>{frames}</acceptable-frame></bridge-port></interface>"
        )
    return "\n".join([*lines, "</interfaces>", ""])


CAPABILITIES = (
    "urn:ietf:params:netconf:base:1.1",
    "urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces",
    "urn:ieee:std:802.1Q:yang:ieee802-dot1q-bridge?module=ieee802-dot1q-bridge",
)
FRR = "hostname core\nlog host 172.31.0.28\n"


def artifacts(park: Park) -> tuple[Artifact, ...]:
    found = []
    for d in park.managed:
        if d.platform == "linux":
            for path, text in files(d).items():
                found.append(Artifact(f"{d.name}/files{path}", text, ArtifactKind.FILE, "conf", d.name, path))
        elif d.platform == "ietf":
            found.append(
                Artifact(f"{d.name}/netconf.xml", switch_xml(d), ArtifactKind.NETCONF, "xml", d.name)
            )
        else:
            found.append(Artifact(f"{d.name}/frr.conf", FRR, ArtifactKind.CLI, "frr", d.name))
    return tuple(found)


def running(d: Device, time_s: float) -> Running:
    if d.platform == "linux":
        return Running(d.name, "ansible", "", time_s, tuple(files(d).items()))
    if d.platform == "ietf":
        return Running(d.name, "netconf", switch_xml(d), time_s, (), CAPABILITIES)
    return Running(d.name, "ssh", FRR, time_s)


def good_evidence(park: Park, window_s: float = 100_000.0) -> EvidenceSet:
    """Return evidence in which all is well, seen over ``window_s`` until just now."""
    start = NOW - window_s
    broken = {"a-sw-1/link/a-sw-2": NOW - 500, "core-1/icmp": NOW - 400}
    steady = [t for t in park.targets if t.id not in broken]
    outages = [
        interval
        for target, at in broken.items()
        for interval in (
            Interval(target, start, at, State.UP),
            Interval(target, at, at + 2, State.DOWN, "cut"),
            Interval(target, at + 2, NOW - 1, State.UP, open=True),
        )
    ]
    return EvidenceSet(
        artifacts=artifacts(park),
        running=tuple(running(d, NOW - 60) for d in park.managed),
        intervals=(
            *(Interval(t.id, start, NOW - 1, State.UP, open=True) for t in steady),
            *outages,
        ),
        availability=tuple(Availability(t.id, window_s, 0.0, 0.0, 0) for t in park.targets),
        events=(
            Event(
                1,
                "a-sw-1/link/a-sw-2",
                "a-sw-1",
                "critical",
                "cut",
                NOW - 500,
                NOW - 499,
                "值班员",
                NOW - 498,
                "re-plugged",
            ),
            Event(
                2,
                "core-1/icmp",
                "core-1",
                "critical",
                "lost",
                NOW - 400,
                NOW - 399,
                "值班员",
                NOW - 398,
                "power",
            ),
        ),
        reach=tuple(
            Reach(e.id, e.allowed, NOW - 30 - n, "", 0.001 if e.allowed else None)
            for e in park.expectations
            for n in reversed(range(60 if e.allowed else 1))
        ),
        results=tuple(
            Result(d.name, "x", Outcome.CHANGED, "+1", "+x\n", (Step("apply", "", NOW - 70),))
            for d in park.managed
        ),
        pushed_s=NOW - 70,
        now_s=NOW,
    )
