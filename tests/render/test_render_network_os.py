"""Cisco, Arista, Juniper and Nokia: golden cases, differences that lead there and back, no dangling name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sample
from sample import only, sample_park

from parkops.model import Allowance, Device, Rule
from parkops.platforms import load_platform
from parkops.push.remediation import remediate
from parkops.render import Renderer

HERE = Path(__file__).parent
PLATFORMS = ("arista_eos", "cisco_iosxe", "juniper_junos", "nokia_srlinux")
ROUTER = ("router_id", "loopback_ipv4", "loopback_ipv6", "interfaces", "routing")
SWITCH = ("interfaces", "vlans", "lags", "spanning_priority")
Make = Callable[[str], Device]


def exit_router(platform: str) -> Device:
    """Return the sample's exit router, which tells operators of the park's own networks and no others."""
    device = sample.exit_router(platform)
    igp, bgp = device.routing.igp, device.routing.bgp
    assert igp is not None
    assert bgp is not None
    own = {False: ("198.51.100.0/24",), True: ("2001:db8::/32",)}
    neighbors = tuple(replace(item, announces=own[":" in item.address]) for item in bgp.neighbors)
    routing = replace(
        device.routing, igp=replace(igp, default_route=True), bgp=replace(bgp, neighbors=neighbors)
    )
    return replace(device, routing=routing)


CASES: dict[str, tuple[Make, tuple[str, ...]]] = {  # what it shows -> the device, and what is kept of it
    "core-router": (sample.core, (*ROUTER, "vrfs")),
    "evpn-spine": (sample.spine, ROUTER),
    "evpn-leaf": (sample.leaf, (*ROUTER, "vlans", "vrfs", "vnis", "anycast_mac", "vtep_ipv4")),
    "vrrp-gateway": (sample.aggregation, (*ROUTER, *SWITCH, "pair")),
    "mlag-pair": (sample.aggregation, (*SWITCH, "mlag")),
    "ring-mrp": (lambda platform: sample.ring_switch(platform, "mrp"), (*SWITCH, "ring", "ring_members")),
    "ring-erps": (lambda platform: sample.ring_switch(platform, "erps"), (*SWITCH, "ring", "ring_members")),
    "ring-rstp": (lambda platform: sample.ring_switch(platform, "rstp"), (*SWITCH, "ring", "ring_members")),
    "dot1x-access": (sample.access_switch, SWITCH),
    "boundary-default-deny": (sample.boundary, ("interfaces", "rules")),
    "boundary-nat": (sample.boundary, ("interfaces", "nats")),
    "boundary-marks-flows": (sample.boundary, ("interfaces", "rules", "qos")),
    "exit-filters-and-policy": (exit_router, ROUTER),
    "management-plane": (sample.core, ("management_ipv4", "plane")),
    "qos-classes": (sample.spine, ("interfaces", "qos")),
    "quarantine-prepared": (sample.core, ("quarantines",)),
    "unused-ports-shut": (sample.core, ("unused",)),
}
NUMBER = re.compile(r"^(?:sequence )?\d+ (?=permit|deny|remark)")  # hier_config numbers entries by itself
DROPPED = ("exit-address-family", "no ip address")  # hier_config leaves these out
NEEDS = {  # what a case is about -> what a platform has to declare for it
    "mlag-pair": "mlag",
    "ring-mrp": "mrp",
    "ring-erps": "erps",
    "ring-rstp": "rstp",
    "dot1x-access": "dot1x",
    "boundary-nat": "nat",
    "boundary-marks-flows": "stateful-firewall",
}
BOTH = [
    (platform, case)
    for platform in PLATFORMS
    for case in CASES
    if case not in NEEDS or NEEDS[case] in load_platform(platform).features
]


def shown(device: Device) -> str:
    """Return a device's configuration."""
    (artifact,) = Renderer.of(sample_park(device.platform, device)).device(device)
    return artifact.text


def small(platform: str, case: str) -> str:
    make, kept = CASES[case]
    return shown(only(make(platform), *kept))


