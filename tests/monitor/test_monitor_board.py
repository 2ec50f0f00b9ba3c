"""The one-screen view: counts, order, and what is old is called old."""

from dataclasses import replace

import pytest
from monitor_parts import park_of, target

from parkops.model import Device, Event, Interval, Role, SourceRef, State, Tenant, Zone
from parkops.monitor.board import By, board

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
SOURCE = SourceRef("park.yaml", 1, 1, "")


def watched(device, probe="icmp", tenant="", zone=""):
    return replace(target(probe, 80, device=device, interval_s=5.0), tenant=tenant, zone=zone)


PARK = park_of(
    watched("core-1"),
    watched("hx-sw-1", tenant="hx"),
    watched("hx-sw-1", "netconf", tenant="hx"),
    watched("hx-gw-1", tenant="hx", zone="hx-control"),
    devices=(
        Device("core-1", Role.CORE, "frr", SOURCE),
        Device("hx-sw-1", Role.RING_SWITCH, "ietf", SOURCE, tenant="hx"),
        Device("hx-gw-1", Role.EDGE_GATEWAY, "linux", SOURCE, tenant="hx"),
    ),
    tenants=(Tenant("hx", "华星", True, SOURCE),),
    zones=(Zone("hx-control", "生产控制区", "production", "hx", 3, True, SOURCE),),
)
LATEST = (
    Interval("core-1/icmp", 0, 1000, UP, open=True),
    Interval("hx-sw-1/icmp", 900, 1000, DOWN, "no answer", open=True),
    Interval("hx-sw-1/netconf", 950, 1000, UNKNOWN, "cannot log in", open=True),
    Interval("not/planned", 950, 1000, DOWN, "x", open=True),
)


def test_counts_and_order():
    seen = board(PARK, LATEST, (), ((), None), 1001.0)
    assert seen.counts == {UP: 1, DOWN: 1, UNKNOWN: 2}
    assert (seen.devices, seen.troubled_devices) == (3, 2)
    assert [(group.tenant, group.name, group.up, group.down, group.unknown) for group in seen.groups] == [
        ("hx", "ring-switch", 0, 1, 1),
        ("hx", "edge-gateway", 0, 0, 1),
        ("", "core", 1, 0, 0),
    ]
    assert [row.target.id for row in seen.not_up] == ["hx-sw-1/icmp", "hx-sw-1/netconf", "hx-gw-1/icmp"]
    assert seen.not_up[2].reason == "not probed yet"
    assert seen.groups[0].worst.target.id == "hx-sw-1/icmp"
    assert seen.groups[2].worst is None
    assert not seen.stale
    assert seen.age_s == 1.0


@pytest.mark.parametrize(
    ("by", "names"),
    [(By.TENANT, [("hx", ""), ("", "")]), (By.ZONE, [("hx", ""), ("hx", "hx-control"), ("", "")])],
)
def test_other_groups(by, names):
    groups = board(PARK, LATEST, (), ((), None), 1001.0, by).groups
    assert [(group.tenant, group.name) for group in groups] == names


def test_old_data_is_stale():
    assert not board(PARK, LATEST, (), ((), None), 1015.0).stale
    assert board(PARK, LATEST, (), ((), None), 1015.1).stale
    assert board(PARK, (), (), ((), None), 1000.0).stale
    assert board(park_of(), (), (), ((), None), 1000.0).stale is False


def test_open_events_come_latest_first():
    events = [Event(n, "x", "x", "critical", "c", float(n)) for n in (1, 3, 2)]
    assert [event.id for event in board(PARK, LATEST, events, ((), None), 1001.0).events] == [3, 2, 1]
