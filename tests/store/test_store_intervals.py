"""Samples become intervals that touch, add up and survive."""

import pytest

from parkops.model import Interval, Sample, State
from parkops.store import Store
from parkops.store.intervals import _SELECT_LATEST

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


def feed(store, target, *points):
    store.save_samples(Sample(target, time_s, state, reason=reason) for time_s, state, reason in points)


def test_equal_states_make_one_interval_and_a_change_closes_it_where_the_next_begins(store):
    feed(store, "a/icmp", (100, UP, ""), (105, UP, ""), (110, DOWN, "no reply"), (115, DOWN, "later"))
    feed(store, "a/icmp", (120, UP, ""))
    assert store.intervals() == (
        Interval("a/icmp", 100, 110, UP),
        Interval("a/icmp", 110, 120, DOWN, "no reply"),
        Interval("a/icmp", 120, 120, UP, open=True),
    )


def test_an_old_sample_neither_shortens_nor_reorders(store):
    feed(store, "a/icmp", (100, UP, ""), (110, UP, ""), (90, UP, ""))
    assert store.latest()[0].end_s == 110
    feed(store, "a/icmp", (95, DOWN, "late"))
    assert [(i.start_s, i.end_s, i.state) for i in store.intervals()] == [(100, 110, UP), (110, 110, DOWN)]
    feed(store, "a/icmp", (96, UP, ""), (120, UP, ""))
    assert [(i.start_s, i.end_s, i.state) for i in store.intervals()] == [(100, 110, UP), (110, 120, UP)]


def test_a_window_selects_what_touches_it(store):
    feed(store, "a/icmp", (100, UP, ""), (200, DOWN, "x"), (300, UP, ""), (400, UP, ""))
    feed(store, "b/icmp", (100, UP, ""))
    assert [i.start_s for i in store.intervals("a/icmp", since_s=250)] == [200, 300]
    assert [i.start_s for i in store.intervals("a/icmp", until_s=199)] == [100]
    assert [(i.target, i.start_s) for i in store.intervals(since_s=100, until_s=150)] == [
        ("a/icmp", 100),
        ("b/icmp", 100),
    ]


def test_availability_cuts_at_the_window_and_counts_outages(store):
    feed(store, "a/icmp", (0, UP, ""), (100, DOWN, "x"), (150, UP, ""), (200, UNKNOWN, "gap"), (220, UP, ""))
    feed(store, "a/icmp", (300, DOWN, "y"), (310, UP, ""), (400, UP, ""))
    (whole,) = store.availability(0, 1000)
    assert (whole.up_s, whole.down_s, whole.unknown_s, whole.outages) == (320, 60, 20, 2)
    assert whole.ratio == pytest.approx(320 / 380)
    assert whole.mttr_s == 30
    (part,) = store.availability(120, 210)
    assert (part.up_s, part.down_s, part.unknown_s, part.outages) == (50, 30, 10, 1)


def test_an_outage_that_nobody_watched_for_a_while_is_one(store):
    feed(store, "a/icmp", (0, UP, ""), (100, DOWN, ""), (150, UNKNOWN, ""), (200, DOWN, ""), (300, UP, ""))
    feed(store, "a/icmp", (400, DOWN, ""), (500, UNKNOWN, ""), (600, DOWN, ""), (700, DOWN, ""))
    counts = {w: store.availability(*w)[0].outages for w in ((0, 700), (160, 700), (300, 400), (650, 700))}
    assert counts == {(0, 700): 2, (160, 700): 2, (300, 400): 0, (650, 700): 1}


def test_retired_targets_leave_the_current_view_and_come_back_when_watched_again(store):
    feed(store, "a/icmp", (0, UP, ""))
    feed(store, "b/icmp", (0, UP, ""))
    assert store.retire_others(["a/icmp"]) == ("b/icmp",)
    assert [i.target for i in store.latest()] == ["a/icmp"]
    assert [(i.target, i.open) for i in store.intervals()] == [("a/icmp", True), ("b/icmp", False)]
    feed(store, "b/icmp", (10, UP, ""))
    assert [i.target for i in store.latest()] == ["a/icmp", "b/icmp"]


def test_a_year_of_intervals_is_summed(store):
    day_s = 86400.0
    for day in range(200):
        states = UP if day % 2 else DOWN
        store.save_samples(Sample(f"d{n:03}/icmp", day * day_s, states) for n in range(100))
    assert len(store.availability(0, 365 * day_s)) == 100


def test_the_current_view_does_not_scan_all_intervals(tmp_path):
    with Store.open(tmp_path / "parkops.db") as store:
        feed(store, "a/icmp", (0, UP, ""))
        plan = store._connection.execute(  # the plan of the query, not its time: the machine may be busy
            "EXPLAIN QUERY PLAN " + _SELECT_LATEST
        ).fetchall()
    assert any("SEARCH i " in row[3] for row in plan), plan
    assert not any("SCAN i" in row[3] for row in plan), plan