def whole(platform: str) -> dict[str, Device]:
    """Return one device of each role with everything that the platform declares."""
    makes = [sample.core, sample.spine, sample.leaf, sample.aggregation, sample.boundary, exit_router]
    makes += [sample.access_switch] if platform != "nokia_srlinux" else []
    return {device.name: device for device in (make(platform) for make in makes)}


@pytest.mark.parametrize(("platform", "case"), BOTH, ids=lambda part: part)
def test_golden(platform: str, case: str, goldens) -> None:
    file = "config.txt" if platform in ("arista_eos", "cisco_iosxe") else "config.set"
    goldens.check(HERE / platform / case / file, small(platform, case))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_golden_is_left_over(platform: str) -> None:
    kept = {file.parent.name for file in (HERE / platform).glob("*/*")}
    assert kept == {case for name, case in BOTH if name == platform}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_differences_lead_there_and_back(platform: str) -> None:
    """The guard of `remediate` plays the lines: running + remediation = intended, and rollback undoes it."""
    for device in whole(platform).values():
        bare = shown(only(device, "management_ipv4", "plane"))
        full = shown(device)
        there = remediate(bare, full, platform, device.name)
        assert there.lines
        assert there.rollback
        assert not remediate(full, full, platform, device.name).lines


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_entry_makes_room_before_its_successor_comes(platform: str) -> None:
    """A rule that goes away moves the entries behind it; a number is never given twice."""
    device = only(sample.boundary(platform), "interfaces", "rules")
    fewer = replace(device, rules=device.rules[1:])
    for before, after in ((device, fewer), (fewer, device)):
        lines = [line.strip() for line in remediate(shown(before), shown(after), platform, "bd-1").lines]
        for number, line in enumerate(lines):
            if entry := re.match(r"(sequence \d+|\d+) (?:permit|deny|remark) ", line):
                block = max(i for i in range(number) if "access-list " in lines[i])
                later = lines[number + 1 :]
                ends = next((i for i, text in enumerate(later) if "access-list " in text), len(later))
                assert f"no {entry[1]}" not in later[:ends], lines[block]


def test_a_rule_goes_before_what_it_names() -> None:
    device = only(sample.boundary("cisco_iosxe"), "interfaces", "rules")
    fewer = replace(device, rules=(device.rules[0], *device.rules[2:]))
    change = remediate(shown(device), shown(fewer), "cisco_iosxe", "bd-1")
    gone = [line.strip() for line in change.lines if "r1002" in line]
    back = [line.strip() for line in change.rollback if "r1002" in line]
    assert [line.split(" r1002")[0].removeprefix("no ") for line in gone[:2]] == [
        "class type inspect",
        "class-map type inspect match-any",
    ]
    assert back[-1] == "class type inspect r1002"
    assert "access-list" in back[0]


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_iosxe"])
def test_hier_config_reads_and_writes_it_unchanged(platform: str) -> None:
    from hier_config import Platform, get_hconfig

    os = {"arista_eos": Platform.ARISTA_EOS, "cisco_iosxe": Platform.CISCO_IOS}[platform]
    for device in whole(platform).values():
        lines = [
            line for line in shown(device).splitlines() if not line.lstrip().startswith("!") and line != "end"
        ]
        text = re.sub(r"^banner login( .*|\n.*\nEOF)$", "", "\n".join(lines), flags=re.MULTILINE)
        read = [NUMBER.sub("", child.text) for child in get_hconfig(os, text).all_children()]
        written = [NUMBER.sub("", line.strip()) for line in text.splitlines() if line.strip()]
        assert read == [line for line in written if line not in DROPPED]


@pytest.mark.parametrize("platform", ["juniper_junos", "nokia_srlinux"])
def test_no_statement_stands_twice(platform: str) -> None:
    for device in whole(platform).values():
        lines = [line for line in shown(device).splitlines() if line.startswith("set ")]
        assert sorted(lines) == sorted(set(lines))


@pytest.mark.parametrize("platform", ["arista_eos", "cisco_iosxe"])
def test_no_block_opens_twice(platform: str) -> None:
    for device in whole(platform).values():
        lines = [line for line in shown(device).splitlines() if line and line[0] not in " !"]
        assert sorted(lines) == sorted(set(lines))


