"""An event opens once, is taken, and closes once."""

import pytest

from parkops.errors import UsageError
from parkops.store import Store


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "parkops.db") as store:
        yield store


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
