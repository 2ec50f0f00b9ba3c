"""What passes and what does not is seen in real traffic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Lab
from switching import Access, connect, payload, replace
from waiting import eventually

from parkops.errors import LabError
from parkops.lab.expect import try_expectations
from parkops.model import Expectation, Workspace


def expectation(
    name: str, protocol: str, port: int, allowed: bool, to: str = "h-4", six: bool = False
) -> Expectation:
    number = to.removeprefix("h-")
    address = f"2001:db8:9::{number}" if six else f"10.9.1.{number}"
    return Expectation(name, "h-1", to, address, protocol, port, allowed, "", "")


@pytest.fixture
def connected(ring: Lab) -> Iterator[Lab]:
    """h-1 and h-4 in one VLAN, h-2 out of reach."""
    with ring.network():
        switch = connect(ring.workspace.root, "172.31.9.11")
    replace(switch, payload({"p3": Access(101), "p4": Access(101)}))
    eventually(lambda: ring.pings("h-1", "10.9.1.4"))
    yield ring
    switch.close_session()


def test_traffic_is_tried(connected: Lab) -> None:
    expectations = [
        expectation("echo", "tcp", 7000, True),
        expectation("echo6", "tcp", 7000, True, six=True),
        expectation("datagram", "udp", 7001, True),
        expectation("ping", "icmp", 0, True),
        expectation("ping6", "icmp", 0, True, six=True),
        expectation("nobody listens", "tcp", 7002, True),
        expectation("nobody listens, nor should", "tcp", 7002, False),
        expectation("cut off", "tcp", 7000, False, to="h-2"),
        expectation("cut off ping", "icmp", 0, False, to="h-2"),
        expectation("cut off though allowed", "udp", 7001, True, to="h-2"),
    ]
    reaches = try_expectations(connected.park, connected.workspace, expectations, timeout_s=0.8)
    passed = {reach.expectation: reach.passed for reach in reaches}
    assert passed == {
        "echo": True,
        "echo6": True,
        "datagram": True,
        "ping": True,
        "ping6": True,
        "nobody listens": False,
        "nobody listens, nor should": True,  # the refusal came back: the packets got there
        "cut off": False,
        "cut off ping": False,
        "cut off though allowed": False,
    }
    assert [reach.expectation for reach in reaches] == [one.id for one in expectations]
    details = {reach.expectation: reach.detail for reach in reaches}
    assert details["echo"].startswith("answered: h-4 echo")
    assert "refused" in details["nobody listens"]
    assert all(
        0 < (r.rtt_s or 0) < 1 for r in reaches if r.passed and r.expectation != "nobody listens, nor should"
    )


def test_another_host_under_the_address_is_not_taken_for_the_right_one(connected: Lab) -> None:
    wrong = Expectation("twin", "h-1", "h-3", "10.9.1.4", "tcp", 7000, True, "", "")
    reach = try_expectations(connected.park, connected.workspace, [wrong], timeout_s=0.5)[0]
    assert reach.passed is False
    assert "another one answered: 'h-4 echo parkops'" in reach.detail


def test_what_cannot_be_tried_is_unknown(connected: Lab, tmp_path: object) -> None:
    syslog = expectation("log", "udp", 514, True)
    ghost = Expectation("ghost", "h-9", "h-4", "10.9.1.4", "icmp", 0, True, "", "")
    reaches = try_expectations(connected.park, connected.workspace, [syslog, ghost], timeout_s=0.5)
    assert [reach.passed for reach in reaches] == [None, None]
    assert "no node h-9" in reaches[1].detail
    with pytest.raises(LabError, match="no lab is running"):
        try_expectations(connected.park, Workspace(tmp_path), [syslog])  # type: ignore[arg-type]
