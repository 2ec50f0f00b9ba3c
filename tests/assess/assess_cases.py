"""Changes to the good park that make a check fail, in the check's own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from assess_park import NOW, device, flow, link, port

from parkops.model import (
    Artifact,
    Attestation,
    Availability,
    Device,
    EvidenceSet,
    Flow,
    Interconnect,
    Interval,
    Park,
    Reach,
    Role,
    Rule,
    State,
    Waiver,
)

Change = Callable[[Park, EvidenceSet], tuple[Park, EvidenceSet]]


@dataclass(frozen=True)
class Case:
    check: str
    change: Change
    words: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.check}-{self.words[:24]}"


def park_with(**changes: Any) -> Change:
    return lambda park, evidence: (replace(park, **{k: v(park) for k, v in changes.items()}), evidence)


def without(*names: str) -> Change:
    """Take devices away, with their cables."""

    def change(park: Park, evidence: EvidenceSet) -> tuple[Park, EvidenceSet]:
        return replace(
            park,
            devices=tuple(d for d in park.devices if d.name not in names),
            links=tuple(c for c in park.links if not {c.a_device, c.b_device} & set(names)),
        ), evidence

    return change


def altered(name: str, **changes: Any) -> Change:
    """Change fields of one device; a value may be a function of the device."""

    def new(d: Device) -> Device:
        given = {k: v(d) if callable(v) else v for k, v in changes.items()}
        return replace(d, **given) if d.name == name else d

    return park_with(devices=lambda park: tuple(new(d) for d in park.devices))


def edited(name: str, old: str, new: str, path: str = "") -> Change:
    """Change a device's running configuration: one of its files, or its text."""

    def change(park: Park, evidence: EvidenceSet) -> tuple[Park, EvidenceSet]:
        found = []
        for running in evidence.running:
            if running.device == name and path:
                assert old in dict(running.files)[path]
                files = tuple((p, t.replace(old, new) if p == path else t) for p, t in running.files)
                found.append(replace(running, files=files))
            elif running.device == name:
                assert old in running.text
                found.append(replace(running, text=running.text.replace(old, new)))
            else:
                found.append(running)
        return park, replace(evidence, running=tuple(found))

    return change


def evidence_with(**changes: Any) -> Change:
    return lambda park, evidence: (park, replace(evidence, **{k: v(evidence) for k, v in changes.items()}))


def down(target: str) -> Change:
    def change(park: Park, evidence: EvidenceSet) -> tuple[Park, EvidenceSet]:
        kept = tuple(
            replace(i, end_s=NOW - 20, open=False) if i.target == target else i for i in evidence.intervals
        )
        fault = Interval(target, NOW - 20, NOW - 1, State.DOWN, "no answer", open=True)
        return park, replace(evidence, intervals=(*kept, fault))

    return change


def reached(name: str, passed: bool | None) -> Change:
    return evidence_with(
        reach=lambda e: tuple(
            Reach(r.expectation, passed, r.time_s, "", 0.5) if r.expectation == name else r for r in e.reach
        )
    )


def groups(keep: Callable[[Any], bool]) -> Change:
    return park_with(groups=lambda park: tuple(g for g in park.groups if keep(g)))


def group(name: str, **changes: Any) -> Change:
    return park_with(
        groups=lambda park: tuple(replace(g, **changes) if g.id == name else g for g in park.groups)
    )


def zone(name: str, **changes: Any) -> Change:
    return park_with(
        zones=lambda park: tuple(replace(z, **changes) if z.id == name else z for z in park.zones)
    )


def segment(name: str, **changes: Any) -> Change:
    return park_with(
        segments=lambda park: tuple(replace(s, **changes) if s.id == name else s for s in park.segments)
    )


def flows(*more: Flow, drop: str = "") -> Change:
    return park_with(flows=lambda park: (*(f for f in park.flows if f.id != drop), *more))


def fact(name: str, value: str) -> Change:
    return park_with(facts=lambda park: tuple((k, value if k == name else v) for k, v in park.facts))


