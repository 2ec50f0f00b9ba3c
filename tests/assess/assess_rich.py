"""The good park with all that a plan can state and a window can show, in which every check holds."""

from __future__ import annotations

from dataclasses import replace

from assess_park import NOW, device, expectation, good_evidence, good_park, port, ref

from parkops.model import (
    ChangeLog,
    ChangeRecord,
    CloudTenant,
    CloudZone,
    Device,
    Evidence,
    EvidenceKind,
    EvidenceSet,
    ExitPath,
    Figures,
    FileSeen,
    Flow,
    GroupFigures,
    HostedService,
    Interconnect,
    ManagementPlane,
    Measure,
    Objective,
    ObjectiveStatus,
    Pair,
    Park,
    QosClass,
    Quarantine,
    Reach,
    Role,
    Server,
    Signal,
    Target,
    Utilisation,
    Waiver,
    Wlan,
    Workload,
)

DAY_S = 86_400.0
RATED = {
    "emc": "IEC 61000-6-2",
    "temperature_c": "-40..70",
    "corrosion": "C3",
    "ducts": "east,west",
    "forwarding_mbps": "100000",
    "throughput_mbps": "40000",
    "engines": "2",
    "fabric_modules": "2",
    "failure_mode": "closed",
    "change_window": "Sun 02:00",
}
PLANE = ManagementPlane(ref(90), (Server("syslog", "172.31.0.28", "mgmt-1", 514),))
STAGES = ("log", "limit", "quarantine", "block")
WLANS = {
    "ao-sw-1": Wlan("a-office", "a.office.staff", 102, "wpa3-enterprise"),
    "s-sw-1": Wlan("park-guest", "public.iot", 107, "open-portal"),
}


def quarantine(name: str, tenant: str) -> Quarantine:
    return Quarantine(f"{name}/{tenant}", tenant, "tenant", f"q-{tenant}", ("eth1",), (), 0, STAGES, ref(91))


def workload(name: str, where: str) -> Workload:
    return Workload(
        f"{where}.{name}", where, "vision:1", 1.0, 1024, 8, "analytics", (("tcp", 9000),), ref(92)
    )


def _rich(d: Device) -> Device:
    stated = tuple(sorted({**dict(d.properties), **RATED}.items())) if d.managed else d.properties
    ports = tuple(
        replace(p, link=f"{d.name}--{p.peer_device}") if p.peer_device.startswith("core-") else p
        for p in d.interfaces
    )
    walls = d.role in (Role.BOUNDARY, Role.PARK_FIREWALL)
    return replace(
        d,
        properties=stated,
        interfaces=ports,
        plane=PLANE if d.managed else None,
        unused=tuple(f"u{n}" for n in range(12)) if d.role is Role.CORE else d.unused,
        quarantines=tuple(quarantine(d.name, t) for t in (d.tenant or "a", "b")[:1]) if walls else (),
        wlans=(WLANS[d.name],) if d.name in WLANS else (),
        workloads=(workload("vision", d.name),) if d.name in ("a-gw-1", "ec-1") else (),
        title={"inet-1": "c1", "inet-2": "c2"}.get(d.name, d.title),
    )


def _flow(item: Flow) -> Flow:
    joins = {"a-edge", "a-mes", "b-id"}  # what leaves an industrial zone of level 3 leaves it one way
    return replace(item, latency_ms=10.0, one_way=item.id in joins)


