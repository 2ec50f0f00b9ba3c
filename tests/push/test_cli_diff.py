"""Remediation: the law (running + lines = intended, intended + rollback = running), and each known hazard."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent / "vendors"))

from boxes import KINDS
from languages import Configuration
from texts import TEXTS

from parkops.errors import UsageError
from parkops.push import remediation
from parkops.push.remediation import Unreadable, Unsafe, engine, guard, remediate, rules, tree


def played(kind: str, running: str, lines: tuple[str, ...]) -> Configuration:
    """What a device of a kind runs after the lines; a model of its own, not the guard's."""
    box = Configuration(KINDS[kind]).load(running)
    path: tuple[str, ...] = ()
    for line in lines:
        path = box.enter(path, line.strip())
    assert path == (), "the lines end inside a block"
    return box


def same(kind: str, one: str, other: str) -> bool:
    return remediation.difference(one, other, kind) == ""


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_running_and_lines_give_intended_and_back(kind: str) -> None:
    old, new = TEXTS[kind]
    found = remediate(old, new, kind)
    assert same(kind, played(kind, old, found.lines).text(), new)
    assert same(kind, played(kind, new, found.rollback).text(), old)


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_no_change_has_no_lines(kind: str) -> None:
    found = remediate(TEXTS[kind][0], TEXTS[kind][0], kind)
    assert (found.diff, found.lines, found.rollback) == ("", (), ())


def port(kind: str, vlans: str) -> str:
    command = {
        "huawei_vrp": "port trunk allow-pass vlan",
        "hp_comware": "port trunk permit vlan",
        "cisco_iosxe": "switchport trunk allowed vlan",
        "arista_eos": "switchport trunk allowed vlan",
    }[kind]
    name = "GE0/0/1" if kind == "huawei_vrp" else "GigabitEthernet1/0/1"
    return f"interface {name}\n {command} {vlans}\n"


@pytest.mark.parametrize(
    ("kind", "old", "new", "lines"),
    [
        ("huawei_vrp", "10 20", "10 20 30", ["port trunk allow-pass vlan 30"]),
        ("hp_comware", "10 20", "10 20 30 to 40", ["port trunk permit vlan 30 to 40"]),
        ("cisco_iosxe", "10,20", "10,20,30", ["switchport trunk allowed vlan add 30"]),
        ("arista_eos", "10,20", "10,20-22", ["switchport trunk allowed vlan add 21,22"]),
        ("huawei_vrp", "10 20 30", "10 20", ["undo port trunk allow-pass vlan 30"]),
        ("cisco_iosxe", "10,20,30-33", "10,20", ["switchport trunk allowed vlan remove 30-33"]),
    ],
)
def test_a_vlan_is_added_to_a_trunk_without_taking_the_others_off(
    kind: str, old: str, new: str, lines: list[str]
) -> None:
    found = remediate(port(kind, old), port(kind, new), kind)
    inner = [line.strip() for line in found.lines if line.startswith(" ")]
    assert [line for line in inner if line not in ("quit", "exit")] == lines


def test_a_list_grows_before_it_shrinks() -> None:
    found = remediate(port("huawei_vrp", "10 20"), port("huawei_vrp", "10 30"), "huawei_vrp")
    inner = [line.strip() for line in found.lines if "vlan" in line]
    assert inner == ["port trunk allow-pass vlan 30", "undo port trunk allow-pass vlan 20"]


def test_the_first_vlans_of_an_ios_trunk_are_set_and_not_added_to_all() -> None:
    bare = "hostname sw1\ninterface GigabitEthernet1/0/1\n switchport mode trunk\n"
    new = bare + " switchport trunk allowed vlan 10,20\n"
    found = remediate(bare, new, "cisco_iosxe")
    assert " switchport trunk allowed vlan 10,20" in found.lines
    assert " no switchport trunk allowed vlan" in found.rollback


def test_vlan_batch_is_not_taken_back_before_it_is_set_anew() -> None:
    old, new = "sysname a\nvlan batch 10 20\n", "sysname a\nvlan batch 10 20 30 to 32\n"
    assert remediate(old, new, "huawei_vrp").lines == ("vlan batch 30 to 32",)
    assert remediate(old, new, "huawei_vrp").rollback == ("undo vlan batch 30 to 32",)


