"""An event opens once, is taken, and closes once."""

from dataclasses import replace
from datetime import datetime

import pytest

from parkops.errors import UsageError
from parkops.model import Event, Phase, Window, closed_loop
from parkops.store import Delivery, Store


def test_life_of_an_event(store):
    event = store.open_event("sw-1/link/p1", "sw-1", "critical", "p1 is down", 1000.0)
    assert store.events(open_only=True) == (event,)
    assert event.duration_s is None
    taken = store.acknowledge(event.id, "王伟", "cable pulled", time_s=1005.0)
    assert (taken.acknowledged_s, taken.acknowledged_by, taken.note) == (1005.0, "王伟", "cable pulled")
    closed = store.close_event(event.id, 1030.0, "cable back")
    assert (closed.duration_s, closed.note) == (30.0, "cable pulled; cable back")
    assert store.events(open_only=True) == ()
    assert store.events() == (closed,)


def test_a_target_has_one_open_event(store):
    first = store.open_event("a/icmp", "a", "critical", "no reply", 1.0)
    assert store.open_event("a/icmp", "a", "critical", "other", 2.0) == first
    store.close_event(first.id, 3.0)
    assert store.open_event("a/icmp", "a", "critical", "again", 4.0).id != first.id


def test_wrong_calls_say_so(store):
    with pytest.raises(UsageError, match="there is no event 7"):
        store.acknowledge(7, "me")
    event = store.open_event("a/icmp", "a", "critical", "no reply", 10.0)
    assert store.close_event(event.id, 5.0).closed_s == 10.0  # never before it began
    with pytest.raises(UsageError, match="is closed"):
        store.close_event(event.id, 20.0)
    with pytest.raises(UsageError, match="is closed"):
        store.acknowledge(event.id, "me")


def test_the_whole_life_is_kept_step_by_step(store):
    event = store.open_event("a/icmp", "a", "critical", "no reply", 10.0)
    assert event.phase is Phase.DETECTED
    assert store.work_on(event.id, "李娜", "spare on its way", 20.0).phase is Phase.IN_WORK
    resolved = store.resolve_event(event.id, 30.0)
    assert (resolved.phase, resolved.duration_s, resolved.closed_s) == (Phase.RESOLVED, 20.0, None)
    with pytest.raises(UsageError, match="is resolved already"):
        store.resolve_event(event.id, 31.0)
    closed = store.close_event(event.id, 40.0, "checked", by="王伟")
    assert (closed.phase, closed.duration_s, closed.closed_by) == (Phase.CLOSED, 20.0, "王伟")
    store.note_event(event.id, "ordered another spare", "李娜", 50.0)
    assert [(s.step, s.by, s.note, s.time_s) for s in store.event_steps(event.id)] == [
        ("detected", "", "no reply", 10.0),
        ("acknowledged", "李娜", "", 20.0),
        ("in-work", "李娜", "spare on its way", 20.0),
        ("resolved", "", "", 30.0),
        ("closed", "王伟", "checked", 40.0),
        ("note", "李娜", "ordered another spare", 50.0),
    ]
    assert store.event(event.id).note == "spare on its way; checked; ordered another spare"


def test_what_comes_back_is_the_same_event_and_the_calm_does_not_count(store):
    event = store.open_event("a/icmp", "a", "critical", "no reply", 10.0)
    store.resolve_event(event.id, 20.0)
    closed = store.close_event(event.id, 20.0, by="policy")
    again = store.reopen_event(closed, 50.0, "no reply")
    assert (again.phase, again.reopened, again.duration_s) == (Phase.DETECTED, 1, None)
    assert store.close_event(event.id, 55.0).duration_s == 15.0


def test_a_target_may_have_events_of_several_kinds(store):
    slow = store.add_event(Event(0, "a/icmp", "a", "warning", "slow", 5.0, kind="latency"))
    lost = store.open_event("a/icmp", "a", "critical", "no reply", 10.0)
    assert slow.id != lost.id
    store.resolve_event(lost.id, 11.0)
    assert store.open_event("a/icmp", "a", "critical", "no reply", 12.0).id != lost.id, "the first ended"
    assert store.find_event("a/icmp", "latency") == slow


def test_who_takes_an_event_takes_its_consequences(store):
    cause = store.open_event("agg/icmp", "agg", "critical", "no reply", 10.0)
    other = store.add_event(Event(0, "b/icmp", "b", "critical", "no reply", 11.0, parent=cause.id))
    store.acknowledge(cause.id, "王伟", time_s=12.0)
    assert store.event(other.id).acknowledged_by == "王伟"


