"""From samples and signals to events: causes, coming back, flapping, planned work, deadlines, thresholds."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
from monitor_parts import park_of, target

from parkops.errors import ParkopsError
from parkops.model import (
    Damping,
    Device,
    Event,
    EventPolicy,
    Link,
    Objective,
    Phase,
    Receiver,
    Role,
    Sample,
    Signal,
    SourceRef,
    State,
    Window,
)
from parkops.monitor import Metrics
from parkops.monitor.recorder import Recorder
from parkops.monitor.signals import Signals
from parkops.monitor.words import headline, lost_with

BOTH_STORES = True
UP, DOWN = State.UP, State.DOWN
SOURCE = SourceRef("park.yaml", 1, 1, "")
T0 = 1_700_000_000.0
ROUND_S = 2.0
OPS = Receiver("ops", "webhook", "http://127.0.0.1:9/")


class Play:
    """A recorder that is fed by the test: rounds of samples, a tick after each."""

    def __init__(self, store, targets, policy=None, change_of=None, **fields):
        devices = [
            Device(name, Role.MANAGEMENT if name == "root" else Role.ACCESS_SWITCH, "linux", SOURCE,
                   management_ipv4="10.0.0.1/24", tenant="acme" if name == "b" else "")
            for name in ("root", "a", "b", "c")
        ]  # fmt: skip
        links = [Link(f"{a}-{b}", a, "p2", b, "p1", "uplink") for a, b in (["root", "a"], "ab", "bc")]
        park = park_of(
            *targets, devices=devices, links=tuple(links), policy=policy or EventPolicy(), **fields
        )
        self.store, self.targets, self.told, self.now_s = store, targets, [], T0
        self.signals = Signals()
        self.metrics = Metrics()
        self.metrics.watch(targets)
        self.recorder = Recorder(
            targets, store, self.metrics, self.told.append, park, change_of, self.signals
        )

    def round(self, count=1, rtt_s=0.001, values=(), **states):
        """Sample every target; the named devices are down, all others up."""
        for _ in range(count):
            for index, item in enumerate(self.targets):
                state = states.get(item.device, states.get(item.id.replace("/", "_"), UP))
                sample = Sample(item.id, self.now_s, state, rtt_s if state is UP else None,
                                "" if state is UP else "no reply", values)  # fmt: skip
                self.recorder.take(index, sample)
            self.now_s += ROUND_S
            self.recorder.keep_house(self.now_s)

    def say(self, name, severity="critical", device="a", clears=False, origin="snmp-trap", text="said"):
        self.signals.put(Signal(self.now_s, origin, device, name, severity, text, clears))
        self.recorder.keep_house(self.now_s)

    def open(self):
        return {event.target: event for event in self.store.events(open_only=True)}


def pings(*names):
    return [target("icmp", device=name, interval_s=ROUND_S) for name in names]


def test_a_lost_device_is_one_event_and_its_consequences_end_with_it(store):
    play = Play(store, [*pings("a", "b", "c"), target("mqtt", 1883, device="c", interval_s=ROUND_S)])
    play.round(3)
    play.round(1, b=DOWN, c=DOWN)  # in whatever order they are confirmed
    play.round(3, b=DOWN, c=DOWN)
    found = play.open()
    cause = found["b/icmp"]
    assert cause.parent is None
    assert {e.target for e in found.values() if e.parent == cause.id} == {"c/icmp", "c/mqtt"}
    play.round(3)
    assert play.open() == {}
    assert all(event.closed_by == "policy" for event in store.events())
    assert [e.tenant for e in store.events() if e.target == "b/icmp"] == ["acme"]


def test_a_consequence_that_goes_on_becomes_an_event_of_its_own(store):
    play = Play(store, pings("a", "b", "c"), EventPolicy(correlation_s=4.0, receivers=(OPS,)))
    play.round(3)
    play.round(4, b=DOWN, c=DOWN)
    cause, other = play.open()["b/icmp"], play.open()["c/icmp"]
    assert other.parent == cause.id
    play.round(2, c=DOWN)
    assert play.open()["c/icmp"].parent == cause.id, "it is given time to end, too"
    play.round(4, c=DOWN)
    assert play.open()["c/icmp"].parent is None
    steps = [(s.step, s.note) for s in store.event_steps(other.id)]
    assert steps[:2] == [("detected", "no reply"), ("grouped", f"a consequence of event {cause.id}")]
    assert steps[-1][0] == "apart"
    what = [d.what for d in store.deliveries_of(other.id)]
    assert what == ["opened", "opened"], "of the first, nothing is sent: it waits until it is a consequence"


def test_what_comes_back_soon_is_the_same_event(store):
    play = Play(store, pings("a"), EventPolicy(hold_s=60.0))
    play.round(2)
    play.round(3, a=DOWN)
    play.round(5)
    play.round(3, a=DOWN)
    (event,) = store.events()
    assert (event.reopened, event.phase) == (1, Phase.DETECTED)
    play.round(2)
    (event,) = store.events()
    assert event.phase is Phase.CLOSED
    assert event.duration_s == 12.0, "two outages of three rounds; the calm between does not count"
    play.round(40)
    play.round(3, a=DOWN)
    assert len(store.events()) == 2, "after the hold time it is another one"


def test_what_a_person_closes_is_not_opened_again_and_by_hand_waits_for_one(store):
    play = Play(store, pings("a"), EventPolicy(close="by-hand"))
    play.round(2)
    play.round(3, a=DOWN)
    play.round(2)
    (event,) = store.events(open_only=True)
    assert (event.phase, event.duration_s) == (Phase.RESOLVED, 6.0)
    play.round(2, a=DOWN)
    assert store.event(event.id).phase is Phase.DETECTED, "it came back before anybody closed it"
    play.round(2)
    store.close_event(event.id, play.now_s, "cable replaced", by="王伟")
    play.round(3, a=DOWN)
    assert len(store.events()) == 2


def test_a_flapping_target_is_one_open_event_until_it_is_calm(store):
    policy = EventPolicy(
        hold_s=1000.0, damping=Damping(half_life_s=40.0, suppress=2.5, reuse=0.5), receivers=(OPS,)
    )
    play = Play(store, pings("a"), policy)
    for _ in range(6):
        play.round(2, a=DOWN)
        play.round(2)
    (event,) = store.events()
    assert event.muted == "flapping"
    assert event.resolved_s is None, "up for the moment, but nobody trusts it"
    last_up_s = play.now_s - 2 * ROUND_S
    told = [item.what for item in store.deliveries_of(event.id)]
    assert told.count("flapping") == 1
    assert len(told) < 8, "who is told of it is told a few times, not twelve"
    play.round(120)
    (event,) = store.events()
    assert event.phase is Phase.CLOSED
    assert event.resolved_s == last_up_s, "its end is the first good answer after the last outage"
    assert "flapped" in event.note
    assert (play.metrics.opened, play.metrics.closed) == (3, 3), "it came back twice before it was muted"
    told = [item.what for item in store.deliveries_of(event.id)]
    assert told[-1] == "resolved"
    play.round(3, a=DOWN)
    (event,) = store.events()
    assert (event.phase, event.muted) == (Phase.DETECTED, ""), "it is no flapping any more"
    assert [item.what for item in store.deliveries_of(event.id)] == [*told, "reopened"]


@pytest.mark.parametrize("where", ["plan", "store"])
def test_planned_work_is_recorded_and_told_to_nobody(store, where):
    window = Window("w", "device:a", "新风扇", T0, T0 + 20.0)
    policy = EventPolicy(maintenance=(window,) if where == "plan" else (), receivers=(OPS,))
    if where == "store":
        store.add_maintenance(window)
    play = Play(store, pings("a", "b"), policy)
    play.round(4, a=DOWN)
    event = play.open()["a/icmp"]
    assert event.muted == "maintenance: 新风扇"
    assert store.deliveries_of(event.id) == ()
    assert event.overdue(T0 + 1e6) == ""
    play.round(8, a=DOWN)
    event = play.open()["a/icmp"]
    assert event.muted == "", "the work should be over, and it is still down"
    assert [item.what for item in store.deliveries_of(event.id)] == ["opened"]
    assert "unmuted" in [step.step for step in store.event_steps(event.id)]


def test_deadlines_pass_once_each(store):
    play = Play(store, pings("a"), EventPolicy(receivers=(OPS,), hold_s=0))
    play.round(2)
    play.round(3, a=DOWN)
    (event,) = store.events()
    assert (event.acknowledge_by_s, event.resolve_by_s) == (event.opened_s + 900, event.opened_s + 14400)
    for ahead_s in (0.0, 901.0, 902.0, 14401.0, 14402.0):
        play.recorder.keep_house(event.opened_s + ahead_s)
    late = [step.note for step in store.event_steps(event.id) if step.step == "overdue"]
    assert late == ["acknowledge", "resolve"]
    assert [d.what for d in store.deliveries_of(event.id)].count("overdue") == 2


def test_five_percent_loss_is_an_event_of_its_own_cause_and_ends(store):
    play = Play(store, pings("a", "b"))
    for number in range(60):
        play.round(1, **({"a": DOWN} if number % 20 == 7 else {}))
    (event,) = store.events()
    assert (event.kind, event.target, event.severity) == ("loss", "a/icmp", "warning")
    assert event.cause.startswith("loss of 6 %: 3 of the last 48 probes")
    play.round(50)
    assert store.events()[0].phase is Phase.CLOSED


def test_chance_is_no_loss(store):
    play = Play(store, pings("a"))
    play.round(30)
    play.round(1, a=DOWN)
    play.round(60)
    play.round(1, a=DOWN)
    play.round(60)
    assert store.events() == ()


def test_latency_above_the_objective_is_an_event(store):
    objective = Objective("control", "zone:z", 99.9, 30, SOURCE, latency_ms=20.0)
    watched = [replace(item, zone="z" if item.device == "a" else "") for item in pings("a", "b")]
    play = Play(store, watched, objectives=(objective,))
    play.round(30, rtt_s=0.002)
    play.round(1, rtt_s=0.3)
    play.round(10, rtt_s=0.002)
    assert store.events() == (), "one slow answer is no slow line"
    play.round(8, rtt_s=0.052)
    (event,) = store.events()
    assert (event.kind, event.target) == ("latency", "a/icmp")
    assert "is above the objective control of 20 ms" in event.cause
    play.round(12, rtt_s=0.002)
    assert store.events()[0].phase is Phase.CLOSED


def test_a_measured_value_beyond_its_threshold_is_an_event_that_may_become_worse(store):
    policy = EventPolicy(thresholds=(("days_left", 30.0, 7.0),), receivers=(OPS,))
    play = Play(store, pings("a"), policy)
    play.round(3, values=(("days_left", 31.0), ("offset_s", 0.01)))
    play.round(1, values=(("days_left", 29.0),))
    assert store.events() == ()
    play.round(1, values=(("days_left", 29.0),))
    (event,) = store.events()
    assert (event.kind, event.severity) == ("value:days_left", "warning")
    assert event.cause == "the certificate ends in 29.0 days"
    play.round(2, values=(("days_left", 6.0),))
    (event,) = store.events()
    assert (event.severity, event.cause) == ("critical", "the certificate ends in 6.0 days")
    play.round(1, values=(("days_left", 365.0),))
    assert store.events()[0].phase is Phase.CLOSED
    play.round(2, values=(("offset_s", -0.3),))
    assert store.events()[1].cause == "the clock is -0.300 s off, 0.1 s are allowed"


def test_signals_open_once_and_are_cleared(store):
    play = Play(store, pings("a"))
    play.say("fanFailed:2", "warning", text="fan 2 stands still")
    play.say("fanFailed:2", "warning")
    play.say("authenticationOk", "info")
    (event,) = store.events()
    assert (event.target, event.kind) == ("a/signal/fanFailed:2", "signal")
    assert event.cause == "fan 2 stands still (snmp-trap)"
    play.say("fanFailed:2", "info", clears=True)
    assert store.events()[0].phase is Phase.CLOSED


def test_a_signal_about_what_a_probe_sees_is_no_second_event(store):
    ports = [target("link", device="a", detail="p2", interface="p2", link="a-b", interval_s=ROUND_S)]
    play = Play(store, [*pings("a", "b"), *ports])
    play.round(2)
    play.round(3, **{"a_link_p2": DOWN})
    play.say("linkDown:p1", device="b", text="p1 is down")
    (event,) = store.events()
    assert "p1 is down (snmp-trap)" in [step.note for step in store.event_steps(event.id)]
    play.round(2)
    play.say("linkDown:p1", device="b")  # the other way round: first the trap, then the probe
    play.round(3, **{"a_link_p2": DOWN})
    found = play.open()
    assert found["b/signal/linkDown:p1"].parent == found["a/link/p2"].id
    play.round(2)
    assert play.open() == {}, "the trap's event ends with its cause, nobody has to clear it"


def test_severities_follow_the_plan(store):
    policy = EventPolicy(severities=(("device:a", "warning"), ("probe:icmp", "critical")))
    play = Play(store, pings("a", "b"), policy)
    play.round(3, a=DOWN)
    play.round(3, b=DOWN, a=DOWN)
    assert {event.device: event.severity for event in store.events()} == {"a": "warning", "b": "critical"}


def test_the_push_that_mended_it_is_linked(store):
    asked = []

    def change_of(device, since_s, until_s):
        asked.append((device, since_s, until_s))
        return "20261128T050000-1"

    play = Play(store, pings("a"), change_of=change_of)
    play.round(3, a=DOWN)
    play.round(1)
    (event,) = store.events()
    assert event.change == "20261128T050000-1"
    assert asked == [("a", event.opened_s, event.resolved_s)]
    assert "linked" in [step.step for step in store.event_steps(event.id)]


def test_another_monitor_goes_on_with_what_is_open(store):
    policy = EventPolicy(thresholds=(("days_left", 30.0, None),))
    play = Play(store, pings("a", "b"), policy)
    play.round(3, values=(("days_left", 3.0),))
    play.round(3, b=DOWN, values=(("days_left", 3.0),))
    assert len(store.events(open_only=True)) == 3
    later = Play(store, pings("a", "b"), policy)
    later.now_s = play.now_s
    later.round(2, values=(("days_left", 90.0),))
    assert later.open() == {}


def test_what_nobody_watched_before_an_outage_is_no_part_of_it(store):
    play = Play(store, pings("a"))
    play.round(2)
    play.now_s += 8 * 3600.0  # no monitor ran over night
    play.round(3, a=DOWN)
    play.round(1)
    assert store.events()[0].note == ""
    play.round(2)
    play.round(3, a=DOWN)
    play.now_s += 60.0
    play.round(1)
    assert "not observed for 62 s of it" in store.events()[0].note


def test_a_loss_ends_with_a_row_of_good_probes_over_a_restart_too(store):
    play = Play(store, pings("a"))
    for number in range(60):
        play.round(1, **({"a": DOWN} if number % 20 == 7 else {}))
    (event,) = store.events(open_only=True)
    later = Play(store, pings("a"))
    later.now_s = play.now_s
    later.round(40)
    assert store.event(event.id).resolved_s is None, "48 good probes end it, not the first one"
    later.round(10)
    assert store.event(event.id).phase is Phase.CLOSED


@pytest.mark.parametrize("blocked", [False, True])
def test_a_flow_of_pings_that_fails_is_no_device_that_died(store, blocked):
    ping = target("icmp", device="b", detail="flow", interval_s=ROUND_S)
    params = (("expect", "blocked"),) if blocked else (("flow", "f"),)
    flow = replace(ping, id="flow/f/icmp", vantage="" if blocked else "a", params=params)
    play = Play(store, [*pings("a", "b", "c"), flow, target("mqtt", 1883, device="b", interval_s=ROUND_S)])
    play.round(3)
    play.round(3, flow_f_icmp=DOWN)
    play.round(3, flow_f_icmp=DOWN, b_mqtt=DOWN)
    found = play.open()
    assert found["b/mqtt"].parent is None, "its machine answers"


def test_what_lies_behind_a_device_is_told_by_its_address():
    behind = replace(target("icmp", device="fw-1", detail="cloud"), address="198.51.100.10")
    event = Event(1, behind.id, "fw-1", "critical", "no reply", T0)
    assert headline(event, behind) == "198.51.100.10 does not answer: no reply"
    assert headline(event, target("icmp", device="fw-1")) == "fw-1 does not answer: no reply"
    assert lost_with([event], {behind.id: behind}) == "with it: 1 service"


def test_a_severity_of_the_plan_stays_when_it_becomes_worse(store):
    policy = EventPolicy(thresholds=(("days_left", 30.0, 7.0),), severities=(("kind:value", "warning"),))
    play = Play(store, pings("a"), policy)
    play.round(3, values=(("days_left", 20.0),))
    play.round(3, values=(("days_left", 6.0),))
    (event,) = store.events()
    assert event.severity == "warning"


def test_what_no_database_takes_as_text_stops_no_monitor(store):
    play = Play(store, pings("a", "b"))
    play.round(2)
    play.say("fan\ud800Failed:2", text="a\0b \ud800 c")
    (event,) = store.events()
    assert (event.target, event.cause) == ("a/signal/fan\ufffdFailed:2", "a\ufffdb \ufffd c (snmp-trap)")
    for reason in ("banner\0", "banner\ud800"):
        for index, item in enumerate(play.targets):
            play.recorder.take(index, Sample(item.id, play.now_s, DOWN, reason=reason))
            play.recorder.take(index, Sample(item.id, play.now_s + 1, DOWN, reason=reason))
        play.now_s += ROUND_S
    play.recorder.keep_house(play.now_s)
    assert {i.reason for i in store.latest()} == {"banner\ufffd"}
    play.say("fan\ud800Failed:2", clears=True)
    assert store.event(event.id).resolved_s is not None, "its name is found again"


def test_signals_wait_in_their_queue_while_the_store_is_away(store, monkeypatch):
    @contextmanager
    def away():
        raise ParkopsError("the store's server is away")
        yield

    play = Play(store, pings("a"))
    with monkeypatch.context() as patched:
        patched.setattr(store, "transaction", away)
        for number in range(5):
            play.say(f"fanFailed:{number}")
        assert play.signals.waiting == 4, (
            "their queue drops the oldest when it is full; a list would only grow"
        )
    play.recorder.keep_house(play.now_s)
    play.recorder.keep_house(play.now_s)
    assert len(play.open()) == 5


@pytest.mark.parametrize("subject", ["device:b", "zone:z", "tenant:acme", "role:access-switch", "all"])
def test_what_devices_say_during_planned_work_is_told_to_nobody(store, subject):
    window = Window("w", subject, "换风扇", T0, T0 + 20.0)
    watched = [replace(item, zone="z", tenant="acme") for item in pings("b")]
    play = Play(store, watched, EventPolicy(maintenance=(window,), receivers=(OPS,)))
    play.round(1)
    play.say("fanFailed:2", device="b")
    play.round(2)
    (event,) = store.events()
    assert (event.muted, event.tenant) == ("maintenance: 换风扇", "acme")
    play.round(12)
    (event,) = store.events()
    assert event.muted == ""
    assert [item.what for item in store.deliveries_of(event.id)] == ["opened"]


def test_a_flood_of_signals_is_taken_a_part_at_a_time(store):
    play = Play(store, pings("a"))
    for number in range(1500):
        play.signals.put(Signal(T0, "alert", "a", f"X:{number}", "critical", "said"))
    counts = []
    for second in range(2):
        play.recorder.keep_house(T0 + second)
        counts.append(len(play.open()))
    assert counts == [1000, 1500]
