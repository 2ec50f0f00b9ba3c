"""Signals and traffic are added up where they are kept."""

from parkops.model import Signal
from parkops.model.traffic import Traffic
from parkops.store import Store

HOUR = 1_800_000_000 // 3600 * 3600.0


def said(time_s, name="linkDown:ge-0/0/1", device="sw-1", text="", severity="warning", clears=False):
    return Signal(time_s, "snmp-trap", device, name, severity, text, clears)


def test_an_hour_of_one_device_and_name_is_one_row(store):
    store.save_signals([said(HOUR + 5, text="甲"), said(HOUR + 1), said(HOUR + 3600)])
    store.save_signals([said(HOUR + 9, text="乙\0", severity="critical")])
    first, second = store.signals()
    assert (first.count, first.first_s, first.last_s) == (3, HOUR + 1, HOUR + 9)
    assert (first.text, first.severity) == ("乙", "critical")
    assert (second.count, second.first_s) == (1, HOUR + 3600)


def test_signals_of_a_device_and_since_a_time_and_their_end(store):
    store.save_signals([said(HOUR), said(HOUR + 7200, device=""), said(HOUR + 7300, name="coldStart")])
    assert [row.name for row in store.signals(device="sw-1")] == ["linkDown:ge-0/0/1", "coldStart"]
    assert [row.device for row in store.signals(since_s=HOUR + 7000)] == ["", "sw-1"]
    assert store.prune_heard(HOUR + 7250) == 2
    assert [row.name for row in store.signals()] == ["coldStart"]


def test_attacks_are_kept_for_longer(store):
    store.save_signals([said(HOUR), said(HOUR, name="attack-dropped:scan:x"), said(HOUR + 7200)])
    assert store.prune_heard(HOUR + 3600, "attack-", HOUR - 1) == 1
    assert [row.name for row in store.signals()] == ["attack-dropped:scan:x", "linkDown:ge-0/0/1"]
    assert store.prune_heard(HOUR + 3600, "attack-", HOUR + 1) == 1


def test_traffic_of_a_minute_is_added_up(store):
    one = Traffic(HOUR, "plant", "outside", "tcp/443", "", 1, 10, 5_000_000_000)
    store.save_traffic([one])
    store.save_traffic([one, Traffic(HOUR + 60, "plant", "edge", "tcp/1883", "up", 2, 4, 400)])
    first, second = store.traffic(HOUR, HOUR + 60)
    assert (first.records, first.packets, first.octets) == (2, 20, 10_000_000_000)
    assert second.flow == "up"
    assert store.traffic(HOUR + 61, HOUR + 120) == ()
    assert store.prune_heard(HOUR + 60) == 1


def test_only_what_begins_with_a_prefix(tmp_path):
    with Store.open(tmp_path / "parkops.db") as store:
        names = ("attack-dropped:scan:192.0.2.9", "attack_x", "linkDown:eth1")
        store.save_signals(Signal(10.0, "syslog", "fw-1", name, "warning") for name in names)
        assert [item.name for item in store.signals(prefix="attack-")] == [names[0]]
        assert len(store.signals()) == 3