def rich_park() -> Park:
    park = good_park()
    host = device("ch-1", Role.CLOUD_HOST, port("eth1", segment="services.edge"), site="services",
                  properties={"cpu_cores": "64", "memory_gb": "512", "storage_gb": "40000"})  # fmt: skip
    outdoor = {"place": "outdoor", "enclosure": "fire, rain and theft proof", "emc_distance": "50 m"}
    devices = [_rich(d) for d in park.devices]
    devices = [
        replace(d, properties=tuple(sorted({**dict(d.properties), **outdoor}.items())))
        if d.name == "a-sw-3"
        else d
        for d in devices
    ]
    blocked = Target("core-1/tcp/23", "tcp", "core-1", "172.31.0.1", 23, 2.0, params=(("expect", "blocked"),))
    more = (
        blocked,
        replace(blocked, id="core-1/tcp/80", port=80),
        Target("ch-1/icmp", "icmp", "ch-1", "10.1.4.8", 0, 2.0),
        *(Target(f"{n}/snmp", "snmp", n, "172.31.0.1", 161, 2.0) for n in (d.name for d in park.managed)),
        Target("a-sw-1/lldp", "lldp", "a-sw-1", "172.31.0.1", 161, 2.0),
        Target("core-1/lldp", "lldp", "core-1", "172.31.0.1", 161, 2.0),
        Target("core-1/exit", "exit", "core-1", "172.31.0.1", 0, 2.0),
        Target("id-1/identifier", "identifier", "id-1", "172.31.0.1", 8443, 2.0),
        Target("mgmt-1/radius", "radius", "mgmt-1", "172.31.0.1", 1812, 2.0),
    )
    pairs = (
        Pair("fw", "firewall", ("fw-1", "fw-2"), ref(96)),
        Pair("a", "vrrp", ("a-bd-1", "a-bd-2"), ref(96)),
        Pair("m", "mlag", ("a-sw-1", "a-sw-2"), ref(96)),
    )
    cloud = {"cloud.model": "park", "cloud.controller": "mgmt-1", "cloud.overcommit": "2"}
    lines = (("c1", "fw-1", 100), ("c2", "fw-2", 90))
    ports = (("tcp", 443),)
    made = replace(
        park,
        devices=tuple(sorted([*devices, host], key=lambda d: d.name)),
        flows=tuple(_flow(item) for item in park.flows),
        groups=tuple(replace(g, auth="mab") if g.element == "machines" else g for g in park.groups),
        targets=(*park.targets, *more),
        links=tuple(replace(c, rate_mbps=10_000) if c.kind == "backbone" else c for c in park.links),
        expectations=(
            *park.expectations,
            expectation("a-pc", "inet-1", 443, allowed=True),
            expectation("a-pc", "inet-2", 443, allowed=True),
        ),
        qos=tuple(QosClass(n, 34, 4, 4, 20) for n in ("control", "video", "data")),
        objectives=(
            Objective("all", "all", 99.9, 30, ref(93)),
            Objective("zone", "zone:a-control", 99.95, 30, ref(94)),
            Objective("flow/a-edge", "flow:a-edge", 99.9, 30, ref(95), 10.0),
        ),
        pairs=pairs,
        quarantines=(quarantine("a-bd-1", "a"), quarantine("b-bd-1", "b")),
        exits=tuple(ExitPath(name, "", wall, "eth9", "", "", rank, 1) for name, wall, rank in lines),
        plane=PLANE,
        hosted=(
            HostedService("city", "市级平台", "upstream", "", "", "p.example", ports, ref(97), level="city"),
            HostedService("db", "库", "database", "", "ec-1", "10.1.4.9", (("tcp", 5432),), ref(98)),
        ),
        cloud_zones=(CloudZone("az-1", "一区", "park", ref(99), ("ch-1",)),),
        cloud_tenants=tuple(
            CloudTenant(t, t, ("az-1",), 8, 32, 1000, (f"{t}.net",), 0, ref(100)) for t in ("a", "b")
        ),
        facts=tuple(sorted({**dict(park.facts), **cloud}.items())),
        interconnects=(Interconnect("ab", ("a", "b"), "甲", "2027-12-31", "联合制造", ref(101)),),
        waivers=(Waiver("NET-BB-FUNC-08", "李工", "建设中", "2027-12-31", ref(102)),),
    )
    return with_own_ports(made)


