"""Each kind of fault shows its effect, and heals."""

from __future__ import annotations

import re

import pytest
from conftest import Lab
from waiting import eventually

from parkops.errors import LabError, UsageError
from parkops.lab import Fault, FaultKind, status
from parkops.lab.faults import heal, inject

LINK = "r-1:eth1--r-2:eth1"
pytestmark = pytest.mark.usefixtures("healthy")


@pytest.fixture
def link(routed: Lab) -> Lab:
    """The link between the routers, with an address at each end."""
    for node, number in (("r-1", 1), ("r-2", 2)):
        routed.run(node, "ip", "addr", "replace", f"10.8.9.{number}/24", "dev", "eth1")
    heal(routed.workspace)
    eventually(lambda: routed.pings("r-1", "10.8.9.2"))
    return routed


def carrier(lab: Lab, node: str) -> bool:
    return "LOWER_UP" in lab.run(node, "ip", "link", "show", "eth1")


def lost_percent(lab: Lab, count: int) -> float:
    argv = ["sh", "-c", f"ping -q -i 0.005 -c {count} -W 1 10.8.9.2 || true"]
    found = re.search(r"([\d.]+)% packet loss", lab.run("r-1", *argv))
    assert found
    return float(found[1])


def rtt_ms(lab: Lab) -> float:
    said = lab.run("r-1", "ping", "-q", "-i", "0.05", "-c", "10", "10.8.9.2")
    found = re.search(r"= [\d.]+/([\d.]+)/", said)
    assert found
    return float(found[1])


def test_a_cut_takes_the_carrier_of_both_ends(link: Lab) -> None:
    fault = inject(link.workspace, Fault(FaultKind.LINK_DOWN, LINK))
    eventually(lambda: not carrier(link, "r-1") and not carrier(link, "r-2"))
    for node in ("r-1", "r-2"):  # nobody shut the ports: that is what tells a cut from a shutdown
        assert ",UP>" in link.run(node, "ip", "link", "show", "eth1") or ",UP," in link.run(
            node, "ip", "link", "show", "eth1"
        )
    heal(link.workspace, fault.id)
    eventually(lambda: carrier(link, "r-1") and link.pings("r-1", "10.8.9.2"))


def test_silent_loss_keeps_the_carrier(link: Lab) -> None:
    inject(link.workspace, Fault(FaultKind.SILENT_LOSS, "r-2:eth1"))
    assert lost_percent(link, 5) == 100
    assert carrier(link, "r-1")
    assert carrier(link, "r-2")
    heal(link.workspace)
    assert link.pings("r-1", "10.8.9.2")


def test_loss_loses_a_share(link: Lab) -> None:
    inject(link.workspace, Fault(FaultKind.LOSS, LINK, loss_percent=20))
    assert 15 < lost_percent(link, 300) < 60  # each way: 36 % of the round trips
    heal(link.workspace)
    assert lost_percent(link, 100) == 0


def test_delay_delays_each_way(link: Lab) -> None:
    sound_ms = rtt_ms(link)
    assert sound_ms < 15
    inject(link.workspace, Fault(FaultKind.DELAY, LINK, delay_ms=30, jitter_ms=2))
    assert 55 < rtt_ms(link) < 95
    # A cut on the same link wins, and the delay is still there after it.
    cut = inject(link.workspace, Fault(FaultKind.LINK_DOWN, "r-1:eth1"))
    eventually(lambda: not carrier(link, "r-1"))
    heal(link.workspace, cut)
    eventually(lambda: link.pings("r-1", "10.8.9.2"))
    assert rtt_ms(link) > 55
    heal(link.workspace)
    assert rtt_ms(link) < 15


def test_a_port_that_is_shut_takes_the_carrier_of_the_other_end(link: Lab) -> None:
    link.run("r-1", "ip", "link", "set", "eth1", "down")
    eventually(lambda: not carrier(link, "r-2"))
    link.run("r-1", "ip", "link", "set", "eth1", "up")
    eventually(lambda: carrier(link, "r-2"))


