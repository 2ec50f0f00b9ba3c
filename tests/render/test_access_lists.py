"""Lists without state let through what the rules allow, and a rule more moves no other entry."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
import sample
from hypothesis import given
from hypothesis import strategies as st

from parkops.model import Interface, PortMode, Rule
from parkops.platforms import find_platforms
from parkops.render import Renderer
from parkops.render.access_lists import INTERNET, SPACES, Entry, default_number, rule_entries
from parkops.render.notation import outside

PARK = ("10.0.0.0/8",)
PLACES = ("10.1.1.0/24", "10.1.2.0/24", "10.2.0.0/16")
HOSTS = ("10.1.1.7", "10.1.2.7", "10.2.3.4", "10.9.9.9", "8.8.8.8", "203.0.113.5")
PORTS = (Interface("in", PortMode.ROUTED), Interface("out", PortMode.ROUTED))
places = st.lists(st.sampled_from(PLACES), min_size=1, max_size=2, unique=True).map(tuple)
anywhere = st.one_of(places, st.just((INTERNET,)))


@st.composite
def rule_sets(draw: st.DrawFn, spread: int = 9999) -> list[Rule]:
    """Draw rules with the ids that a lock file might give; outside is at one end only."""
    found = []
    for number in draw(st.lists(st.integers(1, spread), min_size=1, max_size=6, unique=True)):
        src = draw(anywhere)
        dst = draw(places if src == (INTERNET,) else anywhere)
        ways = draw(st.sampled_from((("in", "out"), ("out", "in"), ("in,out", "in,out"), ("in", "in,out"))))
        one_way = draw(st.booleans())
        found.append(
            Rule(
                f"R{number:04d}",
                "flow",
                "reason",
                *ways,
                draw(st.sampled_from(("tcp", "udp"))),
                draw(st.sampled_from(((80,), (80, 443)))),
                src,
                dst,
                (),
                (),
                sample.at("flows"),
                stateful=not one_way,
                one_way=one_way,
            )
        )
    return sorted(found, key=lambda rule: rule.id)


def fits(prefix: str, address: str) -> bool:
    return not prefix or ip_address(address) in ip_network(prefix)


def within(places: tuple[str, ...], address: str) -> bool:
    if places == (INTERNET,):
        return not any(fits(park, address) for park in PARK)
    return any(fits(place, address) for place in places)


def passes(entries: list[Entry], packet: tuple[str, str, str, int, int, bool]) -> bool:
    """Return what a device does that tries one entry after the other, in the order of their numbers."""
    protocol, src, dst, src_port, dst_port, established = packet
    for entry in entries:
        if (
            entry.protocol in ("", protocol)
            and fits(entry.src, src)
            and fits(entry.dst, dst)
            and entry.src_port in (0, src_port)
            and entry.dst_port in (0, dst_port)
            and (established or not entry.established)
        ):
            return entry.action == "permit"
    return False


def allowed(rules: list[Rule], port: str, packet: tuple[str, str, str, int, int, bool]) -> bool:
    """Return what the rules say of a packet that comes in by a port."""
    protocol, src, dst, src_port, dst_port, established = packet
    asks = any(
        port in rule.in_interface.split(",")
        and rule.protocol == protocol
        and within(rule.src_v4, src)
        and within(rule.dst_v4, dst)
        and dst_port in rule.ports
        for rule in rules
    )
    return asks or any(
        port in rule.out_interface.split(",")
        and rule.stateful
        and rule.protocol == protocol
        and within(rule.dst_v4, src)
        and within(rule.src_v4, dst)
        and src_port in rule.ports
        and (established or protocol == "udp")
        for rule in rules
    )


packets = st.tuples(
    st.sampled_from(("tcp", "udp")),
    st.sampled_from(HOSTS),
    st.sampled_from(HOSTS),
    st.sampled_from((80, 443, 50000)),
    st.sampled_from((80, 443, 50000)),
    st.booleans(),
)


@given(
    rules=rule_sets(), kind=st.sampled_from(sorted(SPACES)), asked=st.lists(packets, min_size=20, max_size=20)
)
def test_a_list_lets_through_what_the_rules_allow(rules: list[Rule], kind: str, asked: list) -> None:
    for port in PORTS:
        entries = rule_entries(rules, port, six=False, parks=PARK, kind=kind)
        for packet in asked:
            assert passes(entries, packet) == allowed(rules, port.name, packet), packet


@given(rules=rule_sets(spread=1200), kind=st.sampled_from(sorted(SPACES)), data=st.data())
def test_a_rule_more_moves_no_entry(rules: list[Rule], kind: str, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(rules))
    fewer = [rule for rule in rules if rule is not gone]
    for port in PORTS:
        full = {entry.number: entry for entry in rule_entries(rules, port, False, PARK, kind)}
        less = {entry.number: entry for entry in rule_entries(fewer, port, False, PARK, kind)}
        assert all(full[number] == entry for number, entry in less.items())
        assert len(full) == len(rule_entries(rules, port, False, PARK, kind))
        assert all(0 < number < default_number(kind) for number in full)


def test_narrow_numbers_hold_more_entries_than_a_share() -> None:
    rule = sample.rules("in", "out")[0]
    wide = replace(rule, id="R0007", ports=tuple(range(1, 200)))
    entries = rule_entries([wide, replace(wide, id="R0008")], PORTS[0], False, PARK, "narrow")
    assert len({entry.number for entry in entries}) == 2 * 199
    assert entries[-1].number < default_number("narrow") <= 65534


def test_more_entries_than_numbers_is_an_error() -> None:
    rule = replace(sample.rules("in", "out")[0], id="R0007", ports=tuple(range(1, 4000)))
    with pytest.raises(ValueError, match=r"R0007 .*more entries than the access list has numbers"):
        rule_entries([rule], PORTS[0], False, PARK, "narrow")


@given(
    st.lists(st.sampled_from((*PLACES, "172.16.0.0/12", "0.0.0.0/8", "224.0.0.0/4")), min_size=1, unique=True)
)
def test_outside_is_what_no_prefix_holds(prefixes: list[str]) -> None:
    ranges = [tuple(int(ip_address(end)) for end in ends) for ends in outside(prefixes)]
    for host in (
        *HOSTS,
        "172.15.255.255",
        "172.16.0.0",
        "223.255.255.255",
        "224.0.0.1",
        "1.0.0.0",
        "0.1.2.3",
    ):
        inside = any(fits(prefix, host) for prefix in prefixes)
        unicast = 1 <= int(host.partition(".")[0]) < 224
        assert any(low <= int(ip_address(host)) <= high for low, high in ranges) == (unicast and not inside)


NUMBERED = [
    name
    for name in find_platforms().names()
    if "acl" in find_platforms().get(name).features and name != "frr"
]


@pytest.mark.parametrize("platform", NUMBERED)
def test_configurations_only_grow_by_a_rule(platform: str) -> None:
    """No line of the smaller configuration goes away: nothing was numbered anew."""
    device = sample.boundary(platform)
    bare = sample.only(device, "interfaces", rules=device.rules)

    def lines(rules: tuple[Rule, ...]) -> set[str]:
        artifacts = Renderer.of(sample.sample_park(platform, bare)).device(replace(bare, rules=rules))
        return {line.strip() for item in artifacts for line in item.text.splitlines()}

    for gone in device.rules[:2]:
        fewer = tuple(rule for rule in device.rules if rule is not gone)
        assert lines(fewer) <= lines(device.rules) | {"-"}, gone.id
