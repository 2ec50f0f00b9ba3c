"""Seamless redundancy: what holds for the member streams and the tables of every ring that is drawn."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import yaml
from design_parks import designed, text_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkops.design.frer import latent_errors, recovery_times
from parkops.design.trace import explain
from parkops.model import Park, PortMode, Stream
from parkops.model.frer import Frer, MemberStream
from parkops.plan import parse
from parkops.show import table

FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
MS_NS = 1_000_000
Tree = dict[str, Any]


@st.composite
def rings(draw: st.DrawFn, base: str) -> Tree:
    """Draw a ring of 3 to 7 switches, two endpoints on each, and streams that fit, redundant or not."""
    tree: Tree = yaml.safe_load(base)
    count = draw(st.integers(3, 7))
    site = tree["tenants"]["acme"]["sites"]["p1"]
    site |= {"switches": count, "ring": {"protocol": draw(st.sampled_from(("rstp", "erps")))}}
    site["endpoints"] = {
        f"{name}{number}": {
            "title": "endpoint", "segment": "control", "element": "machines", "count": 1, "switch": number,
        }
        for number in range(1, count + 1)
        for name in "ef"
    }  # fmt: skip
    site["tsn"] = {"cycle_us": 1000, "streams": draw(streams(count))}
    tree["flows"] = {"web": tree["flows"]["web"]}
    return tree


@st.composite
def streams(draw: st.DrawFn, count: int) -> Tree:
    """Draw streams by name; a talker sends one redundant stream at most."""
    found: Tree = {}
    for talker in draw(st.lists(st.integers(1, count), min_size=1, max_size=3, unique=True)):
        others = [number for number in range(1, count + 1) if number != talker]
        ends = [f"{name}{number}" for number in others for name in "ef"]
        listeners = draw(st.lists(st.sampled_from(ends), min_size=1, max_size=4, unique=True))
        found[f"s{talker}"] = {
            "from": f"e{talker}",
            "to": listeners,
            "period_us": draw(st.sampled_from((500, 1000))),
            "frame_bytes": draw(st.integers(64, 300)),
            "latency_us": 400,
            "redundant": draw(st.booleans()),
        }
    return found


def tables(park: Park) -> dict[str, Frer]:
    return {device.name: device.frer for device in park.devices if device.frer is not None}


def redundant(park: Park) -> list[Stream]:
    return [stream for stream in park.streams if stream.redundant]


@FEW
@given(data=st.data())
def test_a_member_stays_on_its_vlans_ports_and_its_vlan_has_no_other(
    data: st.DataObject, base_text: str
) -> None:
    park, _ = designed(data.draw(rings(base_text)))
    segments = {segment.vlan for segment in park.segments}
    for stream in redundant(park):
        for member in stream.members:
            assert member.vlan not in segments
            carried = {
                (device.name, port.name)
                for device in park.devices
                for port in device.interfaces
                if member.vlan in port.vids or member.vlan == port.pvid
            }
            trunks = {
                (name, port)
                for name, port in member.ports
                if park.device(name).interface(port).mode is PortMode.TRUNK
            }
            assert carried == trunks  # an access port has it in the tables only
            listed = {
                (name, port)
                for name, frer in tables(park).items()
                for vlan in frer.vlans
                if vlan.vid == member.vlan
                for port in (*vlan.inward, *vlan.outward)
            }
            assert listed == set(member.ports)
            assert ends(park, member) <= set(member.ports)
            known = {device.name for device in park.devices if member.vlan in dict(device.vlans)}
            assert known == {name for name, _ in member.ports}


def ends(park: Park, member: MemberStream) -> set[tuple[str, str]]:
    """Return the ports of switches at the links of a member's way."""
    switches = {name for domain in park.tsn for name in domain.devices}
    links = {link.id: link for link in park.links}
    return {
        end
        for name in member.path
        for end in (
            (links[name].a_device, links[name].a_interface),
            (links[name].b_device, links[name].b_interface),
        )
        if end[0] in switches
    }


@FEW
@given(data=st.data())
def test_no_vlan_of_a_member_has_a_loop_and_no_ring_blocks_it(data: st.DataObject, base_text: str) -> None:
    park, _ = designed(data.draw(rings(base_text)))
    links = {link.id: link for link in park.links}
    for stream in redundant(park):
        for member in stream.members:
            nodes = {end for name in member.path for end in (links[name].a_device, links[name].b_device)}
            assert len(set(member.path)) == len(nodes) - 1  # a tree: connected, as its frames reach all
            for device in park.devices:
                assert all(member.vlan not in ring.vids for ring in device.ring_members)