def available(target: str, down_s: float) -> Change:
    return evidence_with(
        availability=lambda e: tuple(
            Availability(a.target, a.up_s - down_s, down_s, 0, 1) if a.target == target else a
            for a in e.availability
        )
    )


def properties(**given: str) -> Callable[[Device], tuple[tuple[str, str], ...]]:
    return lambda d: tuple(sorted({**dict(d.properties), **given}.items()))


def both(*changes: Change) -> Change:
    def change(park: Park, evidence: EvidenceSet) -> tuple[Park, EvidenceSet]:
        for one in changes:
            park, evidence = one(park, evidence)
        return park, evidence

    return change


def _rule(park_rule: Rule) -> Rule:
    return replace(park_rule, id="R0099")


def _without_rule(d: Device) -> tuple[Rule, ...]:
    return tuple(_rule(r) if n == 0 else r for n, r in enumerate(d.rules))


def _rendered(e: EvidenceSet) -> tuple[Artifact, ...]:
    return tuple(
        replace(a, text=a.text + "# x\n")
        if a.device == "fw-1" and a.destination.endswith("nftables.conf")
        else a
        for a in e.artifacts
    )


NFT, SSHD = "/etc/nftables.conf", "/etc/ssh/sshd_config.d/parkops.conf"
RSYSLOG, CHRONY, BROKER = (
    "/etc/rsyslog.d/parkops.conf",
    "/etc/chrony/chrony.conf",
    "/etc/mosquitto/conf.d/parkops.conf",
)
ACCEPT = '        iifname "eth3" oifname "eth1" accept comment "R1 x: y"\n'
FORWARD = "type filter hook forward priority filter; policy drop;\n"
TWO = ("a.p1.control", "b.p1.control")
BETWEEN = '        ip saddr 10.1.1.0/24 ip daddr 10.1.3.0/24 tcp dport 445 accept comment "R9 none: x"\n'

HERE = flow("a-id").source


def attested(requirement: str, until: str) -> Change:
    return park_with(
        attestations=lambda p: (Attestation(requirement, "x.pdf", "2026-01-01", "安全部", until, HERE),)
    )


def waived(requirement: str, until: str) -> Change:
    return park_with(waivers=lambda p: (Waiver(requirement, "李工", "later", until, HERE),))


