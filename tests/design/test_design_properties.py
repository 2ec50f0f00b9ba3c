"""What holds for the design of every park: stable, deterministic, and exactly what the flows allow."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Interface, IPv6Interface, ip_interface, ip_network

import pytest
from design_oracle import passes
from design_parks import designed, plan_trees, shuffled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkops.model import Park, PortMode, Role
from parkops.render import render

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def allocations(park: Park) -> dict[str, object]:
    """Return everything that is given out, by what it is given to."""
    given_out: dict[str, object] = {}
    for device in park.devices:
        given_out[f"{device.name} management"] = device.management_ipv4
        given_out[f"{device.name} loopback"] = (device.loopback_ipv4, device.loopback_ipv6)
        for port in device.interfaces:
            if port.link:
                given_out[f"{device.name} {port.link}"] = port.name
                given_out[f"{device.name} {port.link} in {port.segment}"] = (port.ipv4, port.ipv6, port.pvid)
        for rule in device.rules:
            given_out[f"{device.name} rule {rule.flow}"] = rule.id
    for segment in park.segments:
        given_out[f"segment {segment.id}"] = (segment.vlan, segment.ipv4, segment.ipv6)
    return given_out


@FEW
@given(data=st.data())
def test_another_plan_moves_nothing_that_stays(data: st.DataObject, base_text: str) -> None:
    """Tenants, sites, segments, endpoints, rings and flows come and go; the rest keeps its numbers."""
    before, after = data.draw(plan_trees(base_text)), data.draw(plan_trees(base_text))
    first, lock = designed(before)
    second, grown = designed(after, lock)
    old, new = allocations(first), allocations(second)
    moved = {key: (old[key], new[key]) for key in old.keys() & new.keys() if old[key] != new[key]}
    assert not moved
    again, same = designed(before, grown)
    assert allocations(again) == old
    assert same == grown


@FEW
@given(data=st.data())
def test_the_order_of_keys_does_not_matter(data: st.DataObject, base_text: str) -> None:
    tree = data.draw(plan_trees(base_text))
    park, lock = designed(tree)
    other, other_lock = designed(shuffled(tree, data.draw(st.integers(0, 9))))
    assert lock == other_lock
    assert [(item.path, item.text) for item in render(park)] == [
        (item.path, item.text) for item in render(other)
    ]


@FEW
@given(data=st.data())
def test_drawn_parks_are_sound(data: st.DataObject, base_text: str) -> None:
    check_all(designed(data.draw(plan_trees(base_text)))[0])


def test_demo_park_is_sound(demo_park: Park) -> None:
    check_all(demo_park)


def check_all(park: Park) -> None:
    for check in (addresses, vlans, cables, enforcement, expectations):
        check(park)


def addresses(park: Park) -> None:
    """Every address stands once, and the two ends of a cable share a network."""
    seen: Counter[str] = Counter()
    for device in park.devices:
        seen.update(filter(None, (device.management_ipv4, device.loopback_ipv4, device.loopback_ipv6)))
        seen.update(address for port in device.interfaces for address in (port.ipv4, port.ipv6) if address)
        if device.management_ipv4:
            assert ip_interface(device.management_ipv4).network == ip_network(park.management_network)
    hosts = Counter(address.partition("/")[0] for address in seen.elements())
    assert max(hosts.values()) == 1
    assert park.management_gateway not in hosts
    segments = {segment.id: segment for segment in park.segments}
    for device in park.devices:
        for port in device.interfaces:
            if port.segment and port.mode is PortMode.ROUTED:
                segment = segments[port.segment]
                assert IPv4Interface(port.ipv4).network == ip_network(segment.ipv4)
                assert IPv6Interface(port.ipv6).network == ip_network(segment.ipv6)
    networks = [ip_network(prefix) for item in park.segments for prefix in (item.ipv4, item.ipv6)]
    assert len(set(networks)) == len(networks)


def vlans(park: Park) -> None:
    """A VLAN belongs to one segment; switches carry their site's VLANs, tagged between switches only."""
    ids = [segment.vlan for segment in park.segments]
    assert len(set(ids)) == len(ids)
    for device in park.devices:
        if device.platform == "ietf":
            known = {vid for vid, _ in device.vlans}
            for port in device.interfaces:
                peer = park.device(port.peer_device)
                inner = any(other.parent == port.peer_interface for other in peer.interfaces)
                trunk = peer.platform == "ietf" or inner
                assert port.mode is (PortMode.TRUNK if trunk else PortMode.ACCESS)
                carried = known if port.ring else known & set(ids)  # a ring's own stays on the ring
                assert set(port.vids) == (carried if trunk else set())
                assert (port.pvid in known) is (port.mode is PortMode.ACCESS)


