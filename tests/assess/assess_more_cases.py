"""Cases of the checks on what a rich plan states, on figures, and on what is on record."""

from __future__ import annotations

from dataclasses import replace

from assess_cases import (
    Case,
    Change,
    altered,
    attested,
    both,
    down,
    evidence_with,
    fact,
    flows,
    groups,
    park_with,
    properties,
    segment,
    waived,
    without,
)
from assess_park import NOW, flow
from assess_rich import DAY_S

from parkops.model import FileSeen, Reach, State

HERE = flow("a-id").source
PLANT = {"roles": ["ring-switch"], "place": "plant"}
MQTT = {1883: "MQTT"}


def stated(name: str, **given: str) -> Change:
    return altered(name, properties=properties(**given))


def figures(**given: object) -> Change:
    return evidence_with(figures=lambda e: replace(e.figures, **given))


def measured(name: str, value: float, least: float | None = None) -> Change:
    """Let every target have measured a value."""
    low = value if least is None else least
    return evidence_with(
        measures=lambda e: tuple(
            replace(m, minimum=low, mean=value, p95=value, maximum=value) if m.name == name else m
            for m in e.measures
        )
    )


def no_figures() -> Change:
    return evidence_with(figures=lambda e: None)


def no_measures() -> Change:
    return evidence_with(measures=lambda e: ())


def no_records() -> Change:
    return evidence_with(records=lambda e: (), events=lambda e: ())


def dark() -> Change:
    return evidence_with(intervals=lambda e: (), reach=lambda e: (), signals=lambda e: ())


def wlan(name: str, **given: object) -> Change:
    return altered(name, wlans=lambda d: tuple(replace(w, **given) for w in d.wlans))


