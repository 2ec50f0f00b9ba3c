"""One failure is one event with its consequences under it, told from the park's topology."""

import random
from collections import deque
from dataclasses import replace
from itertools import pairwise

import pytest
from monitor_parts import park_of, target

from parkops.design import design
from parkops.model import Device, Event, Link, Role, SourceRef
from parkops.monitor.cause import Analyst
from parkops.monitor.topology import Topology
from parkops.pipeline import load_park
from parkops.plan import load
from parkops.plan.generate import generated
from parkops.resources import folder

T0 = 1000.0
SOURCE = SourceRef("park.yaml", 1, 1, "")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    from parkops.model import Workspace

    root = tmp_path_factory.mktemp("demo")
    (root / "park.yaml").write_bytes((folder("inventories") / "demo" / "park.yaml").read_bytes())
    return load_park(Workspace(root))


@pytest.fixture(scope="module")
def thousand(tmp_path_factory):
    root = tmp_path_factory.mktemp("thousand")
    for name, text in generated(1000, "open").items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return design(load(root / "park.yaml"), {})[0]


def analyst(park, window_s=20.0):
    return Analyst(Topology.of(park), {target.id: target for target in park.targets}, window_s)


def reached(park, starts, dead=(), cut=()):
    """What can be reached without dead devices and cut links: another search than the one that is tested."""
    ways = {}
    for link in park.links:
        if link.id not in cut:
            ways.setdefault(link.a_device, []).append(link.b_device)
            ways.setdefault(link.b_device, []).append(link.a_device)
    seen, queue = set(starts) - set(dead), deque(set(starts) - set(dead))
    while queue:
        for other in ways.get(queue.popleft(), ()):
            if other not in seen and other not in dead:
                seen.add(other)
                queue.append(other)
    return seen


def storm(park, dead=(), cut=(), *, in_band=True, seed=1):
    """The events that a failure leads to, opened in any order, and what still answers."""
    topology = Topology.of(park)
    ends, roots = topology.ends, topology.roots
    seen = reached(park, roots, dead, cut) if in_band else {d.name for d in park.devices} - set(dead)
    lost = [t for t in park.targets if t.device not in seen and t.probe != "link"]
    lost += [
        t
        for t in park.targets
        if t.probe == "link"
        and t.device in seen
        and (t.param("link") in cut or (dead and set(ends[t.param("link")]) & set(dead)))
    ]
    random.Random(seed).shuffle(lost)
    events = [
        Event(n, t.id, t.device, "critical", "no reply", T0 + n * 0.01) for n, t in enumerate(lost, start=1)
    ]
    alive = dict.fromkeys(seen, T0 + 1000)
    return events, alive


def roots_of(events, parents):
    return {event.target for event in events if parents[event.id] is None}


@pytest.mark.parametrize("in_band", [True, False])
def test_each_device_of_the_demo_that_dies_is_one_event(demo, in_band):
    tried = 0
    for device in demo.managed:
        if device.name in Topology.of(demo).roots:
            continue
        events, alive = storm(demo, [device.name], in_band=in_band)
        parents = analyst(demo).explain(events, alive)
        assert roots_of(events, parents) == {f"{device.name}/icmp"}, device.name
        tried += 1
    assert tried >= 10


def test_each_cable_of_the_demo_that_is_cut_is_one_event(demo):
    watched = {t.param("link"): t for t in demo.targets if t.probe == "link"}
    assert len(watched) >= 3
    for link, seen_at in watched.items():
        events, alive = storm(demo, cut=[link], in_band=False)
        assert roots_of(events, analyst(demo).explain(events, alive)) == {seen_at.id}


