"""Huawei, H3C, Ruijie and ZTE: golden cases by feature, the law of differences, the vendors' own models."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sample
from lxml import etree
from render_parsers import YANG, need, run
from sample import Names, only, ports

from parkops.design.allowances import portal_allowances
from parkops.model import Allowance, Device, Portal, PortMode, Role, Routing, StaticRoute, Vpn
from parkops.platforms import find_platforms
from parkops.push.remediation import canonical, remediate
from parkops.render import Renderer

HERE = Path(__file__).parent
HUAWEI, H3C, RUIJIE, ZTE = "huawei_vrp", "hp_comware", "ruijie_os", "zte_zxros"
CLI = (HUAWEI, H3C, RUIJIE, ZTE)
NETCONF = ("huawei_vrp_netconf", "hp_comware_netconf")
MODULES = ("system", "network-instance", "ifm", "ifm-trunk", "vlan", "ethernet", "ip", "ntp", "syslog")
RADIUS = replace(sample.PLANE, servers=sample.PLANE.of("radius"), snmp_users=(), local_users=(), networks=())


def hardening(platform: str) -> Device:
    return only(sample.access_switch(platform), "plane", "management_ipv4", "unused")


def ring(platform: str) -> Device:
    protocol = "rstp" if platform == ZTE else "erps"
    device = sample.ring_switch(platform, protocol)
    two = tuple(replace(port, qos=False) for port in device.interfaces[:2])
    return only(device, "vlans", "ring_members", "spanning_priority", interfaces=two)


def dot1x(platform: str) -> Device:
    device = sample.access_switch(platform)
    edges = tuple(replace(port, qos=False) for port in device.interfaces if port.edge)
    return only(device, "vlans", interfaces=edges, plane=RADIUS)


def lag(platform: str) -> Device:
    device = sample.access_switch(platform)
    up = tuple(replace(port, qos=False) for port in device.interfaces if not port.edge)
    return only(device, "vlans", "lags", interfaces=up)


def boundary(platform: str) -> Device:
    return only(sample.boundary(platform), "interfaces", "rules")


def marks(platform: str) -> Device:
    """Each flow gets its class where the boundary lets it through, and its answers too."""
    device = sample.boundary(platform)
    return only(device, "interfaces", "rules", "qos")


def nat(platform: str) -> Device:
    return only(sample.boundary(platform), "interfaces", "nats")


def quarantine(platform: str) -> Device:
    return only(sample.boundary(platform), "interfaces", "quarantines")


def ipsec(platform: str) -> Device:
    device = sample.boundary(platform)
    return only(device, vpns=device.vpns[1:], interfaces=device.interfaces[:1])


def remote_by_radius(platform: str) -> Device:
    """People prove to RADIUS who they are; what they may reach is a rule of their tunnel."""
    device = sample.boundary(platform)
    outer, inner = (port.name for port in device.interfaces)
    vpn = replace(device.vpns[0], interface="ipsec0")
    own = (
        Allowance(f"ike-{outer}-in", "ike", "in", outer, "udp", (500, 4500), (), "people", sample.at("vpn")),
    )
    rule = replace(device.rules[0], in_interface="ipsec0", out_interface=inner, src_v4=(vpn.ipv4,), src_v6=())
    return only(device, "interfaces", vpns=(vpn,), rules=(rule,), allowances=own, plane=RADIUS)


def remote_by_certificate(platform: str) -> Device:
    device = sample.boundary(platform)
    users = (
        ("li", "CN=li,O=huaxing.example", "10.250.1.2/32"),
        ("wu", "CN=wu,O=huaxing.example", "10.250.1.3/32"),
    )
    vpn = replace(device.vpns[0], auth="certificate", peers=users)
    return only(device, vpns=(vpn,), interfaces=device.interfaces[:1])


def guests(platform: str) -> Device:
    """Guests reach names and the page; the rest of what they may do waits for the page's consent."""
    device = sample.boundary(platform)
    inner = device.interfaces[1].name
    page = Portal("https://portal.park.example/guest", "198.51.100.7", "env:PORTAL_KEY")
    held = replace(device.interfaces[1], portal=page)
    browse = device.rules[2]
    ask = replace(browse, id="r1006", flow="names", protocol="udp", ports=(53,))
    see = replace(browse, id="r1007", flow="portal/guest", ports=(443,))
    own = tuple(portal_allowances(platform, inner, page, sample.at("wireless")))
    ports_ = (device.interfaces[0], held)
    return only(device, interfaces=ports_, rules=(browse, ask, see), allowances=own, plane=RADIUS)


