"""What counts as blocked: the same for the monitor, its vantage nodes and the lab, behind a real nftables."""

import contextlib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from border_parts import BOUNDARY, CLOSED, OPEN, TARGET, Border
from monitor_parts import look, process, target, wait_until
from passive_parts import needs

from parkops.lab import expect
from parkops.model import Expectation, IcmpError, State, arrived
from parkops.monitor.vantage.session import Agent, Node, script

ADMIN = "reject with icmpx admin-prohibited"
# rule of the boundary, port, protocol, whether it arrives
CASES = {
    "open": ("", OPEN, "tcp", True),
    "closed": ("", CLOSED, "tcp", True),
    "dropped": ("drop", OPEN, "tcp", False),
    "dropped-closed": ("drop", CLOSED, "tcp", False),
    "rejected": ("reject", OPEN, "tcp", False),  # port unreachable, from the boundary
    "prohibited": (ADMIN, OPEN, "tcp", False),
    "no-route": ("reject with icmpx no-route", OPEN, "tcp", False),
    "reset": ("meta l4proto tcp reject with tcp reset", OPEN, "tcp", True),  # looks like a closed port
    "udp-open": ("", OPEN, "udp", True),
    "udp-closed": ("", CLOSED, "udp", True),
    "udp-dropped": ("drop", OPEN, "udp", False),
    "udp-rejected": ("reject", OPEN, "udp", False),
    "udp-prohibited": (ADMIN, OPEN, "udp", False),
    "echo": ("", 0, "icmp", True),
    "echo-dropped": ("drop", 0, "icmp", False),
    "echo-prohibited": (ADMIN, 0, "icmp", False),
}


@pytest.fixture(scope="module")
def border():
    with Border() as running:
        yield running


def by_monitor(border, protocol, address, port, **parameters):
    """The monitor's own negative probe; any answer of a UDP port is one to its question of DNS."""
    asked = {"tcp": {}, "udp": {"name": "a.example"}, "icmp": {}}[protocol]
    probe = {"tcp": "tcp", "udp": "dns", "icmp": "icmp"}[protocol]
    one = target(probe, port, address, expect="blocked", timeout_s=1, **asked, **parameters)
    sample = border.inside(look, one)
    assert sample.state is not State.UNKNOWN, sample.reason
    return sample.state is State.DOWN


