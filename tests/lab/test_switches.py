"""A NETCONF edit moves VLANs; the ring heals itself; what is taken out of running is taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Lab
from switching import Access, Trunk, connect, oper_status, payload, replace
from waiting import eventually

from parkops import lab
from parkops.lab import Fault, FaultKind
from parkops.lab.faults import heal, inject

VIDS = (101, 102)
RING = {"p1": Trunk(VIDS), "p2": Trunk(VIDS)}
ADDRESS = {"sw-1": "172.31.9.11", "sw-2": "172.31.9.12", "sw-3": "172.31.9.13"}


@pytest.fixture
def sessions(ring: Lab) -> Iterator[dict[str, Any]]:
    """NETCONF sessions with the three switches, which are empty before and after."""
    with ring.network():
        opened = {name: connect(ring.workspace.root, address) for name, address in ADDRESS.items()}
    for session in opened.values():
        replace(session, EMPTY)
    yield opened
    for session in opened.values():
        replace(session, EMPTY)
        session.close_session()


EMPTY = (
    '<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"/>'
    '<bridges xmlns="urn:ieee:std:802.1Q:yang:ieee802-dot1q-bridge"/>'
).replace("/>", " />")


def ring_config(sessions: dict[str, Any], **extra: Access) -> None:
    for number, session in enumerate(sessions.values(), 1):
        ports = {**RING, "p3": Access(101), **(extra if number == 1 else {})}
        replace(session, payload(ports, number=number, priority=number))


def test_a_switch_forwards_nothing_until_it_is_told(ring: Lab, sessions: dict[str, Any]) -> None:
    assert not ring.pings("h-1", "10.9.1.4")
    assert ring.run("sw-1", "ovs-vsctl", "list-br") == ""


def test_vlans_move_with_the_configuration(ring: Lab, sessions: dict[str, Any]) -> None:
    switch = sessions["sw-1"]
    replace(switch, payload({"p3": Access(101), "p4": Access(101)}))
    eventually(lambda: ring.pings("h-1", "10.9.1.4"))
    assert ring.pings("h-1", "2001:db8:9::4")
    replace(switch, payload({"p3": Access(101), "p4": Access(102)}))
    eventually(lambda: "tag: 102" in ring.run("sw-1", "ovs-vsctl", "show"))
    assert not ring.pings("h-1", "10.9.1.4")
    replace(switch, payload({"p3": Access(102), "p4": Access(102)}))
    eventually(lambda: ring.pings("h-1", "10.9.1.4"))


def test_a_removed_port_leaves_the_bridge_and_a_disabled_one_goes_dark(
    ring: Lab, sessions: dict[str, Any]
) -> None:
    switch = sessions["sw-1"]
    replace(switch, payload({"p3": Access(101), "p4": Access(101)}))
    eventually(lambda: ring.pings("h-1", "10.9.1.4"))
    replace(switch, payload({"p3": Access(101)}))
    eventually(lambda: bridge_ports(ring, "sw-1") == ["p3"])
    assert not ring.pings("h-1", "10.9.1.4")
    assert oper_status(switch, "p4") == "up"  # out of the bridge, but not down
    replace(switch, payload({"p3": Access(101), "p4": None}, disabled=["p4"]))
    eventually(lambda: oper_status(switch, "p4") == "down")
    # The far end of the cable loses its carrier, as on a real one.
    eventually(lambda: "LOWER_UP" not in ring.run("h-4", "ip", "link", "show", "eth1"))
    replace(switch, EMPTY)
    eventually(lambda: ring.run("sw-1", "ovs-vsctl", "list-br") == "")
    eventually(lambda: oper_status(switch, "p4") == "up")


def test_an_unconfirmed_commit_is_undone_in_the_data_plane_too(ring: Lab, sessions: dict[str, Any]) -> None:
    switch = sessions["sw-1"]
    replace(switch, payload({"p3": Access(101), "p4": Access(101)}))
    eventually(lambda: ring.pings("h-1", "10.9.1.4"))
    replace(switch, payload({"p3": Access(101), "p4": Access(102)}), confirmed_s=3)
    eventually(lambda: "tag: 102" in ring.run("sw-1", "ovs-vsctl", "show"))
    took_s = eventually(lambda: "tag: 102" not in ring.run("sw-1", "ovs-vsctl", "show"), within_s=10)
    assert took_s > 1
    assert ring.pings("h-1", "10.9.1.4")


def test_a_trunk_without_vlans_carries_none(ring: Lab, sessions: dict[str, Any]) -> None:
    replace(sessions["sw-1"], payload({"p3": Access(101), "p1": Trunk((101,))}))
    replace(sessions["sw-2"], payload({"p3": Access(101), "p2": Trunk(())}, number=2))
    eventually(lambda: "trunks: [4095]" in ring.run("sw-2", "ovs-vsctl", "show"))
    assert not ring.pings("h-1", "10.9.1.2")
    replace(sessions["sw-2"], payload({"p3": Access(101), "p2": Trunk((101,))}, number=2))
    eventually(lambda: ring.pings("h-1", "10.9.1.2"))


@pytest.mark.usefixtures("healthy")
def test_the_ring_survives_a_cut(ring: Lab, sessions: dict[str, Any]) -> None:
    ring_config(sessions)
    eventually(lambda: all(ring.pings("h-1", f"10.9.1.{n}") for n in (2, 3)), within_s=30)
    # One port of the ring is blocked: without that, a broadcast would never end.
    eventually(lambda: blocked(ring) == 1, within_s=30)
    cut = inject(ring.workspace, Fault(FaultKind.LINK_DOWN, "sw-1:p1"))
    assert cut.link == "sw-1:p1--sw-2:p2"
    eventually(lambda: oper_status(sessions["sw-1"], "p1") == "down", within_s=3)
    eventually(lambda: oper_status(sessions["sw-2"], "p2") == "down", within_s=3)
    assert oper_status(sessions["sw-1"], "p2") == "up"
    eventually(lambda: all(ring.pings("h-1", f"10.9.1.{n}") for n in (2, 3)), within_s=15)
    heal(ring.workspace, cut)
    eventually(lambda: oper_status(sessions["sw-1"], "p1") == "up")
    eventually(lambda: blocked(ring) == 1, within_s=30)
    assert all(ring.pings("h-1", f"10.9.1.{n}") for n in (2, 3))


def bridge_ports(ring: Lab, switch: str) -> list[str]:
    """Return the ports of a switch's bridge, none without a bridge."""
    return lab.run_in(ring.workspace, switch, ["ovs-vsctl", "list-ports", "br0"]).stdout.split()