def filters_on_switch(platform: str) -> Device:
    """A core switch as the boundary of a tenant: stateless lists, answers of flows as rules of their own."""
    names = Names(platform, Role.CORE)
    device = sample.core(platform)
    inside, outside = device.interfaces[0].name, device.interfaces[1].name
    assert inside == names.port(1)
    return only(device, interfaces=ports(device, inside, outside), rules=sample.rules(inside, outside)[:3])


def leased_line(platform: str) -> Device:
    """The tunnel runs over the port that its prefix is of: what is routed to the far end is encrypted."""
    device = sample.exit_router(platform)
    port = replace(device.interfaces[0], bogons=False, urpf="")
    vpn = Vpn(
        "huaxing.line",
        "ipsec",
        device.name,
        "site-to-site",
        "huaxing",
        500,
        "203.0.113.4/30",
        "",
        (),
        "env:PARK_PSK",
        (("line", "branch.huaxing.example", "203.0.113.6"),),
    )
    routing = Routing(statics=(StaticRoute("10.7.0.0/16", "203.0.113.6", description="unicom"),))
    return only(device, interfaces=(port,), vpns=(vpn,), routing=routing)


def allowances(platform: str) -> Device:
    """What the design says that the infrastructure needs takes the place of what templates would assume."""
    device = sample.boundary(platform)
    outer, source = device.interfaces[0].name, sample.at("backbone")
    told = (
        Allowance("bgp-10.0.0.1-in", "bgp", "in", "", "tcp", (179,), ("10.0.0.1",), "routes", source),
        Allowance(f"ospf-{outer}-in", "ospf", "in", outer, "ospf", (), (), "routes of the backbone", source),
        Allowance("time-out", "time", "out", "", "udp", (123,), ("172.31.0.2",), "network time", source),
    )
    return only(device, "interfaces", rules=device.rules[:1], allowances=told)


def announced(platform: str) -> Device:
    device = sample.exit_router(platform)
    bgp = device.routing.bgp
    assert bgp is not None
    four, six = bgp.neighbors[:2]
    peers = (replace(four, announces=("198.51.100.0/24",)), replace(six, announces=()))
    routing = Routing(None, replace(bgp, neighbors=peers))
    return only(device, "router_id", routing=routing)


def exit_router(platform: str) -> Device:
    device = sample.exit_router(platform)
    return only(device, "router_id", "exits", "routing", interfaces=device.interfaces[:2])


def ospf(platform: str) -> Device:
    device = sample.core(platform)
    one = (replace(device.interfaces[0], qos=False),)
    routing = Routing(device.routing.igp)
    return only(device, "router_id", "loopback_ipv4", "loopback_ipv6", interfaces=one, routing=routing)


def isis(platform: str) -> Device:
    device = sample.leaf(platform)
    one = (replace(device.interfaces[0], qos=False),)
    routing = Routing(device.routing.igp)
    return only(device, "router_id", "loopback_ipv4", "loopback_ipv6", interfaces=one, routing=routing)


def tenant(platform: str) -> Device:
    device = sample.core(platform)
    bgp = device.routing.bgp
    assert bgp is not None
    bgp = replace(bgp, neighbors=tuple(peer for peer in bgp.neighbors if peer.vrf), cluster_id="")
    routing = Routing(None, bgp, device.routing.statics)
    return only(device, "router_id", "vrfs", interfaces=device.interfaces[2:], routing=routing)


