"""What is measured within an hour: counted, turned over, gone on with after a restart, written bit by bit."""

import time

import pytest
from monitor_parts import park_of, target

from parkops.errors import ParkopsError
from parkops.model import Retention, Sample, State, Vitals
from parkops.model.watching import DAY_S
from parkops.monitor import Metrics
from parkops.monitor.hours import Hours
from parkops.monitor.ledger import Ledger
from parkops.monitor.recorder import Recorder
from parkops.sketch import Sketch

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
T0 = 1_000 * 3600.0
NAMES = ("a", "b", "c")
TARGETS = [target("icmp", device=name) for name in NAMES]


def by_name(rollups):
    return {(r.target, r.name, r.start_s): r for r in rollups}


def test_an_hour_counts_answers_losses_and_what_could_not_be_tried():
    hours = Hours(TARGETS)
    for step, rtt_s in enumerate((0.001, 0.004, 0.002)):
        hours.good(0, T0 + step, rtt_s)
    hours.take(0, Sample("a/icmp", T0 + 5, DOWN))
    hours.take(0, Sample("a/icmp", T0 + 6, UNKNOWN))
    hours.take(0, Sample("a/icmp", T0 + 7, UP, 0.003))
    told = by_name(hours.all())["a/icmp", "", T0]
    assert (told.count, told.ok, told.lost) == (6, 4, 1)
    assert (told.minimum, told.maximum, told.last) == (0.001, 0.004, 0.003)
    assert told.mean == pytest.approx(0.0025)
    hours.take(0, Sample("a/icmp", T0 + 8, UP))
    again = Hours(TARGETS, hours.all())  # another monitor goes on
    again.good(0, T0 + 9, 0.0075)
    last = by_name(again.all())["a/icmp", "", T0]
    assert (last.ok, last.mean) == (6, pytest.approx(0.0035)), "one answer had no round trip"
    sketch = Sketch.load(told.sketch)
    assert sketch.count == 4
    assert sketch.quantile(1.0) == pytest.approx(0.004, rel=0.01)


def test_the_quick_way_and_the_general_one_count_alike():
    one, two = Hours(TARGETS), Hours(TARGETS)
    for step in range(50):
        rtt_s = 0.0001 * (1 + step % 7) if step else 0.0
        one.good(0, T0 + step, rtt_s)
        two.take(0, Sample("a/icmp", T0 + step, UP, rtt_s))
    assert one.all() == two.all()


def test_a_full_hour_ends_and_is_written_once_more():
    hours = Hours(TARGETS)
    hours.good(0, T0 + 3599, 0.001)
    hours.good(0, T0 + 3600, 0.002)
    hours.good(0, T0 + 3601, 0.002)
    told = by_name(hours.all())
    assert told["a/icmp", "", T0].count == 1
    assert told["a/icmp", "", T0 + 3600].count == 2
    assert [r.start_s for r in hours.all()] == [T0 + 3600], "the ended hour is handed out once"


def test_counters_become_rates_and_gauges_stay():
    hours = Hours(TARGETS)
    for step, octets in enumerate((1000.0, 2000.0, 5000.0, 100.0, 400.0)):  # it began anew before the fourth
        values = (("if_in_octets_total[GE1]", octets), ("offset_s", -0.5), ("offset_s[x]", 1.0 * step))
        hours.take(0, Sample("a/icmp", T0 + 10 * step, UP, 0.001, values=values))
    told = by_name(hours.all())
    rate = told["a/icmp", "if_in_octets_per_s[GE1]", T0]
    assert (rate.count, rate.minimum, rate.maximum, rate.last) == (3, 30.0, 300.0, 30.0)
    assert told["a/icmp", "offset_s", T0].mean == -0.5
    assert told["a/icmp", "offset_s[x]", T0].last == 4.0