FAILING: tuple[Case, ...] = (
    Case(
        "attestations-in-force",
        attested("SEC-PUB-MGMT-03", "2026-09-01"),
        "ended on 2026-09-01, 20 days ago",
        {"soon_days": 30},
    ),
    Case(
        "attestations-in-force",
        attested("SEC-PUB-MGNT-03", "2027-09-01"),
        "no control is called SEC-PUB-MGNT-03, did you mean SEC-PUB-MGMT-03?",
        {"soon_days": 30},
    ),
    Case(
        "interconnects-in-force",
        park_with(interconnects=lambda p: (Interconnect("a-b", ("a", "b"), "甲", "2026-09-20", "r", HERE),)),
        "ended on 2026-09-20, 1 days ago",
        {"soon_days": 30},
    ),
    Case("waivers-in-force", waived("NET-BB-FUNC-08", "2026-01-01"), "ended on", {"soon_days": 30}),
    Case("waivers-in-force", waived("NET-BB-FUNC-80", "2028-01-01"), "did you mean", {"soon_days": 30}),
    Case(
        "addresses-match-plan",
        altered("a-bd-1", interfaces=lambda d: (replace(d.interfaces[0], ipv4="192.0.2.77/30"),)),
        "missing: eth",
    ),
    Case(
        "config-holds",
        edited("fw-1", "policy drop", "policy accept", NFT),
        "`type filter hook forward priority filter; policy accept;`",
        {"facts": ["default-deny"], "roles": ["park-firewall"]},
    ),
    Case("access-profiles", edited("a-sw-1", "<pvid>101</pvid>", "<pvid>999</pvid>"), "wrong: p3"),
    Case(
        "anti-spoofing",
        both(
            edited("fw-1", "saddr !=", "daddr !=", NFT),
            edited("fw-1", "rp_filter = 1", "rp_filter = 0", "/etc/sysctl.d/60-parkops.conf"),
        ),
        "not configured",
    ),
    Case(
        "availability",
        available("a-bd-1/icmp", 500),
        "99.500 %",
        {"objective_percent": 99.99, "roles": ["boundary"]},
    ),
    Case("boundary-pairs", without("a-bd-2"), "1 boundary: a-bd-1", {"roles": ["boundary"]}),
    Case("broker-secured", edited("a-gw-1", "certfile /etc/tls.pem\n", "", BROKER), "no TLS, named clients"),
    Case(
        "broker-secured",
        edited("a-gw-1", "allow_anonymous false", "allow_anonymous true", BROKER),
        "anonymous clients",
    ),
    Case(
        "conduits",
        flows(Flow("x", "iot", "edge", "tcp", (80,), "r", "data", flow("a-id").source, "o")),
        "enforced at none",
    ),
    Case(
        "default-deny",
        edited(
            "fw-1",
            "hook forward priority filter; policy drop",
            "hook forward priority filter; policy accept",
            NFT,
        ),
        "forward: accept",
    ),
    Case(
        "default-deny",
        edited("fw-1", "chain input", "chain other", NFT),
        "no chain",
        {"roles": ["park-firewall"], "hooks": ["output"]},
    ),
    Case(
        "detection-time",
        evidence_with(
            intervals=lambda e: tuple(
                replace(i, end_s=i.end_s - 900) if i.state is State.UP and not i.open else i
                for i in e.intervals
            )
        ),
        "at most 904.0 s",
        {"limit_s": 300},
    ),
    Case("devices-up", down("core-1/icmp"), "Actual: down", {"roles": ["core"]}),
    Case("drops-logged", edited("fw-1", "log prefix", "counter #", NFT), "0 rules log"),
    Case("edge-capabilities", altered("a-gw-1", properties=()), "missing: compute, storage"),
    Case(
        "edge-placement",
        altered("ec-1", interfaces=(port("eth1", segment="a.p1.control"),)),
        "in production",
        {"role": "edge-cloud", "allowed": ["park-service"]},
    ),
    Case("edge-rating", altered("a-gw-1", properties=properties(objects="5")), "30 objects for 5"),
    Case("edge-rating", altered("a-gw-1", properties=properties(protocols="opcua")), "not spoken: mqtt"),
    Case(
        "element-classes",
        groups(lambda g: g.id != "g-a-tray"),
        "no group for materials",
        {"elements": ["people", "materials"]},
    ),
    Case(
        "encrypted-crossings",
        edited("a-bd-1", "8883", "1883", NFT),
        "MQTT (1883)",
        {"plaintext": {1883: "MQTT"}},
    ),
    Case("endpoints-live", reached("a-plc>ec-1:8883", False), "not reachable", {"kind": "production"}),
    Case("enforced-boundaries", segment("a.p1.control", gateway_device="core-1"), "gateway core-1 (core)"),
    Case(
        "events-closed",
        evidence_with(events=lambda e: (replace(e.events[0], acknowledged_by=""), e.events[1])),
        "1 without owner",
        {"least_percent": 95, "overdue_s": 3600},
    ),
    Case(
        "events-closed",
        evidence_with(events=lambda e: (replace(e.events[0], closed_s=None), e.events[1])),
        "50 % closed",
        {"least_percent": 95, "overdue_s": 3600},
    ),
    Case(
        "events-documented",
        evidence_with(events=lambda e: (replace(e.events[0], note=""), e.events[1])),
        "1 of 2 are complete",
    ),
    Case(
        "exit-isolation",
        park_with(links=lambda p: (*p.links, link("core-1", "inet-1", "exit"))),
        "around it to",
    ),
    Case("exits", park_with(circuits=lambda p: p.circuits[:1]), "1 exits", {"least": 2}),
    Case(
        "fact-stated",
        fact("security.graded_response", "log"),
        "lacking block",
        {"name": "security.graded_response", "includes": ["log", "block"]},
    ),
    Case(
        "flow-to-role",
        park_with(flows=lambda p: ()),
        "0 flows",
        {"role": "identifier-node", "from_kinds": ["enterprise"]},
    ),
    Case("flows-named", flows(flow("a-id", owner=""), drop="a-id"), "owner missing", {"between": "zones"}),
    Case(
        "flows-named",
        flows(Flow("x", *TWO, "tcp", (80,), "", "data", flow("a-id").source, "o")),
        "purpose missing",
        {"between": "tenants"},
    ),
    Case("gateway-in-plants", without("b-gw-1"), "b.p1: Expected", {"protocols": ["opcua"]}),
    Case(
        "groups-attached",
        groups(lambda g: g.protocol != "rtsp"),
        "no such group",
        {"kind": "public-service", "protocols": ["rtsp"]},
    ),
    Case(
        "groups-attached",
        flows(drop="ops-video"),
        "no flow of class video",
        {"kind": "public-service", "protocols": ["rtsp"], "traffic_class": "video"},
    ),
    Case(
        "groups-attached",
        group("g-truck", access="wired"),
        "all are wired",
        {"kind": "public-service", "elements": ["materials"], "wireless": True},
    ),
    Case("groups-in-one-zone", group("g-a-plc", segment="nowhere"), "zone none"),
    Case(
        "health-collected",
        both(
            altered("core-1", services=()),
            park_with(targets=lambda p: tuple(t for t in p.targets if t.id != "core-1/snmp")),
        ),
        "no health agent",
    ),
    Case("identifier-nodes", altered("id-1", properties=properties(tenants="a")), "b: Expected"),
    Case("identifier-upstream", altered("id-1", properties=()), "none named"),
    Case("important-links", without("fw-2"), "its loss cuts the network", {"kinds": ["exit"]}),
    Case("inventory-complete", altered("a-sw-1", site=""), "without a site: a-sw-1", {"scale": 100}),
    Case("inventory-complete", park_with(name=lambda p: p.name), "19 devices", {"scale": 5}),
    Case(
        "ip-code-at-least",
        altered("a-sw-1", properties=properties(ip_code="IP20")),
        "Actual: IP20",
        {"place": "plant", "least": "IP40"},
    ),
    Case(
        "ip-share",
        both(
            groups(lambda g: True),
            altered("b-gw-1", site="elsewhere"),
            group("g-b-plc", protocol="profibus", count=1000),
        ),
        "% of",
        {"target_percent": 90, "protocols": ["opcua", "mqtt", "ip"]},
    ),
    Case("links-up", down("a-sw-1/link/a-sw-2"), "Actual: down", {"links": ["ring"]}),
    Case(
        "local-data-stays",
        flows(flow("a-edge", local_only=True), drop="a-edge"),
        "ends in edge",
        {"scope": "plant"},
    ),
    Case("logical-segments", segment("b.p1.control", vlan=101), "VLAN 101, shared"),
    Case(
        "management-port-only",
        edited(
            "a-sw-1", "<name>p3</name>", "<name>p3</name><ipv4><address><ip>10.1.1.4</ip></address></ipv4>"
        ),
        "1 data ports have one",
    ),
    Case(
        "management-protected",
        edited("a-bd-1", 'iifname "eth0" ip saddr 172.31.0.0/24 tcp', "tcp", NFT),
        "1 of 1 rules open it wider",
    ),
    Case(
        "monitored",
        evidence_with(availability=lambda e: tuple(replace(a, unknown_s=a.up_s) for a in e.availability)),
        "50.0 % known",
        {"least_percent": 99},
    ),
    Case(
        "netconf-hello",
        evidence_with(
            running=lambda e: tuple(replace(r, capabilities=r.capabilities[:1]) for r in e.running)
        ),
        "lacking ietf-interfaces",
        {"modules": ["ietf-interfaces"]},
    ),
    Case(
        "network-kinds",
        park_with(zones=lambda p: tuple(z for z in p.zones if z.kind != "enterprise")),
        "0 found",
        {"kinds": ["enterprise"]},
    ),
    Case("no-any-any", edited("fw-1", FORWARD, FORWARD + ACCEPT, NFT), "1 of 9 rules too wide"),
    Case("no-drift", edited("fw-1", "policy drop", "policy  drop", NFT), "differs: /etc/nftables.conf"),
    Case(
        "no-drift",
        evidence_with(artifacts=_rendered),
        "differs: /etc/nftables.conf",
        {"destinations": ["/etc/nftables.conf"]},
    ),
    Case(
        "no-dual-homed",
        altered(
            "a-plc", interfaces=(port("eth1", segment="a.p1.control"), port("eth2", segment="a.office.staff"))
        ),
        "dual-homed: a-plc",
        {"kind": "production"},
    ),
    Case(
        "only-listed-pairs",
        edited("a-bd-1", FORWARD, FORWARD + BETWEEN, NFT),
        "1 of them not listed",
        {"between": "tenants"},
    ),
    Case(
        "only-listed-pairs",
        edited("a-bd-1", FORWARD, FORWARD + BETWEEN, NFT),
        "1 of them not listed",
        {"between": "plants"},
    ),
    Case("operators", park_with(circuits=lambda p: p.circuits[:1]), "1 exits from 电信", {"least": 2}),
    Case(
        "oversubscription",
        park_with(
            links=lambda p: tuple(replace(c, rate_mbps=100) if c.kind == "uplink" else c for c in p.links)
        ),
        "6000 Mbit/s of access over 200",
        {"limit": 20},
    ),
    Case("own-zone", segment("public.iot", gateway_device=""), "without gateway", {"kind": "public-service"}),
    Case("policy-by-level", zone("a-control", mlps_level=0), "level 0"),
    Case(
        "pools-at-horizon",
        park_with(pools=lambda p: (("vlans", 700, 900),)),
        "99.3 %",
        {"ceiling_percent": 80, "least_years": 3},
    ),
    Case(
        "pools-at-horizon",
        park_with(horizon_years=lambda p: 2),
        "2 years",
        {"ceiling_percent": 80, "least_years": 3},
    ),
    Case(
        "property-at-least",
        altered("a-sw-1", properties=properties(power_supplies="1")),
        "Actual: 1",
        {"roles": ["ring-switch"], "name": "power_supplies", "least": 2},
    ),
    Case(
        "pushed",
        evidence_with(
            results=lambda e: tuple(replace(r, outcome="failed", message="timed out") for r in e.results)
        ),
        "timed out",
    ),
    Case("pushes-recorded", evidence_with(results=lambda e: e.results[1:]), "incomplete: a-bd-1"),
    Case("reach-as-planned", reached("a-pc>a-plc:502", True), "502: passed", {"allowed": False}),
    Case("reach-as-planned", reached("a-pc>id-1:8443", False), "8443: blocked", {"allowed": True}),
    Case(
        "response-time",
        evidence_with(
            events=lambda e: tuple(
                replace(v, acknowledged_s=None, closed_s=v.opened_s + 5000) for v in e.events
            )
        ),
        "5000.0 s",
        {"limit_s": 1800},
    ),
    Case("ring-protocol", edited("a-sw-1", "<rstp", "<stp"), "no rstp"),
    Case(
        "rings-planned",
        park_with(rings=lambda p: (replace(p.rings[0], links=p.rings[0].links[:2]),)),
        "3 switches, 2 links",
    ),
    Case(
        "round-trip",
        reached("a-plc>ec-1:8883", True),
        "500.00 ms",
        {"limit_ms": 10, "targets": ["edge-cloud"]},
    ),
    Case("rules-match-plan", edited("fw-1", FORWARD, FORWARD + ACCEPT, NFT), "1 that the plan does not know"),
    Case("rules-match-plan", altered("fw-1", rules=_without_rule), "3 of 4 rules there"),
    Case("rules-owned", flows(flow("a-id", owner=""), drop="a-id"), "6 of 8 rules have both"),
    Case(
        "rules-unique",
        edited(
            "fw-1",
            FORWARD,
            FORWARD + '        ip saddr 10.1.0.0/16 tcp dport 8000-9000 accept comment "R9 a-id: x"\n',
            NFT,
        ),
        "rules add nothing",
    ),
    Case("security-functions", altered("mgmt-1", services=()), "logs to none"),
    Case("security-parts", without("mgmt-1"), "Actual: none"),
    Case("separate-business-networks", segment("a.office.staff", vlan=101), "1 VLANs"),
    Case(
        "service-answers",
        down("id-1/http/resolve"),
        "Actual: down",
        {"service": "resolution", "probes": ["http"], "role": "identifier-node"},
    ),
    Case(
        "services-blocked",
        edited("a-bd-1", FORWARD, FORWARD + BETWEEN, NFT),
        "1 rules open one",
        {"ports": [445], "between": "tenants"},
    ),
    Case(
        "services-blocked",
        edited("a-bd-1", FORWARD, FORWARD + BETWEEN, NFT),
        "1 rules open one",
        {"ports": [445], "between": "plants"},
    ),
    Case("single-points", without("fw-2", "inet-2"), "single points: fw-1"),
    Case(
        "single-untagged",
        edited("ao-sw-1", "admit-only-untagged-and-priority-tagged", "admit-all-frames"),
        "wrong: p1",
    ),
    Case(
        "single-untagged",
        edited("ao-sw-1", "<acceptable-frame>admit-only-untagged-and-priority-tagged</acceptable-frame>", ""),
        "wrong: p1",
    ),
    Case(
        "spare-capacity",
        park_with(pools=lambda p: (("vlans", 880, 900),)),
        "Actual: 2 %",
        {"target_percent": 20},
    ),
    Case(
        "sshd-hardened",
        edited("a-gw-1", "PasswordAuthentication no", "PasswordAuthentication yes", SSHD),
        "missing: PasswordAuthentication no",
        {"lines": ["PasswordAuthentication no"]},
    ),
    Case(
        "switching-tiers",
        both(
            park_with(
                links=lambda p: tuple(
                    c for c in p.links if c.id != "b-sw-1--b-bd-1" and c.id != "b-sw-1--b-bd-2"
                )
            ),
            park_with(
                devices=lambda p: (
                    *p.devices,
                    *(device(f"x-sw-{n}", Role.ACCESS_SWITCH, tenant="b") for n in (1, 2, 3)),
                )
            ),
            park_with(
                links=lambda p: (
                    *p.links,
                    link("b-bd-1", "x-sw-1", "uplink"),
                    link("x-sw-1", "x-sw-2", "uplink"),
                    link("x-sw-2", "x-sw-3", "uplink"),
                    link("x-sw-3", "b-sw-1", "uplink"),
                )
            ),
        ),
        "4 tiers",
        {"limit": 3},
    ),
    Case(
        "syslog-target",
        edited("a-bd-1", 'type="omfwd"', 'type="omfile"', RSYSLOG),
        "no log target",
        {"roles": ["boundary"]},
    ),
    Case(
        "technology-by-scene",
        group("g-a-plc", access="wifi6"),
        "Actual: wifi6",
        {"allowed": {"machines": ["wired"]}},
    ),
    Case("tenant-attachments", altered("b-bd-1", interfaces=()), "linked to core-1, core-2", {"cores": 3}),
    Case(
        "tenant-isolation",
        park_with(links=lambda p: (*p.links, link("a-plc", "inet-1", "access"))),
        "around it",
    ),
    Case("tenant-single-points", without("a-bd-2"), "single points: a-bd-1"),
    Case("time-synchronised", edited("ec-1", "server", "#server", CHRONY), "Actual: none"),
    Case("two-sided-protection", without("fw-1", "fw-2"), "boundary a-bd-1, a-bd-2, firewall none"),
    Case("unused-ports-shut", edited("a-sw-1", "<enabled>false</enabled>", ""), "open: p9"),
    Case("vlans-match-plan", edited("a-sw-1", "<vids>101</vids>", "<vids>101,103</vids>"), "1 unplanned"),
    Case(
        "vlans-match-plan",
        edited("a-sw-1", "<vids>101</vids>", "<vids>103</vids>"),
        "of another owner: b.p1.control",
    ),
    Case(
        "wired-and-wireless",
        both(segment("a.p1.control", access=("wired",)), groups(lambda g: g.access == "wired")),
        "access by wired",
    ),
    Case(
        "zones-declare-level",
        zone("a-control", industrial=False),
        "does not apply",
        {"kinds": ["production"], "industrial": True},
    ),
)