def evpn(platform: str) -> Device:
    device = sample.leaf(platform)
    kept = tuple(replace(port, qos=False) for port in device.interfaces if port.mode is not PortMode.ROUTED)
    routing = Routing(None, device.routing.bgp)
    names = ("router_id", "vlans", "vrfs", "vnis", "anycast_mac", "vtep_ipv4", "loopback_ipv4")
    return only(device, *names, interfaces=kept, routing=routing)


def pair(platform: str) -> Device:
    """Half of a pair: M-LAG where the platform has it, VRRP and a DHCP relay everywhere."""
    device = sample.aggregation(platform)
    kept = tuple(replace(port, qos=False) for port in device.interfaces[1:])
    mlag = device.mlag if "mlag" in find_platforms().get(platform).features else None
    return only(device, "vlans", "lags", "spanning_priority", interfaces=kept, mlag=mlag)


def qos(platform: str) -> Device:
    device = sample.access_switch(platform)
    return only(device, "vlans", "qos", interfaces=(replace(device.interfaces[-1], edge=sample.PLAIN),))


def everything(platform: str) -> Device:
    return only(sample.access_switch(platform), "interfaces", "vlans", "lags", "plane", "unused")


def router(platform: str) -> Device:
    device = sample.core(platform)
    return only(device, "interfaces", "loopback_ipv4", "loopback_ipv6", "vrfs")


CASES: dict[str, tuple[Callable[[str], Device], tuple[str, ...]]] = {
    "hardening": (hardening, CLI),
    "ring-erps": (ring, (HUAWEI, H3C, RUIJIE)),
    "ring-rstp": (ring, (ZTE,)),
    "dot1x-access": (dot1x, (HUAWEI, H3C, RUIJIE)),
    "lag-uplink": (lag, CLI),
    "mlag-and-vrrp-gateway": (pair, (HUAWEI, H3C)),
    "vrrp-gateway": (pair, (RUIJIE, ZTE)),
    "boundary-default-deny": (boundary, CLI),
    "boundary-on-a-switch": (filters_on_switch, (HUAWEI, H3C)),
    "boundary-nat": (nat, (HUAWEI, H3C, RUIJIE)),
    "boundary-marks-flows": (marks, (HUAWEI, H3C)),
    "quarantine-prepared-but-off": (quarantine, CLI),
    "boundary-allowances": (allowances, CLI),
    "ipsec-branch": (ipsec, (HUAWEI, H3C)),
    "ipsec-over-a-leased-line": (leased_line, (HUAWEI, H3C)),
    "remote-access-by-radius": (remote_by_radius, (HUAWEI, H3C)),
    "remote-access-by-certificate": (remote_by_certificate, (HUAWEI, H3C)),
    "guests-held-by-a-portal": (guests, (HUAWEI, H3C)),
    "exit-announces-own-prefixes": (announced, CLI),
    "exit-with-bogon-filter": (exit_router, CLI),
    "core-ospf": (ospf, CLI),
    "underlay-isis": (isis, CLI),
    "tenant-vrf": (tenant, CLI),
    "evpn-leaf": (evpn, (HUAWEI, H3C)),
    "qos-at-the-edge": (qos, CLI),
    "access-switch": (everything, NETCONF),
    "router": (router, NETCONF),
}
GOLDENS = [f"{platform}/{case}" for case, (_, platforms) in sorted(CASES.items()) for platform in platforms]


def rendered(device: Device) -> dict[str, str]:
    artifacts = Renderer.of(sample.sample_park(device.platform, device)).device(device)
    return {Path(item.path).name: item.text for item in artifacts}


def built(case: str) -> Device:
    platform, _, name = case.partition("/")
    return CASES[name][0](platform)