def test_one_device_of_a_thousand_that_takes_many_with_it_is_one_event(thousand):
    """Every device that has others behind it fails once; what it takes with it is found by removing it."""
    topology, asked = Topology.of(thousand), analyst(thousand)
    everything = reached(thousand, topology.roots)
    managed = {device.name for device in thousand.managed}
    worst = sorted(
        (len(everything & managed) - len(reached(thousand, topology.roots, [d.name]) & managed), d.name)
        for d in thousand.managed
        if d.name not in topology.roots and d.role not in (Role.EDGE_GATEWAY, Role.ACCESS_POINT)
    )[-15:]
    assert worst[-1][0] >= 20, "no device takes many with it: this proves nothing"
    for _, name in worst:
        events, alive = storm(thousand, [name])
        parents = asked.explain(events, alive)
        assert roots_of(events, parents) == {f"{name}/icmp"}
        cause = next(event.id for event in events if event.target == f"{name}/icmp")
        assert {parent for parent in parents.values() if parent is not None} <= {cause}


def test_what_fails_by_itself_at_the_same_time_stands_alone(thousand):
    topology = Topology.of(thousand)
    managed = [d.name for d in thousand.managed if d.name not in topology.roots]
    sizes = {name: len(reached(thousand, topology.roots, [name])) for name in managed}
    half = len(reached(thousand, topology.roots)) // 2
    cause = min((name for name in managed if sizes[name] > half), key=lambda name: sizes[name])
    left = reached(thousand, topology.roots, [cause])
    alone = next(name for name in reversed(managed) if name in left)
    events, alive = storm(thousand, [cause, alone])
    parents = analyst(thousand).explain(events, alive)
    assert roots_of(events, parents) == {f"{cause}/icmp", f"{alone}/icmp"}


def test_a_management_network_of_its_own_makes_each_loss_a_cause(thousand):
    """Everything else answers: a device behind the dead one is not lost with it, it is dead, too."""
    topology = Topology.of(thousand)
    managed = [d.name for d in thousand.managed if d.name not in topology.roots]
    cause = max(managed, key=lambda name: -len(reached(thousand, topology.roots, [name])))
    behind = next(name for name in managed if name not in reached(thousand, topology.roots, [cause]))
    events, alive = storm(thousand, [cause, behind], in_band=False)
    parents = analyst(thousand).explain(events, alive)
    neighbours = {other for _, other in topology.neighbours[behind]}
    if neighbours - {cause}:
        assert roots_of(events, parents) == {f"{cause}/icmp", f"{behind}/icmp"}


def line_of(*names, targets=(), vantage=""):
    """root - a - b - c ..., one cable between neighbours."""
    devices = [Device(n, Role.MANAGEMENT if n == "root" else Role.ACCESS_SWITCH, "linux", SOURCE,
                      management_ipv4="10.0.0.1/24") for n in names]  # fmt: skip
    links = [Link(f"{a}-{b}", a, "p2", b, "p1", "uplink") for a, b in pairwise(names)]
    pings = [target("icmp", device=name) for name in names]
    return park_of(*pings, *targets, devices=devices, links=tuple(links))


def down(number, target_id, time_s, kind="outage"):
    return Event(number, target_id, target_id.partition("/")[0], "critical", "x", time_s, kind=kind)


def test_late_causes_and_late_consequences():
    park = line_of("root", "a", "b", "c")
    asked = analyst(park, window_s=20)
    late_cause = [down(1, "c/icmp", T0), down(2, "b/icmp", T0 + 5), down(3, "a/icmp", T0 + 10)]
    assert asked.explain(late_cause, {}) == {1: 3, 2: 3, 3: None}
    too_late = [down(1, "c/icmp", T0), down(2, "a/icmp", T0 + 21)]
    assert asked.explain(too_late, {}) == {1: None, 2: None}
    much_later = [down(1, "a/icmp", T0), down(2, "c/icmp", T0 + 5000)]
    assert asked.explain(much_later, {}) == {1: None, 2: 1}