@FEW
@given(data=st.data())
def test_the_two_ways_to_a_listener_share_its_cable_and_the_talkers_only(
    data: st.DataObject, base_text: str
) -> None:
    park, _ = designed(data.draw(rings(base_text)))
    for stream in redundant(park):
        for listener in stream.listeners:
            ways = [way(park, stream.talker, listener, member) for member in stream.members]
            assert len(ways) == 2
            shared = set(ways[0]) & set(ways[1])
            assert shared == {ways[0][0], ways[0][-1]}
            assert set(ways[0] + ways[1]) <= set(stream.path)


def way(park: Park, talker: str, listener: str, member: MemberStream) -> list[str]:
    """Follow a member's frames by the tables alone, from the talker's cable to the listener's."""
    frer, links = tables(park), {link.id: link for link in park.links}
    first = next(link for link in links.values() if talker in (link.a_device, link.b_device))
    at, found = first.a_device if first.b_device == talker else first.b_device, [first.id]
    while at != listener:
        vlan = next(item for item in frer[at].vlans if item.vid == member.vlan)
        ports = [park.device(at).interface(name) for name in vlan.outward]
        port = next((port for port in ports if port.peer_device == listener), None)
        port = port or next(port for port in ports if port.ring)
        assert port.link not in found
        found.append(port.link)
        at = port.peer_device
    return found


@FEW
@given(data=st.data())
def test_what_is_split_is_merged(data: st.DataObject, base_text: str) -> None:
    park, _ = designed(data.draw(rings(base_text)))
    found = tables(park)
    for stream in redundant(park):
        handles = tuple(member.handle for member in stream.members)
        assert [
            item.inputs for frer in found.values() for item in frer.splits if item.outputs == handles
        ] == [(stream.handle,)]
        generated = [item.handles for frer in found.values() for item in frer.generations]
        assert generated.count((stream.handle,)) == 1
        merged = [
            (name, item)
            for name, frer in found.items()
            for item in frer.recoveries
            if item.handles == handles
        ]
        ports = [park.device(name).interface(item.port) for name, item in merged]
        assert sorted(port.peer_device for port in ports) == list(stream.listeners)
        assert all(item.latent and item.latent.paths == 2 and not item.individual for _, item in merged)
        for member in stream.members:
            alone = [
                item
                for frer in found.values()
                for item in frer.recoveries
                if item.handles == (member.handle,)
            ]
            assert len(alone) == len(stream.listeners)
            assert all(item.individual and item.latent is None for item in alone)
            known = {
                (name, port)
                for name, frer in found.items()
                for item in frer.identities
                if item.handle == member.handle and item.direction == "input"
                for port in item.ports
            }
            assert known == {(name, item.port) for name, item in merged}
            for frer in found.values():
                for item in frer.identities:
                    if item.handle == member.handle:
                        assert (item.vlan, item.destination) == (member.vlan, stream.destination)


@FEW
@given(data=st.data())
def test_tables_have_one_entry_for_each_key_and_name_handles_that_are_known(
    data: st.DataObject, base_text: str
) -> None:
    park, _ = designed(data.draw(rings(base_text)))
    for frer in tables(park).values():
        for keys in (
            [item.index for item in frer.identities],
            [item.index for item in frer.generations],
            [item.index for item in frer.recoveries],
            [item.port for item in frer.codings],
            [item.port for item in frer.splits],
            [item.vid for item in frer.vlans],
        ):
            assert max(Counter(keys).values(), default=1) == 1
        known = {item.handle for item in frer.identities}
        for entry in (*frer.generations, *frer.recoveries, *frer.codings):
            assert set(entry.handles) <= known
        for split in frer.splits:
            assert {*split.inputs, *split.outputs} <= known


@FEW
@given(data=st.data())
def test_no_number_is_given_twice(data: st.DataObject, base_text: str) -> None:
    park, _ = designed(data.draw(rings(base_text)))
    found = redundant(park)
    handles = [handle for item in found for handle in (item.handle, *(part.handle for part in item.members))]
    vlans = [part.vlan for item in found for part in item.members]
    for numbers_of in (handles, vlans, [item.destination for item in found]):
        assert len(set(numbers_of)) == len(numbers_of)


@FEW
@given(data=st.data())
def test_another_stream_moves_nothing_that_stays(data: st.DataObject, base_text: str) -> None:
    tree = data.draw(rings(base_text))
    site = tree["tenants"]["acme"]["sites"]["p1"]
    whole = dict(site["tsn"]["streams"])
    gone = data.draw(st.sampled_from(sorted(whole)))
    site["tsn"]["streams"] = {name: stream for name, stream in whole.items() if name != gone}
    before, lock = designed(tree)
    site["tsn"]["streams"] = whole
    after, grown = designed(tree, lock)
    assert numbers(before).items() <= numbers(after).items()
    old, new = tables(before), tables(after)
    for name, frer in old.items():
        for kind in ("generations", "splits", "vlans"):
            assert set(getattr(frer, kind)) <= set(getattr(new[name], kind))
        assert indexes(frer) <= indexes(new[name])
    assert designed(tree, grown)[1] == grown


