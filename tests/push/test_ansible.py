"""The Ansible driver against real Linux nodes: nftables, ifupdown, sysctl, sshd, chrony."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from campaign import KILLED
from park import CHRONY, NFT, PORTS, SSHD, device, file, linux, park, workspace
from simulated import die, in_process

from parkops import push
from parkops.model import Artifact, Outcome, Result
from parkops.transport.login import Login

Start = Callable[[str, str], Any]


class Bench:
    """Linux nodes, their park and their pushes."""

    def __init__(self, nodes: dict[str, Any], login: Login, folder: Path) -> None:
        self.nodes, self.node = nodes, next(iter(nodes.values()))
        devices = [device(name, "linux", node.address) for name, node in nodes.items()]
        self.park = park(*devices, key=login.key, known_hosts=login.known_hosts)
        self.workspace = workspace(folder)

    def push(self, *artifacts: Artifact, **options: Any) -> Result:
        return self.push_all(*artifacts, **options)[next(iter(self.nodes))]

    def push_all(self, *artifacts: Artifact, **options: Any) -> dict[str, Result]:
        results = push.run(self.park, artifacts, self.workspace, **options)
        return {result.device: result for result in results}

    def state(self, name: str = "") -> tuple[str, ...]:
        """What a push may change on a node."""
        node = self.nodes[name] if name else self.node
        addresses = json.loads(node.run("ip", "-j", "address", "show"))
        ports = {
            entry["ifname"]: sorted(a["local"] for a in entry["addr_info"] if a["scope"] == "global")
            for entry in addresses
            if entry["ifname"].startswith("eth")
        }
        return (
            node.run("nft", "-s", "list", "ruleset"),
            node.run("sh", "-c", "cat /etc/nftables.conf /etc/chrony/chrony.conf"),
            node.run("sh", "-c", "cat /etc/ssh/sshd_config.d/* /etc/network/interfaces.d/*", check=False),
            node.run("sysctl", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"),
            json.dumps(ports, sort_keys=True),
        )

    def restarts(self) -> str:
        """The process ids of the daemons."""
        return self.node.run("sh", "-c", "cat /run/sshd.pid /run/chrony/chronyd.pid", check=False)


@pytest.fixture
def bench(start: Start, login: Login, tmp_path: Path) -> Bench:
    return Bench({"l1": start("l1", "linux")}, login, tmp_path / "park")


def fleet(start: Start, login: Login, folder: Path, size: int) -> Bench:
    """Many nodes, so that one run of Ansible tries many cases."""
    return Bench({f"l{n}": start(f"l{n}", "linux") for n in range(1, size + 1)}, login, folder)


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
    names = [step.name for step in result.steps]
    assert names[-6:] == ["commit", "committed", "verify", "verified", "confirm", "confirmed"]


def test_a_second_push_changes_nothing_and_restarts_nothing(bench: Bench) -> None:
    bench.push(*linux("l1"))
    before = bench.restarts()
    result = bench.push(*linux("l1"))
    assert result.outcome is Outcome.UNCHANGED, result.diff
    assert bench.restarts() == before


TAMPERED = (
    ("echo '# by hand' >> /etc/chrony/chrony.conf", "-# by hand"),
    ("nft flush ruleset", "+table inet filter {"),
    ("nft add rule inet filter input tcp dport 23 accept", "-\t\ttcp dport 23 accept"),
    ("sysctl -q -w net.ipv4.ip_forward=0", "-net.ipv4.ip_forward = 0"),
    ("ip address del 10.1.1.1/24 dev eth1", "+eth1 10.1.1.1/24"),
    ("ip address add 10.6.6.6/24 dev eth1", "-eth1 10.6.6.6/24"),
    ("service chrony stop", "-stopped"),
    ("chmod 666 /etc/nftables.conf", "-0666 root"),
    ("rm /etc/sysctl.d/90-parkops.conf", "+net.ipv4.ip_forward = 1"),
)


def test_what_was_changed_behind_parkops_is_seen_and_mended(
    start: Start, login: Login, tmp_path: Path
) -> None:
    bench = fleet(start, login, tmp_path / "park", len(TAMPERED) + 1)
    rendered = [artifact for name in bench.nodes for artifact in linux(name)]
    assert all(result.outcome is Outcome.CHANGED for result in bench.push_all(*rendered).values())
    good = {name: bench.state(name) for name in bench.nodes}
    *tampered, untouched = bench.nodes
    for name, (command, _) in zip(tampered, TAMPERED, strict=True):
        bench.nodes[name].run("sh", "-c", command)
    results = bench.push_all(*rendered)
    assert results[untouched].outcome is Outcome.UNCHANGED
    for name, (command, told) in zip(tampered, TAMPERED, strict=True):
        assert results[name].outcome is Outcome.CHANGED, f"{command}: {results[name].message}"
        assert told in results[name].diff.splitlines(), command
        assert bench.state(name) == good[name], command


def test_a_file_that_is_rendered_no_longer_is_removed(bench: Bench) -> None:
    bench.push(*linux("l1"), file("l1", "/etc/parkops-extra", "x\n"))
    assert bench.node.run("cat", "/etc/parkops-extra") == "x\n"
    result = bench.push(*linux("l1"))
    assert result.outcome is Outcome.CHANGED
    assert "-x" in result.diff.splitlines()
    assert "No such file" in bench.node.run("cat", "/etc/parkops-extra", check=False)


REFUSED: tuple[tuple[dict[str, str], str], ...] = (
    ({"nft": NFT.replace("policy drop;", "policy dorp;")}, "/etc/nftables.conf is refused by nft"),
    ({"chrony": CHRONY + "nonsense 1\n"}, "/etc/chrony/chrony.conf is refused by chronyd"),
    ({"ports": PORTS + "auto eth9\niface eth9 inet static\n    address 10.9.9.9/24\n"}, "no port eth9"),
)
TAKEN_BACK: tuple[tuple[dict[str, str], str], ...] = (  # no parser finds these before they are in place
    ({"sshd": SSHD + "NoSuchOption yes\n"}, "ssh refuses its configuration"),
    ({"ports": PORTS.replace("inet static\n", "inet static\n    mtu 9999999\n", 1)}, "ifup eth1"),
    ({"ports": PORTS + "auto eth0\niface eth0 inet static\n    address 10.9.9.9/24\n"}, "management port"),
    ({"sysctl": "net.ipv4.no_such_key = 1\n"}, "sysctl"),
)


def test_what_a_parser_refuses_is_told_of_every_node_and_touches_none(
    start: Start, login: Login, tmp_path: Path
) -> None:
    bench = fleet(start, login, tmp_path / "park", len(REFUSED) + 1)
    rendered = {name: linux(name) for name in bench.nodes}
    bench.push_all(*(artifact for artifacts in rendered.values() for artifact in artifacts))
    good = {name: bench.state(name) for name in bench.nodes}
    *refusing, other = bench.nodes
    renamed = NFT.replace('comment "f1"', 'comment "f2"')
    wanted = {other: linux(other, nft=renamed)}
    for name, (changes, _) in zip(refusing, REFUSED, strict=True):
        wanted[name] = linux(name, **({"nft": renamed} | changes))
    results = bench.push_all(*(artifact for artifacts in wanted.values() for artifact in artifacts))
    assert results[other].outcome is Outcome.SKIPPED, results[other].message
    assert not any(step.name == "commit" for result in results.values() for step in result.steps)
    for name, (_, reason) in zip(refusing, REFUSED, strict=True):
        assert results[name].outcome is Outcome.FAILED
        assert reason in results[name].message
        assert bench.state(name) == good[name], reason


def test_what_a_node_does_not_take_is_taken_back_on_all(start: Start, login: Login, tmp_path: Path) -> None:
    bench = fleet(start, login, tmp_path / "park", len(TAKEN_BACK) + 2)
    rendered = {name: linux(name) for name in bench.nodes}
    bench.push_all(*(artifact for artifacts in rendered.values() for artifact in artifacts))
    good = {name: bench.state(name) for name in bench.nodes}
    canary, *refusing, other = bench.nodes
    renamed = NFT.replace('comment "f1"', 'comment "f2"')
    wanted = {name: linux(name, nft=renamed) for name in (canary, other)}
    for name, (changes, _) in zip(refusing, TAKEN_BACK, strict=True):
        wanted[name] = linux(name, **({"nft": renamed} | changes))
    results = bench.push_all(*(artifact for artifacts in wanted.values() for artifact in artifacts))
    for name, (_, reason) in zip(refusing, TAKEN_BACK, strict=True):
        assert results[name].outcome is Outcome.FAILED
        assert reason in results[name].message
    for name in (canary, other):  # the one was confirmed in an earlier wave, the other committed in the same
        assert results[name].outcome is Outcome.SKIPPED
        assert results[name].message.startswith("taken back: ")
    assert {name: bench.state(name) for name in bench.nodes} == good
    repaired = bench.push_all(*(artifact for artifacts in rendered.values() for artifact in artifacts))
    assert all(result.outcome is Outcome.UNCHANGED for result in repaired.values())


def test_a_daemon_that_does_not_come_up_takes_the_change_back(bench: Bench) -> None:
    bench.push(*linux("l1"))
    good = bench.state()
    # it runs, but can never start again; its check of a file is left alone
    bench.node.run("sh", "-c", "printf '#!/bin/sh\\necho no more >&2; exit 1\\n' > /etc/init.d/chrony")
    result = bench.push(*linux("l1", chrony=CHRONY + "maxupdateskew 100\n", nft=NFT.replace('"f1"', '"f2"')))
    assert result.outcome is Outcome.FAILED
    assert "chrony" in result.message
    assert bench.state() == good


def test_a_change_that_locks_us_out_is_taken_back_by_the_node(bench: Bench) -> None:
    bench.push(*linux("l1"))
    good = bench.state()
    locked = linux("l1", sshd=SSHD + "AllowUsers nobody\n")  # sshd -t has nothing against it
    result = bench.push(*locked, confirm_timeout_s=6)
    assert result.outcome is Outcome.FAILED
    assert "taken back" in result.message  # by its own timer, as seen when it answered again
    assert bench.state() == good
    result = bench.push(*linux("l1", chrony=CHRONY + "maxupdateskew 100\n"))
    assert result.outcome is Outcome.CHANGED, result.message


def test_a_filter_that_locks_us_out_is_taken_back_by_the_node(bench: Bench) -> None:
    bench.push(*linux("l1"))
    good = bench.state()
    closed = NFT.replace('    iifname "eth0" accept\n', "").replace(
        "ct state established,related accept", "", 1
    )
    result = bench.push(*linux("l1", nft=closed), confirm_timeout_s=6)
    assert result.outcome is Outcome.FAILED
    assert bench.state() == good


def test_a_secret_reaches_the_node_and_nothing_else(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKOPS_TEST_SECRET", "hush-hush-42")
    text = "psk = @secret:env:PARKOPS_TEST_SECRET@\n"
    told: list[str] = []
    result = bench.push(
        file("l1", "/etc/parkops.secret", text, mode="0600"),
        progress=lambda *words: told.append(" ".join(words)),
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


FRR = """frr defaults traditional
ip route 10.99.0.0/16 Null0
"""


def test_frr_on_a_linux_node_may_change_again_and_go_back(bench: Bench) -> None:
    daemons = bench.node.run("cat", "/etc/frr/daemons")
    files = [file("l1", "/etc/frr/daemons", daemons, "frr", "0640")]

    def wanted(text: str) -> list[Artifact]:
        return [*files, file("l1", "/etc/frr/frr.conf", text, "frr", "0640")]

    bench.push(*wanted(FRR))
    assert "10.99.0.0/16" in bench.node.run("vtysh", "-c", "show running-config")
    result = bench.push(*wanted(FRR.replace("10.99", "10.98")))
    assert result.outcome is Outcome.CHANGED, result.message
    assert bench.push(*wanted(FRR.replace("10.99", "10.98"))).outcome is Outcome.UNCHANGED
    pushed = push.rollback(bench.park, bench.workspace)
    assert pushed.ending == "committed", pushed.reason
    assert "10.99.0.0/16" in bench.node.run("vtysh", "-c", "show running-config")


SMALL = """mkdir /tmp/kept; cp -a {0}/. /tmp/kept; mount -t tmpfs -o size=128k tmpfs {0}
cp -a /tmp/kept/. {0}; chown --reference /tmp/kept {0}; chmod --reference /tmp/kept {0}"""
GO_DOWN = """dd if=/dev/zero of=/etc/chrony/filler bs=1k 2>/dev/null
kill -9 $(sed 's/.*"pid": \\([0-9]*\\).*/\\1/' /var/lib/parkops/pending.json)"""
UNIT = "/etc/systemd/system/parkops-revert.service"


def test_a_node_that_goes_down_with_a_change_pending_comes_up_with_its_old_files(bench: Bench) -> None:
    """Also when its disk has filled up meanwhile: putting back takes no room."""
    node = bench.node
    node.run("sh", "-c", SMALL.format("/etc/chrony"))
    bench.push(*linux("l1"))
    before = bench.state()

    def dying(_: str, step: str, __: str) -> None:
        if step == "committed":
            die()

    new = linux("l1", chrony=CHRONY + "# new\n" * 4000, nft=NFT.replace("443", "8443"))
    assert in_process(lambda: bench.push(*new, progress=dying)) == KILLED
    assert bench.state() != before
    node.run("sh", "-c", GO_DOWN, check=False)
    node.run("systemd-analyze", "verify", UNIT)
    unit = dict(line.split("=", 1) for line in node.run("grep", "-i", "python", UNIT).splitlines())
    node.run("env", unit["Environment"], *unit["ExecStart"].split())  # as at boot
    assert node.run("cat", "/etc/chrony/chrony.conf") == CHRONY
    assert node.run("cat", "/etc/nftables.conf") == NFT
    push.rollback(bench.park, bench.workspace)
    assert bench.state() == before
    assert not node.run("sh", "-c", "ls -A /var/lib/parkops | grep -E 'pending|reverting'", check=False)