def test_repeated_separators_and_sections_are_one() -> None:
    port = "interface GigabitEthernet1/0/1\n"
    text = f"#\n sysname a\n#\n#\n{port} description x\n#\n#\n{port} port link-type trunk\n#\n"
    found = remediate(text, text.replace("description x", "description y"), "hp_comware")
    assert [line.strip() for line in found.lines] == [
        "interface GigabitEthernet1/0/1",
        "description y",
        "quit",
    ]


def test_a_port_cannot_be_deleted_and_is_emptied() -> None:
    old = "sysname a\ninterface GE0/0/1\n description x\n mtu 9000\n"
    found = remediate(old, "sysname a\n", "huawei_vrp")
    assert "undo interface GE0/0/1" not in found.lines
    assert {line.strip() for line in found.lines} >= {"undo description", "undo mtu"}


def test_an_address_moves_only_after_it_was_given_up() -> None:
    old = "sysname a\ninterface Vlanif10\n ip address 10.0.0.1 255.255.255.0\n"
    new = old.replace("Vlanif10", "Vlanif20")
    lines = remediate(old, new, "huawei_vrp").lines
    assert lines.index("undo interface Vlanif10") < lines.index(" ip address 10.0.0.1 255.255.255.0")


def test_what_others_refer_to_comes_first_and_goes_last() -> None:
    bare = "hostname a\n"
    full = bare + "vlan 30\n name video\ninterface Vlan30\n ip address 10.3.0.1 255.255.255.0\n"
    found = remediate(bare, full, "cisco_iosxe")
    assert found.lines.index("vlan 30") < found.lines.index("interface Vlan30")
    assert found.rollback.index("no interface Vlan30") < found.rollback.index("no vlan 30")


def test_an_acl_line_makes_room_for_its_successor() -> None:
    old = "hostname a\nip access-list extended A\n 10 permit tcp any any eq 80\n 20 deny ip any any\n"
    lines = [line.strip() for line in remediate(old, old.replace("eq 80", "eq 443"), "cisco_iosxe").lines]
    assert lines.index("no 10") < lines.index("10 permit tcp any any eq 443")
    assert "no 20" not in lines


def test_a_default_that_is_switched_off_is_switched_on_again() -> None:
    old = "sysname a\ninterface GE0/0/1\n undo negotiation auto\n mtu 9000\n"
    new = "sysname a\ninterface GE0/0/1\n mtu 9000\n"
    assert " negotiation auto" in remediate(old, new, "huawei_vrp").lines
    assert " undo negotiation auto" in remediate(old, new, "huawei_vrp").rollback


def test_a_banner_of_several_lines_is_one_value() -> None:
    old = "hostname a\nbanner login ^C\nfirst\n no second\n^C\n"
    found = remediate(old, old.replace("first", "other"), "cisco_iosxe")
    assert found.lines == ("banner login ^C\nother\n no second\n^C",)


def test_junos_deletes_a_whole_node_when_nothing_of_it_is_kept() -> None:
    old = "set system host-name a\nset interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/24\n"
    old += "set interfaces ge-0/0/1 mtu 9000\n"
    assert remediate(old, "set system host-name a\n", "juniper_junos").lines == (
        "delete interfaces ge-0/0/1",
    )


@pytest.mark.parametrize("text", ["", "\n\n", "#\n#\n!\n", "return\n"])
@pytest.mark.parametrize("side", ["running", "intended"])
def test_an_empty_side_is_unreadable_and_never_equal(text: str, side: str) -> None:
    sides = {"running": "sysname a\n", "intended": "sysname a\n", side: text}
    with pytest.raises(Unreadable, match=f"device: {side}: not one line"):
        remediate(sides["running"], sides["intended"], "huawei_vrp")


def test_a_line_that_is_no_assertion_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="does not begin with 'set'"):
        remediate("set system host-name a\n", "system {\n host-name b;\n}\n", "juniper_junos")


def test_a_platform_without_rules_is_named() -> None:
    with pytest.raises(UsageError, match="nothing is known about changing"):
        rules("enterasys")


