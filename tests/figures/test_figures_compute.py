"""Figures from a real store: what is known, what is not, and what planned work leaves out."""

from datetime import datetime

import pytest

from parkops.errors import UsageError
from parkops.figures import compute, when
from parkops.model import (
    Access,
    Device,
    EndpointGroup,
    Expectation,
    Flow,
    Interface,
    Objective,
    Park,
    PortMode,
    Reach,
    Role,
    Rollup,
    Sample,
    SourceRef,
    State,
    Target,
    Tenant,
    Window,
)
from parkops.sketch import Sketch
from parkops.store import Store

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
HERE = SourceRef("park.yaml", 1, 1, "")
DAY_S = 86_400.0
NOW_S = 40 * DAY_S


def device(name, role, **more):
    return Device(name, role, "linux", HERE, management_ipv4="10.0.0.1/24", **more)


def target(name, probe="icmp", tenant="", zone="", **params):
    return Target(f"{name}/{probe}", probe, name, "10.0.0.1", 0, 5.0, tenant, zone, tuple(params.items()))


def objective(name, subject, percent=99.9, latency_ms=0.0, loss_percent=0.0, days=30):
    return Objective(name, subject, percent, days, HERE, latency_ms, loss_percent)


def park(**more):
    port = Interface(
        "ge1", PortMode.ROUTED, ipv4="10.1.0.1/24", ipv6="fd00::1/64", segment="t.net", rate_mbps=100
    )
    parts = {
        "devices": (
            device("sw", Role.LEAF, interfaces=(port,)),
            device("gw", Role.EDGE_GATEWAY),
            device("id", Role.IDENTIFIER),
            Device("plc", Role.ENDPOINT, "host", HERE),
        ),
        "targets": (
            target("sw", tenant="t", zone="z"),
            target("sw", "netconf", tenant="t", zone="z"),
            target("gw", tenant="t"),
            target("id"),
            target("gw", "tcp", flow="f1"),
        ),
        "tenants": (Tenant("t", "甲", False, HERE), Tenant("u", "乙", False, HERE)),
        "flows": (Flow("f1", "z", "z", "tcp", (80,), "", "control", HERE),),
        "groups": (
            EndpointGroup("g", "", "t", "t.net", "machines", "opcua", "wired", 10, 8, HERE, "plc"),
            EndpointGroup("h", "", "u", "u.net", "machines", "profinet", "wifi6", 4, 2, HERE),
        ),
        "expectations": (
            Expectation("e", "gw", "plc", "10.1.0.9", "tcp", 4840, True, "f1", ""),
        ),
    }  # fmt: skip
    return Park(
        "test",
        "",
        "",
        "park.yaml",
        "",
        5,
        0.0,
        "10.0.0.0/24",
        "10.0.0.1",
        Access(),
        HERE,
        **{**parts, **more},
    )


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "parkops.db") as store:
        yield store


def feed(store, name, *points):
    store.save_samples(Sample(name, time_s, state) for time_s, state in points)


def hour(name, start_s, values, value="", lost=0):
    sketch = Sketch()
    for number in values:
        sketch.add(number)
    told = (min(values), sum(values) / len(values), max(values), values[-1])
    return Rollup(name, value, start_s, len(values) + lost, len(values), lost, *told, sketch.dump())


def one(figures, by, name):
    (found,) = figures.of(by, name)
    return found


def test_groups_add_their_targets_up(store):
    feed(store, "sw/icmp", (NOW_S - 1000, UP), (NOW_S - 500, DOWN), (NOW_S - 400, UP), (NOW_S, UP))
    feed(store, "gw/icmp", (NOW_S - 1000, UP), (NOW_S - 100, UNKNOWN), (NOW_S, UNKNOWN))
    told = compute(park(), store, NOW_S - 1000, NOW_S)
    tenant = one(told, "tenant", "t")
    assert (tenant.targets, tenant.up_s, tenant.down_s, tenant.unknown_s, tenant.outages) == (
        3, 1800.0, 100.0, 1100.0, 1,
    )  # fmt: skip
    assert tenant.availability.ratio == pytest.approx(18 / 19)
    assert tenant.availability.mttr_s == 100
    assert one(told, "role", "leaf").outages == 1
    assert one(told, "zone", "z").targets == 2
    assert one(told, "park", "test").targets == 5
    assert one(told, "flow", "f1").targets == 1, "what is measured from the source, not what is near it"
    assert one(told, "class", "control").availability.ratio is None, "never probed"