@pytest.mark.parametrize("case", GOLDENS)
def test_golden(case: str, goldens) -> None:
    for name, text in rendered(built(case)).items():
        goldens.check(HERE / case / name, text)


def test_no_golden_is_left_over() -> None:
    kept = {str(file.relative_to(HERE)) for name in (*CLI, *NETCONF) for file in (HERE / name).iterdir()}
    assert kept == set(GOLDENS)


@pytest.mark.parametrize("platform", CLI)
def test_differences_of_every_role_lead_there_and_back(platform: str) -> None:
    """The law: running + change = intended, intended + rollback = running; by hier_config."""
    for device in sample.sample_park(platform).managed:
        if device.platform != platform:
            continue
        (intended,) = rendered(device).values()
        poorer = replace(device, interfaces=device.interfaces[:1], rules=(), routing=Routing())
        (running,) = rendered(replace(poorer, vnis=(), nats=(), plane=RADIUS)).values()
        change = remediate(running, intended, platform, device.name)
        assert change.lines
        assert remediate(intended, intended, platform).lines == ()


ADDED = ("remote-access-by-radius", "remote-access-by-certificate", "guests-held-by-a-portal")


@pytest.mark.parametrize("case", ADDED)
@pytest.mark.parametrize("platform", [HUAWEI, H3C])
def test_guests_and_people_outside_come_and_go(platform: str, case: str) -> None:
    """What is added can be taken back, line by line, and nothing else moves."""
    device = built(f"{platform}/{case}")
    bare = tuple(replace(port, portal=None) for port in device.interfaces)
    (before,) = rendered(replace(device, interfaces=bare, vpns=(), rules=(), allowances=())).values()
    (after,) = rendered(device).values()
    there = remediate(before, after, platform, device.name)
    assert there.lines
    assert there.rollback
    back = remediate(after, before, platform, device.name)
    assert back.lines


@pytest.mark.parametrize("platform", [HUAWEI, H3C])
def test_a_portal_without_a_server_that_a_plan_waives_leaves_no_trace(platform: str) -> None:
    """Without its key the gateway could let nobody in; what is waived is left out as a whole."""
    device = guests(platform)
    waived = tuple(
        replace(port, portal=replace(port.portal, key="") if port.portal else None)
        for port in device.interfaces
    )
    without = tuple(replace(port, portal=None) for port in device.interfaces)
    assert rendered(replace(device, interfaces=waived)) == rendered(replace(device, interfaces=without))


@pytest.mark.parametrize(("platform", "name"), [(HUAWEI, "HUAWEI_VRP"), (H3C, "HP_COMWARE5")])
def test_hier_config_reads_every_line_back(platform: str, name: str) -> None:
    """hier_config's own driver of the vendor keeps every line, in its block; `#` only separates."""
    from hier_config import Platform, get_hconfig

    for device in (*sample.sample_park(platform).managed, *(built(f"{platform}/{case}") for case in ADDED)):
        if device.platform != platform:
            continue
        (text,) = rendered(device).values()
        lines = [row for row in text.splitlines() if row.strip() and row.lstrip()[0] not in "#!"]
        tree = get_hconfig(Platform[name], "\n".join(lines))
        assert [child.cisco_style_text().rstrip() for child in tree.all_children()] == [
            re.sub(r"^ +", lambda pad: pad[0] * 2, row) for row in lines
        ]


def test_comware_shows_the_system_view_indented() -> None:
    shown = "#\n version 7.1.070\n#\n sysname a\n#\nvlan 1\n name x\n#\n stp global enable\n#\nreturn\n"
    assert canonical(shown, H3C) == "sysname a\nvlan 1\n name x\nstp global enable\n"


@pytest.mark.parametrize("platform", CLI)
def test_no_block_stands_twice_and_no_line_is_blank(platform: str) -> None:
    for device in sample.sample_park(platform).managed:
        if device.platform != platform:
            continue
        (text,) = rendered(device).values()
        rows = text.splitlines()
        assert [row for row in rows if not row.strip()] == []
        heads = [row for row in rows if re.match(r"(interface|vlan|ip vpn-instance|acl|vsi) ", row)]
        assert sorted(set(heads)) == sorted(heads)


