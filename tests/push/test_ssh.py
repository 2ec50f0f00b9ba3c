"""The SSH driver against real FRR behind a vtysh login shell."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from park import device, park, router, workspace

from parkops import push
from parkops.model import Outcome, Result
from parkops.push import frr
from parkops.transport.login import Login

Start = Callable[[str, str], Any]
CONFIG = """frr defaults traditional
hostname r1
log syslog informational
service integrated-vtysh-config
!
ip route 10.99.0.0/16 Null0
ipv6 route 2001:db8:99::/48 Null0
!
interface eth1
 description to core-2
 ip address 10.254.0.0/31
 ip ospf area 0
 ip ospf bfd
 ip ospf cost 10
 ip ospf dead-interval 4
 ip ospf hello-interval 1
 ip ospf network point-to-point
 ipv6 address fd00:0:fe::/127
 ipv6 ospf6 area 0
 ipv6 ospf6 bfd
 ipv6 ospf6 cost 10
 ipv6 ospf6 dead-interval 4
 ipv6 ospf6 hello-interval 1
 ipv6 ospf6 network point-to-point
exit
!
interface eth2
 description services 边缘云
 ip address 10.16.0.1/24
 ip ospf area 0
 ip ospf passive
 ipv6 address fd00:16::1/64
 ipv6 ospf6 area 0
 ipv6 ospf6 passive
exit
!
interface lo
 ip address 10.255.0.1/32
 ip ospf area 0
 ipv6 address fd00:0:0:ff::1/128
 ipv6 ospf6 area 0
exit
!
router ospf
 ospf router-id 10.255.0.1
 log-adjacency-changes
 timers throttle spf 0 50 500
 redistribute static
exit
!
router ospf6
 ospf6 router-id 10.255.0.1
 log-adjacency-changes
 redistribute static
exit
!
ip prefix-list inside seq 5 permit 10.0.0.0/8 le 24
ip prefix-list inside seq 10 deny any
!
route-map out permit 10
 match ip address prefix-list inside
 set metric 10
exit
!
bfd
 profile fast
  transmit-interval 100
  receive-interval 100
 exit