def test_what_no_record_is_of_is_unknown(store):
    feed(store, "sw/icmp", (300, UP), (400, DOWN), (500, UNKNOWN), (600, UP), (700, UP))
    work = Window("w", "zone:z", "", begin_s=650, end_s=900)
    told = one(compute(park(), store, 0, 1000, windows=(work,)), "target", "sw/icmp")
    assert (told.up_s, told.down_s, told.unknown_s, told.excluded_s) == (150, 100, 500, 250)


def test_planned_work_is_left_out(store):
    feed(store, "sw/icmp", (0, UP), (100, DOWN), (200, UP), (600, DOWN), (610, UP), (1000, UP))
    work = (
        Window("w", "zone:z", "", begin_s=50, end_s=150),
        Window("v", "device:sw", "", begin_s=140, end_s=300),
        Window("x", "device:gw", "", begin_s=0, end_s=1000),
    )
    told = one(compute(park(), store, 0, 1000, windows=work), "target", "sw/icmp")
    assert (told.up_s, told.down_s, told.outages, told.excluded_s) == (740.0, 10.0, 1, 250.0)
    whole = one(compute(park(), store, 0, 1000), "target", "sw/icmp")
    assert (whole.up_s, whole.down_s, whole.outages, whole.excluded_s) == (890.0, 110.0, 2, 0.0)


def test_an_outage_that_was_not_watched_all_the_time_is_one(store):
    feed(store, "sw/icmp", (0, UP), (100, DOWN), (200, UNKNOWN), (300, DOWN), (400, UP), (500, UNKNOWN))
    feed(store, "sw/icmp", (600, DOWN), (700, UNKNOWN), (800, UP), (900, DOWN), (1000, DOWN))
    for windows in ((), (Window("w", "zone:z", "", begin_s=950, end_s=960),)):
        told = one(compute(park(), store, 0, 1000, windows=windows), "target", "sw/icmp")
        assert (told.outages, told.unknown_s) == (3, 300)
        told = one(compute(park(), store, 250, 1000, windows=windows), "target", "sw/icmp")
        assert told.outages == 3, "the first one goes on within this window"
        told = one(compute(park(), store, 400, 600, windows=windows), "target", "sw/icmp")
        assert (told.outages, told.down_s) == (0, 0), "what only touches the window is none of it"


def test_an_outage_that_outlives_planned_work_is_one_of_the_time_after(store):
    feed(store, "sw/icmp", (0, UP), (100, DOWN), (400, UP), (500, DOWN), (700, UP), (1000, UP))
    work = Window("w", "zone:z", "", begin_s=90, end_s=300), Window("v", "zone:z", "", begin_s=600, end_s=650)
    told = one(compute(park(), store, 0, 1000, windows=work), "target", "sw/icmp")
    assert (told.down_s, told.outages, told.availability.mttr_s) == (250.0, 2, 125.0)


def test_latency_of_a_short_window_is_that_of_its_hours(store):
    feed(store, "sw/icmp", (NOW_S - 9000, UP), (NOW_S, UP))
    store.save_rollups([hour("sw/icmp", NOW_S, [0.001] * 10)])
    told = compute(park(), store, NOW_S + 600, NOW_S + 1200)
    assert one(told, "target", "sw/icmp").rtt_s.count == 10
    assert told.measured_since_s == NOW_S


def test_latency_and_loss_are_merged_over_targets_and_hours(store):
    feed(store, "sw/icmp", (NOW_S - 9000, UP), (NOW_S, UP))
    feed(store, "gw/icmp", (NOW_S - 9000, UP), (NOW_S, UP))
    fast, slow = [0.001] * 98, [0.1] * 2
    store.save_rollups(
        [
            hour("sw/icmp", NOW_S - 7200, fast + slow, lost=10),
            hour("gw/icmp", NOW_S - 3600, fast + slow, lost=10),
        ]
    )
    told = one(compute(park(), store, NOW_S - 7200, NOW_S), "tenant", "t")
    assert (told.probes, told.lost) == (220, 20)
    assert told.loss_ratio == pytest.approx(20 / 220)
    assert told.rtt_s.count == 200
    assert told.rtt_s.p50 == pytest.approx(0.001, rel=0.01)
    assert told.rtt_s.p99 == pytest.approx(0.1, rel=0.01)
    assert (told.rtt_s.minimum, told.rtt_s.maximum) == (0.001, 0.1)
    assert told.rtt_s.mean == pytest.approx((98 * 0.001 + 2 * 0.1) / 100)