@pytest.mark.parametrize("platform", CLI)
def test_no_secret_but_references(platform: str) -> None:
    """Words that carry a secret are followed by a reference alone."""
    words = r"(?:cipher|ciphertext|hash|encrypted|key 7|secret 8|md5 7)"
    for device in sample.sample_park(platform).managed:
        if device.platform != platform:
            continue
        (text,) = rendered(device).values()
        for found in re.finditer(rf"^(?!ssh|ip ssh)(.*) {words} (\S+)", text, re.MULTILINE):
            if found[2] not in ("auth", "authentication-mode", "aes256_gcm"):
                assert found[2].startswith("@secret:"), found[0]


@pytest.mark.parametrize("role", ["acc-1", "agg-1", "core-1", "leaf-1", "p1-sw-1"])
def test_yang_payload_fits_huaweis_models(role: str, tmp_path: Path) -> None:
    need("yanglint")
    folder = YANG / "huawei"
    files = [folder / f"huawei-{name}.yang" for name in MODULES]
    if not all(file.is_file() for file in files):
        pytest.skip(f"Huawei's modules are not below {YANG}; PARKOPS_YANG names another place")
    device = sample.sample_park("huawei_vrp_netconf").device(role)
    _, _, rest = rendered(device)["netconf-yang.xml"].partition("\n")
    body = tmp_path / "payload.xml"
    body.write_text(rest.rpartition("</config>")[0], encoding="utf-8")
    deviation = _stacking_off(tmp_path)
    call = ["yanglint", "-p", folder, "-p", YANG / "ietf", "-t", "config", *files, deviation, body]
    told = run(*call)
    assert not [row for row in told.splitlines() if not row.startswith("libyang warn")], told


def _stacking_off(folder: Path) -> Path:
    """Return a module that takes away a container without presence whose leaves are mandatory.

    Devices deviate in the same way: without it no trunk at all would be valid.
    """
    path = "/ifm:ifm/ifm:interfaces/ifm:interface/ethernet:ethernet/ethernet:main-interface"
    file = folder / "stacking-off.yang"
    file.write_text(
        "module stacking-off {\n"
        '  namespace "urn:parkops:stacking-off"; prefix off;\n'
        "  import huawei-ifm { prefix ifm; }\n"
        "  import huawei-ethernet { prefix ethernet; }\n"
        f'  deviation "{path}/ethernet:l2-attribute/ethernet:vlan-stacking-untag" {{\n'
        "    deviate not-supported;\n  }\n}\n",
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize("platform", NETCONF)
def test_payload_is_of_one_schema_each(platform: str) -> None:
    """The driver picks by namespace, so no payload may speak of two schemas."""
    marks = ("urn:huawei:yang:", "http://www.huawei.com/netconf/vrp", "http://www.h3c.com/netconf/")
    seen = []
    for text in rendered(sample.access_switch(platform)).values():
        spaces = {etree.QName(item).namespace for item in etree.fromstring(text.encode()).iter("*")}
        found = {mark for mark in marks for space in spaces if str(space).startswith(mark)}
        assert len(found) == 1
        seen += found
    assert len(seen) == len(set(seen))


def test_trunk_bit_map_of_the_older_schema_has_vlan_0_first() -> None:
    device = lag("huawei_vrp_netconf")
    root = etree.fromstring(rendered(device)["netconf-vrp.xml"].encode())
    (text,) = root.xpath("//*[local-name()='trunkVlans']/text()")
    bits, _, meant = text.partition(":")
    wanted = {vid for port in device.interfaces for vid in port.vids}
    assert {vid for vid in range(4096) if int(bits[vid // 4], 16) & (8 >> vid % 4)} == wanted
    assert (len(bits), meant) == (1024, "F" * 1024)