FAILING_MORE: tuple[Case, ...] = (
    Case(
        "backbone-load",
        park_with(links=lambda p: tuple(replace(c, rate_mbps=1000) for c in p.links)),
        "over 3000 Mbit/s: 85 %",
        {"ceiling_percent": 70},
    ),
    Case("catalogue-held", waived("x", "2027-01-01"), "1 failed (MLPS-CN-ARCH-01)", {"catalogue": "mlps"}),
    Case(
        "capacity-stated",
        stated("core-1", forwarding_mbps="10"),
        "10 Mbit/s; needed",
        {"name": "forwarding_mbps", "unit": "Mbit/s", "demand": "ports", "roles": ["core"]},
    ),
    Case(
        "changes-guarded",
        evidence_with(
            changes=lambda e: replace(
                e.changes, changes=(replace(e.changes.changes[0], guarantees=("best effort",)),)
            )
        ),
        "Actual: best effort",
    ),
    Case(
        "changes-recorded",
        evidence_with(changes=lambda e: replace(e.changes, trouble="the chain of hashes is broken")),
        "the chain of hashes is broken",
    ),
    Case(
        "changes-recorded",
        evidence_with(
            changes=lambda e: replace(e.changes, changes=(replace(e.changes.changes[0], ending="open"),))
        ),
        "without author or end: 20260901-1",
    ),
    Case("clocks-close", measured("offset_s", 3.5), "3.5000 s at most", {"limit_s": 1}),
    Case(
        "cloud-at-horizon",
        park_with(cloud_tenants=lambda p: tuple(replace(q, vcpus=900) for q in p.cloud_tenants)),
        "1800 x 1.28",
        {"resources": ["vcpus"]},
    ),
    Case("cloud-managed", fact("cloud.controller", "None"), "controller none, 1 hosts"),
    Case("cloud-model", fact("cloud.model", "hybrid"), "model hybrid, 0 public zones, 0 tunnels"),
    Case("cloud-quotas", park_with(cloud_tenants=lambda p: p.cloud_tenants[:1]), "b: Expected: a quota"),
    Case(
        "cloud-quotas",
        park_with(cloud_tenants=lambda p: tuple(replace(q, networks=("x",)) for q in p.cloud_tenants)),
        "shared: x",
        {"isolated": True},
    ),
    Case(
        "control-devices-guarded",
        park_with(groups=lambda p: tuple(replace(g, auth="") for g in p.groups)),
        "authentication none, gateway a-bd-1, no port limits",
    ),
    Case(
        "drill-recovered",
        evidence_with(
            reach=lambda e: (Reach("a-plc>ec-1:8883", False, e.events[0].opened_s + 1.5), *e.reach[1:])
        ),
        "blocked meanwhile",
        {"kinds": ["ring"], "limit_s": 1},
    ),
    Case("edge-protected", fact("security.platform", ""), "platform none"),
    Case(
        "endpoints-fit",
        park_with(groups=lambda p: tuple(replace(g, count=60) for g in p.groups)),
        "60 endpoints x 1.28",
        {"ceiling_percent": 20},
    ),
    Case("exits-listed", altered("inet-1", title="unknown"), "inet-1: Expected"),
    Case(
        "filter-counters",
        evidence_with(
            running=lambda e: tuple(
                replace(r, files=tuple((n, t.replace("counter", "")) for n, t in r.files)) for r in e.running
            )
        ),
        "0 counters",
    ),
    Case("flow-classes", park_with(qos=lambda p: p.qos[1:]), "no queue for control"),
    Case("flow-classes", flows(flow("a-edge"), drop="a-edge"), "no latency_ms"),
    Case("flows-classed", flows(flow("a-edge", local_only=True), drop="a-edge"), "but leaves its tenant"),
    Case("flows-classed", flows(flow("a-id", owner=""), drop="a-id"), "missing owner"),
    Case(
        "flows-encrypted",
        flows(flow("a-edge", ports=(1883,)), drop="a-edge"),
        "a-control → edge: MQTT (1883)",
        {"plaintext": MQTT},
    ),
    Case(
        "flows-through-gateway",
        both(without("b-gw-1"), flows(flow("b-id"), drop="b-id")),
        "b-control → identifier: no gateway there",
    ),
    Case("four-layers", altered("fw-1", quarantines=()), "missing: data"),
    Case(
        "important-zones-inside",
        segment("a.p1.control", gateway_device="core-1"),
        "no enforcement point: core-1",
        {"least_level": 3},
    ),
    Case("important-services-twice", altered("ec-1", workloads=()), "on a-gw-1"),
    Case("industrial-isolation", flows(flow("a-mes"), drop="a-mes"), "not one way: a-mes"),
    Case(
        "link-use",
        evidence_with(
            figures=lambda e: replace(
                e.figures,
                utilisation=tuple(replace(u, p95_bps=u.rate_bps * 0.9) for u in e.figures.utilisation),
            )
        ),
        "p95 90.0 % of 10000 Mbit/s",
        {"most_percent": 70, "kinds": ["backbone"]},
    ),
    Case(
        "local-stores",
        both(stated("a-gw-1", storage_gb=""), stated("b-gw-1", storage_gb="")),
        "stored at none",
    ),
    Case(
        "loss-within",
        evidence_with(
            figures=lambda e: replace(e.figures, groups=tuple(replace(g, lost=250) for g in e.figures.groups))
        ),
        "250 of 5000 probes lost: 5.00 %",
        {"most_percent": 0.5, "kinds": ["public-service"]},
    ),
    Case(
        "management-apart",
        segment("services.edge", ipv4="172.31.0.0/25"),
        "overlapping: services.edge",
    ),
    Case(
        "probes-answer",
        down("core-1/lldp"),
        "down: no answer",
        {"probes": ["lldp"], "what": "the neighbours of the plan"},
    ),
    Case(
        "no-secrets-rendered",
        evidence_with(
            artifacts=lambda e: (
                replace(e.artifacts[0], text="a\nuser x password simple abc\n"),
                *e.artifacts[1:],
            )
        ),
        "1 of",
    ),
    Case(
        "no-shared-switches",
        altered(
            "b-sw-1", interfaces=lambda d: (*d.interfaces, replace(d.interfaces[0], segment="a.office.staff"))
        ),
        "carries a-office, b-control",
    ),
    Case(
        "objectives-held",
        evidence_with(
            figures=lambda e: replace(
                e.figures,
                objectives=tuple(
                    replace(o, held=False, measured=0.98, why="too long down") for o in e.figures.objectives
                ),
            )
        ),
        "98.000 % of 99.9 %",
        {"subjects": ["all"]},
    ),
    Case(
        "objectives-set",
        park_with(objectives=lambda p: p.objectives[1:2]),
        "b-control",
        {"kinds": ["production"]},
    ),
    Case("pairs-up", down("fw-2/icmp"), "fw-2 down", {"kinds": ["firewall"]}),
    Case("paths-short", park_with(name=lambda p: p.name), "3 hops", {"limit_hops": 2}),
    Case(
        "ports-closed",
        evidence_with(
            intervals=lambda e: tuple(
                replace(i, state=State.DOWN) if i.target == "core-1/tcp/23" else i for i in e.intervals
            )
        ),
        "it answers",
        {"ports": [23]},
    ),
    Case(
        "ports-at-horizon",
        both(altered("core-1", unused=()), altered("core-2", unused=())),
        "ports used x 1.28",
        {"roles": ["core"]},
    ),
    Case("prefixes-apart", segment("services.edge", ipv4="10.1.0.0/16"), "overlapping: "),
    Case("programs-up", down("ec-1/mqtt"), "one does not answer"),
    Case("properties-stated", stated("a-sw-1", emc=""), "not stated: emc", {"names": ["emc"], **PLANT}),
    Case(
        "property-among",
        stated("a-sw-1", emc="household"),
        "Actual: household",
        {"name": "emc", "allowed": ["IEC 61000-6-2"], **PLANT},
    ),
    Case(
        "property-covers",
        stated("a-sw-1", temperature_c="0..40"),
        "Actual: 0..40",
        {"name": "temperature_c", "low": 0, "high": 50, **PLANT},
    ),
    Case("public-wifi", altered("s-sw-1", wlans=()), "Actual: none"),
    Case("public-wifi-apart", wlan("s-sw-1", isolation=False), "no isolation at s-sw-1"),
    Case("quarantines-prepared", park_with(quarantines=lambda p: p.quarantines[:1]), "b: Expected"),
    Case(
        "quiet-after-push",
        evidence_with(events=lambda e: (replace(e.events[0], note="fault"), e.events[1])),
        "1 outages",
        {"kinds": ["production"], "window_s": 600},
    ),
    Case(
        "rules-stateful",
        altered("fw-1", rules=lambda d: tuple(replace(r, stateful=False) for r in d.rules)),
        "0 of 4 rules are",
    ),
    Case("separate-ways", stated("a-sw-1", ducts="east,east"), "east, east", {"roles": ["ring-switch"]}),
    Case(
        "series-kept",
        evidence_with(measures=lambda e: tuple(m for m in e.measures if not m.target.startswith("a-sw-1/"))),
        "no value of it was kept",
        {"roles": ["ring-switch"]},
    ),
    Case("storage-paths", flows(flow("a-edge"), drop="a-edge"), "no latency"),
    Case("tenant-functions", groups(lambda g: g.element != "people"), "0 groups of people"),
    Case(
        "tenants-telemetry",
        evidence_with(
            intervals=lambda e: tuple(i for i in e.intervals if not i.target.startswith("b-")),
            signals=lambda e: tuple(s for s in e.signals if not s.device.startswith("b-")),
        ),
        "silent: b",
        {"target_percent": 100},
    ),
    Case("upstream-platforms", park_with(hosted=lambda p: p.hosted[1:]), "Actual: none"),
    Case(
        "values-within",
        measured("cpu_ratio", 0.95),
        "cpu_ratio p95 0.95",
        {"values": ["cpu_ratio"], "what": "processor use", "most": 0.7, "roles": ["core"]},
    ),
    Case(
        "values-within",
        measured("power_supply_ok", 1.0, 0.0),
        "power_supply_ok 0 to 1",
        {"values": ["power_supply_ok"], "what": "power", "least": 1, "roles": ["core"]},
    ),
    Case("wireless-like-wired", segment("a.office.staff", access=("wifi6",)), "wired there: none"),
    Case(
        "wireless-share",
        both(segment("a.p1.control", access=("wired",)), segment("b.p1.control", access=("wired",))),
        "0 of 2",
        {"target_percent": 50},
    ),
    Case("wlan-gateways", segment("public.iot", gateway_device="core-1"), "core-1, which filters nothing"),
    Case(
        "workloads-fit",
        altered("ec-1", workloads=lambda d: tuple(replace(w, cpu_cores=64.0) for w in d.workloads)),
        "processors 1600 %",
        {"ceiling_percent": 80},
    ),
    Case(
        "zones-live",
        evidence_with(
            reach=lambda e: tuple(r for r in e.reach if r.expectation == "a-pc>id-1:8443"),
            intervals=lambda e: tuple(i for i in e.intervals if i.target.startswith("core")),
        ),
        "nothing seen in a-control",
        {"least_percent": 95},
    ),
    Case("zones-served", segment("services.edge", gateway_device=""), "lacking one: services.edge"),
    Case(
        "attestations-in-force",
        evidence_with(files=lambda e: tuple(FileSeen(f.path) for f in e.files)),
        "is not in the park's folder",
        {"soon_days": 30},
    ),
)