IOS_NAMES = (  # how a name is used, how it is defined
    (r"^ +ip access-group (\S+) in$", r"^ip access-list (?:standard |extended )?(\S+)$"),
    (r"^ +ipv6 (?:traffic-filter|access-group) (\S+) in$", r"^ipv6 access-list (?:standard )?(\S+)$"),
    (r"match access-group name (\S+-V4)$", r"^ip access-list extended (\S+)$"),
    (r"match access-group name (\S+-V6)$", r"^ipv6 access-list (\S+)$"),
    (
        r"^ +service-policy (?:type inspect )?(?:input |output )?(\S+)$",
        r"^policy-map (?:type inspect )?(\S+)$",
    ),
    (r"^ class (?:type inspect )?((?!class-default)\S+)$", r"^class-map (?:type inspect )?match-any (\S+)$"),
    (r"route-map (\S+) (?:in|out)$", r"^route-map (\S+) permit"),
    (r"key-chain (\S+)(?: level-\d)?$", r"^key chain (\S+)$"),
    (r"zone-member security (\S+)$", r"^zone security (\S+)$"),
    (r"^ +vrf (?:forwarding )?(?!instance)(\S+)$", r"^(?:vrf (?:definition|instance)| +vrf) (\S+)$"),
    (r"server name (\S+)$", r"^(?:radius|tacacs) server (\S+)$"),
    (r"service-profile (\S+)$", r"^qos profile (\S+)$"),
    (r"channel-group (\d+) mode", r"^interface [Pp]ort-[Cc]hannel(\d+)$"),
    (r"raguard attach-policy (\S+)$", r"raguard policy (\S+)$"),
)
JUNOS_NAMES = (
    (r"filter input (\S+)$", r"firewall family inet6? filter (\S+) term"),
    (r" (?:import|export) ((?:FROM|TO|ORIGINATE|ANNOUNCE)\S*)$", r"policy-statement (\S+) "),
    (r"vrf-(?:import|export) (\S+)$", r"policy-statement (\S+) "),
    (r"community (?:add )?(VRF-\S+?)(?: members.*)?$", r"policy-options community (\S+) members"),
    (r"(?:source-|from )prefix-list (\S+)$", r"policy-options prefix-list (\S+) "),
    (r"then policer (\S+)$", r"firewall policer (\S+) "),
    (r"match application (?!any|junos-)(\S+)$", r"applications application (\S+) "),
    (
        r"policies .* match (?:source|destination)-address (?!any|PARK)(\S+)$",
        r"address-book global address (\S+) ",
    ),
    (r"to-zone (?!junos-host)(\S+)(?: policy.*)?$", r"security-zone (\S+) interfaces"),
    (r"scheduler (\S+)$", r"class-of-service schedulers (\S+) "),
    (r"storm-control (STORM\S+)$", r"storm-control-profiles (\S+) "),
    (r"802\.3ad (\S+)$", r"^set interfaces (ae\d+) "),
)
SRL_NAMES = (
    (r"input acl-filter (\S+) type", r"^set / acl acl-filter (\S+) type \S+ entry"),
    (r"keychain (\S+)$", r"authentication keychain (\S+) key"),
    (r"(?:export|import)-policy (?:\[ )?(\S+)", r"routing-policy policy (\S+) "),
    (r"match prefix prefix-set (\S+)$", r"routing-policy prefix-set (\S+) "),
    (
        r"network-instance \S+ vxlan-interface vxlan0\.(\d+)$",
        r"tunnel-interface vxlan0 vxlan-interface (\d+) ",
    ),
    (r"network-instance \S+ interface (\S+\d)\.\d+$", r"^set / interface (\S+) "),
    (r"next-hop-group (\S+)$", r"next-hop-groups group (\S+) "),
    (r"aggregate-id (\S+)$", r"^set / interface (lag\d+) "),
    (r"output unicast-queue (\S+)$", r"qos queues queue (\S+) "),
    (r"forwarding-class (\S+)$", r"forwarding-classes forwarding-class (\S+) "),
    (r"output scheduler scheduler-policy (\S+)$", r"scheduler-policies scheduler-policy (\S+) "),
)
NAMES = {
    "arista_eos": IOS_NAMES,
    "cisco_iosxe": IOS_NAMES,
    "juniper_junos": JUNOS_NAMES,
    "nokia_srlinux": SRL_NAMES,
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_named_is_defined(platform: str) -> None:
    seen = set()
    for name, device in whole(platform).items():
        text = shown(device)
        for use, definition in NAMES[platform]:
            used = set(re.findall(use, text, re.MULTILINE))
            seen |= {use} if used else set()
            assert not used - set(re.findall(definition, text, re.MULTILINE)), (name, use)
    assert len(seen) >= len(NAMES[platform]) // 3, "the patterns find what they look for"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_ipv6_prefix_of_32_bits_is_no_host(platform: str) -> None:
    """`/32` is a host in IPv4 only."""
    text = shown(only(sample.exit_router(platform), *ROUTER)).lower()
    assert "2001:db8::/32" in text
    assert "host 2001:db8::" not in text


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_exit_announces_nothing_but_its_own(platform: str) -> None:
    """Without a filter towards each operator the park would carry their traffic (RFC 7454, 6.2)."""
    device = only(exit_router(platform), *ROUTER)
    assert device.routing.bgp is not None
    count = len(device.routing.bgp.neighbors)
    listed = r"^route-map to-\S+ permit 10\n +match ip(?:v6)? address prefix-list (to-\S+)$"
    ways = {
        "cisco_iosxe": listed,
        "arista_eos": listed,
        "juniper_junos": r"policy-statement to-\S+ term rest then reject$",
        "nokia_srlinux": r"policy to-\S+ default-action policy-result reject$",
    }
    assert len(re.findall(ways[platform], shown(device).lower(), re.MULTILINE)) == count


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_neighbour_that_is_told_nothing_is_told_nothing(platform: str) -> None:
    """An empty list is no missing list: IOS permits everything by a list that is not there."""
    device = exit_router(platform)
    bgp = device.routing.bgp
    assert bgp is not None
    silent = tuple(replace(item, announces=()) for item in bgp.neighbors)
    text = shown(only(device, routing=replace(device.routing, bgp=replace(bgp, neighbors=silent)))).lower()
    ways = {
        "cisco_iosxe": r"prefix-list to-\S+ seq 10 deny (?:0\.0\.0\.0/0 le 32|::/0 le 128)$",
        "arista_eos": r"prefix-list to-\S+\n   seq 10 deny (?:0\.0\.0\.0/0 le 32|::/0 le 128)$",
        "juniper_junos": r"policy-statement to-\S+ term rest then reject$",
        "nokia_srlinux": r"policy to-\S+ default-action policy-result reject$",
    }
    assert len(re.findall(ways[platform], text, re.MULTILINE)) == len(silent)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_traffic_of_the_infrastructure_itself_comes_in(platform: str) -> None:
    """What the design allows beside the flows is there once for each peer, and from that peer only."""
    device = only(sample.boundary(platform), "interfaces", "rules")
    outside = device.rules[0].out_interface
    ike = Allowance(
        "ike",
        "ike",
        "in",
        outside,
        "udp",
        (500, 4500),
        ("203.0.113.9",),
        "tunnel to the branch",
        device.source,
    )
    bare = set(shown(device).splitlines())
    added = [line for line in shown(replace(device, allowances=(ike,))).splitlines() if line not in bare]
    if platform == "juniper_junos":
        assert [line.rsplit(" ", 1)[1] for line in added] == ["ike"]
    else:
        assert any("4500" in line for line in added)
        assert any("203.0.113.9" in line for line in added)
        assert not any("any any" in line and "4500" in line for line in added)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_rule_without_sources_permits_nothing(platform: str) -> None:
    """What the design leaves empty is never read as "any"."""
    device = only(sample.boundary(platform), "interfaces", "rules")
    (first, *_) = device.rules
    silent = only(device, "interfaces", rules=(_emptied(first),))
    added = set(shown(silent).splitlines()) - set(shown(only(device, "interfaces")).splitlines())
    assert not [line for line in added if re.search(r"permit tcp|r1001.*(permit|accept)", line)]


def _emptied(rule: Rule) -> Rule:
    return replace(rule, src_v4=(), src_v6=())