def test_a_cable_explains_what_is_only_behind_it_and_a_dead_end_explains_the_cable():
    ports = [target("link", device="a", detail="p2", interface="p2", link="a-b")]
    park = line_of("root", "a", "b", "c", targets=ports)
    asked = analyst(park)
    cut = [down(1, "a/link/p2", T0), down(2, "c/icmp", T0 + 1)]
    assert asked.explain(cut, {"b": T0 + 5}) == {1: None, 2: None}, "b answers, so c is not cut off"
    assert asked.explain(cut, {}) == {1: None, 2: 1}
    dead = [*cut, down(3, "b/icmp", T0 + 2)]
    assert asked.explain(dead, {}) == {1: 3, 2: 3, 3: None}


def test_traffic_between_nodes_is_lost_with_what_stands_between_them():
    flow = replace(target("flow", device="c", flow="f"), id="flow/f/tcp/1", vantage="root")
    near = replace(target("flow", device="a", flow="g"), id="flow/g/tcp/1", vantage="root")
    ports = [target("link", device="a", detail="p2", interface="p2", link="a-b")]
    asked = analyst(line_of("root", "a", "b", "c", targets=(flow, near, *ports)))
    answering = dict.fromkeys("abc", T0 + 99)  # over a management network of their own
    lost = Event(2, "flow/f/tcp/1", "c", "warning", "timed out", T0)
    other = Event(3, "flow/g/tcp/1", "a", "warning", "timed out", T0)
    events = [down(1, "a/link/p2", T0 + 1), lost, other]
    assert asked.explain(events, answering) == {1: None, 2: 1, 3: None}
    assert asked.explain([lost, other], answering) == {2: None, 3: 2}, "they share the first cable"
    assert asked.suspects([lost, other], []) == ("root-a",)
    assert asked.suspects([lost], ["flow/g/tcp/1"]) == ("a-b", "b-c"), "the first carries a healthy flow"


def test_traffic_to_a_dead_service_is_lost_with_it_and_forbidden_traffic_is_one_event():
    flow = replace(target("flow", 1883, device="b", flow="f"), id="flow/f/tcp/1883", vantage="root")
    rogue = [
        replace(target("flow", 80, device="b", expect="blocked"), id=f"forbidden/{name}", vantage=name)
        for name in ("root", "a")
    ]
    asked = analyst(line_of("root", "a", "b", targets=(flow, *rogue, target("mqtt", 1883, device="b"))))
    lost = Event(2, "flow/f/tcp/1883", "b", "warning", "connection refused", T0)
    assert asked.explain([down(1, "b/mqtt", T0 + 2), lost], {}) == {1: None, 2: 1}
    opened = [
        Event(n, f"forbidden/{name}", "b", "critical", "x", T0 + n) for n, name in ((1, "root"), (2, "a"))
    ]
    assert asked.explain(opened, {}) == {1: None, 2: 1}
    assert asked.suspects(opened, []) == ()


def test_services_and_signals_go_with_their_machine_and_their_link():
    ports = [target("link", device="a", detail="p2", interface="p2", link="a-b")]
    services = [target("mqtt", 1883, device="b")]
    asked = analyst(line_of("root", "a", "b", targets=(*services, *ports)))
    trap = Event(3, "b/signal/linkDown:p1", "b", "warning", "linkDown", T0, kind="signal")
    events = [down(1, "a/link/p2", T0), trap]
    assert asked.explain(events, {}) == {1: None, 3: 1}
    events = [down(1, "b/icmp", T0 + 3), down(2, "b/mqtt", T0), trap]
    assert asked.explain(events, {}) == {1: None, 2: 1, 3: 1}
    slow = [down(1, "b/icmp", T0, "latency"), down(2, "b/mqtt", T0, "latency")]
    assert asked.explain(slow, {}) == {1: None, 2: 1}


def test_the_cable_that_carries_the_segment_is_suspected_of_several_side_by_side(demo):
    lost = Event(1, "flow/video-wall/tcp/554", "pub-camera", "warning", "no answer", T0)
    found = analyst(demo).suspects([lost], ["flow/energy-read/tcp/502", "flow/hx-edge/tcp/1883"])
    assert found == ("fw-1--pub-sw-1:pub-video", "pub-sw-1--pub-camera")
