"""Order that counts: the same rules in another order are a difference, and are brought in order."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent / "vendors"))

from boxes import KINDS
from languages import Configuration

from parkops.push import remediation
from parkops.push.remediation import Unsafe, guard, remediate, rules, tree


def block(head: str, entry: str, *names: str, below: str = "", first: str = "hostname a\n") -> str:
    entries = (entry.format(name=name, n=ord(name)) for name in names)
    return first + head + "".join(f" {line}\n" + (f"  {below}\n" if below else "") for line in entries)


def usg(*names: str) -> str:
    return block("security-policy\n", "rule name {name}", *names, below="action permit", first="sysname a\n")


def secpath(*names: str) -> str:
    return block(
        "security-policy ip\n", "rule {n} name {name}", *names, below="action pass", first="sysname a\n"
    )


def srx(*names: str) -> str:
    path = "set security policies from-zone in to-zone out policy"
    return "set system host-name a\n" + "".join(
        f"{path} {name} match source-address any\n{path} {name} then permit\n" for name in names
    )


def filter_terms(*names: str) -> str:
    path = "set firewall family inet filter PROTECT term"
    return "set system host-name a\n" + "".join(f"{path} {name} then accept\n" for name in names)


def acl(*names: str) -> str:
    return block("ip access-list extended A\n", "permit ip host 10.0.0.{n} any", *names)


def classes(*names: str) -> str:
    entries = (*(f"class {name}" for name in names), "class class-default")
    return "hostname a\npolicy-map P\n" + "".join(f" {line}\n  set dscp ef\n" for line in entries)


CASES = {
    "usg": ("huawei_vrp", usg),
    "secpath": ("hp_comware", secpath),
    "srx": ("juniper_junos", srx),
    "junos-filter": ("juniper_junos", filter_terms),
    "ios-acl": ("cisco_iosxe", acl),
    "ios-policy-map": ("cisco_iosxe", classes),
    "eos-policy-map": ("arista_eos", classes),
    "ruijie-acl": ("ruijie_os", acl),
}


def played(kind: str, running: str, lines: tuple[str, ...]) -> str:
    box, path = Configuration(KINDS[kind]).load(running), ()
    for line in lines:
        path = box.enter(path, line.strip())
    return box.text()


@pytest.mark.parametrize("case", CASES)
def test_another_order_is_a_difference_and_is_mended(case: str) -> None:
    kind, text = CASES[case]
    old, new = text("a", "b", "c", "d"), text("d", "a", "b", "c")
    found = remediate(old, new, kind)
    assert found.diff
    assert remediation.difference(played(kind, old, found.lines), new, kind) == ""
    assert remediation.difference(played(kind, new, found.rollback), old, kind) == ""


@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_the_law_holds_for_order(case: str, data: st.DataObject) -> None:
    kind, text = CASES[case]
    names = st.lists(st.sampled_from("abcdefg"), unique=True, min_size=1)
    old, new = text(*data.draw(names)), text(*data.draw(names))
    found = remediate(old, new, kind)
    assert remediation.difference(played(kind, old, found.lines), new, kind) == ""
    assert remediation.difference(played(kind, new, found.rollback), old, kind) == ""


def test_a_new_rule_of_a_firewall_is_put_before_the_one_that_denies_the_rest() -> None:
    found = remediate(srx("a", "z"), srx("a", "b", "z"), "juniper_junos")
    inner = [line for line in found.lines if line.startswith("insert")]
    where = "insert security policies from-zone in to-zone out policy"
    assert inner == [f"{where} b after policy a"] or inner == [f"{where} z after policy b"]


def test_one_rule_that_moved_is_one_move_and_nothing_is_taken_back() -> None:
    found = remediate(usg("a", "b", "c", "d"), usg("b", "c", "d", "a"), "huawei_vrp")
    assert found.lines == ("security-policy", " rule move a after d", " quit")


def test_what_cannot_be_moved_is_set_anew_from_the_first_that_differs() -> None:
    found = remediate(acl("a", "b", "c"), acl("a", "c", "b"), "cisco_iosxe")
    inner = [line.strip() for line in found.lines]
    assert "no permit ip host 10.0.0.97 any" not in inner
    assert inner.index("no permit ip host 10.0.0.98 any") < inner.index("permit ip host 10.0.0.98 any")
    assert inner.index("permit ip host 10.0.0.99 any") < inner.index("permit ip host 10.0.0.98 any")


def test_numbered_entries_have_their_order_by_number() -> None:
    old = "hostname a\nip access-list extended A\n 10 permit ip any any\n 20 deny ip any any\n"
    new = "hostname a\nip access-list extended A\n 20 deny ip any any\n 10 permit ip any any\n"
    assert remediate(old, new, "cisco_iosxe").lines == ()


def test_the_guard_refuses_lines_that_leave_another_order() -> None:
    language = rules("huawei_vrp")
    running, intended = (tree.parse(usg(*names), language) for names in ("ab", "ba"))
    with pytest.raises(Unsafe, match="leave another order in 'security-policy / ': a, b"):
        guard.check((), running, intended, language, "fw-1")
