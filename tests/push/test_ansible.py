"""The Ansible driver against real Linux nodes: nftables, ifupdown, sysctl, sshd, chrony."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from park import CHRONY, NFT, PORTS, SSHD, device, file, linux, park, workspace

from parkops import push
from parkops.model import Artifact, Outcome, Result
from parkops.push import ansible_run
from parkops.transport.login import Login

Start = Callable[[str, str], Any]


class Bench:
    """One Linux node, its park and its pushes."""

    def __init__(self, node: Any, login: Login, folder: Path) -> None:
        self.node = node
        self.park = park(device("l1", "linux", node.address), key=login.key, known_hosts=login.known_hosts)
        self.workspace = workspace(folder)

    def push(self, *artifacts: Artifact, **options: Any) -> Result:
        return push.run(self.park, artifacts, self.workspace, **options)[0]

    def state(self) -> tuple[str, ...]:
        """What a push may change on the node."""
        addresses = json.loads(self.node.run("ip", "-j", "address", "show"))
        ports = {
            entry["ifname"]: sorted(a["local"] for a in entry["addr_info"] if a["scope"] == "global")
            for entry in addresses
            if entry["ifname"].startswith("eth")
        }
        return (
            self.node.run("nft", "-s", "list", "ruleset"),
            self.node.run("sh", "-c", "cat /etc/nftables.conf /etc/chrony/chrony.conf"),
            self.node.run("sh", "-c", "cat /etc/ssh/sshd_config.d/* /etc/network/interfaces.d/*", check=False),
            self.node.run("sysctl", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"),
            json.dumps(ports, sort_keys=True),
        )

    def restarts(self) -> str:
        """The process ids of the daemons."""
        return self.node.run("sh", "-c", "cat /run/sshd.pid /run/chrony/chronyd.pid", check=False)


@pytest.fixture
def bench(start: Start, login: Login, tmp_path: Path) -> Bench:
    return Bench(start("l1", "linux"), login, tmp_path / "park")


def test_a_push_puts_files_in_place_and_services_take_them(bench: Bench) -> None:
    result = bench.push(*linux("l1"))
    assert result.outcome is Outcome.CHANGED, result.message
    node = bench.node
    assert 'comment "f1"' in node.run("nft", "list", "ruleset")
    assert "10.1.1.1/24" in node.run("ip", "-4", "address", "show", "dev", "eth1")
    assert "2001:db8:1::1/64" in node.run("ip", "-6", "address", "show", "dev", "eth1")
    assert node.address in node.run("ip", "-4", "address", "show", "dev", "eth0")
    assert node.run("sysctl", "-n", "net.ipv4.ip_forward").strip() == "1"
    assert "maxauthtries 3" in node.run("sshd", "-T")
    assert node.run("stat", "-c", "%a %U", "/etc/ssh/sshd_config.d/parkops.conf").strip() == "600 root"
    node.run("service", "chrony", "status")
    assert [step.name for step in result.steps] == ["compare", "differs", "apply", "confirm"]


def test_a_second_push_changes_nothing_and_restarts_nothing(bench: Bench) -> None:
    bench.push(*linux("l1"))
    before = bench.restarts()
    result = bench.push(*linux("l1"))
    assert result.outcome is Outcome.UNCHANGED, result.diff
    assert bench.restarts() == before


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("echo '# by hand' >> /etc/chrony/chrony.conf", "-# by hand"),
        ("nft flush ruleset", "+table inet filter {"),
        ("nft add rule inet filter input tcp dport 23 accept", "-\t\ttcp dport 23 accept"),
        ("sysctl -q -w net.ipv4.ip_forward=0", "-net.ipv4.ip_forward = 0"),
        ("ip address del 10.1.1.1/24 dev eth1", "+eth1 10.1.1.1/24"),
        ("ip address add 10.6.6.6/24 dev eth1", "-eth1 10.6.6.6/24"),
        ("service chrony stop", "-stopped"),
        ("chmod 666 /etc/nftables.conf", "-0666 root"),
        ("rm /etc/sysctl.d/90-parkops.conf", "+net.ipv4.ip_forward = 1"),
    ],
)
def test_what_was_changed_behind_parkops_is_seen_and_mended(bench: Bench, command: str, told: str) -> None:
    bench.push(*linux("l1"))
    good = bench.state()
    bench.node.run("sh", "-c", command)
    result = bench.push(*linux("l1"))
    assert result.outcome is Outcome.CHANGED, result.message
    assert told in result.diff.splitlines()
    assert bench.state() == good


def test_a_file_that_is_rendered_no_longer_is_removed(bench: Bench) -> None:
    bench.push(*linux("l1"), file("l1", "/etc/parkops-extra", "x\n"))
    assert bench.node.run("cat", "/etc/parkops-extra") == "x\n"
    result = bench.push(*linux("l1"))
    assert result.outcome is Outcome.CHANGED
    assert "-x" in result.diff.splitlines()
    assert "No such file" in bench.node.run("cat", "/etc/parkops-extra", check=False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nft": NFT.replace("policy drop;", "policy dorp;")}, "/etc/nftables.conf is refused by nft"),
        ({"chrony": CHRONY + "nonsense 1\n"}, "/etc/chrony/chrony.conf is refused by chronyd"),
        ({"sshd": SSHD + "NoSuchOption yes\n"}, "ssh refuses its configuration"),
        ({"ports": PORTS + "auto eth9\niface eth9 inet static\n    address 10.9.9.9/24\n"}, "ifup eth9"),
        ({"ports": PORTS + "auto eth0\niface eth0 inet static\n    address 10.9.9.9/24\n"}, "management port"),
        ({"sysctl": "net.ipv4.no_such_key = 1\n"}, "sysctl"),
    ],
)
def test_what_the_node_refuses_is_taken_back(bench: Bench, changes: dict[str, str], reason: str) -> None:
    bench.push(*linux("l1"))
    good = bench.state()
    changed = {"nft": NFT.replace('comment "f1"', 'comment "f2"')} | changes
    result = bench.push(*linux("l1", **changed))
    assert result.outcome is Outcome.FAILED
    assert reason in result.message
    assert bench.state() == good
    bench.node.run("service", "chrony", "status")
    assert bench.push(*linux("l1")).outcome is Outcome.UNCHANGED


def test_a_daemon_that_does_not_come_up_takes_the_change_back(bench: Bench) -> None:
    bench.push(*linux("l1"))
    good = bench.state()
    bench.node.run("sh", "-c", "chmod 644 /usr/sbin/chronyd")  # it can still run, but never start again
    result = bench.push(*linux("l1", chrony=CHRONY + "maxupdateskew 100\n", nft=NFT.replace('"f1"', '"f2"')))
    assert result.outcome is Outcome.FAILED
    assert "chrony" in result.message
    assert bench.state() == good


def test_a_change_that_locks_us_out_is_taken_back_by_the_node(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ansible_run, "REVERT_S", 6)
    bench.push(*linux("l1"))
    good = bench.state()
    result = bench.push(*linux("l1", sshd=SSHD + "AllowUsers nobody\n"))  # sshd -t has nothing against it
    assert result.outcome is Outcome.FAILED
    assert "takes it back within 6 s" in result.message
    deadline_s = time.monotonic() + 15
    while bench.state() != good and time.monotonic() < deadline_s:
        time.sleep(0.2)
    assert bench.state() == good
    result = bench.push(*linux("l1", chrony=CHRONY + "maxupdateskew 100\n"))
    assert result.outcome is Outcome.CHANGED, result.message


def test_a_filter_that_locks_us_out_is_taken_back_by_the_node(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ansible_run, "REVERT_S", 6)
    bench.push(*linux("l1"))
    good = bench.state()
    closed = NFT.replace('    iifname "eth0" accept\n', "").replace("ct state established,related accept", "", 1)
    result = bench.push(*linux("l1", nft=closed))
    assert result.outcome is Outcome.FAILED
    deadline_s = time.monotonic() + 15
    while bench.state() != good and time.monotonic() < deadline_s:
        time.sleep(0.2)
    assert bench.state() == good


def test_a_secret_reaches_the_node_and_nothing_else(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKOPS_TEST_SECRET", "hush-hush-42")
    text = "psk = @secret:env:PARKOPS_TEST_SECRET@\n"
    told: list[str] = []
    result = bench.push(
        file("l1", "/etc/parkops.secret", text, mode="0600"), progress=lambda *words: told.append(" ".join(words))
    )
    assert result.outcome is Outcome.CHANGED, result.message
    assert bench.node.run("cat", "/etc/parkops.secret") == "psk = hush-hush-42\n"
    assert "@secret:env:PARKOPS_TEST_SECRET@" in result.diff
    running = push.read_running(bench.park, [file("l1", "/etc/parkops.secret", text)], bench.workspace)
    for where in (repr(result), "\n".join(told), repr(running)):
        assert "hush-hush-42" not in where
    for path in bench.workspace.root.rglob("*"):
        if path.is_file():
            assert b"hush-hush-42" not in path.read_bytes(), path


def test_running_holds_files_ruleset_and_services(bench: Bench) -> None:
    bench.push(*linux("l1"))
    running = push.read_running(bench.park, linux("l1"), bench.workspace)[0]
    assert dict(running.files)["/etc/chrony/chrony.conf"] == CHRONY
    assert "=== nft list ruleset\ntable inet filter {" in running.text
    assert "=== service chrony\nrunning\n" in running.text