def test_the_guard_refuses_lines_that_take_back_what_stays() -> None:
    language = rules("huawei_vrp")
    running = tree.parse(port("huawei_vrp", "10 20"), language)
    intended = tree.parse(port("huawei_vrp", "10 20 30"), language)
    naive = ("interface GE0/0/1", "undo port trunk allow-pass vlan 10 20",
             "port trunk allow-pass vlan 10 20 30", "quit")  # fmt: skip
    with pytest.raises(Unsafe, match=r"line 2 .* would take back what stays"):
        guard.check(naive, running, intended, language, "sw1")


def test_the_guard_refuses_lines_that_end_elsewhere() -> None:
    language = rules("huawei_vrp")
    running, intended = (tree.parse(f"sysname {name}\n", language) for name in "ab")
    with pytest.raises(Unsafe, match="do not lead to the intended text: missing 'sysname b'"):
        guard.check((), running, intended, language, "sw1")


VLANS = st.sets(st.integers(2, 40), min_size=1, max_size=12)
TEXT = (
    st.text("abc 车间#!\"'", min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda text: text and text[0] not in "#!")
)


@st.composite
def configurations(draw: st.DrawFn, kind: str) -> str:
    """A configuration of a switch: VLANs, ports in either mode, addresses, routes."""
    vrp = kind in ("huawei_vrp", "hp_comware")
    vlans = sorted(draw(VLANS))
    listed = (" " if vrp else ",").join(map(str, vlans))
    rows = [f"{'sysname' if vrp else 'hostname'} sw1"]
    if kind == "huawei_vrp":
        rows.append(f"vlan batch {listed}")
    else:
        rows += [row for vlan in vlans for row in (f"vlan {vlan}", f" name v{draw(st.integers(0, 3))}")]
    for number in draw(st.sets(st.integers(1, 4))):
        rows.append(f"interface {'GE0/0' if kind == 'huawei_vrp' else 'GigabitEthernet1/0'}/{number}")
        if draw(st.booleans()):
            rows.append(f" description {draw(TEXT)}")
        trunk = draw(st.booleans())
        rows.append(f" {'port link-type' if vrp else 'switchport mode'} {'trunk' if trunk else 'access'}")
        if trunk:
            rows.append(port(kind, listed).split("\n")[1])
        else:
            access = {"huawei_vrp": "port default", "hp_comware": "port access"}.get(
                kind, "switchport access"
            )
            rows.append(f" {access} vlan {draw(st.sampled_from(vlans))}")
    route = "ip route-static" if vrp else "ip route"
    rows += [f"{route} 10.{n}.0.0 255.255.0.0 10.0.0.2" for n in sorted(draw(st.sets(st.integers(1, 5))))]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("kind", ["huawei_vrp", "hp_comware", "cisco_iosxe", "arista_eos"])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_law_holds_on_a_device_of_its_own_mind(kind: str, data: st.DataObject) -> None:
    old, new = data.draw(configurations(kind)), data.draw(configurations(kind))
    found = remediate(old, new, kind)
    assert same(kind, played(kind, old, found.lines).text(), new)
    assert same(kind, played(kind, new, found.rollback).text(), old)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_law_holds_for_set_lines(data: st.DataObject) -> None:
    paths = st.sampled_from([
        "system host-name {}", "interfaces ge-0/0/{} mtu 9000", "vlans v{} vlan-id 7",
        "interfaces ge-0/0/{} unit 0 family inet address 10.0.0.{}/24",
        "protocols ospf area 0.0.0.0 interface ge-0/0/{}.0 metric {}",
    ])  # fmt: skip
    line = st.builds(lambda path, n: "set " + path.format(n, n), paths, st.integers(1, 4))
    texts = st.lists(line, min_size=1, unique=True).map(lambda lines: "\n".join(lines) + "\n")
    old, new = data.draw(texts), data.draw(texts)
    found = remediate(old, new, "juniper_junos")
    assert same("juniper_junos", played("juniper_junos", old, found.lines).text(), new)


def test_hier_config_is_what_finds_the_difference() -> None:
    language = rules("cisco_iosxe")
    old, new = (tree.parse(text, language) for text in TEXTS["cisco_iosxe"])
    steps = list(engine.steps(old, new, language))
    assert any(step.removal and step.line.startswith("ip route 10.9") for step in steps)
    assert any(not step.removal and step.line.startswith("ip route 10.8") for step in steps)