def test_a_restart_goes_on_with_the_hour():
    first = Hours(TARGETS)
    first.good(0, T0 + 1, 0.001)
    first.take(1, Sample("b/icmp", T0 + 1, DOWN, values=(("offset_s", 3.0),)))
    second = Hours(TARGETS, first.all())
    second.good(0, T0 + 2, 0.003)
    second.take(1, Sample("b/icmp", T0 + 2, DOWN, values=(("offset_s", 5.0),)))
    told = by_name(second.all())
    assert (told["a/icmp", "", T0].count, told["a/icmp", "", T0].mean) == (2, pytest.approx(0.002))
    assert (told["b/icmp", "", T0].lost, told["b/icmp", "offset_s", T0].maximum) == (2, 5.0)
    assert told["b/icmp", "offset_s", T0].ok == 2


def test_shares_come_round_to_every_target():
    hours = Hours(TARGETS)
    for index in range(3):
        hours.good(index, T0, 0.001)
    told = [rollup.target for _ in range(6) for rollup in hours.some(1 / 3)]
    assert told == [f"{name}/icmp" for name in NAMES] * 2
    assert Hours([]).some(0.5) == ()


class Refusing:
    """A store that cannot be written for a while."""

    def __init__(self, store):
        self._store, self.refuses = store, True

    def __getattr__(self, name):
        return getattr(self._store, name)

    def save_rollups(self, rollups):
        if self.refuses:
            raise ParkopsError("the disk is full")
        self._store.save_rollups(rollups)


def test_hours_that_ended_while_the_store_refused_are_written_later(store):
    store.save_samples([Sample("a/icmp", T0, UP)])
    refusing = Refusing(store)
    ledger = Ledger(TARGETS[:1], refusing, T0)
    ledger.good(0, T0 + 1, 0.001)
    ledger.good(0, T0 + 3601, 0.002)
    ledger.keep_house(T0 + 3602, Vitals(T0, T0))
    assert store.rollups(0, 1e12) == ()
    refusing.refuses = False
    ledger.keep_house(T0 + 3603, Vitals(T0, T0))
    ledger.end(Vitals(T0, T0))
    assert [(r.start_s, r.count) for r in store.rollups(0, 1e12)] == [(T0, 1), (T0 + 3600, 1)]
    assert len(store.raw(0, 1e12)) == 2


def test_a_ledger_tells_what_was_seen_before_a_change(store):
    store.save_samples([Sample("a/icmp", T0, UP)])
    ledger = Ledger(TARGETS[:1], store, T0)
    ledger.good(0, T0 + 1, 0.001)
    assert ledger.waiting == 1
    assert ledger.take(0, Sample("a/icmp", T0 + 2, DOWN)) == Sample("a/icmp", T0 + 1, UP)
    assert ledger.waiting == 0
    assert ledger.take(0, Sample("a/icmp", T0 + 3, DOWN)) is None
    ledger.good(0, T0 + 4, 0.001)
    ledger.write()
    ledger.written()
    assert store.latest()[0].end_s == T0 + 4


def test_the_store_keeps_what_the_plan_says(store):
    """`monitoring.retention`, by way of the recorder of a park."""
    kept = Retention(raw_s=7200, rollups_s=10 * DAY_S, intervals_s=20 * DAY_S, events_s=30 * DAY_S)
    now_s = time.time()
    store.save_samples([Sample("a/icmp", now_s - 40 * DAY_S, UP), Sample("a/icmp", now_s - 25 * DAY_S, DOWN)])
    store.save_samples([Sample("a/icmp", now_s - 15 * DAY_S, UP), Sample("a/icmp", now_s - DAY_S, DOWN)])
    for number, days in enumerate((35, 25)):
        event = store.open_event(f"{number}/icmp", "a", "critical", "no reply", now_s - 40 * DAY_S)
        store.close_event(event.id, now_s - days * DAY_S)
    store.save_raw([("a/icmp", now_s - 3 * 3600, 0, 0.1)])
    store.save_raw([("a/icmp", now_s - 300, 0, 0.1)])
    recorder = Recorder(TARGETS[:1], store, Metrics(), park=park_of(TARGETS[0], retention=kept))
    recorder.keep_measured(now_s + 3601, Vitals(now_s, now_s))
    assert [round((now_s - i.start_s) / DAY_S) for i in store.intervals()] == [25, 15, 1]
    assert [event.target for event in store.events()] == ["1/icmp"]
    assert [round(now_s - sample.time_s) for sample in store.raw(0, 1e12)] == [300]