exit
!
end
"""
OPENERS = ("interface ", "router ", "route-map ", "bfd", " profile ")


class Bench:
    """One router, its park and its pushes."""

    def __init__(self, node: Any, login: Login, folder: Path) -> None:
        self.node = node
        self.park = park(device("r1", "frr", node.address), key=login.key, known_hosts=login.known_hosts)
        self.workspace = workspace(folder)

    def push(self, text: str, **options: Any) -> Result:
        return push.run(self.park, [router("r1", text)], self.workspace, **options)[0]

    def running(self) -> str:
        return frr.render(frr.parse(self.node.run("vtysh", "-c", "show running-config")))

    def saved(self) -> str:
        return str(self.node.run("cat", "/etc/frr/frr.conf"))


@pytest.fixture
def bench(start: Start, login: Login, tmp_path: Path) -> Bench:
    return Bench(start("r1", "router"), login, tmp_path / "park")


def test_a_push_makes_running_exactly_what_was_rendered(bench: Bench) -> None:
    result = bench.push(CONFIG)
    assert result.outcome is Outcome.CHANGED, result.message
    assert bench.running() == frr.render(frr.parse(CONFIG))
    saved = bench.node.run("cat", "/etc/frr/frr.conf")
    assert frr.render(frr.parse(saved)) == frr.render(frr.parse(CONFIG))


def test_a_second_push_changes_nothing_and_says_so(bench: Bench) -> None:
    bench.push(CONFIG)
    result = bench.push(CONFIG)
    assert result.outcome is Outcome.UNCHANGED, result.diff
    assert [step.name for step in result.steps] == ["survey", "surveyed"]


def test_what_somebody_added_by_hand_is_removed(bench: Bench) -> None:
    bench.push(CONFIG)
    bench.node.run("vtysh", "-c", "configure terminal", "-c", "ip route 10.66.0.0/16 Null0")
    result = bench.push(CONFIG)
    assert result.outcome is Outcome.CHANGED
    assert "-ip route 10.66.0.0/16 Null0" in result.diff
    assert bench.running() == frr.render(frr.parse(CONFIG))


def _some_of(text: str, rnd: random.Random) -> str:
    """Leave out lines at random, but no opener of a block."""
    keep = [
        line
        for line in text.splitlines()
        if line.strip() == "exit" or line.startswith(OPENERS) or rnd.random() < 0.6
    ]
    return "\n".join(keep) + "\n"


def test_any_configuration_can_follow_any_other(bench: Bench) -> None:
    rnd = random.Random(7)
    other = (
        CONFIG.replace("10.254.0.0/31", "10.254.0.8/31")
        .replace("cost 10", "cost 20")
        .replace("le 24", "le 28")
    )
    other = other.replace("fd00:0:fe::/127", "fd00:0:fe:9::/127").replace(
        "description to", "description over"
    )
    for number in range(25):
        wanted = _some_of(rnd.choice([CONFIG, other]), rnd)
        result = bench.push(wanted)
        assert result.ok, f"{number}: {result.message}"
        assert bench.running() == frr.render(frr.parse(wanted))


def test_a_refused_command_leaves_the_device_as_it_was(bench: Bench) -> None:
    bench.push(CONFIG)
    before = bench.running()
    changed = CONFIG.replace("cost 10", "cost 20")
    result = bench.push(changed.replace(" redistribute static\n", " redistribute nonsense\n", 1))
    assert result.outcome is Outcome.FAILED
    assert "'redistribute nonsense': % Unknown command" in result.message
    assert bench.running() == before
    assert bench.push(changed).outcome is Outcome.CHANGED


def test_a_line_that_frr_takes_but_does_not_keep_is_found_out(bench: Bench) -> None:
    bench.push(CONFIG)
    before = bench.running()
    result = bench.push(CONFIG.replace("ip ospf cost 10", "ip ospf cost 10\n ip ospf priority 1"))
    assert result.outcome is Outcome.FAILED  # 1 is the default priority, and never shown
    assert "running is not what was sent" in result.message
    assert "ip ospf priority 1" in result.message
    assert bench.running() == before


def test_a_session_lost_in_mid_edit_leaves_the_device_as_it_was(bench: Bench) -> None:
    bench.push(CONFIG)
    before = bench.running()

    def cut(_: str, step: str, __: str) -> None:
        if step == "configure":
            bench.node.drop_sessions()

    result = bench.push(CONFIG.replace("cost 10", "cost 20"), progress=cut)
    assert result.outcome is Outcome.FAILED
    assert "cancelled" in [step.name for step in result.steps]
    assert bench.running() == before
    assert bench.push(CONFIG.replace("cost 10", "cost 20")).outcome is Outcome.CHANGED


def test_a_session_lost_after_the_first_commands_is_undone_over_a_new_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parkops.transport.ssh import SshSession

    bench.push(CONFIG)
    before = bench.running()
    real, asked = SshSession.ask, list[str]()

    def ask(self: SshSession, command: str) -> str:
        asked.append(command)
        if len(asked) == 10:
            assert bench.running() != before  # some of it is in force by now
            bench.node.drop_sessions()
        return real(self, command)

    monkeypatch.setattr(SshSession, "ask", ask)
    result = bench.push(CONFIG.replace("cost 10", "cost 20").replace("10.254.0.0/31", "10.254.0.4/31"))
    assert result.outcome is Outcome.FAILED, result.message
    assert bench.running() == before


def fill(node: Any) -> None:
    """Put the router's configuration on a disk of its own, with no room left."""
    script = """
    cp -a /etc/frr /tmp/frr; mount -t tmpfs -o size=64k tmpfs /etc/frr; cp -a /tmp/frr/. /etc/frr/
    chown --reference /tmp/frr /etc/frr; chmod --reference /tmp/frr /etc/frr
    dd if=/dev/zero of=/etc/frr/filler bs=4k 2>/dev/null; cat /etc/frr/frr.conf"""
    assert "interface" in node.run("sh", "-c", script)


def test_a_full_disk_refuses_a_change_before_it_begins(bench: Bench) -> None:
    bench.push(CONFIG)
    before, saved = bench.running(), bench.saved()
    fill(bench.node)
    result = bench.push(CONFIG.replace("cost 10", "cost 20"))
    assert result.outcome is Outcome.FAILED
    assert "disk is full" in result.message
    assert (bench.running(), bench.saved()) == (before, saved)


def test_a_disk_that_fills_up_meanwhile_is_found_out_before_the_old_file_is_lost(bench: Bench) -> None:
    """vtysh says OK to `write memory` on a full disk, and leaves a file that is cut short."""
    bench.push(CONFIG)
    before, saved = bench.running(), bench.saved()

    def filling(_: str, step: str, __: str) -> None:
        if step == "verified":
            fill(bench.node)

    result = bench.push(CONFIG.replace("cost 10", "cost 20"), progress=filling)
    assert result.outcome is Outcome.FAILED
    assert "disk is full" in result.message
    assert (bench.running(), bench.saved()) == (before, saved)