def numbers(park: Park) -> dict[str, object]:
    found: dict[str, object] = {}
    for stream in redundant(park):
        found[stream.id] = (stream.handle, stream.destination)
        found |= {f"{stream.id} {item.name}": (item.vlan, item.handle, item.ports) for item in stream.members}
    return found


def indexes(frer: Frer) -> set[tuple[object, ...]]:
    return {(item.index, item.handle) for item in frer.identities} | {
        (item.index, item.handles, item.port) for item in frer.recoveries
    }


@given(st.integers(31_000, 1_000_000_000), st.integers(0, 1_000_000))
def test_a_recovery_neither_resets_early_nor_stays_closed(interval_ns: int, spread_ns: int) -> None:
    history, reset_ms = recovery_times(interval_ns, spread_ns)
    assert reset_ms * MS_NS >= 2 * interval_ns + spread_ns  # one frame may be lost on every way
    assert reset_ms * MS_NS < 2 * interval_ns + spread_ns + MS_NS
    assert (history - 1) * interval_ns > reset_ms * MS_NS  # every gap before the reset is bridged
    assert (history - 1) * interval_ns > spread_ns  # what the slower way is behind is remembered


@given(st.integers(31_000, 1_000_000_000), st.integers(0, 1_000_000))
def test_a_dead_way_is_told_within_one_look_and_copies_under_way_are_not(
    interval_ns: int, spread_ns: int
) -> None:
    history, _ = recovery_times(interval_ns, spread_ns)
    latent = latent_errors(2, interval_ns, history)
    assert latent.period_ms * MS_NS // interval_ns > latent.difference
    assert latent.difference >= spread_ns // interval_ns + 1
    assert latent.reset_period_ms == 15 * latent.period_ms
    assert latent.period_ms >= 2000


def test_windows_have_room_for_the_tag(base_text: str) -> None:
    """An R-TAG makes each frame six bytes longer (IEEE 802.1CB-2017, 7.8): 48 ns at 1 Gbit/s."""
    spans = []
    for flag in (False, True):
        tree = yaml.safe_load(base_text)
        site = tree["tenants"]["acme"]["sites"]["p1"]
        end = {"title": "end", "segment": "control", "element": "machines", "count": 1}
        site["endpoints"] = {"a": {**end, "switch": 1}, "b": {**end, "switch": 2}}
        stream = {"from": "a", "to": ["b"], "period_us": 500, "frame_bytes": 128, "latency_us": 300}
        site["tsn"] = {"cycle_us": 500, "streams": {"s": {**stream, "redundant": flag}}}
        tree["flows"] = {"web": tree["flows"]["web"]}
        device = designed(tree)[0].device("ac-p1-sw-1")
        towards = next(port for port in device.interfaces if port.peer_device == "ac-p1-sw-2")
        assert towards.schedule is not None
        spans.append(sum(entry.duration_ns for entry in towards.schedule.entries if entry.gates == 1 << 6))
        sides = {port.peer_device for port in device.interfaces if port.schedule is not None}
        assert sides == ({"ac-p1-sw-2", "ac-p1-sw-3"} if flag else {"ac-p1-sw-2"})
    assert [after - before for before, after in pairwise(spans)] == [48]


def test_show_and_explain_tell_the_members(base_text: str) -> None:
    tree = yaml.safe_load(base_text)
    site = tree["tenants"]["acme"]["sites"]["p1"]
    end = {"title": "end", "segment": "control", "element": "machines", "count": 1}
    site["endpoints"] = {"a": {**end, "switch": 1}, "b": {**end, "switch": 2}}
    stream = {"from": "a", "to": ["b"], "period_us": 500, "frame_bytes": 128, "latency_us": 300}
    site["tsn"] = {"streams": {"s": {**stream, "redundant": True}, "t": stream}}
    tree["flows"] = {"web": tree["flows"]["web"]}
    park, lock = designed(tree)
    (row, plain) = table(park, "streams").records()
    assert row["destination"] == "03-43-42-00-00-01"
    assert row["members"] == (
        "east VLAN 104: ac-p1-sw-1 > ac-p1-sw-2, 19.2 µs; "
        "west VLAN 105: ac-p1-sw-1 > ac-p1-sw-3 > ac-p1-sw-2, 26.9 µs"
    )
    assert (plain["destination"], plain["members"]) == ("", "")
    told = explain(parse(text_of(tree)), lock, "acme.p1.s.members.west.vlan")
    assert (told.value, told.run) == (105, "schedule_streams")
    assert [(item.pool, item.key, item.number) for item in told.locked] == [("vlans", "acme.p1.s/west", 105)]
    assert told.source is not None and told.source.path == "tenants.acme.sites.p1.tsn.streams.s"
    assert explain(parse(text_of(tree)), lock, "acme.p1.grandmaster").value == "ac-p1-sw-1"