def cables(park: Park) -> None:
    """A cable ends at two ports that know it and each other; a port has one cable."""
    ends = Counter((link.a_device, link.a_interface) for link in park.links)
    ends.update((link.b_device, link.b_interface) for link in park.links)
    assert max(ends.values()) == 1
    for link in park.links:
        a = park.device(link.a_device).interface(link.a_interface)
        b = park.device(link.b_device).interface(link.b_interface)
        assert a.link == b.link == link.id
        assert (a.peer_device, a.peer_interface) == (link.b_device, link.b_interface)
        assert (b.peer_device, b.peer_interface) == (link.a_device, link.a_interface)
        if link.kind == "backbone":
            assert ip_interface(a.ipv4).network == ip_interface(b.ipv4).network
            assert ip_interface(a.ipv4).network.prefixlen == 31
            assert ip_interface(a.ipv6).network == ip_interface(b.ipv6).network
    cabled = {(device.name, port.name) for device in park.devices for port in device.interfaces if port.link}
    assert cabled == set(ends)


def enforcement(park: Park) -> None:
    """A flow has one rule on each boundary that it crosses, and none elsewhere; ids are unique."""
    external = {zone.id for zone in park.zones if zone.kind == "external"}
    firewall = next(device.name for device in park.devices if device.role is Role.PARK_FIREWALL)
    assert len({flow.id for flow in park.flows}) == len(park.flows)
    pairs = {pair.devices[0]: pair.devices for pair in park.pairs if pair.kind == "firewall"}
    for flow in park.flows:
        ends = [item for item in park.segments if {item.zone, item.id} & {flow.src, flow.dst}]
        expected = {
            name for segment in ends for name in pairs.get(segment.gateway_device, (segment.gateway_device,))
        }
        if flow.dst in external:
            expected.add(firewall)
        elif len(ends) == 1:
            expected = set()  # it stays inside one segment
        rules = [
            (device.name, rule)
            for device in park.devices
            for rule in device.rules
            if rule.flow == flow.id and rule.out_interface
        ]
        assert sorted(name for name, _ in rules) == sorted(expected)
        assert all(rule.ports == flow.ports and rule.protocol == flow.protocol for _, rule in rules)
    for device in park.devices:
        assert len({rule.id for rule in device.rules}) == len(device.rules)


def expectations(park: Park) -> None:
    """Each expectation is told once, and the rules let pass exactly what is expected to."""
    told = Counter(
        (item.src_device, item.dst_address, item.protocol, item.port) for item in park.expectations
    )
    assert not told or max(told.values()) == 1
    for item in park.expectations:
        source, destination = park.device(item.src_device), park.device(item.dst_device)
        seen = passes(park, source, destination, item.dst_address, item.protocol, item.port)
        assert seen is item.allowed, item.id
        assert item.allowed is bool(item.flow)


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_demo_expects_both_outcomes(demo_park: Park, family: str) -> None:
    of_family = [item for item in demo_park.expectations if item.id.endswith(family)]
    assert {item.allowed for item in of_family} == {True, False}