OPEN: tuple[Case, ...] = (  # what is missing or too old leaves these undecided
    Case("alarms-tested", no_records(), "no event to judge by", {"max_age_days": 31}),
    Case(
        "availability", evidence_with(availability=lambda e: ()), "no measurement", {"objective_percent": 99}
    ),
    Case(
        "capacity-stated",
        stated("core-1", forwarding_mbps=""),
        "nothing stated in the plan",
        {"name": "forwarding_mbps", "unit": "Mbit/s", "demand": "ports", "roles": ["core"]},
    ),
    Case("catalogue-held", attested("x", "2027-01-01"), "1 not yet evidenced", {"catalogue": "mlps"}),
    Case("changes-guarded", evidence_with(changes=lambda e: None), "no push that changed anything"),
    Case("changes-recorded", evidence_with(changes=lambda e: None), "no push journal"),
    Case(
        "changes-revert",
        both(evidence_with(changes=lambda e: None), no_records()),
        "parkops evidence record rollback-drill",
    ),
    Case("clocks-close", no_measures(), "no clock offset was measured", {"limit_s": 1}),
    Case("cloud-at-horizon", park_with(cloud_tenants=lambda p: ()), "no quotas", {"resources": ["vcpus"]}),
    Case("detection-time", no_records(), "no outage to measure by", {"limit_s": 60}),
    Case(
        "drill-recovered",
        no_records(),
        "no such link was cut on purpose yet",
        {"kinds": ["ring"], "limit_s": 3},
    ),
    Case(
        "drill-recovered",
        evidence_with(reach=lambda e: e.reach[1:]),
        "no traffic was tried meanwhile",
        {"kinds": ["ring"], "limit_s": 3},
    ),
    Case("drills-held", no_records(), "parkops evidence record drill", {"max_age_days": 366}),
    Case("edge-rating", stated("a-gw-1", objects=""), "for no rating"),
    Case("events-closed", no_records(), "no event", {"least_percent": 95, "overdue_s": 60}),
    Case("events-documented", no_records(), "no closed event"),
    Case(
        "ip-code-at-least",
        stated("a-sw-1", ip_code=""),
        "nothing stated",
        {"place": "plant", "least": "IP40"},
    ),
    Case("link-use", no_figures(), "no probe counts", {"most_percent": 70, "kinds": ["backbone"]}),
    Case("local-data-stays", flows(flow("a-mes"), drop="a-mes"), "no flow as local-only", {"scope": "plant"}),
    Case("loss-within", no_figures(), "no probe leads into it", {"most_percent": 1, "kinds": ["enterprise"]}),
    Case("probes-answer", dark(), "never probed", {"probes": ["lldp"], "what": "neighbours"}),
    Case("probes-answer", dark(), "no opcua probe is planned", {"probes": ["opcua"], "what": "an answer"}),
    Case("no-secrets-rendered", evidence_with(artifacts=lambda e: ()), "nothing was rendered"),
    Case("none-failed", waived("x", "2027-01-01"), "not yet evidenced: R-9", {"requirements": ["R-9"]}),
    Case("objectives-held", no_figures(), "nothing was measured of it", {"subjects": ["all"]}),
    Case(
        "pools-at-horizon",
        park_with(pools=lambda p: ()),
        "no pool",
        {"ceiling_percent": 80, "least_years": 3},
    ),
    Case("ports-closed", park_with(targets=lambda p: ()), "no negative probe", {"ports": [23]}),
    Case(
        "property-among",
        stated("a-sw-1", emc=""),
        "nothing stated",
        {"name": "emc", "allowed": ["IEC 61000-6-2"], **PLANT},
    ),
    Case(
        "property-at-least",
        stated("a-sw-1", ups_minutes=""),
        "nothing stated",
        {"roles": ["ring-switch"], "name": "ups_minutes", "least": 30},
    ),
    Case(
        "property-covers",
        stated("a-sw-1", temperature_c=""),
        "nothing stated",
        {"name": "temperature_c", "low": 0, "high": 50, **PLANT},
    ),
    Case(
        "quiet-after-push",
        evidence_with(pushed_s=lambda e: NOW - 60),
        "the window of 600 s is not over",
        {"kinds": ["production"], "window_s": 600},
    ),
    Case(
        "recorded", no_records(), "`parkops evidence record notice", {"topic": "notice", "max_age_days": 92}
    ),
    Case(
        "recorded",
        evidence_with(now_s=lambda e: NOW + 100 * DAY_S),
        "101.0 days ago",
        {"topic": "notice", "max_age_days": 92},
    ),
    Case("response-time", no_records(), "no event was answered yet", {"limit_s": 60}),
    Case("separate-ways", stated("a-sw-1", ducts=""), "nothing stated", {"roles": ["ring-switch"]}),
    Case("series-kept", no_measures(), "no value of it was kept", {"roles": ["ring-switch"]}),
    Case("signals-arriving", dark(), "no syslog arrived lately", {"origins": ["syslog"]}),
    Case("tenants-telemetry", dark(), "0 %", {"target_percent": 100}),
    Case(
        "values-within",
        no_measures(),
        "no probe of this park reads cpu_ratio",
        {"values": ["cpu_ratio"], "what": "processor use", "most": 0.7, "roles": ["core"]},
    ),
    Case("workloads-fit", altered("ec-1", properties=()), "no resources stated", {"ceiling_percent": 80}),
    Case("zones-live", dark(), "nothing seen in", {"least_percent": 95}),
)