MEASURES = {
    "cpu_ratio": 0.2,
    "memory_used_ratio": 0.3,
    "temperature_celsius": 41.0,
    "power_supply_ok": 1.0,
    "ups_charge_ratio": 0.98,
    "in_errors_ratio": 0.0,
    "rssi_dbm": -55.0,
    "clients_ratio": 0.2,
    "sessions_ratio": 0.1,
    "modules_ok": 1.0,
    "disk_used_ratio": 0.4,
    "routes_ratio": 0.1,
    "room_temperature_celsius": 22.0,
}
TOPICS = (
    "application-backup", "application-backup-remote", "identity-test", "vulnerability-review",
    "forecast-test", "exit-choice", "isolation-drill", "cloud-projects", "cloud-inventory", "cloud-usage",
    "identifier-recursion", "log-retention", "notice", "threat-exchange", "secure-boot", "rule-review",
    "behaviour-analysis",
    "remote-access-audit", "default-credentials", "account-review", "log-silence-test", "software-review",
    "baseline-review", "cloud-dry-run", "remote-maintenance",
    "login-refused", "audit-review", "wan-capture", "rogue-radio", "firmware-approved", "port-alarm-test",
    "firmware-hash", "bypass-check", "report", "ids-signatures", "malware-library",
)  # fmt: skip
DAILY = ("threat-feed", "external-heartbeat", "remote-backup")


def record(topic: str, age_s: float) -> Evidence:
    return Evidence(EvidenceKind.STATE, topic, "值班员", f"{topic} done", NOW - age_s, None, "c" * 64)


def measure(name: str, value: float, target: str) -> Measure:
    return Measure(target, name, 500, value, value, value, value, value, NOW - 20)


def _figures(park: Park) -> Figures:
    status = [
        ObjectiveStatus(
            o.id, o.subject, 30 * DAY_S, o.availability_percent / 100, 0.99999, 2e6, 0.0, 2592.0, 10.0, 4,
            True, latency_wanted_s=o.latency_ms / 1000, latency_p95_s=0.002,
        )
        for o in park.objectives
    ]  # fmt: skip
    use = [
        Utilisation(link.a_device, link.a_interface, way, rate, 1e8, 0.2 * rate, 4e8)
        for link in park.links
        for rate in (link.rate_mbps * 1e6,)
        for way in ("in", "out")
    ]
    zones = [GroupFigures("zone", z.id, 4, 1e5, 0.0, 0.0, 0, probes=5000, lost=1) for z in park.zones]
    window = (NOW - 30 * DAY_S, NOW - 5)
    return Figures(*window, groups=tuple(zones), objectives=tuple(status), utilisation=tuple(use))


def with_own_ports(park: Park) -> Park:
    """Give every cable ports of its own, so that a neighbour table can name them."""
    links = tuple(replace(c, a_interface=f"l{n}", b_interface=f"l{n}") for n, c in enumerate(park.links))
    return replace(park, links=links)


def rich_evidence(park: Park) -> EvidenceSet:
    evidence = good_evidence(park)
    note = "link-down brought about on purpose"
    on_purpose = tuple(replace(e, note=f"{e.note}; {note}") for e in evidence.events)
    ring = next(iter(on_purpose))
    cut = (
        Reach("a-plc>ec-1:8883", True, ring.opened_s + 1.0, "", 0.001),
        *(r for r in evidence.reach),
    )
    push = ChangeRecord("20260901-1", "li", "push", NOW - 90, NOW - 80, "committed", 19, 19, "d" * 32)
    changes = (
        replace(push, guarantees=("confirmed commit",)),
        ChangeRecord("20260901-2", "li", "rollback", NOW - 75, NOW - 72, "committed", 19, 2, "d" * 32),
    )
    managed = [d.name for d in park.managed]
    where = [*managed, "ch-1"]
    return replace(
        evidence,
        events=on_purpose,
        reach=cut,
        pushed_s=NOW - 900,
        figures=_figures(park),
        measures=(
            *(measure(name, value, f"{n}/snmp") for n in where for name, value in MEASURES.items()),
            measure("offset_s", 0.002, "mgmt-1/ntp"),
        ),
        signals=(
            *(Signal(NOW - 300, "syslog", n, "login", "info", "accepted key") for n in managed),
            Signal(NOW - 60, "flow", "core-1", "flow records", "info", "42 records"),
        ),
        records=(*(record(t, DAY_S) for t in TOPICS), *(record(t, 3600) for t in DAILY)),
        files=tuple(FileSeen(a.evidence, "a" * 64, 1234) for a in park.attestations),
        changes=ChangeLog(changes),
    )


__all__ = ["DAY_S", "measure", "record", "rich_evidence", "rich_park", "with_own_ports"]
