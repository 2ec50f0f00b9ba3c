"""Negative probes: what is forbidden must get no answer."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from monitor_parts import free_port, look, target, tcp_server
from test_monitor_probes import is_, ntp_server
from test_probes_names import udp_server

from parkops.errors import UsageError
from parkops.model import State
from parkops.monitor import prepare

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


def forbidden(probe, port=0, **parameters):
    return look(target(probe, port, expect="blocked", timeout_s=0.4, **parameters))


def test_a_service_that_answers_is_the_failure():
    with tcp_server(lambda connection: None) as port:
        for probe in ("tcp", "http", "https", "tls", "mqtt", "modbus", "ssh", "netconf"):
            is_(forbidden(probe, port), DOWN, "^forbidden service answered$")
    is_(forbidden("ntp", ntp_server()), DOWN, "^forbidden service answered$")
    sample = forbidden("ntp", ntp_server(stratum=16))
    is_(sample, DOWN, "^forbidden service answered: is not synchronised")
    is_(
        forbidden("dns", udp_server(lambda q: q[:2] + b"\x81\x85" + q[4:]), name="a.example"), DOWN, "REFUSED"
    )
    is_(forbidden("icmp"), DOWN, "^forbidden service answered$")


def test_a_closed_port_is_the_failure_as_well():
    """The packet arrived: what stands between lets it through. test_probes_arrival has the whole of it."""
    is_(forbidden("tcp", free_port()), DOWN, "^it arrives, and only the service is closed")
    is_(forbidden("ntp", free_port(socket.SOCK_DGRAM)), DOWN, "^it arrives, and only the service is closed")


def test_nothing_that_answers_is_as_planned():
    is_(forbidden("dns", udp_server(lambda q: None), name="a.example"), UP)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:  # what is dropped is not answered
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            is_(forbidden("tcp", port), UP)


def test_what_cannot_be_tried_is_unknown():
    code = "from test_probes_negative import alone; alone()"
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", code],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def alone():
    """Run in a network namespace with nothing in it."""
    for probe in ("icmp", "tcp", "mqtt", "http", "ntp"):
        sample = look(target(probe, 9, "192.0.2.1", expect="blocked"))
        is_(sample, UNKNOWN, "network is unreachable")


def test_icmp_that_is_dropped_is_as_planned():
    code = "from test_probes_negative import dropped; dropped()"
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", code],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def dropped():
    """Run in a network namespace of its own, where a filter drops what comes to the loopback."""
    rules = "table inet t {\nchain c {\ntype filter hook input priority 0\nip daddr 127.0.0.2 drop\n}\n}\n"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
    for probe in ("icmp", "tcp", "mqtt", "http", "ntp"):
        is_(look(target(probe, 9, "127.0.0.2", expect="blocked", timeout_s=0.4)), UP)


def test_a_probe_that_asks_no_service_cannot_be_negative():
    with pytest.raises(UsageError, match="unknown parameter 'expect'"):
        prepare([target("link", interface="p1", expect="blocked")])
    with pytest.raises(UsageError, match="expected one of answer, blocked"):
        prepare([target("tcp", 1, expect="down")])
    assert prepare([target("tcp", 1, expect="answer")])