def status(store, *, since_s=0.0, **more):
    told = compute(park(objectives=(objective("o", "device:leaf", **more),)), store, since_s, NOW_S)
    return told.objectives[0]


LEAF = ("sw/icmp", "sw/netconf")


def test_an_objective_that_holds_though_not_all_is_known(store):
    for name in LEAF:
        feed(store, name, (NOW_S - 30 * DAY_S, UP), (NOW_S - 100, UNKNOWN), (NOW_S, UP))
    told = status(store)
    assert (told.held, told.targets, told.measured) == (True, 2, 1.0)
    assert told.budget_s == pytest.approx(0.001 * 60 * DAY_S)
    assert told.left_ratio == 1.0


def test_an_objective_is_open_while_the_unknown_could_break_it(store):
    for name in LEAF:
        feed(store, name, (NOW_S - 15 * DAY_S, UP), (NOW_S, UP))
    told = status(store)
    assert told.held is None
    assert told.why == "50.0 % of the window was measured"
    assert told.unknown_s == pytest.approx(30 * DAY_S)


def test_planned_work_keeps_no_objective_open(store):
    work = Window("w", "zone:z", "", begin_s=NOW_S - 10 * DAY_S, end_s=NOW_S - 9 * DAY_S)
    for name in LEAF:
        feed(store, name, (NOW_S - 30 * DAY_S, UP), (NOW_S - 9.5 * DAY_S, UNKNOWN), (NOW_S - 9 * DAY_S, UP))
        feed(store, name, (NOW_S, UP))
    goal = objective("o", "device:leaf")
    told = compute(park(objectives=(goal,)), store, 0, NOW_S, windows=(work,)).objectives[0]
    assert (told.held, told.unknown_s) == (True, 0.0)
    assert told.budget_s == pytest.approx(0.001 * 2 * 29 * DAY_S), "planned work is no time that was promised"
    assert compute(park(objectives=(goal,)), store, 0, NOW_S).objectives[0].held is None


def test_an_objective_that_broke_stays_broken_whatever_is_unknown(store):
    feed(store, "sw/icmp", (NOW_S - DAY_S, UP), (NOW_S - 7200, DOWN), (NOW_S - 1000, UP), (NOW_S, UP))
    told = status(store)
    assert told.held is False
    assert told.why == "down for 6200 s, the budget is 5184 s"
    assert told.left_ratio == pytest.approx(1 - 6200 / 5184)
    burn = {burn.window_s: burn.rate for burn in told.burns}
    assert burn[300.0] == 0
    assert burn[3600.0] == pytest.approx((2600 / 3600) / 0.001)
    assert burn[6 * 3600.0] == pytest.approx((6200 / 21_600) / 0.001)


def test_latency_and_loss_are_part_of_an_objective(store):
    for name in LEAF:
        feed(store, name, (NOW_S - 30 * DAY_S, UP), (NOW_S, UP))
    told = status(store, latency_ms=5.0, loss_percent=1.0)
    assert told.held is None
    assert told.why == "latency (95 %) was not measured; loss was not measured"
    store.save_rollups([hour("sw/icmp", NOW_S - 3600, [0.001] * 99 + [0.02], lost=1)])
    assert status(store, latency_ms=5.0, loss_percent=1.0).held is True
    store.save_rollups([hour("sw/icmp", NOW_S - 3600, [0.01] * 100, lost=10)])
    told = status(store, latency_ms=5.0, loss_percent=1.0)
    assert told.held is False
    assert (
        "latency (95 %) is 0.01 s, wanted at most 0.005 s; loss is 0.09091, wanted at most 0.01" in told.why
    )


def test_an_objective_that_nothing_measures(store):
    told = compute(park(objectives=(objective("o", "zone:nowhere"),)), store, 0, NOW_S).objectives[0]
    assert (told.held, told.why, told.left_ratio) == (None, "no target measures it", None)