def test_deadlines_are_told_as_they_pass():
    event = Event(1, "a/icmp", "a", "critical", "x", 0.0, acknowledge_by_s=10.0, resolve_by_s=100.0)
    assert [event.overdue(t) for t in (5.0, 11.0, 101.0)] == ["", "acknowledge", "resolve"]
    taken = replace(event, acknowledged_s=9.0)
    assert [taken.overdue(t) for t in (11.0, 101.0)] == ["", "resolve"]
    assert replace(event, resolved_s=101.0).overdue(200.0) == ""


def test_the_closed_loop_counts_cause_closer_and_deadline():
    good = Event(1, "a/icmp", "a", "critical", "x", 0.0, closed_s=9.0, closed_by="policy", resolve_by_s=10.0)
    late = replace(good, closed_s=11.0)
    planned = replace(good, closed_s=None, muted="maintenance: new fans")
    events = (good, late, replace(good, closed_s=None), planned, replace(good, parent=1))
    assert closed_loop(events) == (1, 3)


def test_planned_work_is_added_and_ended(store):
    window = store.add_maintenance(Window("", "zone:z", "新风扇", 100.0, 200.0, by="王伟"))
    assert store.maintenance() == (window,)
    assert [window.holds(t) for t in (99.0, 100.0, 199.0, 200.0)] == [False, True, True, False]
    assert store.end_maintenance(window.number, 150.0).end_s == 150.0
    with pytest.raises(UsageError, match="is over"):
        store.end_maintenance(window.number, 160.0)
    with pytest.raises(UsageError, match="no planned work 9"):
        store.end_maintenance(9)


def test_work_that_recurs_crosses_midnight():
    night = Window("n", "all", "backup", days=("sat",), from_minute=23 * 60, to_minute=60)
    saturday = datetime(2026, 11, 28, 23, 30).timestamp()
    assert night.holds(saturday)
    assert night.holds(saturday + 3600)
    assert not night.holds(saturday + 2 * 3600)
    assert not night.holds(saturday - 86400 * 2)
    spans = list(night.spans(saturday - 86400, saturday + 20 * 86400))
    assert [end - begin for begin, end in spans] == [7200.0] * 3


def test_a_message_waits_in_the_store_until_it_is_settled(tmp_path):
    path = tmp_path / "parkops.db"
    with Store.open(path) as store:
        event = store.open_event("a/icmp", "a", "critical", "no reply", 10.0)
        store.queue_delivery(Delivery(0, event.id, "ops", "opened", 10.0, 12.0))
        assert store.due_deliveries(11.0) == ()
    with Store.open(path) as store:
        (waiting,) = store.due_deliveries(12.0)
        store.put_off_delivery(waiting.id, 60.0, "connection refused")
        assert store.due_deliveries(12.0) == ()
        (later,) = store.due_deliveries()
        assert (later.attempts, later.due_s, later.error) == (1, 60.0, "connection refused")
        store.settle_delivery(waiting.id, 61.0)
        assert store.due_deliveries() == ()
        assert [item.done_s for item in store.deliveries_of(event.id)] == [61.0]


def test_closed_events_are_forgotten_with_all_that_hangs_on_them(store):
    """What is not closed stays, and so does the cause of what stays."""
    cause = store.open_event("agg/icmp", "agg", "critical", "no reply", 1.0)
    early = store.add_event(Event(0, "sw-1/icmp", "sw-1", "critical", "no reply", 2.0, parent=cause.id))
    late = store.add_event(Event(0, "sw-2/icmp", "sw-2", "critical", "no reply", 2.0, parent=cause.id))
    alone = store.open_event("x/icmp", "x", "critical", "no reply", 3.0)
    still = store.open_event("y/icmp", "y", "critical", "no reply", 4.0)
    store.queue_delivery(Delivery(0, alone.id, "duty", "opened", 3.0, 3.0))
    for event, closed_s in ((cause, 10.0), (early, 10.0), (late, 200.0), (alone, 11.0)):
        store.close_event(event.id, closed_s)
    assert store.prune(0, 0, 0, 100.0, dry_run=True)[3] == 2
    assert len(store.events()) == 5
    assert store.prune(0, 0, 0, 100.0)[3] == 2
    assert {event.target for event in store.events()} == {"agg/icmp", "sw-2/icmp", "y/icmp"}
    assert {step.event for step in store.event_steps()} == {cause.id, late.id, still.id}
    assert store.prune(0, 0, 0, 201.0)[3] == 2  # a cause and its last consequence
    assert store.events() == (still,)
    assert store.prune(0, 0, 0)[3] == 0