def by_vantage(border, protocol, address, port):
    """The agent as it runs on a node, and the reading of what it says."""
    ask = {
        "id": 1,
        "kind": protocol,
        "address": address,
        "port": port,
        "timeout_s": 1,
        "host": "",
        "path": "",
    }
    command = ["nsenter", "-t", str(border.source), "-n", "/usr/bin/python3", "-I", "-c", script().decode()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == '{"ready": 1}\n'
        running.stdin.write(json.dumps(ask) + "\n")
        running.stdin.flush()
        said = running.stdout.readline()
        running.stdin.close()
    heard = []
    agent = Agent(Node("gw", "127.0.0.1"), None, lambda _, answer: heard.append(answer), None)
    agent._take(said.encode())
    (answer,) = heard
    return arrived(answer.result, address, answer.icmp)


def by_lab(border, protocol, address, port):
    """The lab's script, and the reading of what it says."""
    outcome = said_by_lab(border, protocol, address, port)
    one = Expectation("x", "near", "far", f"{address}/24", protocol, port, False, "", "forbidden")
    return expect._reach(one, outcome).passed


def said_by_lab(border, protocol, address, port, rule=""):
    trial = {
        "id": "x", "address": address, "protocol": protocol, "port": port, "timeout_s": 1, "attempts": 1,
        "speak": False, "name": "far",
    }  # fmt: skip
    with border.filtered(rule):
        said = border.run("/usr/bin/python3", "-I", "-c", expect._script(), text=json.dumps([trial]))
    return json.loads(said)[0]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("case", CASES)
def test_all_three_judge_alike(border, case, version):
    rule, port, protocol, wanted = CASES[case]
    with border.filtered(rule):
        judged = [by(border, protocol, TARGET[version], port) for by in (by_monitor, by_vantage, by_lab)]
    assert judged == [wanted] * 3


def test_a_boundary_that_is_known_to_reset(border):
    """Its reset and a closed port look the same: where that is stated, a reset is as planned."""
    with border.filtered("meta l4proto tcp reject with tcp reset"):
        assert by_monitor(border, "tcp", TARGET[4], OPEN, boundary="reject") is False
    assert by_monitor(border, "tcp", TARGET[4], OPEN, boundary="reject") is True


def test_what_the_sample_says(border):
    def said(probe="tcp", port=OPEN, **parameters):
        return border.inside(
            look, target(probe, port, TARGET[4], expect="blocked", timeout_s=1, **parameters)
        )

    assert said().reason == "forbidden service answered"
    what = "it arrives, and only the service is closed"
    assert said(port=CLOSED).reason == f"{what} (refused by the far end)"
    closed = said("dns", CLOSED, name="a.example")
    assert closed.reason == f"{what} ({TARGET[4]} says: port unreachable)"


def test_the_next_hop_that_does_not_answer_proves_nothing(border):
    gone = target("tcp", OPEN, "10.1.0.77", expect="blocked", timeout_s=6)
    sample = border.inside(look, gone)
    assert (sample.state, sample.reason) == (State.UNKNOWN, "no route to host")


SAID = {  # rule -> what the boundary says
    "reject with icmpx no-route": "no route to the network",
    ADMIN: "administratively prohibited",
    "reject": "port unreachable",
}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("rule", SAID)
def test_what_a_boundary_says_is_down_and_told(border, rule, version):
    """It is the way there that is cut, not this side that could not try, nor the service that is closed."""
    asked = {
        "tcp": {},
        "http": {},
        "tls": {},
        "mqtt": {},
        "modbus": {},
        "dns": {"name": "a.example"},
        "ntp": {},
    }
    with border.filtered(rule):
        for probe, more in asked.items():
            one = target(probe, OPEN, TARGET[version], timeout_s=4, **more)
            sample = border.inside(look, one)
            said = f"{BOUNDARY[version]} says: {SAID[rule]}"
            assert (probe, sample.state, sample.reason) == (probe, State.DOWN, said)


def test_a_route_that_comes_back_in_time_is_no_outage(border):
    """No route to the network may pass (RFC 1122, 3.2.2.1): a service over UDP is asked again."""
    with contextlib.ExitStack() as held, ThreadPoolExecutor(1) as pool:
        held.enter_context(border.filtered("counter reject with icmpx no-route"))
        one = target("dns", OPEN, TARGET[4], timeout_s=30, name="a.example", rcode="NXDOMAIN")
        asked = pool.submit(border.inside, look, one)

        def rejected():
            rules = border.run("nft", "list", "chain", "inet", "t", "pass", where=border.border)
            return "counter packets 1 " in rules

        wait_until(rejected, what="the first question")
        held.close()
        assert asked.result().reason.startswith("answers NOERROR")


def test_the_next_hop_that_is_silent_proves_nothing_before_the_kernel_gives_up(border):
    """ARP takes three seconds to fail, a probe less."""
    border.run("ip", "route", "add", "10.9.0.0/16", "via", "10.1.0.99")
    for probe, more in {"tcp": {}, "icmp": {}, "dns": {"name": "a.example"}}.items():
        gone = target(probe, OPEN, "10.9.0.1", expect="blocked", timeout_s=0.5, **more)
        sample = border.inside(look, gone)
        assert sample.state is State.UNKNOWN
        assert sample.reason in ("this machine's next hop does not answer", "no route to host")


def test_icmp_errors_by_their_words():
    assert str(IcmpError(3, 13, "10.0.0.1")) == "10.0.0.1 says: administratively prohibited"
    assert str(IcmpError(1, 1, "fd00::1")) == "fd00::1 says: administratively prohibited"
    loop = "the time to live ran out: a loop of routes, or a way too long"
    assert {IcmpError(11, 0, "10.0.0.1").meaning, IcmpError(3, 0, "fd00::1").meaning} == {loop}
    assert str(IcmpError(12, 0, "10.0.0.1")) == "10.0.0.1 says: ICMP type 12, code 0"
    assert (
        arrived("stopped", BOUNDARY[6], IcmpError(1, 4, "fd01:0:0::2")) is True
    )  # one address, written twice
    assert arrived("unable", BOUNDARY[4]) is None


@pytest.mark.parametrize("address", ["10.1.0.77", "fd01::77"])
def test_the_nodes_own_line_that_is_silent_proves_nothing(border, address):
    """The neighbour that does not answer is asked for by ARP, or by neighbour discovery."""
    assert by_vantage(border, "tcp", address, OPEN) is None


def test_a_service_over_udp_is_asked_what_it_must_answer(border, tmp_path):
    """SNMP without a user, CoAP without a resource; what may keep silent is not called down for it."""
    needs("snmpd", "coap-server-notls")
    (tmp_path / "snmpd.conf").write_text("agentaddress udp:161,udp6:161\n")
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""}
    there = ("nsenter", "-t", border.target, "-n")
    snmpd = (*there, "snmpd", "-C", "-c", tmp_path / "snmpd.conf", "-f", "-Lf", tmp_path / "log")
    with process(*snmpd, env=environment), process(*there, "coap-server-notls", "-p", "5683"):
        for port in (161, 5683):
            for address in TARGET.values():
                wait_until(lambda at=address, to=port: by_vantage(border, "udp", at, to), what="answer")
                assert said_by_lab(border, "udp", address, port)["result"] == "answer"
    allowed = Expectation("x", "near", "far", TARGET[4], "udp", 5000, True, "f", "")
    silent = said_by_lab(border, "udp", TARGET[4], CLOSED, rule="drop")
    assert expect._reach(allowed, silent, must_answer=False).passed is None
    assert expect._reach(allowed, silent).passed is False
    closed = said_by_lab(border, "udp", TARGET[4], CLOSED)
    assert expect._reach(allowed, closed, must_answer=False).passed is False