def blocked(ring: Lab) -> int:
    """Count the ring's ports that do not forward."""
    shown = "".join(ring.run(name, "ovs-appctl", "rstp/show") for name in ADDRESS)
    return shown.count("Discarding") + shown.count("Learning")


@pytest.mark.usefixtures("healthy")
def test_a_switch_that_dies_comes_back_with_its_configuration(ring: Lab, sessions: dict[str, Any]) -> None:
    replace(sessions["sw-2"], payload({"p3": Access(101)}, number=2))
    eventually(lambda: bridge_ports(ring, "sw-2") == ["p3"])
    inject(ring.workspace, Fault(FaultKind.NODE_DEAD, "sw-2"))
    eventually(lambda: oper_status(sessions["sw-1"], "p1") == "down")
    states = {node.name: node.state for node in lab.status(ring.workspace).nodes}
    assert states["sw-2"] == "dead"
    heal(ring.workspace)
    eventually(lambda: oper_status(sessions["sw-1"], "p1") == "up")
    eventually(lambda: bridge_ports(ring, "sw-2") == ["p3"])
    with ring.network():
        sessions["sw-2"] = connect(ring.workspace.root, ADDRESS["sw-2"])
    assert "<vids>101</vids>" in sessions["sw-2"].get_config("running").data_xml


@pytest.mark.usefixtures("healthy")
def test_a_dead_netconf_server_comes_back_with_its_configuration(ring: Lab, sessions: dict[str, Any]) -> None:
    replace(sessions["sw-3"], payload({"p3": Access(101)}, number=3))
    inject(ring.workspace, Fault(FaultKind.DAEMON_DEAD, "sw-3:netconfd"))
    assert "netconfd" not in ring.run("sw-3", "ps", "ax", "-o", "comm=").split()
    heal(ring.workspace)
    with ring.network():
        sessions["sw-3"] = connect(ring.workspace.root, ADDRESS["sw-3"])
    assert "<vids>101</vids>" in sessions["sw-3"].get_config("running").data_xml
    # Its agent follows the new one.
    replace(sessions["sw-3"], payload({"p3": Access(102)}, number=3))
    eventually(lambda: "tag: 102" in ring.run("sw-3", "ovs-vsctl", "show"))