def test_utilisation_is_octets_against_the_links_rate(store):
    feed(store, "sw/netconf", (NOW_S - 7200, UP), (NOW_S, UP))
    octets = [1e6] * 99 + [1e7]
    store.save_rollups(
        [
            hour("sw/netconf", NOW_S - 3600, octets, "in_octets_per_s[ge1]"),
            hour("sw/netconf", NOW_S - 3600, octets, "in_octets_per_s[other]"),
            hour("sw/netconf", NOW_S - 3600, [40.0], "cpu_percent"),
        ]
    )
    (told,) = compute(park(), store, NOW_S - 7200, NOW_S).utilisation
    assert (told.device, told.interface, told.direction, told.rate_bps) == ("sw", "ge1", "in", 100e6)
    assert told.mean_bps == pytest.approx(8 * (99 * 1e6 + 1e7) / 100)
    assert told.p95_ratio == pytest.approx(0.08, rel=0.01)
    assert told.max_bps == pytest.approx(80e6)


def test_coverage_tells_plan_live_and_unknown_apart(store):
    nothing = {(c.id, c.basis): c for c in compute(park(), store, 0, NOW_S).coverage}
    assert nothing["connected-devices", "plan"].ratio == 10 / 14
    assert nothing["connected-devices", "live"].unknown == 10
    assert nothing["edge", "live"].ratio is None
    assert nothing["identifier", "plan"].numerator == 1
    feed(store, "gw/icmp", (NOW_S - 10, UP))
    feed(store, "id/icmp", (NOW_S - 10, DOWN))
    feed(store, "sw/netconf", (NOW_S - 2 * DAY_S, UP))  # too old to tell
    store.save_reach([Reach("e", True, NOW_S - 60)])
    seen = {c.id: c for c in compute(park(), store, 0, NOW_S).coverage if c.basis == "live"}
    assert (seen["edge"].numerator, seen["edge"].ratio) == (1, 1.0)
    assert (seen["identifier"].numerator, seen["identifier"].ratio) == (0, 0.0)
    assert (seen["connected-devices"].numerator, seen["connected-devices"].unknown) == (8, 2)
    assert seen["connected-devices"].bounds == (8 / 14, 10 / 14)
    assert (seen["standard-protocols"].numerator, seen["standard-protocols"].denominator) == (1, 2)
    assert (seen["wireless"].numerator, seen["wireless"].unknown, seen["wireless"].denominator) == (0, 2, 10)
    assert (seen["new-network"].numerator, seen["new-network"].unknown) == (0, 14)
    assert seen["ipv6"].denominator == 2


def test_what_is_blocked_from_a_device_tells_nothing_of_it(store):
    forbidden = target("gw", "tcp", expect="blocked")
    feed(store, "gw/tcp", (NOW_S - 10, UP))
    told = compute(park(targets=(forbidden, target("gw"))), store, 0, NOW_S).coverage
    edge = next(c for c in told if (c.id, c.basis) == ("edge", "live"))
    assert (edge.numerator, edge.unknown) == (0, 1), "a node that is dead answers nobody either"


NOON_S = datetime(2026, 11, 28, 12, 0).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", datetime(2026, 11, 28, 12, 0)),
        ("today", datetime(2026, 11, 28)),
        ("Yesterday", datetime(2026, 11, 27)),
        ("-30d", datetime(2026, 10, 29, 12, 0)),
        ("90min", datetime(2026, 11, 28, 10, 30)),
        ("-1.5h", datetime(2026, 11, 28, 10, 30)),
        ("-2w", datetime(2026, 11, 14, 12, 0)),
        ("2026-11-01", datetime(2026, 11, 1)),
        ("2026-11", datetime(2026, 11, 1)),
        ("2026-11-01 08:00", datetime(2026, 11, 1, 8)),
        ("2026-11-01T08:00:30", datetime(2026, 11, 1, 8, 0, 30)),
    ],
)
def test_times_as_people_write_them(text, moment):
    assert when(text, NOON_S) == moment.timestamp()


def test_a_zone_is_heeded_and_nonsense_refused():
    assert when("2026-11-01T08:00:00+08:00", 0) == 1793491200
    for text in ("", "soon", "2026-13-01", "-3parsecs"):
        with pytest.raises(UsageError, match="is no time"):
            when(text, NOON_S)