def test_a_dead_daemon_stays_dead_until_it_is_healed(link: Lab) -> None:
    inject(link.workspace, Fault(FaultKind.DAEMON_DEAD, "r-1:ospfd"))
    assert "ospfd" not in link.run("r-1", "ps", "ax", "-o", "comm=").split()
    assert "zebra" in link.run("r-1", "ps", "ax", "-o", "comm=").split()
    assert "ignoring" in link.run("r-1", "vtysh", "-c", "show watchfrr").lower()
    heal(link.workspace)
    assert "ospfd" in link.run("r-1", "ps", "ax", "-o", "comm=").split()


def test_a_service_of_a_linux_node_dies_and_starts(link: Lab) -> None:
    link.run("gw-1", "service", "mosquitto", "start")
    inject(link.workspace, Fault(FaultKind.DAEMON_DEAD, "gw-1:mosquitto"))
    assert "mosquitto" not in link.run("gw-1", "ps", "ax", "-o", "comm=").split()
    heal(link.workspace)
    eventually(lambda: ":1883" in link.run("gw-1", "ss", "-ltn"))


def test_a_dead_router_boots_with_what_it_had_saved(link: Lab) -> None:
    lines = ("configure terminal", "interface eth2", "ip address 10.8.1.1/24", "end", "write memory")
    link.run("r-1", "vtysh", *[word for line in lines for word in ("-c", line)])
    link.run("r-1", "vtysh", "-c", "configure terminal", "-c", "ip route 192.0.2.0/24 blackhole")  # not saved
    assert link.pings("a-1", "10.8.1.1")
    inject(link.workspace, Fault(FaultKind.NODE_DEAD, "r-1"))
    eventually(lambda: not carrier(link, "r-2"))
    assert not link.pings("a-1", "10.8.1.1")
    with pytest.raises(LabError, match="the node is dead"):
        link.run("r-1", "true")
    heal(link.workspace)
    eventually(lambda: link.pings("a-1", "10.8.1.1"))
    config = link.run("r-1", "vtysh", "-c", "show running-config")
    assert "10.8.1.1/24" in config
    assert "192.0.2.0/24" not in config


def test_a_dead_linux_node_boots_with_its_files_and_services(link: Lab) -> None:
    ports = "auto eth2\\niface eth2 inet static\\n address 10.8.2.1/24\\n"
    link.run("gw-1", "sh", "-c", f"printf '{ports}' > /etc/network/interfaces.d/parkops.cfg")
    link.run("gw-1", "sh", "-c", "echo 'listener 1884' > /etc/mosquitto/conf.d/parkops.conf")
    link.run("gw-1", "service", "networking", "start")
    eventually(lambda: link.pings("b-1", "10.8.2.1"))
    inject(link.workspace, Fault(FaultKind.NODE_DEAD, "gw-1"))
    assert not link.pings("b-1", "10.8.2.1")
    heal(link.workspace)
    eventually(lambda: link.pings("b-1", "10.8.2.1"))
    eventually(lambda: ":1884" in link.run("gw-1", "ss", "-ltn"))
    assert ":80 " not in link.run("gw-1", "ss", "-ltn")  # nginx was never configured: it does not start


def test_faults_are_listed_and_refused_when_senseless(link: Lab) -> None:
    first = inject(link.workspace, Fault(FaultKind.LINK_DOWN, LINK))
    assert [fault.id for fault in status(link.workspace).faults] == [first.id]
    for wrong, message in (
        (Fault(FaultKind.LINK_DOWN, "r-2:eth1"), "already"),
        (Fault(FaultKind.LINK_DOWN, "r-2:eth9"), "did you mean"),
        (Fault(FaultKind.NODE_DEAD, "r9"), "did you mean r-"),
        (Fault(FaultKind.DELAY, LINK), "delay_ms"),
        (Fault(FaultKind.LOSS, LINK), "loss_percent"),
        (Fault(FaultKind.DAEMON_DEAD, "r-1"), "name the daemon"),
        (Fault(FaultKind.DAEMON_DEAD, "r-1:bgpd"), "no daemon bgpd runs here"),
    ):
        with pytest.raises(UsageError, match=message):
            inject(link.workspace, wrong)
    with pytest.raises(UsageError, match="there is no fault f999"):
        heal(link.workspace, "f999")
    assert [fault.id for fault in status(link.workspace).faults] == [first.id]
    heal(link.workspace)
    assert status(link.workspace).faults == ()
